import type { ExplainView } from "@/api";
import { useZone } from "@/components";
import { exactUsd } from "@/lib/money";
import { formatCount } from "@/lib/number";
import { shortDay } from "@/lib/time";
import { Notice } from "@/ui";
import { unitWords } from "./queries";

const exactPlain = (usd: string) => (usd.startsWith("-") ? `−$${usd.slice(1)}` : `$${usd}`);

/** Why a call cost what it cost: every line, the price's source, and how it was rounded. */
export function Explain({ view }: { view: ExplainView }) {
  const zone = useZone();
  const { record, price } = view;
  if (record.pricing === "unpriced") return <Notice box>No price is known for this call, so its cost is not counted as zero but left open. {record.unpriced_reason}</Notice>;
  return (
    <>
      {view.adjusts && <Notice tone="info" icon="info" box>This charge corrects an earlier one after a period was rated again. The lines are what that call costs now; the amount charged here is the difference.</Notice>}
      {record.pricing === "ceiling" && <Notice tone="info" icon="info" box>No price is known for this model; the workspace&apos;s ceiling rate was used, so the real cost is at most this.</Notice>}
      <table className="t" style={{ margin: "4px 0 8px" }}>
        <thead><tr><th style={{ paddingLeft: 0 }}>Unit</th><th className="num">Quantity</th><th className="num">USD per 1M</th><th className="num" style={{ paddingRight: 0 }}>Amount</th></tr></thead>
        <tbody>
          {view.lines.map((l) => (
            <tr key={l.unit}><td style={{ paddingLeft: 0 }}>{unitWords(l.unit)}</td><td className="num">{formatCount(l.quantity)}</td><td className="num dim">× {l.rate_usd_per_million}</td><td className="num" style={{ paddingRight: 0 }}><span title={exactUsd(l.amount_usd)}>${l.amount_usd}</span></td></tr>
          ))}
          <tr><td className="strong" style={{ paddingLeft: 0 }}>{view.adjustments.length > 0 ? "Charged then" : "Total"}</td><td /><td /><td className="num strong" style={{ paddingRight: 0 }}>{exactPlain(view.total_usd)}</td></tr>
          {view.adjustments.map((a) => (
            <tr key={a.charge_id}><td style={{ paddingLeft: 0 }}>Re-rated {shortDay(a.time, zone)}</td><td /><td /><td className="num" style={{ paddingRight: 0 }}>{exactPlain(a.cost_usd)}</td></tr>
          ))}
          {view.adjustments.length > 0 && <tr><td className="strong" style={{ paddingLeft: 0 }}>Costs now</td><td /><td /><td className="num strong" style={{ paddingRight: 0 }}>{exactPlain(view.adjusted_total_usd)}</td></tr>}
        </tbody>
      </table>
      <p className="faint">Rounded {view.rounding}.</p>
      {price && (
        <p className="dim" style={{ marginTop: 6 }}>
          Price of <span className="mono">{price.provider}/{price.model}</span> from {price.source}, version <span className="mono">{price.version}</span>, in force since {shortDay(price.effective_from, zone)}.
          {price.tier && ` Charged at the ${price.tier} tier.`}
          {price.agree != null && (price.agree ? " A second list says the same." : " A second list says otherwise: the price is disputed.")}
        </p>
      )}
    </>
  );
}
