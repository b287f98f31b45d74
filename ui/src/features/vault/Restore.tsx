import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState, type DragEvent } from "react";
import { api, errorWords, fieldErrors, take, type RestoreKeyView, type RestorePreviewView } from "@/api";
import { ErrorState, FormError, Properties, SkeletonRows, TimeAgo } from "@/components";
import { formatBytes, formatCount, plural } from "@/lib/number";
import { platform } from "@/platform";
import { Button, Checks, Chip, Form, Notice, Progress, Radios, Sheet, TextField } from "@/ui";
import { changesOf, fateOf, MOST_BYTES, probesQuery, probeWords, STANDING, toBase64, VERDICT, verdictOf } from "./backup";

interface Source {
  name: string;
  size: number;
  file: string | null;
  path: string | null;
}
type With = "recovery" | "passphrase" | "here";
const WITH: { id: With; label: string; note: string }[] = [
  { id: "recovery", label: "Recovery code", note: "the one that the vault had on the day of the backup" },
  { id: "passphrase", label: "Passphrase", note: "the one that was given when the backup was made" },
  { id: "here", label: "Nothing", note: "this vault made it, and still has the same root key" },
];
interface Ask {
  file?: string;
  path?: string;
  recovery_code?: string;
  passphrase?: string;
}

function ChooseBackup({ source, onSource, error }: { source: Source | null; onSource: (source: Source) => void; error?: string }) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const read = useMutation({
    mutationFn: async (file: File): Promise<Source> => {
      if (file.size > MOST_BYTES) throw new Error("This file is larger than a backup of keys can be.");
      return { name: file.name, size: file.size, file: await toBase64(file), path: null };
    },
    onSuccess: onSource,
    gcTime: 0,
  });
  const pick = useMutation({
    mutationFn: async (): Promise<Source | null> => {
      const file = await platform.pickImportFile(true);
      return file && { ...file, file: null };
    },
    onSuccess: (picked) => picked && onSource(picked),
  });
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file) read.mutate(file);
  };
  const failed = read.error ?? pick.error;
  const told = failed ? errorWords(failed) : error;
  return (
    <div className="stackv">
      <div className={`drop${over ? " over" : ""}`} role="group" aria-label="Backup to restore" onDragOver={(e) => { e.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)} onDrop={drop}>
        <span className="strong">{source ? source.name : "Drop a backup here"}</span>
        <span>{source ? formatBytes(source.size) : "Its name ends in .reeve-backup."}</span>
        <Button kind={source ? undefined : "primary"} pending={read.isPending || pick.isPending} onPress={() => (platform.capabilities.nativeFilePicker ? pick.mutate() : input.current?.click())}>{source ? "Choose another file" : "Choose a file"}</Button>
        <input ref={input} type="file" accept=".reeve-backup" className="sr" aria-label="Backup file" tabIndex={-1} onChange={(e) => e.target.files?.[0] && read.mutate(e.target.files[0])} />
      </div>
      {!!told && <Notice tone="bad" box>{told}</Notice>}
    </div>
  );
}

const shown = (version: number | null, last4: string | null): string => (version === null && !last4 ? "–" : `${version === null ? "" : `v${version} `}${last4 ? `…${last4}` : ""}`.trim());

function KeyRow({ k, replaced }: { k: RestoreKeyView; replaced: boolean }) {
  const standing = STANDING[k.standing];
  return (
    <tr>
      <td style={{ whiteSpace: "normal" }}>{k.name} <span className="faint">{k.provider}{k.noun === "control_credential" && ", admin key"}</span></td>
      <td className="mono">{shown(k.version, k.last4)}</td>
      <td className="mono">{k.here_revoked ? "revoked" : shown(k.here_version, k.here_last4)}</td>
      <td style={{ whiteSpace: "normal" }}><Chip tone={replaced ? "warn" : standing.tone}>{standing.word}</Chip> <span className="dim">{fateOf(k, replaced)}</span></td>
    </tr>
  );
}

export function PreviewOf({ view, replace, onReplace }: { view: RestorePreviewView; replace: string[]; onReplace: (ids: string[]) => void }) {
  const replaceable = view.keys.filter((k) => k.replaceable);
  return (
    <div className="stackv" role="status" aria-label="What would change">
      <Properties items={[
        ["Made", <TimeAgo key="m" at={view.made_at} />],
        ["Of", view.same_vault ? "this vault" : "another vault"],
        ["Keys in it", formatCount(view.keys.length)],
        ["Only here", view.only_here === 0 ? "none" : `${plural(view.only_here, "key")}; ${view.only_here === 1 ? "it stays" : "they stay"}`],
      ]} />
      {view.older && <Notice tone="warn" box><b className="strong">This backup is older than the vault. </b>Keys that were replaced or revoked since are not in it. Nothing that is newer here is taken back unless you say so below.</Notice>}
      {!view.same_vault && view.keys.length > 0 && <Notice tone="info" box>If the Reeve that made it still runs, stop it first, or turn rotation off in one of them: both would replace the same keys at the provider.</Notice>}
      {view.keys.length === 0 ? <p className="dim">There is no key in this backup.</p> : (
        <table className="t tops">
          <thead><tr><th>Key</th><th>In the backup</th><th>Here</th><th>What happens</th></tr></thead>
          <tbody>{view.keys.map((k) => <KeyRow key={k.id} k={k} replaced={replace.includes(k.id)} />)}</tbody>
        </table>
      )}
      {replaceable.length > 0 && (
        <Checks label="Put the backup's key into use all the same" value={replace} onChange={onReplace} options={replaceable.map((k) => ({ id: k.id, label: k.name, note: `${shown(k.version, k.last4)} instead of ${shown(k.here_version, k.here_last4)}, which is kept, unused` }))} />
      )}
    </div>
  );
}

