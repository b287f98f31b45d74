import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { UsageRecordView } from "@/api";
import { col, DailyCost, DataTable, ErrorState, FilterMenu, Money, Page, SkeletonRows, TableToggle, TimeAgo, useMay, useZone, without, type Column } from "@/components";
import { useTenantOptions } from "@/features/tenants";
import { useNarrow } from "@/lib/media";
import { formatUsd, percentOf } from "@/lib/money";
import { formatCompact, formatCount, formatDuration, formatPercent, plural } from "@/lib/number";
import { RANGE_WORDS, rangeWords } from "@/lib/time";
import { Button, Chip, Empty, Icon, MenuButton, Tabs, type Tone } from "@/ui";
import { ImportSheet } from "./ImportSheet";
import { GROUPS, recordsQuery, summaryQuery, tokensIn, tokensOut, type Group, type UsageFilter } from "./queries";
import { RecordInspector } from "./RecordInspector";

export interface UsageSearch {
  range?: string;
  tenant?: string;
  model?: string;
  group?: Group;
  record?: string;
  view?: "records";
  import?: boolean;
}
const route = getRouteApi("/app/usage");
const GROUP_WORDS: Record<Group, string> = { model: "Model", tenant: "Tenant", api_key: "API key" };
export const OUTCOME_TONE: Record<UsageRecordView["outcome"], [Tone, string]> = { success: ["ok", "ok"], failure: ["bad", "failed"], cancelled: ["warn", "cancelled"] };
export const SOURCE_WORDS: Record<UsageRecordView["source"], string> = { gateway: "gateway", import: "import", sample: "sample" };

const COLUMNS: Column<UsageRecordView>[] = [
  col("Time", "96px", (r) => <TimeAgo at={r.time} />, { className: "dim" }),
  col("Tenant", "minmax(100px, 1fr)", (r) => r.tenant_name, { className: "strong" }),
  col("Model", "minmax(130px, 1.3fr)", (r) => r.model, { className: "mono" }),
  col("Tokens in", "84px", (r) => formatCount(tokensIn(r.usage)), { num: true }),
  col("Tokens out", "84px", (r) => formatCount(tokensOut(r.usage)), { num: true }),
  col("Cost", "94px", (r) => (r.cost_usd === null ? <Chip tone="warn">unpriced</Chip> : <Money usd={r.cost_usd} />), { num: true, className: "strong" }),
  col("Took", "74px", (r) => formatDuration(r.latency_ms), { num: true, className: "dim" }),
  col("Source", "82px", (r) => SOURCE_WORDS[r.source], { className: "dim" }),
  col("Outcome", "92px", (r) => <Chip tone={OUTCOME_TONE[r.outcome][0]}>{OUTCOME_TONE[r.outcome][1]}</Chip>),
];

const NARROW = without(COLUMNS, "Tokens in", "Tokens out", "Took", "Source");

