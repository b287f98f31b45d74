import { useQuery } from "@tanstack/react-query";
import { formatCount, plural } from "@/lib/number";
import { dayAndTime } from "@/lib/time";
import { auditStatsQuery, type AuditView } from "./queries";

/** Entries over time. A bar narrows the range; the time menu does the same by keyboard. */
export function Histogram({ view, zone, onRange }: { view: AuditView; zone: string; onRange: (range: string) => void }) {
  const stats = useQuery(auditStatsQuery(view));
  const buckets = stats.data?.buckets ?? [];
  const top = Math.max(1, ...buckets.map((b) => b.count));
  const sum = buckets.reduce((n, b) => n + b.count, 0);
  const bad = buckets.reduce((n, b) => n + b.not_ok, 0);
  const end = (i: number) => buckets[i + 1]?.start ?? stats.data?.to ?? "";
  return (
    <>
      <p className="sr">{plural(sum, "entry", "entries")} in this range, {formatCount(bad)} not ok.</p>
      {/* Mouse shortcut only; hidden from readers because the sentence above and the time menu say and do the same. */}
      <div className="hist" aria-hidden="true" onClick={(e) => {
        const i = Number((e.target as HTMLElement).closest<HTMLElement>("[data-i]")?.dataset.i);
        const start = buckets[i]?.start;
        if (start) onRange(`${start}..${end(i)}`);
      }}>
        {buckets.map((b, i) => (
          <span key={b.start} data-i={i} title={`${dayAndTime(b.start, zone)}: ${plural(b.count, "entry", "entries")}, ${formatCount(b.not_ok)} not ok`}>
            {b.count > 0 && <i style={{ height: `${Math.max(5, ((b.count - b.not_ok) / top) * 100)}%` }} />}
            {b.not_ok > 0 && <i className="b" style={{ height: `${Math.max(6, (b.not_ok / top) * 100)}%` }} />}
          </span>
        ))}
      </div>
    </>
  );
}
