import type { ReactNode } from "react";
import type { SummaryRow } from "@/api";
import { percentOf, plotUsd } from "@/lib/money";
import { formatPercent, plural } from "@/lib/number";
import { Money } from "./values";

/** The dearest of something, each with a bar of its share of the whole. */
export function RankedBars({ label, rows, total, most = 8, name }: { label: string; rows: SummaryRow[]; total: string; most?: number; name: (row: SummaryRow) => ReactNode }) {
  const shown = rows.slice(0, most);
  const top = plotUsd(shown[0]?.cost_usd ?? "0") > 0 ? (shown[0]?.cost_usd ?? "0") : null;
  return (
    <table className="t ranked">
      <caption className="sr">{label}, dearest first</caption>
      <thead className="sr"><tr><th>{label}</th><th>Share of cost</th><th>Cost</th></tr></thead>
      <tbody>
        {shown.map((r) => {
          const share = percentOf(r.cost_usd, total);
          return (
            <tr key={r.key} title={`${plural(r.requests, "request")}, ${formatPercent(share)} of the cost`}>
              <td className="clip">{name(r)}</td>
              <td><span className="rank"><i style={{ width: `${top === null ? 0 : Math.max(percentOf(r.cost_usd, top), 0.5)}%` }} /></span></td>
              <td className="num"><span className="strong"><Money usd={r.cost_usd} /></span> <span className="faint">{formatPercent(share)}</span></td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