function Grouped({ filter, group, onPick }: { filter: UsageFilter; group: Group; onPick: (key: string) => void }) {
  const list = useQuery(summaryQuery(filter, group));
  if (list.isPending) return <SkeletonRows />;
  if (list.isError) return <ErrorState of={list} what="Usage" tight />;
  if (list.data.items.length === 0) return <Empty tight title="No usage in this time range" />;
  const total = list.data.total.cost_usd;
  const pickable = group !== "api_key";
  return (
    <table className="t">
      <thead><tr><th>{GROUP_WORDS[group]}</th><th className="num">Cost</th><th className="num">Share of cost</th><th className="num">Requests</th><th className="num">Tokens in</th><th className="num">Tokens out</th></tr></thead>
      <tbody>
        {list.data.items.map((r) => (
          <tr key={r.key}>
            <td className={group === "model" ? "mono" : "strong"}>{pickable ? <button type="button" className="linkish plain" onClick={() => onPick(r.key)}>{r.label}</button> : r.label}</td>
            <td className="num strong"><Money usd={r.cost_usd} /></td><td className="num dim">{formatPercent(percentOf(r.cost_usd, total))}</td>
            <td className="num">{formatCount(r.requests)}</td><td className="num dim">{formatCount(r.input_tokens)}</td><td className="num dim">{formatCount(r.output_tokens)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function SummaryView({ filter, group, set }: { filter: UsageFilter; group: Group; set: (patch: UsageSearch) => void }) {
  const [table, setTable] = useState(false);
  const zone = useZone();
  const byDay = useQuery(summaryQuery(filter, "day"));
  const t = byDay.data?.total;
  const days = (byDay.data?.items ?? []).map((d) => ({ day: d.key, cost_usd: d.cost_usd, requests: d.requests }));
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
          tabs={GROUPS.map((g) => ({ id: g, label: `By ${GROUP_WORDS[g] === "API key" ? "API key" : GROUP_WORDS[g].toLowerCase()}`, content: <Grouped filter={filter} group={g} onPick={(key) => set(g === "tenant" ? { tenant: key } : { model: key, view: "records" })} /> }))} />
      </section>
    </div>
  );
}

function Records({ filter, search, set }: { filter: UsageFilter; search: UsageSearch; set: (patch: UsageSearch) => void }) {
  const narrow = useNarrow();
  const list = useInfiniteQuery(recordsQuery(filter));
  const rows = useMemo(() => list.data?.pages.flatMap((p) => p.items) ?? [], [list.data]);
  return (
    <div className={`listpage${search.record ? " open" : ""}`}>
      <div className="listcol">
        {list.isError ? <ErrorState of={list} what="Usage records" /> : (
          <DataTable
            label="Usage records" columns={search.record && narrow ? NARROW : COLUMNS} rows={rows} rowId={(r) => r.id} selected={search.record} onSelect={(record) => set({ record })} loading={list.isPending} minWidth={search.record && narrow ? 540 : 800}
            more={{ has: list.hasNextPage, busy: list.isFetchingNextPage, failed: list.isFetchNextPageError, load: () => void list.fetchNextPage() }}
            empty={<Empty title="No usage records here" action={<Button onPress={() => set({ import: true })}>Import usage</Button>}>Calls through the gateway are recorded as they happen. A provider&apos;s export can be imported.</Empty>}
          />
        )}
      </div>
      {search.record && <RecordInspector key={search.record} id={search.record} onClose={() => set({ record: undefined })} />}
    </div>
  );
}

export function UsagePage() {
  const search: UsageSearch = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay("usage:write");
  const client = useQueryClient();
  const tenants = useTenantOptions();
  const range = search.range ?? "30d";
  const filter = useMemo(() => ({ range, tenant: search.tenant, model: search.model }), [range, search.tenant, search.model]);
  const set = (patch: UsageSearch) => void navigate({ search: (old) => ({ ...old, ...patch }), replace: true });
  const zone = useZone();
  const tabs = [
    { id: "summary", label: "Summary", content: <SummaryView filter={filter} group={search.group ?? "model"} set={set} /> },
    { id: "records", label: "Records", content: <Records filter={filter} search={search} set={set} /> },
  ];
  return (
    <Page title="Usage" actions={<Button kind="primary" onPress={() => set({ import: true })} disabledReason={may}><Icon name="import" size={13} /> Import usage</Button>}>
      <div className="filters">
        <MenuButton label={rangeWords(range, zone)} ariaLabel={`Time range: ${rangeWords(range, zone)}`} items={Object.entries(RANGE_WORDS).map(([id, label]) => ({ id, label }))} selected={range} onAction={(id) => set({ range: id === "30d" ? undefined : id, record: undefined })} />
        <FilterMenu label="tenant" value={search.tenant} options={tenants} onChange={(tenant) => set({ tenant, record: undefined })} />
        {search.model && <span className="tok"><span>model</span><span>{search.model}</span><button type="button" aria-label={`Remove filter model ${search.model}`} onClick={() => set({ model: undefined })}><Icon name="close" size={9} /></button></span>}
        <span className="push" />
        {search.view === "records" && <Button kind="ghost" onPress={() => void client.resetQueries({ queryKey: ["usage", "records"] })}>Refresh</Button>}
        {search.tenant && <Link to="/tenants/$id" params={{ id: search.tenant }}>Open this tenant</Link>}
      </div>
      <Tabs label="Usage" fill tabs={tabs} selected={search.view ?? "summary"} onChange={(v) => set({ view: v === "records" ? "records" : undefined, record: undefined })} />
      {search.import && <ImportSheet onClose={() => set({ import: undefined })} />}
    </Page>
  );
}
