import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { RequestDetailView } from "@/api";
import { ErrorState, Id, Inspector, Money, Properties, Section, SkeletonRows, useZone } from "@/components";
import { budgetsQuery } from "@/features/budgets";
import { useProviderName } from "@/features/keys";
import { Explain } from "@/features/usage";
import type { Token } from "@/lib/filters";
import { formatUsd } from "@/lib/money";
import { formatCount, formatDuration, plural } from "@/lib/number";
import { absolute } from "@/lib/time";
import { Chip, Notice } from "@/ui";
import { Bodies } from "./Bodies";
import { budgetWords, reasonWords, requestQuery } from "./queries";
import { Timing } from "./Timing";

type OnFilter = (token: Token | { q: string }) => void;
type Row = [string, ReactNode];

/** A value that finds the other requests that share it. */
function Same({ field, value, children, mono, onFilter }: { field: string; value: string; children?: ReactNode; mono?: boolean; onFilter: OnFilter }) {
  return <button type="button" className={`linkish plain${mono ? " mono" : ""}`} title={`Show requests with the same ${field}`} onClick={() => onFilter({ field, value })}>{children ?? value}</button>;
}

function Decisions({ d }: { d: RequestDetailView }) {
  const r = d.request;
  const nameOf = useProviderName();
  const known = useQuery({ ...budgetsQuery, enabled: d.budgets.length > 0 });
  const targetOf = (id: string) => known.data?.items.find((b) => b.id === id)?.target_name;
  if (r.outcome === "refused") {
    return (
      <>
        <Notice tone="bad" box>{r.message ?? `${plural(r.calls, "call")} like this ${r.calls === 1 ? "was" : "were"} refused within a moment: ${reasonWords(r.reason)}.`}</Notice>
        <p className="dim" style={{ marginTop: 8 }}>The provider was not asked and nothing was charged.{r.reserved_usd !== null && <> At most <Money usd={r.reserved_usd} /> {r.calls > 1 ? "were asked for in all" : "was asked for"}.</>}</p>
      </>
    );
  }
  if (r.source !== "gateway") return <p className="dim">{r.source === "import" ? "Imported from a file: Reeve did not decide about it." : "Sample data: no decision was made about it."}</p>;
  const over = r.reserved_usd !== null && r.cost_usd !== null && Number(r.cost_usd) > Number(r.reserved_usd);
  const rows: Row[] = [
    ["Let through", r.reserved_usd === null ? <span key="r" className="faint">not recorded</span> : <span key="r">at most <Money usd={r.reserved_usd} /> kept free{r.cost_usd !== null && <>, {over ? "and overrun: " : "then "}<Money usd={r.cost_usd} /> charged</>}</span>],
    ...d.budgets.map((b): Row => [budgetWords(b, targetOf(b.budget_id)), <span key={b.budget_id}>{b.left_usd.startsWith("-") ? <>over by <Money usd={b.left_usd.slice(1)} /></> : <><Money usd={b.left_usd} /> left</>} of {b.period === null ? formatUsd(b.limit_usd) : <Link to="/budgets" search={{ budget: b.budget_id }}>{formatUsd(b.limit_usd)}</Link>}</span>]),
  ];
  if (d.budgets.length === 0 && r.reserved_usd !== null) rows.push(["Budgets", <span key="n" className="faint">none above this call</span>]);
  if (d.quota) rows.push(["Quota", `${plural(d.quota.requests_left_today, "request")} left of the day, ${formatCount(d.quota.concurrent_left)} more at the same time`]);
  rows.push(["Went to", <span key="c">{r.provider && nameOf(r.provider)}{d.credential && <> with <Link to="/keys">{d.credential.name}</Link></>}</span>]);
  rows.push(["Attempts", r.attempts === 1 ? "one" : `${r.attempts}: earlier ones failed`]);
  return <Properties wide items={rows} />;
}

