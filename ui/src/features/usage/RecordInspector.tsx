import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ExplainView } from "@/api";
import { ErrorState, Id, Inspector, Money, Properties, Section, SkeletonRows, useZone } from "@/components";
import { exactUsd } from "@/lib/money";
import { formatCount, formatDuration } from "@/lib/number";
import { absolute, shortDay } from "@/lib/time";
import { Chip, Notice } from "@/ui";
import { explainQuery, unitWords } from "./queries";

function Explain({ view }: { view: ExplainView }) {
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
          {price.agree != null && ` ${price.agree} sources agree.`}
        </p>
      )}
    </>
  );
}

export function RecordInspector({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useQuery(explainQuery(id));
  const zone = useZone();
  if (query.isError) return <Inspector label="Usage record" title="Usage record" onClose={onClose}><ErrorState of={query} what="This record" tight /></Inspector>;
  if (!query.data) return <Inspector label="Usage record" title={<span className="faint">Record</span>} onClose={onClose}><SkeletonRows rows={8} widths={["30%", "50%"]} /></Inspector>;
  const r = query.data.record;
  return (
    <Inspector label={`Usage record of ${r.tenant_name}`} title={<span className="mono">{r.model}</span>} subtitle={`${r.tenant_name}, ${absolute(r.time, zone)}`} onClose={onClose}>
      <div className="big">{r.cost_usd === null ? <Chip tone="warn">unpriced</Chip> : <Money usd={r.cost_usd} />} <small>for one {r.operation} call</small></div>
      <Section title="Explain this cost"><Explain view={query.data} /></Section>
      <Section title="The call">
        <Properties items={[
          ["Tenant", <Link key="t" to="/tenants/$id" params={{ id: r.tenant_id }}>{r.tenant_name}</Link>],
          ["Provider", r.provider], ["Outcome", `${r.outcome}${r.status === null ? "" : `, HTTP ${r.status}`}`], ["Source", r.source],
          ["Took", r.latency_ms === null ? <span key="l" className="faint">not known</span> : `${formatDuration(r.latency_ms)}${r.first_byte_ms === null ? "" : `, first byte after ${formatDuration(r.first_byte_ms)}`}`],
          ["Streamed", r.stream ? "yes" : "no"],
          ...(r.user ? [["User", r.user] as [string, string]] : []),
          ["API key", r.api_key_id ? <Id key="k" value={r.api_key_id} what="API key id" /> : <span key="k" className="faint">none</span>],
          ["Record", <Id key="i" value={r.id} what="record id" />],
          ...(r.trace_id ? [["Trace", <Id key="tr" value={r.trace_id} what="trace id" />] as [string, React.ReactNode]] : []),
          ["Entry", <span key="e" className="mono">{r.sequence}</span>],
        ]} />
      </Section>
    </Inspector>
  );
}
