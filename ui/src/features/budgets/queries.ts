import { queryOptions } from "@tanstack/react-query";
import { api, take, type BudgetScope, type BudgetView } from "@/api";
import { compareUsd, percentOf } from "@/lib/money";

export const budgetsQuery = queryOptions({
  queryKey: ["budgets", "list"],
  queryFn: ({ signal }) => take(api.GET("/budgets", { params: { query: { limit: 1000 } }, signal })),
});
export const holdsQuery = queryOptions({
  queryKey: ["holds"],
  queryFn: ({ signal }) => take(api.GET("/holds", { signal })),
});
export const poolsQuery = queryOptions({
  queryKey: ["pools"],
  queryFn: ({ signal }) => take(api.GET("/pools", { params: { query: { limit: 1000 } }, signal })),
});
export const overridesQuery = (id: string) =>
  queryOptions({
    queryKey: ["budgets", "overrides", id],
    queryFn: ({ signal }) => take(api.GET("/budgets/{id}/overrides", { params: { path: { id } }, signal })),
  });
export const refusalsQuery = (id: string) =>
  queryOptions({
    queryKey: ["budgets", "refusals", id],
    queryFn: ({ signal }) => take(api.GET("/budgets/{id}/refusals", { params: { path: { id } }, signal })),
  });

export const STATE_WORDS: Record<BudgetView["status"]["state"], string> = { ok: "Within limit", warning: "Near limit", refusing: "Refusing calls", over: "Over limit" };
export const BUDGET_STATES = Object.keys(STATE_WORDS) as BudgetView["status"]["state"][];
export const STATE_TONE = { ok: "ok", warning: "warn", refusing: "bad", over: "bad" } as const;
export const SCOPE_WORDS: Record<BudgetScope, string> = { workspace: "workspace", tenant: "tenant", api_key: "API key", user: "user", model: "model", tag: "tag", pool: "pool" };
export const BUDGET_SCOPES = Object.keys(SCOPE_WORDS) as BudgetScope[];

export interface BudgetRow extends BudgetView {
  depth: 0 | 1 | 2;
  name: string;
  /** The scope, and whose it is where the tree does not show it. */
  level: string;
}
/** What people call the thing a budget stands on. */
export const budgetName = (b: BudgetView, workspace: string): string => {
  if (b.scope === "workspace") return workspace;
  if (b.scope === "tenant") return b.tenant_name ?? "Unknown tenant";
  return b.target_name ?? "Removed";
};
const NO_PLACE = "￿";
/** The tree as rows: the workspace and what holds for all tenants, then each tenant with its own, then the pools. */
export function budgetTree(items: BudgetView[], workspace: string, q: string | undefined, state: string | undefined, scope?: string): BudgetRow[] {
  const needle = q?.trim().toLowerCase() ?? "";
  const withOwn = new Set(items.filter((b) => b.scope === "tenant").map((b) => b.tenant_id));
  const place = (b: BudgetView): string[] => {
    if (b.scope === "workspace") return ["0"];
    if (b.scope === "pool") return ["3", budgetName(b, workspace)];
    if (b.tenant_id === null) return ["1", SCOPE_WORDS[b.scope], budgetName(b, workspace)];
    const tenant = [`2`, b.tenant_name ?? NO_PLACE, b.tenant_id];
    return b.scope === "tenant" ? tenant : [...tenant, SCOPE_WORDS[b.scope], budgetName(b, workspace)];
  };
  const depth = (b: BudgetView): 0 | 1 | 2 => {
    if (b.scope === "workspace" || b.scope === "pool") return 0;
    return b.scope !== "tenant" && withOwn.has(b.tenant_id) ? 2 : 1;
  };
  const level = (b: BudgetView) => (b.tenant_id !== null && b.scope !== "tenant" && !withOwn.has(b.tenant_id) ? `${SCOPE_WORDS[b.scope]} of ${b.tenant_name ?? "a removed tenant"}` : SCOPE_WORDS[b.scope]);
  const compare = (a: string[], b: string[]) => {
    for (let i = 0; i < Math.max(a.length, b.length); i++) {
      const by = (a[i] ?? "").localeCompare(b[i] ?? "");
      if (by !== 0) return by;
    }
    return 0;
  };
  const matches = (b: BudgetView) => [budgetName(b, workspace), b.tenant_name ?? "", b.target ?? ""].some((text) => text.toLowerCase().includes(needle));
  return items
    .filter((b) => matches(b) && (!state || b.status.state === state) && (!scope || b.scope === scope))
    .sort((a, b) => compare(place(a), place(b)) || a.period.localeCompare(b.period))
    .map((b): BudgetRow => ({ ...b, depth: depth(b), name: budgetName(b, workspace), level: level(b) }));
}
/** The period that is running, as people say it. */
export const PERIOD_NOW: Record<BudgetView["period"], string> = { day: "today", month: "this month" };
/** Against the limit in force, which an override may have changed. */
export const meterOf = ({ status }: BudgetView) => ({
  spent: percentOf(status.spent_usd, status.limit_usd),
  reserved: percentOf(status.reserved_usd, status.limit_usd),
  projected: status.projected_usd === null ? null : percentOf(status.projected_usd, status.limit_usd),
  tone: STATE_TONE[status.state],
});
/** "Raised" or "Lowered", while another limit holds. */
export const overrideWord = (b: BudgetView): string | null =>
  b.status.override === null ? null : compareUsd(b.status.limit_usd, b.limit_usd) < 0 ? "Lowered" : "Raised";
