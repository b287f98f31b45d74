import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo } from "react";
import type { TenantStatus, TenantView, Tier } from "@/api";
import { col, DataTable, ErrorState, FilterMenu, Money, Page, SampleChip, STATUS_WORDS, STATUSES, TenantState, TIER_WORDS, TIERS, useMay, type Column } from "@/components";
import { plotUsd } from "@/lib/money";
import { formatCount, plural } from "@/lib/number";
import { Button, Empty, Icon, Sparkline } from "@/ui";
import { tenantsQuery } from "./queries";
import { TenantForm } from "./TenantForm";

export interface TenantsSearch {
  q?: string;
  status?: TenantStatus;
  tier?: Tier;
  new?: boolean;
}
const route = getRouteApi("/app/tenants");
const COLUMNS: Column<TenantView>[] = [
  col("Tenant", "minmax(150px, 1.4fr)", (t) => <span className="row"><Link className="rowlink clip" to="/tenants/$id" params={{ id: t.id }}>{t.name}</Link>{t.sample && <SampleChip />}</span>),
  col("Tier", "104px", (t) => TIER_WORDS[t.tier], { className: "dim" }),
  col("State", "112px", (t) => <TenantState value={t.status} />),
  col("Owner", "minmax(90px, .8fr)", (t) => t.owner ?? <span className="faint">none</span>, { className: "dim" }),
  col("Cost today", "100px", (t) => <Money usd={t.usage.today.cost_usd} />, { num: true }),
  col("Month to date", "110px", (t) => <Money usd={t.usage.month.cost_usd} />, { num: true, className: "strong" }),
  col("Requests, month", "116px", (t) => formatCount(t.usage.month.requests), { num: true }),
  col("Cost, 30 days", "112px", (t) => <Sparkline values={t.daily_cost_usd.map(plotUsd)} />),
];

export function TenantsPage() {
  const search: TenantsSearch = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay("tenant:write");
  const filter = useMemo(() => ({ q: search.q, status: search.status, tier: search.tier }), [search.q, search.status, search.tier]);
  const list = useInfiniteQuery(tenantsQuery(filter));
  const rows = useMemo(() => list.data?.pages.flatMap((p) => p.items) ?? [], [list.data]);
  const set = (patch: TenantsSearch) => void navigate({ search: (old) => ({ ...old, ...patch }), replace: true });
  const filtered = !!(search.q || search.status || search.tier);
  const create = <Button kind="primary" onPress={() => set({ new: true })} disabledReason={may}>New tenant</Button>;
  return (
    <Page title="Tenants" actions={create}>
      <div className="filters">
        <div className="tokenbox">
          <Icon name="search" size={13} />
          <input type="search" aria-label="Find a tenant" placeholder="Find a tenant by name, short name, owner or tag" value={search.q ?? ""} onChange={(e) => set({ q: e.target.value || undefined })} />
        </div>
        <FilterMenu label="state" value={search.status} options={STATUSES.map((id) => ({ id, label: STATUS_WORDS[id] }))} onChange={(s) => set({ status: s as TenantStatus | undefined })} />
        <FilterMenu label="tier" value={search.tier} options={TIERS.map((id) => ({ id, label: TIER_WORDS[id] }))} onChange={(t) => set({ tier: t as Tier | undefined })} />
        <span className="dim" role="status">{list.isSuccess && `${plural(rows.length, "tenant")}${list.hasNextPage ? " loaded" : ""}`}</span>
      </div>
      <div className="listcol" style={{ flex: 1 }}>
        {list.isError ? <ErrorState of={list} what="Tenants" /> : (
          <DataTable
            label="Tenants" columns={COLUMNS} rows={rows} rowId={(t) => t.id} loading={list.isPending} minWidth={840} rowHeight={34}
            onOpen={(id) => void navigate({ to: "/tenants/$id", params: { id } })}
            more={{ has: list.hasNextPage, busy: list.isFetchingNextPage, failed: list.isFetchNextPageError, load: () => void list.fetchNextPage() }}
            empty={filtered
              ? <Empty title="No tenant matches" action={<Button onPress={() => void navigate({ search: {} })}>Clear the filters</Button>} />
              : <Empty title="No tenants yet" action={create}>A tenant is a team, a product or a customer whose calls are counted, limited and billed apart. Each has its own keys, quota and budgets.</Empty>}
          />
        )}
      </div>
      {search.new && <TenantForm onClose={() => set({ new: undefined })} onDone={(t) => void navigate({ to: "/tenants/$id", params: { id: t.id } })} />}
    </Page>
  );
}
