import { useQuery } from "@tanstack/react-query";
import type { LimitBucket, LimitStatusView } from "@/api";
import { ErrorState, SkeletonRows } from "@/components";
import { formatCount, formatPercent } from "@/lib/number";
import { Empty, Meter } from "@/ui";
import { limitStatusQuery, SCOPE_WORDS, tightest, toneOf, usedOf } from "./queries";

export function BucketMeter({ bucket, what }: { bucket: LimitBucket; what: string }) {
  const used = usedOf(bucket);
  return <Meter capped spent={used} tone={toneOf(used)} label={`${formatCount(bucket.available_tokens)} of ${formatCount(bucket.capacity)} ${what} left, ${formatPercent(used)} used`} />;
}

function Row({ status: s }: { status: LimitStatusView }) {
  const at = tightest(s);
  return (
    <tr>
      <td className="strong clip" title={s.subject ?? undefined}>{s.name}{s.scope !== "tenant" && s.tenant_name && <span className="faint"> {s.tenant_name}</span>}</td>
      <td className="dim">{SCOPE_WORDS[s.scope]}</td>
      <td className="meter-cell" style={{ minWidth: 140 }}>{at && <BucketMeter bucket={at.bucket} what={at.what} />}</td>
      <td className="num">{at && <>{formatCount(at.bucket.available_tokens)} <span className="faint">of {formatCount(at.bucket.capacity)}</span></>}</td>
      <td className="dim">{at && `${at.what}, ${formatCount(at.bucket.rate)} a minute`}</td>
      <td className="num dim">{formatCount(s.concurrent_now)}{s.concurrent_limit !== null && <span className="faint"> of {formatCount(s.concurrent_limit)}</span>}</td>
    </tr>
  );
}

/** Who is nearest to a limit now. A bucket that nobody used for a while is full and not listed. */
export function Buckets() {
  const query = useQuery(limitStatusQuery);
  return (
    <section className="card">
      <header><h2>Nearest to their limit</h2><span className="dim clip">live; whoever has not called for a minute is not listed</span></header>
      {query.isError ? <ErrorState of={query} what="How limits stand" tight /> : !query.data ? <SkeletonRows rows={4} /> : query.data.items.length === 0 ? (
        <Empty level={3} tight title="Nobody is using up a limit">Whoever calls shows here with what is left to them this minute.</Empty>
      ) : (
        <div style={{ overflowX: "auto" }}>
          <table className="t">
            <thead><tr><th>Who</th><th>Kind</th><th>Used</th><th className="num">Left</th><th>Counts</th><th className="num">On their way</th></tr></thead>
            <tbody>{query.data.items.map((s) => <Row key={`${s.scope} ${s.tenant_id ?? ""} ${s.subject ?? ""} ${s.name}`} status={s} />)}</tbody>
          </table>
        </div>
      )}
    </section>
  );
}
