import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { CredentialHealthView } from "@/api";
import { ErrorState, SkeletonRows, TimeAgo } from "@/components";
import { useProviderName } from "@/features/keys";
import { formatCount, formatPercent, plural } from "@/lib/number";
import { Chip, Empty } from "@/ui";
import { errorPercent, keyState, routingHealthQuery } from "./queries";

const duration = (ms: number): string => (ms < 1000 ? `${formatCount(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

function Why({ of: k }: { of: CredentialHealthView }) {
  if (k.breaker === "open") return <span>{k.breaker_reason}; tried again <TimeAgo at={k.breaker_until} /></span>;
  if (k.breaker === "half_open") return <span>{k.breaker_reason}; the next call tries it</span>;
  if (k.resting_until) return <span>The provider asked for a pause until <TimeAgo at={k.resting_until} /></span>;
  if (!k.last_error) return <span className="faint">none</span>;
  return <span>{k.last_error.text}{k.last_error.status === null ? "" : ` (${k.last_error.status})`}, <TimeAgo at={k.last_error.time} /></span>;
}

function Row({ of: k }: { of: CredentialHealthView }) {
  const nameOf = useProviderName();
  const { tone, word } = keyState(k);
  const percent = errorPercent(k);
  return (
    <tr>
      <td><Link className="rowlink" to="/keys">{nameOf(k.provider)} / {k.name}</Link></td>
      <td><Chip tone={tone}>{word}</Chip></td>
      <td className="num">{k.priority}</td>
      <td className="num">{k.weight}</td>
      <td className="num">{formatCount(k.calls)}</td>
      <td className="num">{k.calls === 0 ? <span className="faint">–</span> : <span title={plural(k.errors, "failed call")}>{formatPercent(percent)}</span>}</td>
      <td className="num">{k.limited === 0 ? <span className="faint">–</span> : formatCount(k.limited)}</td>
      <td className="num">{k.p95_ms === null ? <span className="faint">–</span> : duration(k.p95_ms)}</td>
      <td className="dim" style={{ maxWidth: 340, minWidth: 150, whiteSpace: "normal" }}><Why of={k} /></td>
    </tr>
  );
}

/** How the provider keys have served in the last minutes. */
export function KeyHealth() {
  const health = useQuery(routingHealthQuery);
  return (
    <section className="card">
      <header><h2>Provider keys</h2><span className="dim">{health.data ? `Calls of the last ${health.data.window_minutes} minutes. ` : ""}Keys of the lowest priority number share the calls by weight; a key that keeps failing is left out for a while.</span></header>
      {health.isPending ? <SkeletonRows rows={3} /> : health.isError ? <ErrorState of={health} what="The state of the keys" tight /> : health.data.items.length === 0 ? (
        <Empty tight title="No provider keys yet" action={<Link className="btn" to="/keys" search={{ new: true }}>Add a provider key</Link>}>Without one no call goes anywhere.</Empty>
      ) : (
        <div style={{ overflowX: "auto" }}>
          <table className="t">
            <thead><tr><th>Key</th><th>State</th><th className="num">Priority</th><th className="num">Weight</th><th className="num">Calls</th><th className="num">Failed</th><th className="num" title="Calls the provider turned away because its own limits were reached">Turned away</th><th className="num" title="95 of 100 answers began within this time">95% begin within</th><th>Last trouble</th></tr></thead>
            <tbody>{health.data.items.map((k) => <Row key={k.credential_id} of={k} />)}</tbody>
          </table>
        </div>
      )}
    </section>
  );
}
