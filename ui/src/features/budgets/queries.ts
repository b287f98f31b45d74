import { queryOptions } from "@tanstack/react-query";
import { api, take, type BudgetView } from "@/api";
import { percentOf } from "@/lib/money";

export const budgetsQuery = queryOptions({
  queryKey: ["budgets", "list"],
  queryFn: ({ signal }) => take(api.GET("/budgets", { params: { query: { limit: 1000 } }, signal })),
});
export const holdsQuery = queryOptions({
  queryKey: ["holds"],
  queryFn: ({ signal }) => take(api.GET("/holds", { signal })),
});

export const STATE_WORDS: Record<BudgetView["status"]["state"], string> = { ok: "Within limit", warning: "Near limit", refusing: "Refusing calls", over: "Over limit" };
export const BUDGET_STATES = Object.keys(STATE_WORDS) as BudgetView["status"]["state"][];
export const STATE_TONE = { ok: "ok", warning: "warn", refusing: "bad", over: "bad" } as const;

export interface BudgetRow extends BudgetView {
  depth: 0 | 1;
  name: string;
}
/** The tree as rows: the workspace first, then each tenant under it. A filter keeps the order. */
export function budgetTree(items: BudgetView[], workspace: string, q: string | undefined, state: string | undefined): BudgetRow[] {
  const needle = q?.trim().toLowerCase() ?? "";
  return items
    .map((b): BudgetRow => ({ ...b, depth: b.scope === "workspace" ? 0 : 1, name: b.scope === "workspace" ? workspace : (b.tenant_name ?? "Unknown tenant") }))
    .filter((b) => b.name.toLowerCase().includes(needle) && (!state || b.status.state === state))
    .sort((a, b) => a.depth - b.depth || a.name.localeCompare(b.name) || a.period.localeCompare(b.period));
}
export const meterOf = ({ limit_usd, status }: BudgetView) => ({
  spent: percentOf(status.spent_usd, limit_usd),
  reserved: percentOf(status.reserved_usd, limit_usd),
  projected: status.projected_usd === null ? null : percentOf(status.projected_usd, limit_usd),
  tone: STATE_TONE[status.state],
});
