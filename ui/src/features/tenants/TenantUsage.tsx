import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import type { SummaryRow, TenantView } from "@/api";
import { DailyCost, ErrorState, Kpi, Money, RankedBars, SkeletonRows, TableToggle, useZone } from "@/components";
import { encodeTokens } from "@/lib/filters";
import { formatCompact, formatCount, plural } from "@/lib/number";
import { Empty, Skeleton } from "@/ui";
import { PERIODS, periodDays, periodQuery, type Period } from "./queries";

const route = getRouteApi("/app/tenants/$id");
const WORDS: Record<Period, string> = { today: "Today", "7d": "7 days", "30d": "30 days", month: "This month" };
type By = "model" | "api_key" | "user" | "tag";
const LISTS: [By, string, string][] = [["model", "By model", "model"], ["api_key", "By API key", "key"], ["user", "By user", "user"], ["tag", "By tag", "tag"]];
const NONE: Record<By, string> = { model: "No calls", api_key: "No calls", user: "No call named a user", tag: "No call had a tag" };

function Ranked({ tenant, by, title, field, period }: { tenant: TenantView; by: By; title: string; field: string; period: Period }) {
  const zone = useZone();
  const list = useQuery(periodQuery(tenant.id, by, period, zone));
  const name = (row: SummaryRow) => {
    if (row.key === "") return <span className="dim">{row.label}</span>;
    const filters = encodeTokens([{ field: "tenant", value: tenant.id }, { field, value: row.key }]);
    return <Link className={`rowlink${by === "model" ? " mono" : ""}`} to="/requests" search={{ filters }}>{row.label}</Link>;
  };
  return (
    <section className="card">
      <header><h2>{title}</h2><span className="dim">{list.data && list.data.items.length > 8 ? `8 dearest of ${list.data.more ? "more than 100" : formatCount(list.data.items.length)}` : by === "tag" ? "a call counts for each of its tags" : ""}</span></header>
      {list.isPending ? <SkeletonRows rows={4} widths={["30%", "40%", "14%"]} /> : list.isError ? <ErrorState of={list} what={`Usage ${title[0]?.toLowerCase()}${title.slice(1)}`} tight /> : list.data.items.length === 0 ? <Empty tight title={NONE[by]}>{by === "user" ? "Callers name theirs in the header x-reeve-user." : by === "tag" ? "Callers label calls in the header x-reeve-tags." : undefined}</Empty> : <RankedBars label={title} rows={list.data.items} total={list.data.total.cost_usd} name={name} />}
    </section>
  );
}

function Days({ tenant, period }: { tenant: TenantView; period: Period }) {
  const zone = useZone();
  const [table, setTable] = useState(false);
  const list = useQuery(periodQuery(tenant.id, "day", period, zone));
  const sums = new Map(list.data?.items.map((d) => [d.key, d]));
  const days = periodDays(period, zone).map((day) => ({ day, cost_usd: sums.get(day)?.cost_usd ?? "0", requests: sums.get(day)?.requests ?? 0 }));
  const t = list.data?.total;
  const figure = (shown: ReactNode) => shown ?? (list.isPending ? <Skeleton width={72} height={20} /> : "–");
  return (
    <>
      <div className="kpis four">
        <Kpi label="Cost" note={WORDS[period].toLowerCase()}>{figure(t && <Money usd={t.cost_usd} />)}</Kpi>
        <Kpi label="Requests" note={WORDS[period].toLowerCase()}>{figure(t && formatCount(t.requests))}</Kpi>
        <Kpi label="Tokens in" note="with those read from a cache">{figure(t && formatCompact(t.input_tokens))}</Kpi>
        <Kpi label="Tokens out" note="with reasoning that is not shown">{figure(t && formatCompact(t.output_tokens))}</Kpi>
      </div>
      {period === "today" && list.isError && <section className="card"><ErrorState of={list} what="Usage" tight /></section>}
      {period !== "today" && (
        <section className="card">
          <header><h2>Cost by day</h2><span className="dim">{`${plural(days.length, "day")} of the workspace, ${zone}`}</span><span className="push"><TableToggle on={table} onChange={setTable} /></span></header>
          {list.isPending ? <SkeletonRows rows={5} widths={["100%"]} /> : list.isError ? <ErrorState of={list} what="Usage" tight /> : <DailyCost title={`Cost of ${tenant.name} by day`} days={days} showTable={table} />}
        </section>
      )}
    </>
  );
}

export function TenantUsage({ tenant }: { tenant: TenantView }) {
  const { period = "30d" } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <div className="page">
      <div className="seg" role="group" aria-label="Period">
        {PERIODS.map((p) => <button key={p} type="button" aria-pressed={p === period} onClick={() => void navigate({ search: (old) => ({ ...old, period: p === "30d" ? undefined : p }), replace: true })}>{WORDS[p]}</button>)}
      </div>
      <Days tenant={tenant} period={period} />
      <div className="split even">{LISTS.map(([by, title, field]) => <Ranked key={by} tenant={tenant} by={by} title={title} field={field} period={period} />)}</div>
    </div>
  );
}
