import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState, type DragEvent } from "react";
import { api, ApiError, errorWords, take, type ListChangeView, type RefreshView } from "@/api";
import { Day, Properties, TimeAgo } from "@/components";
import { formatBytes, formatCount, plural } from "@/lib/number";
import { platform } from "@/platform";
import { Button, Chip, Notice, Sheet, toast, type Tone } from "@/ui";
import { priceListsQuery, pricesChanged } from "./queries";
import { condition, moves, unitLabel } from "./rates";

interface Source {
  name: string;
  size: number;
  content: string | null;
  path: string | null;
}
const WHAT: Record<string, [Tone, string]> = { new: ["info", "new"], changed: ["warn", "changed"], removed: ["none", "not listed"], disputed: ["warn", "disputed"] };
/** Rows drawn of a long list: nobody reads more, and the counts say the rest. */
const DRAWN = 300;

function ChooseList({ onSource }: { onSource: (source: Source) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const read = useMutation({ mutationFn: async (file: File): Promise<Source> => ({ name: file.name, size: file.size, content: await file.text(), path: null }), onSuccess: onSource });
  const pick = useMutation({
    mutationFn: async (): Promise<Source | null> => {
      const file = await platform.pickImportFile();
      return file && { ...file, content: null };
    },
    onSuccess: (source) => source && onSource(source),
  });
  const lists = useQuery(priceListsQuery);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file) read.mutate(file);
  };
  const error = read.error ?? pick.error;
  return (
    <div className="content">
      <div className={`drop${over ? " over" : ""}`} role="group" aria-label="Price list" onDragOver={(e) => { e.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)} onDrop={drop}>
        <span className="strong">Drop a price list here</span>
        <span>A sheet (CSV) or Reeve&apos;s own format (JSON lines).</span>
        <Button kind="primary" pending={read.isPending || pick.isPending} onPress={() => (platform.capabilities.nativeFilePicker ? pick.mutate() : input.current?.click())}>Choose a file</Button>
        <input ref={input} type="file" accept=".csv,.jsonl,.json,text/csv" className="sr" aria-label="Price list file" tabIndex={-1} onChange={(e) => e.target.files?.[0] && read.mutate(e.target.files[0])} />
      </div>
      {!!error && <Notice tone="bad" box>{errorWords(error)}</Notice>}
      <p className="dim">You see what would change before anything does. A sheet has the columns <span className="mono">provider, model, input, output</span> in USD per million tokens; further columns name other rates: <span className="mono">cache_read</span>, <span className="mono">input:batch</span>, <span className="mono">input&gt;200000</span>, <span className="mono">image</span>.</p>
      {lists.data && lists.data.items.length > 0 && (
        <section>
          <h3>Approved before</h3>
          <Properties items={lists.data.items.slice(0, 5).map((l) => [l.version, <span key={l.id}>{l.name}, {plural(l.models, "model")}, approved <TimeAgo at={l.approved_at} /></span>])} />
        </section>
      )}
    </div>
  );
}

function Change({ change }: { change: ListChangeView }) {
  const [tone, word] = WHAT[change.what] ?? ["none", change.what];
  return (
    <tr>
      <td className="mono" style={{ whiteSpace: "normal" }}>{change.model} <span className="faint">{change.provider}</span></td>
      <td><Chip tone={change.unusual ? "bad" : tone}>{change.unusual ? "more than 10×" : word}</Chip>{change.disputed && change.what !== "disputed" && <> <Chip tone="warn">disputed</Chip></>}</td>
      <td style={{ whiteSpace: "normal" }}>
        {change.what === "removed" ? <span className="faint">keeps the price it has</span> : change.rates.slice(0, 6).map((r) => (
          <div key={`${r.unit} ${r.tier ?? ""} ${r.above_input_tokens ?? ""}`}>{unitLabel(r.unit)} <span className="faint">{condition(r.tier, r.above_input_tokens)}</span> {r.before_usd !== null && change.what !== "new" && <span className="dim">${r.before_usd} → </span>}{r.after_usd === null ? "none" : `$${r.after_usd}`} {change.what === "changed" && r.after_usd !== null && <span className="dim">{moves(r.before_usd, r.after_usd)}</span>}</div>
        ))}
        {change.rates.length > 6 && <span className="faint">{plural(change.rates.length - 6, "more rate")}</span>}
      </td>
    </tr>
  );
}