function TheCall({ d, onFilter }: { d: RequestDetailView; onFilter: OnFilter }) {
  const zone = useZone();
  const r = d.request;
  const rows: Row[] = [["Arrived", absolute(r.time, zone)]];
  if (r.tenant_id) rows.push(["Tenant", <span key="t"><Link to="/tenants/$id" params={{ id: r.tenant_id }}>{r.tenant_name}</Link></span>]);
  if (r.api_key_id) rows.push(["API key", <Same key="k" field="key" value={r.api_key_id} onFilter={onFilter}>{r.api_key_name ?? r.api_key_id}</Same>]);
  if (r.user) rows.push(["User", <Same key="u" field="user" value={r.user} onFilter={onFilter} />]);
  if (r.tags.length > 0) rows.push(["Tags", <span key="g" className="row" style={{ flexWrap: "wrap" }}>{r.tags.map((t) => <Same key={t} field="tag" value={t} onFilter={onFilter}><Chip plain>{t}</Chip></Same>)}</span>]);
  if (r.model) rows.push(["Model", <Same key="m" field="model" value={r.model} mono onFilter={onFilter} />]);
  if (r.operation) rows.push(["Operation", `${r.operation}${r.stream ? ", streamed" : ""}`]);
  if (r.outcome !== "refused") rows.push(["Outcome", `${r.outcome === "success" ? "ok" : r.outcome === "failure" ? "failed" : r.outcome}${r.status === null ? "" : `, HTTP ${r.status}`}`]);
  if (r.trace_id) rows.push(["Trace", <span key="tr" className="row" style={{ gap: 4 }}><button type="button" className="linkish plain mono" title="Show the requests of this trace" onClick={() => onFilter({ q: r.trace_id ?? "" })}>{r.trace_id.slice(0, 8)}…{r.trace_id.slice(-4)}</button></span>]);
  if (r.request_id) rows.push(["Request id", <Id key="q" value={r.request_id} what="request id" />]);
  if (r.id !== r.request_id) rows.push(["Charge", <Id key="i" value={r.id} what="charge id" />]);
  const [stream] = r.entry_id.split(".");
  rows.push(["Ledger", <Link key="e" to="/audit" search={{ entry: r.entry_id, stream: stream === "usage" ? "usage" : undefined }}>Its entry, with the proof</Link>]);
  return <Properties items={rows} />;
}

export function RequestInspector({ id, onClose, onFilter }: { id: string; onClose: () => void; onFilter: OnFilter }) {
  const query = useQuery(requestQuery(id));
  const zone = useZone();
  const nameOf = useProviderName();
  const d = query.data;
  if (query.isError) return <Inspector label="Request" title="Request" onClose={onClose}><ErrorState of={query} what="This request" tight /></Inspector>;
  if (!d) return <Inspector label="Request" title={<span className="faint">Request</span>} onClose={onClose}><SkeletonRows rows={10} widths={["30%", "50%"]} /></Inspector>;
  const r = d.request;
  return (
    <Inspector label={`Request of ${r.tenant_name ?? "nobody known"}`} title={r.model ? <span className="mono">{r.model}</span> : `Refused: ${reasonWords(r.reason)}`} subtitle={`${r.tenant_name ?? "No tenant known"}, ${absolute(r.time, zone)}`} onClose={onClose}>
      {r.outcome === "refused"
        ? <div className="big"><Chip tone="bad">refused</Chip> <small>{reasonWords(r.reason)}{r.calls > 1 && `, ${plural(r.calls, "call")} in one row`}</small></div>
        : <div className="big">{r.cost_usd === null ? <Chip tone="warn">unpriced</Chip> : <Money usd={r.cost_usd} />} <small>for one {r.operation} call{r.latency_ms !== null && `, ${formatDuration(r.latency_ms)}`}</small></div>}
      {d.explain && <Section title="Why it cost this"><Explain view={d.explain} /></Section>}
      <Section title="What was decided"><Decisions d={d} /></Section>
      {d.timing.end_ms !== null && <Section title="Where the time went"><Timing timing={d.timing} provider={r.provider && nameOf(r.provider)} stream={r.stream} /></Section>}
      {d.captured_until !== null && <Section title="Captured bodies"><Bodies id={r.id} tenant={r.tenant_id} until={d.captured_until} /></Section>}
      <Section title="The call"><TheCall d={d} onFilter={onFilter} /></Section>
    </Inspector>
  );
}
