import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { TenantView } from "@/api";
import { DailyCost, Kpi, lastDays, Money, TableToggle } from "@/components";
import { LiveRequests } from "@/features/requests";
import { addUsd } from "@/lib/money";
import { plural } from "@/lib/number";
import { dayKey } from "@/lib/time";
import { summaryQuery } from "./queries";
import { QuotaCard } from "./QuotaCard";

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
      <LiveRequests tenant={tenant.id} name={tenant.name} />
    </div>
  );
}