export function Diff({ view }: { view: RefreshView }) {
  return (
    <div className="stackv" role="status" aria-label="What would change">
      <Properties items={[
        ["Version", <span key="v">{view.version}, holds from <Day at={view.effective_from} /></span>], ["Models", formatCount(view.models)],
        ["New", formatCount(view.new)], ["Changed", `${formatCount(view.changed)}${view.unusual > 0 ? `, ${formatCount(view.unusual)} by more than ten times` : ""}`],
        ["The same", formatCount(view.unchanged)], ["Not in this list", view.removed === 0 ? "none" : `${formatCount(view.removed)}; they keep the price they have`],
        ["Disputed", view.disputed === 0 ? "none" : `${formatCount(view.disputed)}; a second list contradicts them`],
      ]} />
      {view.unusual > 0 && <Notice tone="bad" box>{plural(view.unusual, "model")} would cost more than ten times as much, or less than a tenth. Often that is a slip of the unit. They are first below.</Notice>}
      {view.items.length > 0 && (
        <table className="t tops">
          <thead><tr><th>Model</th><th>What</th><th>USD per million tokens, or for one</th></tr></thead>
          <tbody>{view.items.slice(0, DRAWN).map((c) => <Change key={`${c.provider}/${c.model}`} change={c} />)}</tbody>
        </table>
      )}
      {view.items.length > DRAWN && <p className="faint">{formatCount(view.items.length - DRAWN)} more are not shown.</p>}
    </div>
  );
}

export function RefreshSheet({ onClose, onRerate }: { onClose: () => void; onRerate: (from: string) => void }) {
  const client = useQueryClient();
  const [source, setSource] = useState<Source | null>(null);
  const look = useMutation({ mutationFn: (s: Source) => take(api.POST("/prices/refresh", { body: { name: s.name, content: s.content, path: s.path, effective_from: null, preview: true, digest: null } })) });
  const approve = useMutation({
    mutationFn: (view: RefreshView) => {
      if (!source) throw new Error("a file is chosen before it is approved");
      return take(api.POST("/prices/refresh", { body: { name: source.name, content: source.content, path: source.path, effective_from: view.effective_from, preview: false, digest: view.digest, confirm: view.unusual > 0 } }));
    },
    onSuccess: (view) => {
      pricesChanged(client);
      const later = view.to_rerate;
      toast({
        title: `Approved the price list ${view.version}`,
        detail: later ? `${plural(later.calls, "call")} since it holds ${later.calls === 1 ? "was" : "were"} charged at the prices before.` : `${plural(view.new, "new model")}, ${formatCount(view.changed)} changed.`,
        ...(later ? { action: { label: "Look at re-rating", run: () => onRerate(later.from) } } : {}),
      });
      onClose();
    },
  });
  const begin = (next: Source) => {
    setSource(next);
    look.mutate(next);
  };
  const error = approve.error ?? look.error;
  const lines = error instanceof ApiError ? error.fields : [];
  const view = look.data;
  return (
    <Sheet title="Refresh the catalogue" onClose={onClose} wide>
      {!source ? <ChooseList onSource={begin} /> : (
        <>
          <div className="content">
            <div className="row"><span className="strong">{source.name}</span><span className="dim">{formatBytes(source.size)}</span><span className="push"><Button small onPress={() => { setSource(null); look.reset(); approve.reset(); }}>Another file</Button></span></div>
            {!!error && <Notice tone="bad" box>{lines.length > 1 ? `${plural(lines.length, "line")} cannot be read. Nothing is changed until every line can.` : errorWords(error)}{lines.length > 1 && lines.slice(0, 20).map((l) => <div key={`${l.field} ${l.message}`}><span className="mono">{l.field}</span>: {l.message}</div>)}</Notice>}
            {look.isPending && <p className="dim" role="status">Reading and comparing</p>}
            {view && <Diff view={view} />}
          </div>
          <footer>
            <Button onPress={onClose}>Cancel</Button>
            <Button kind={view && view.unusual > 0 ? "danger" : "primary"} onPress={() => view && approve.mutate(view)} pending={approve.isPending} disabledReason={!view ? "The list cannot be read yet" : view.new + view.changed + view.disputed === 0 && "Nothing would change"}>{view && view.unusual > 0 ? "Approve, with the unusual" : "Approve"}</Button>
          </footer>
        </>
      )}
    </Sheet>
  );
}
