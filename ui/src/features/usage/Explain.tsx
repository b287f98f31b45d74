import type { ExplainView } from "@/api";
import { useZone } from "@/components";
import { exactUsd } from "@/lib/money";
import { formatCount } from "@/lib/number";
import { shortDay } from "@/lib/time";
import { Notice } from "@/ui";
import { unitWords } from "./queries";

/** Why a call cost what it cost: every line, the price's source, and how it was rounded. */
export function Explain({ view }: { view: ExplainView }) {
  const zone = useZone();
  const { record, price } = view;
  if (record.pricing === "unpriced") return <Notice box>No price is known for this call, so its cost is not counted as zero but left open. {record.unpriced_reason}</Notice>;
  return (
    <>
      {record.pricing === "ceiling" && <Notice tone="info" icon="info" box>No price is known for this model; the workspace&apos;s ceiling rate was used, so the real cost is at most this.</Notice>}
      <table className="t" style={{ margin: "4px 0 8px" }}>
        <thead><tr><th style={{ paddingLeft: 0 }}>Unit</th><th className="num">Quantity</th><th className="num">USD per 1M</th><th className="num" style={{ paddingRight: 0 }}>Amount</th></tr></thead>
        <tbody>
          {view.lines.map((l) => (
            <tr key={l.unit}><td style={{ paddingLeft: 0 }}>{unitWords(l.unit)}</td><td className="num">{formatCount(l.quantity)}</td><td className="num dim">× {l.rate_usd_per_million}</td><td className="num" style={{ paddingRight: 0 }}><span title={exactUsd(l.amount_usd)}>${l.amount_usd}</span></td></tr>
          ))}
          <tr><td className="strong" style={{ paddingLeft: 0 }}>Total</td><td /><td /><td className="num strong" style={{ paddingRight: 0 }}>${view.total_usd}</td></tr>
        </tbody>
      </table>
      <p className="faint">Rounded {view.rounding}.</p>
      {price && (
        <p className="dim" style={{ marginTop: 6 }}>
          Price of <span className="mono">{price.provider}/{price.model}</span> from {price.source}, version <span className="mono">{price.version}</span>, in force since {shortDay(price.effective_from, zone)}.
          {price.agree != null && (price.agree ? " A second source gives the same." : " A second source gives another price.")}
        </p>
      )}
    </>
  );
}
