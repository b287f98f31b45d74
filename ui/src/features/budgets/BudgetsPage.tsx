import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { col, DataTable, ErrorState, FilterMenu, Money, Page, useMay, useSetup, without, type Column } from "@/components";
import { useNarrow } from "@/lib/media";
import { formatUsd } from "@/lib/money";
import { formatPercent, plural } from "@/lib/number";
import { monthName } from "@/lib/time";
import { Button, Chip, Empty, Icon, Meter } from "@/ui";
import { BudgetForm } from "./BudgetForm";
import { BudgetInspector } from "./BudgetInspector";
import { HoldsNotice } from "./Holds";
import { PoolsSheet } from "./Pools";
import { BUDGET_SCOPES, BUDGET_STATES, budgetsQuery, budgetTree, meterOf, overrideWord, SCOPE_WORDS, STATE_WORDS, type BudgetRow } from "./queries";

export interface BudgetsSearch {
  q?: string;
  state?: string;
  scope?: string;
  budget?: string;
  new?: boolean;
  pools?: boolean;
}
const route = getRouteApi("/app/budgets");

export const BUDGET_COLUMNS: Column<BudgetRow>[] = [
  col("Budget", "minmax(150px, 1.3fr)", (b) => <span className="row" style={{ gap: 6, paddingLeft: b.depth * 14 }}>{b.depth > 0 && <span className="faint" aria-hidden="true">└</span>}<span className="strong clip">{b.name}</span>{overrideWord(b) && <span role="img" className="dim" title={`${overrideWord(b)} for a while`} aria-label={`${overrideWord(b)} for a while`}>{overrideWord(b) === "Raised" ? "↑" : "↓"}</span>}</span>),
  col("Level", "minmax(90px, 0.4fr)", (b) => <span className="clip" title={b.level}>{b.level}</span>, { className: "dim" }),
  col("Period", "60px", (b) => b.period),
  col("Kind", "58px", (b) => <Chip plain>{b.kind}</Chip>),
  col("Spent, reserved, projected", "minmax(130px, 1.6fr)", (b) => <Meter {...meterOf(b)} label={`${STATE_WORDS[b.status.state]}: spent ${formatUsd(b.status.spent_usd)} of ${formatUsd(b.status.limit_usd)}, ${formatPercent(b.status.percentage_used)} used`} />, { className: "meter-cell" }),
  col("Spent", "98px", (b) => <Money usd={b.status.spent_usd} />, { num: true }),
  col("Reserved", "86px", (b) => <Money usd={b.status.reserved_usd} />, { num: true, className: "dim" }),
  col("Left", "98px", (b) => <Money usd={b.status.remaining_usd} />, { num: true }),
  col("Limit", "98px", (b) => <Money usd={b.status.limit_usd} />, { num: true, className: "dim" }),
];

const BESIDE = without(BUDGET_COLUMNS, "Limit");
const NARROW = without(BUDGET_COLUMNS, "Limit", "Level", "Kind", "Reserved");

export function BudgetsPage() {
  const narrow = useNarrow();
  const search: BudgetsSearch = route.useSearch();
  const navigate = route.useNavigate();
  const setup = useSetup();
  const may = useMay("budget:write");
  const seePools = useMay("budget:read");
  const list = useQuery(budgetsQuery);
  const rows = useMemo(() => budgetTree(list.data?.items ?? [], setup.workspace_name, search.q, search.state, search.scope), [list.data, setup.workspace_name, search.q, search.state, search.scope]);
  const set = (patch: BudgetsSearch) => void navigate({ search: (old) => ({ ...old, ...patch }), replace: true });
  const chosen = rows.find((b) => b.id === search.budget);
  const refusing = rows.filter((b) => b.status.state === "refusing").length;
  const create = <Button kind="primary" onPress={() => set({ new: true })} disabledReason={may}>New budget</Button>;
  return (
    <Page title="Budgets" actions={<><Button onPress={() => set({ pools: true })} disabledReason={seePools}>Pools…</Button>{create}</>}>
      <div className="filters">
        <div className="tokenbox">
          <Icon name="search" size={13} />
          <input type="search" aria-label="Find a budget" placeholder="Find a tenant, key, user, model or tag" value={search.q ?? ""} onChange={(e) => set({ q: e.target.value || undefined })} />
        </div>
        <FilterMenu label="state" value={search.state} options={BUDGET_STATES.map((id) => ({ id, label: STATE_WORDS[id] }))} onChange={(state) => set({ state })} />
        <FilterMenu label="level" value={search.scope} options={BUDGET_SCOPES.map((id) => ({ id, label: SCOPE_WORDS[id] }))} onChange={(scope) => set({ scope })} />
        <span className="dim">{monthName(new Date().toISOString(), setup.time_zone)}</span>
        <span className="dim" role="status">{list.isSuccess && `${plural(rows.length, "budget")}${refusing ? `, ${refusing} refusing` : ""}`}</span>
      </div>
      <HoldsNotice />
      <div className={`listpage${chosen ? " open" : ""}`}>
        <div className="listcol">
          {list.isError ? <ErrorState of={list} what="Budgets" /> : (
            <DataTable
              label="Budgets" columns={!chosen ? BUDGET_COLUMNS : narrow ? NARROW : BESIDE} rows={rows} rowId={(b) => b.id} selected={chosen?.id} onSelect={(budget) => set({ budget })} loading={list.isPending} minWidth={!chosen ? 800 : narrow ? 540 : 700}
              empty={search.q || search.state || search.scope
                ? <Empty title="No budget matches" action={<Button onPress={() => void navigate({ search: {} })}>Clear the filters</Button>} />
                : <Empty title="No budgets yet" action={create}>A budget caps what the workspace, a tenant, a key, a user, a model, a tag or a pool of provider keys may spend in a day or a month. A hard budget refuses the call that would pass it, before any money is spent.</Empty>}
            />
          )}
        </div>
        {chosen && <BudgetInspector key={chosen.id} budget={chosen} onClose={() => set({ budget: undefined })} />}
      </div>
      {search.pools && <PoolsSheet onClose={() => set({ pools: undefined })} />}
      {search.new && <BudgetForm onClose={() => set({ new: undefined })} onDone={(b) => set({ new: undefined, budget: b.id })} />}
    </Page>
  );
}
