import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { AuditFilterQuery } from "@/api";
import { ErrorState, Outcome, SkeletonRows, TimeAgo } from "@/components";
import { Empty } from "@/ui";
import { historyQuery } from "./queries";

/** The audit entries of one thing, for the History tab of its page. */
export function History({ filter, limit = 100 }: { filter: AuditFilterQuery; limit?: number }) {
  const list = useQuery(historyQuery(filter, limit));
  if (list.isPending) return <SkeletonRows />;
  if (list.isError) return <ErrorState of={list} what="The history" tight />;
  if (list.data.items.length === 0) return <Empty title="No entry yet" tight />;
  return (
    <table className="t">
      <thead><tr><th>Time</th><th>Actor</th><th>Event</th><th>What</th><th>Outcome</th><th className="num">Entry</th></tr></thead>
      <tbody>
        {list.data.items.map((e) => (
          <tr key={e.id}>
            <td className="dim"><TimeAgo at={e.time} /></td>
            <td>{e.actor.name}</td>
            <td className="mono">{e.event_type}</td>
            <td>{e.summary}</td>
            <td><Outcome value={e.outcome} /></td>
            <td className="num mono"><Link to="/audit" search={{ entry: e.id }}>{e.sequence}</Link></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
