import type { RequestDetailView } from "@/api";
import { formatDuration } from "@/lib/number";

export interface TimePart {
  label: string;
  ms: number;
  colour: number;
}
type Times = RequestDetailView["timing"];

/** The parts a call's time falls into, in order; what was not measured is not guessed. */
export function timeParts(t: Times, provider: string, stream: boolean): TimePart[] {
  if (t.end_ms === null) return [];
  const first = Math.min(t.first_byte_ms ?? t.end_ms, t.end_ms);
  const sent = Math.min(t.sent_ms ?? 0, first);
  return [
    { label: "In Reeve, before it went out", ms: sent, colour: 5 },
    { label: `${provider} until the first byte`, ms: first - sent, colour: 2 },
    { label: stream ? "The answer, streamed" : "The rest of the answer", ms: t.end_ms - first, colour: 1 },
  ].filter((p) => p.ms > 0 || (p.colour === 5 && t.sent_ms !== null));
}

export function Timing({ timing, provider, stream }: { timing: Times; provider: string | null; stream: boolean }) {
  const parts = timeParts(timing, provider ?? "The provider", stream);
  const total = parts.reduce((sum, p) => sum + p.ms, 0);
  return (
    <>
      <div className="timebar" role="img" aria-label={parts.map((p) => `${p.label} ${formatDuration(p.ms)}`).join(", ")}>
        {parts.map((p) => <i key={p.label} style={{ flexGrow: total > 0 ? p.ms / total : 1, background: `var(--c${p.colour})` }} />)}
      </div>
      <dl className="kv wide timekey">
        {parts.map((p) => <div key={p.label} style={{ display: "contents" }}><dt><i aria-hidden="true" style={{ background: `var(--c${p.colour})` }} />{p.label}</dt><dd className="num">{formatDuration(p.ms)}</dd></div>)}
        <dt className="strong">In all</dt><dd className="num strong">{formatDuration(timing.end_ms)}</dd>
      </dl>
      {timing.added_ms !== null && <p className="dim">Reeve itself took {formatDuration(timing.added_ms)} of it: reading, deciding, reserving and settling; neither waiting for {provider ?? "the provider"} nor for the caller.</p>}
    </>
  );
}
