import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, errorWords, take, type CredentialView, type RotationView } from "@/api";
import { Confirm, TimeAgo, useNow } from "@/components";
import { plural } from "@/lib/number";
import { Button, Chip, Notice } from "@/ui";
import { PasteForm } from "./PasteForm";
import { rotationQuery } from "./queries";
import { CAUSE_WORDS, STATE_WORDS, steps, waits, waitsForDelete, waitsForKey } from "./words";

type Decision = "retry" | "give_up" | "retire" | "deleted" | "delete_key";
interface Asked { decision: Decision; last4?: string; provider_key_id?: string }

/** The keys at the provider, where a person must say which of them may go. */
function KeysThere({ of: r, may, choose }: { of: RotationView; may: string | null; choose: (id: string) => void }) {
  const detail = useQuery(rotationQuery(r.id));
  const keys = detail.data?.keys_at_provider ?? [];
  if (keys.length === 0) return null;
  return (
    <table className="t" style={{ marginTop: 8 }}>
      <thead><tr><th>Key at the provider</th><th>Shown as</th><th>Made</th><th>Last used</th><th>By</th><th>Here</th><th><span className="sr">Act</span></th></tr></thead>
      <tbody>
        {keys.map((k) => (
          <tr key={k.id}>
            <td className="mono">{k.name ?? k.id}</td>
            <td className="mono faint">{k.hint ?? "–"}</td>
            <td className="dim"><TimeAgo at={k.created_at} never="–" /></td>
            <td className="dim"><TimeAgo at={k.last_used_at} never="not known" /></td>
            <td className="dim">{k.last_used_by ?? "–"}</td>
            <td>{k.version === null ? <Chip tone="warn">not ours</Chip> : <Chip tone="ok">v{k.version}</Chip>}</td>
            <td className="num"><Button small label={`Delete ${k.name ?? k.id} at the provider`} onPress={() => choose(k.id)} disabledReason={may ?? (k.version !== null && !(waitsForDelete(r) && k.version === r.from_version) && "This one is in use")}>Delete there</Button></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A rotation that is not over: where it stands, and what a person can decide. */
export function RotationCard({ rotation: r, credential: c, provider, may }: { rotation: RotationView; credential: CredentialView; provider: string; may: string | null }) {
  const client = useQueryClient();
  const now = useNow();
  const [pasting, setPasting] = useState(false);
  const [retiring, setRetiring] = useState(false);
  const [deleting, setDeleting] = useState<string | null>(null);
  const [stopping, setStopping] = useState(false);
  const resolve = useMutation({
    mutationFn: (asked: Asked) => take(api.POST("/rotations/{id}/resolve", { params: { path: { id: r.id } }, body: { last4: null, provider_key_id: null, ...asked } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["credentials"] });
      void client.invalidateQueries({ queryKey: ["rotations"] });
      setRetiring(false);
      setDeleting(null);
    },
  });
  const stop = useMutation({
    mutationFn: () => take(api.POST("/credentials/{id}/revoke", { params: { path: { id: c.id } }, body: { last4: c.last4 } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["credentials"] });
      void client.invalidateQueries({ queryKey: ["rotations"] });
      setStopping(false);
    },
  });
  const old = c.versions.find((v) => v.version === r.from_version);
  const all = steps(r, now, c.renews_id !== null);
  const at = all.findIndex((s) => s.state === "now" || s.state === "bad");
  const chooses = r.state === "needs_attention" && (r.error_class === "limit" || r.error_class === "foreign");
  const canRetire = [r.state, r.resumes].some((s) => s === "draining" || s === "soaking") && !!old;
  // Others know the key, and there is none to take its place: calls stop now, or go on with it.
  const exposed = c.renews_id === null && r.cause === "compromised" && !r.promoted_at && r.state === "needs_attention";
  const ask = (asked: Asked) => resolve.mutate(asked);
  const name = `${provider} / ${r.credential_name}`;
  return (
    <section className="card" aria-label={`Rotating ${name}`}>
      <header>
        <h2>Rotating {name}</h2>
        <span className="dim">{CAUSE_WORDS[r.cause]}, begun <TimeAgo at={r.started_at} /></span>
        <span className="push" />
        <Chip tone={r.state === "needs_attention" || r.state === "rolled_back" ? "bad" : waits(r) ? "warn" : "info"}>{waits(r) || r.state === "rolled_back" ? STATE_WORDS[r.state] : `step ${at + 1} of ${all.length}`}</Chip>
      </header>
      <ol className="rotation-steps">
        {all.map((s) => <li key={s.title} className={s.state} aria-current={s.state === "now" || s.state === "bad" ? "step" : undefined}><strong>{s.title}</strong><span className="dim">{s.text}</span></li>)}
      </ol>
      <div className="rotation-acts">
        {r.error && <Notice tone={r.state === "needs_attention" || r.state === "rolled_back" ? "bad" : "warn"} box>{r.error}{r.attempts > 1 && ` ${plural(r.attempts, "attempt")} so far.`}{r.next_at && !waits(r) && <> Tried again <TimeAgo at={r.next_at} />.</>}</Notice>}
        {exposed && <Notice tone="bad" box>Calls still go out with v{r.from_version}, which others know. Keep it in use until a new key is made, or stop it now: then calls have no key of {name} until you add another.</Notice>}
        {r.extended && r.state === "draining" && <Notice box>v{r.from_version} is still used by somebody, so its grace was extended once. See who under Versions.</Notice>}
        {chooses && <KeysThere of={r} may={may} choose={setDeleting} />}
        <div className="row end">
          {r.state === "needs_attention" && <Button onPress={() => ask({ decision: "retry" })} pending={resolve.isPending} disabledReason={may}>Try again</Button>}
          {exposed && <Button kind="danger" onPress={() => setStopping(true)} disabledReason={may}>Stop using v{r.from_version}</Button>}
          {canRetire && <Button onPress={() => setRetiring(true)} disabledReason={may}>Retire v{r.from_version} now</Button>}
          {!r.promoted_at && r.state !== "rolled_back" && <Button onPress={() => ask({ decision: "give_up" })} pending={resolve.isPending} disabledReason={may}>Give up</Button>}
          {waitsForDelete(r) && <Button kind="primary" onPress={() => ask({ decision: "deleted" })} pending={resolve.isPending} disabledReason={may}>I deleted v{r.from_version}</Button>}
          {waitsForKey(r) && <Button kind="primary" onPress={() => setPasting(true)} disabledReason={may}>Paste the new key</Button>}
        </div>
        {waitsForDelete(r) && <KeysThere of={r} may={may} choose={setDeleting} />}
        {!!resolve.error && !retiring && !deleting && <p role="alert" style={{ color: "var(--bad-ink)" }}>{errorWords(resolve.error)}</p>}
      </div>
      {pasting && <PasteForm rotation={r} onClose={() => setPasting(false)} />}
      {retiring && old && (
        <Confirm title={`Retire v${r.from_version} of ${name} now?`} act="Retire" type={{ text: old.last4, of: "last four characters" }} pending={resolve.isPending} error={resolve.error} onConfirm={() => ask({ decision: "retire", last4: old.last4 })} onClose={() => setRetiring(false)}>
          Calls can no longer fall back to it, and it is deleted at the provider without waiting. Whoever still uses it outside of Reeve is cut off.
        </Confirm>
      )}
      {stopping && (
        <Confirm title={`Stop using ${name} now?`} act="Stop using it" type={{ text: c.last4, of: "last four characters" }} pending={stop.isPending} error={stop.error} onConfirm={() => stop.mutate()} onClose={() => setStopping(false)}>
          The key is taken out of use and shredded here, and what Reeve had the provider make is deleted there. Calls that only it could serve are refused until you add another key.
        </Confirm>
      )}
      {deleting && (
        <Confirm title="Delete this key at the provider?" act="Delete" type={{ text: deleting.slice(-6), of: "end of its id" }} pending={resolve.isPending} error={resolve.error} onConfirm={() => ask({ decision: "delete_key", provider_key_id: deleting })} onClose={() => setDeleting(null)}>
          <span className="mono">{deleting}</span> stops working at once, for everybody who uses it. This cannot be undone.
        </Confirm>
      )}
    </section>
  );
}
