import type { BillCauseView } from "@/api";
import { formatUsd, percentOf } from "@/lib/money";
import { Chip, Empty } from "@/ui";
import { bare, CAUSE_WORDS, signed } from "./queries";

/** A difference, with its sign. */
export function Gap({ usd }: { usd: string }) {
  return <span title={usd}>{signed(usd, formatUsd(usd))}</span>;
}

/** Why the bill and the ledger differ: each cause with its share and what it means. */
export function Causes({ causes }: { causes: BillCauseView[] }) {
  const top = causes[0] ? bare(causes[0].amount_usd) : "0";
  if (causes.length === 0) return <Empty tight title="No difference">The bill and Reeve's ledger say the same, to the cent.</Empty>;
  return (
    <table className="t ranked causes">
      <caption className="sr">Causes of the difference, the largest first</caption>
      <thead className="sr"><tr><th>Cause</th><th>Share</th><th>Amount</th></tr></thead>
      <tbody>
        {causes.map((c) => {
          const words = CAUSE_WORDS[c.cause];
          return (
            <tr key={c.cause}>
              <td><span className="row"><Chip tone={words.tone}>{words.name}</Chip>{c.estimated && <span className="faint">estimated</span>}</span><p className="dim">{words.says}</p></td>
              <td><span className="rank"><i style={{ width: `${Math.max(percentOf(bare(c.amount_usd), top === "0" ? "1" : top), 0.5)}%` }} /></span></td>
              <td className="num strong"><Gap usd={c.amount_usd} /></td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