export function Probes() {
  const query = useQuery(probesQuery);
  if (query.isError) return <ErrorState of={query} what="The tests of the keys" />;
  const view = query.data;
  if (!view) return <SkeletonRows rows={4} />;
  const some = (verdict: "dead" | "unclear") => view.items.some((p) => verdictOf(p) === verdict);
  return (
    <div className="stackv">
      <p role="status"><b className="strong">{probeWords(view)}</b> {view.ended && some("dead") && <span className="dim">What its provider refuses was replaced or revoked since the backup: make a new one there and paste it under Keys.</span>} {view.ended && some("unclear") && <span className="dim">Where the provider gave no clear answer, test the key again under Keys.</span>}</p>
      {!view.ended && <Progress label="Keys tried" value={view.total === 0 ? 100 : Math.floor((100 * view.items.length) / view.total)} />}
      {view.items.length > 0 && (
        <table className="t tops">
          <thead><tr><th>Key</th><th>Works</th><th>What the provider said</th></tr></thead>
          <tbody>{view.items.map((p) => (
            <tr key={p.credential_id}>
              <td style={{ whiteSpace: "normal" }}>{p.name} <span className="mono faint" style={{ whiteSpace: "nowrap" }}>{shown(p.version, p.last4)}</span></td>
              <td><Chip tone={VERDICT[verdictOf(p)].tone}>{VERDICT[verdictOf(p)].word}</Chip></td>
              <td style={{ whiteSpace: "normal" }}>{p.message}</td>
            </tr>
          ))}</tbody>
        </table>
      )}
    </div>
  );
}

export function RestoreSheet({ onClose, onRestored }: { onClose: () => void; onRestored?: () => void }) {
  const client = useQueryClient();
  const [source, setSource] = useState<Source | null>(null);
  const [by, setBy] = useState<With>("recovery");
  const [secret, setSecret] = useState("");
  const [replace, setReplace] = useState<string[]>([]);
  const ask = (): Ask => ({
    ...(source?.file != null ? { file: source.file } : { path: source?.path ?? "" }),
    ...(by === "recovery" ? { recovery_code: secret } : by === "passphrase" ? { passphrase: secret } : {}),
  });
  const look = useMutation({ mutationFn: () => take(api.POST("/vault/restore/preview", { body: ask() })), gcTime: 0 });
  const restore = useMutation({
    mutationFn: () => take(api.POST("/vault/restore", { body: { ...ask(), replace } })),
    onSuccess: () => {
      setSecret("");
      client.removeQueries({ queryKey: probesQuery.queryKey });
      void client.invalidateQueries();
      onRestored?.();
    },
    gcTime: 0,
  });
  const view = look.data;
  const e = fieldErrors(look.error);
  const again = () => { look.reset(); restore.reset(); setReplace([]); };
  const missing = !source ? "Choose the backup" : by !== "here" && !secret.trim() && (by === "recovery" ? "Enter the recovery code" : "Enter the passphrase");
  const changes = view ? changesOf(view, replace) : 0;
  if (restore.isSuccess) {
    return (
      <Sheet title="Restored" onClose={onClose}>
        <div className="content">
          <p>{restore.data.changed === 0 ? "Everything in the backup was here already: nothing was changed." : `${plural(restore.data.changed, "key")} restored.`}</p>
          <Probes />
        </div>
        <footer><Button kind="primary" onPress={onClose}>Done</Button></footer>
      </Sheet>
    );
  }
  if (view) {
    return (
      <Sheet title="Restore this backup?" onClose={onClose}>
        <div className="content">
          <PreviewOf view={view} replace={replace} onReplace={setReplace} />
          {!!restore.error && <FormError error={restore.error} />}
        </div>
        <footer>
          <Button onPress={again}>Back</Button>
          <Button kind="primary" pending={restore.isPending} onPress={() => restore.mutate()}>{changes === 0 ? "Change nothing, and try every key" : `Restore ${plural(changes, "key")}`}</Button>
        </footer>
      </Sheet>
    );
  }
  return (
    <Sheet title="Restore from a backup" onClose={onClose}>
      <Form onSubmit={() => !look.isPending && !missing && look.mutate()}>
        <div className="content">
          <ChooseBackup source={source} onSource={(next) => { setSource(next); look.reset(); }} error={e.file ?? e.path} />
          <Radios label="What opens it" value={by} onChange={(next) => { setBy(next); setSecret(""); look.reset(); }} options={WITH} />
          {by !== "here" && <TextField label={by === "recovery" ? "Recovery code" : "Passphrase"} type={by === "recovery" ? "text" : "password"} mono={by === "recovery"} value={secret} onChange={setSecret} autoComplete="off" error={by === "recovery" ? e.recovery_code : e.passphrase} required />}
          {!!look.error && !e.file && !e.path && !(by === "recovery" && e.recovery_code) && !(by === "passphrase" && e.passphrase) && <FormError error={look.error} />}
          <p className="dim">You see what would change before anything does.</p>
        </div>
        <footer>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" pending={look.isPending} disabledReason={missing}>Look at it</Button>
        </footer>
      </Form>
    </Sheet>
  );
}
