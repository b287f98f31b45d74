import { useQuery } from "@tanstack/react-query";
import { ErrorState, Money, SkeletonRows } from "@/components";
import { formatDuration, plural } from "@/lib/number";
import { Chip, Empty } from "@/ui";
import { liveQuery } from "./queries";

/** Calls on their way now: what is reserved for them and since when. */
export function LiveRequests({ tenant, name }: { tenant: string; name: string }) {
  const live = useQuery(liveQuery(tenant));
  const count = live.data?.count ?? 0;
  return (
    <section className="card" aria-label={`Calls of ${name} on their way`}>
      <header><h2>On their way now</h2><span className="dim" role="status">{live.data ? (count === 0 ? "no calls" : plural(count, "call")) : ""}</span><span className="push">{count > 0 && <Chip tone="ok">live</Chip>}</span></header>
      {live.isPending ? <SkeletonRows rows={2} /> : live.isError ? <ErrorState of={live} what="Calls on their way" tight /> : count === 0 ? <Empty tight title="No call is on its way">Calls show here from the moment they are let through until they end.</Empty> : (
        <table className="t">
          <thead><tr><th className="num">Since</th><th>Model</th><th>API key</th><th>User</th><th className="num">Kept free</th></tr></thead>
          <tbody>
            {live.data.items.slice(0, 12).map((c) => (
              <tr key={c.request_id}>
                <td className="num dim">{formatDuration(Math.max(0, live.dataUpdatedAt - Date.parse(c.since)))}</td>
                <td className="mono">{c.model}{c.stream && <span className="faint"> stream</span>}</td><td>{c.api_key_name ?? "a removed key"}</td><td className="dim">{c.user ?? ""}</td><td className="num"><Money usd={c.reserved_usd} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {count > 12 && <p className="faint" style={{ padding: "6px 14px 10px" }}>The 12 that have waited longest.</p>}
    </section>
  );
}
