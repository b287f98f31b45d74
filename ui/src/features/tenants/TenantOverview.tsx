import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { TenantView } from "@/api";
import { DailyCost, ErrorState, Kpi, lastDays, Money, SkeletonRows, TableToggle } from "@/components";
import { addUsd, percentOf } from "@/lib/money";
import { formatCount, formatPercent, plural } from "@/lib/number";
import { dayKey } from "@/lib/time";
import { Empty } from "@/ui";
import { summaryQuery } from "./queries";
import { QuotaCard } from "./QuotaCard";

function ByModel({ id }: { id: string }) {
  const list = useQuery(summaryQuery(id, "model"));
  return (
    <section className="card">
      <header><h2>By model</h2><span className="dim">last 30 days</span></header>
      {list.isPending ? <SkeletonRows rows={4} /> : list.isError ? <ErrorState of={list} what="Models" tight /> : list.data.items.length === 0 ? <Empty tight title="No calls in 30 days" /> : (
        <table className="t">
          <thead><tr><th>Model</th><th className="num">Cost</th><th className="num">Share of cost</th><th className="num">Requests</th><th className="num">Tokens in</th><th className="num">Tokens out</th></tr></thead>
          <tbody>
            {list.data.items.map((m) => (
              <tr key={m.key}>
                <td className="mono">{m.label}</td><td className="num strong"><Money usd={m.cost_usd} /></td><td className="num dim">{formatPercent(percentOf(m.cost_usd, list.data.total.cost_usd))}</td>
                <td className="num">{formatCount(m.requests)}</td><td className="num dim">{formatCount(m.input_tokens)}</td><td className="num dim">{formatCount(m.output_tokens)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

export function TenantOverview({ tenant }: { tenant: TenantView }) {
  const [table, setTable] = useState(false);
  const byDay = useQuery(summaryQuery(tenant.id, "day"));
  const days = lastDays(dayKey(new Date().toISOString(), tenant.time_zone), tenant.daily_cost_usd.length);
  const requests = new Map(byDay.data?.items.map((d) => [d.key, d.requests]));
  const daily = tenant.daily_cost_usd.map((cost_usd, i) => ({ day: days[i] ?? "", cost_usd, requests: requests.get(days[i] ?? "") }));
  return (
    <div className="page">
      <div className="kpis three">
        <Kpi label="Cost today" note={plural(tenant.usage.today.requests, "request")}><Money usd={tenant.usage.today.cost_usd} /></Kpi>
        <Kpi label="Month to date" note={plural(tenant.usage.month.requests, "request")}><Money usd={tenant.usage.month.cost_usd} /></Kpi>
        <Kpi label="Last 30 days" note="all models"><Money usd={addUsd(...tenant.daily_cost_usd)} /></Kpi>
      </div>
      <div className="split wide-left">
        <section className="card">
          <header><h2>Cost by day</h2><span className="dim">last 30 days, {tenant.time_zone}</span><span className="push"><TableToggle on={table} onChange={setTable} /></span></header>
          <DailyCost title={`Cost of ${tenant.name} by day`} days={daily} showTable={table} />
        </section>
        <QuotaCard tenant={tenant} />
      </div>
      <ByModel id={tenant.id} />
    </div>
  );
}
