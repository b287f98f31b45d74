import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { DailyCost, ErrorState, everyDay, lastDays, FilterMenu, Money, Page, SkeletonRows, TableToggle, useMay, useTenantsAlone, useZone } from "@/components";
import { useProviderName } from "@/features/keys";
import { useTenantOptions } from "@/features/tenants";
import { encodeTokens } from "@/lib/filters";
import { formatUsd, percentOf } from "@/lib/money";
import { formatCompact, formatCount, formatPercent, plural } from "@/lib/number";
import { dayKey, RANGE_WORDS, rangeWords } from "@/lib/time";
import { Button, Empty, Icon, MenuButton, Tabs } from "@/ui";
import { ImportSheet } from "./ImportSheet";
import { GROUPS, summaryQuery, type Group, type UsageFilter } from "./queries";

export interface UsageSearch {
  range?: string;
  tenant?: string;
  group?: Group;
  import?: boolean;
}
const route = getRouteApi("/app/usage");
const GROUP_WORDS: Record<Group, string> = { model: "Model", provider: "Provider", tenant: "Tenant", api_key: "API key", user: "User", tag: "Tag", credential: "Provider key", operation: "Operation" };
/** Groups whose calls the request log can show; the others have no filter there. */
const FILTER: Partial<Record<Group, string>> = { model: "model", provider: "provider", tenant: "tenant", api_key: "key", user: "user", tag: "tag" };
const lower = (g: Group) => (g === "api_key" ? "API key" : GROUP_WORDS[g].toLowerCase());

function Grouped({ filter, group }: { filter: UsageFilter; group: Group }) {
  const list = useQuery(summaryQuery(filter, group));
  const nameOf = useProviderName();
  if (list.isPending) return <SkeletonRows />;
  if (list.isError) return <ErrorState of={list} what="Usage" tight />;
  if (list.data.items.length === 0) return <Empty tight title="No usage in this time range" />;
  const total = list.data.total.cost_usd;
  const labelOf = (r: { key: string; label: string }) => (group === "provider" ? nameOf(r.key) : r.label);
  const field = FILTER[group];
  const calls = (key: string) => encodeTokens([...(field ? [{ field, value: key }] : []), ...(filter.tenant && group !== "tenant" ? [{ field: "tenant", value: filter.tenant }] : [])]);
  return (
    <>
    <table className="t">
      <thead><tr><th>{GROUP_WORDS[group]}</th><th className="num">Cost</th><th className="num">Share of cost</th><th className="num">Requests</th><th className="num">Tokens in</th><th className="num">Tokens out</th></tr></thead>
      <tbody>
        {list.data.items.map((r) => (
          <tr key={r.key}>
            <td className={group === "model" ? "mono" : "strong"}>{field && r.key !== "" ? <Link className="rowlink" to="/requests" search={{ filters: calls(r.key), range: filter.range }} title={`Requests with this ${lower(group)}`}>{labelOf(r)}</Link> : labelOf(r)}</td>
            <td className="num strong"><Money usd={r.cost_usd} /></td><td className="num dim">{formatPercent(percentOf(r.cost_usd, total))}</td>
            <td className="num">{formatCount(r.requests)}</td><td className="num dim">{formatCount(r.input_tokens)}</td><td className="num dim">{formatCount(r.output_tokens)}</td>
          </tr>
        ))}
      </tbody>
    </table>
    {(list.data.more || group === "tag") && (
      <p className="faint" style={{ padding: "8px 14px" }}>{list.data.more && "The 100 dearest are listed. "}{group === "tag" && "A call counts once for each of its tags, so the rows may add up to more than the total."}</p>
    )}
    </>
  );
}

function SummaryView({ filter, group, set }: { filter: UsageFilter; group: Group; set: (patch: UsageSearch) => void }) {
  const [table, setTable] = useState(false);
  // Provider keys are the workspace's.
  const groups = useTenantsAlone("usage:read") ? GROUPS.filter((g) => g !== "credential") : GROUPS;
  const zone = useZone();
  const byDay = useQuery(summaryQuery(filter, "day"));
  const t = byDay.data?.total;
  const used = (byDay.data?.items ?? []).map((d) => ({ day: d.key, cost_usd: d.cost_usd, requests: d.requests }));
  const whole = /^\d+d$/.test(filter.range) ? lastDays(dayKey(new Date().toISOString(), zone), Number.parseInt(filter.range, 10)) : [];
  const days = used.length === 0 ? used : everyDay(used, whole[0], whole.at(-1));
  return (
    <div className="page">
      <section className="card">
        <header>
          <h2>Cost by day</h2>
          <span className="dim">{t ? `${formatUsd(t.cost_usd)}, ${plural(t.requests, "request")}, ${formatCompact(t.input_tokens)} tokens in and ${formatCompact(t.output_tokens)} out, ${rangeWords(filter.range, zone).toLowerCase()}` : ""}</span>
          <span className="push"><TableToggle on={table} onChange={setTable} /></span>
        </header>
        {byDay.isError ? <ErrorState of={byDay} what="Usage" tight /> : byDay.isPending ? <SkeletonRows rows={6} widths={["100%"]} /> : days.length === 0 ? <Empty tight title="No usage in this time range">Calls through the gateway and imported records show here.</Empty> : <DailyCost title="Cost by day" days={days} showTable={table} />}
      </section>
      <section className="card">
        <Tabs label="Group by" selected={group} onChange={(g) => set({ group: g === "model" ? undefined : (g as Group) })}
          tabs={groups.map((g) => ({ id: g, label: `By ${lower(g)}`, content: <Grouped filter={filter} group={g} /> }))} />
      </section>
    </div>
  );
}

export function UsagePage() {
  const search: UsageSearch = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay("usage:write");
  const tenants = useTenantOptions();
  const range = search.range ?? "30d";
  const filter = useMemo(() => ({ range, tenant: search.tenant }), [range, search.tenant]);
  const set = (patch: UsageSearch) => void navigate({ search: (old) => ({ ...old, ...patch }), replace: true });
  const zone = useZone();
  return (
    <Page title="Usage" actions={<Button kind="primary" onPress={() => set({ import: true })} disabledReason={may}><Icon name="import" size={13} /> Import usage</Button>}>
      <div className="filters">
        <MenuButton label={rangeWords(range, zone)} ariaLabel={`Time range: ${rangeWords(range, zone)}`} items={Object.entries(RANGE_WORDS).map(([id, label]) => ({ id, label }))} selected={range} onAction={(id) => set({ range: id === "30d" ? undefined : id })} />
        <FilterMenu label="tenant" value={search.tenant} options={tenants} onChange={(tenant) => set({ tenant })} />
        <span className="push" />
        {search.tenant && <Link to="/tenants/$id" params={{ id: search.tenant }}>Open this tenant</Link>}
      </div>
      <SummaryView filter={filter} group={search.group ?? "model"} set={set} />
      {search.import && <ImportSheet onClose={() => set({ import: undefined })} />}
    </Page>
  );
}
