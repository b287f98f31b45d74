import type { BudgetScope, BudgetView, CreateBudgetBody } from "@/api";
import { readUsdInput } from "@/lib/money";

/** What the form holds. `tenant_id` "all" stands for the calls of every tenant. */
export interface BudgetDraft {
  scope: BudgetScope;
  tenant_id: string | null;
  target: string;
  period: BudgetView["period"];
  kind: BudgetView["kind"];
  limit: string;
  thresholds: string;
}
export const ALL_TENANTS = "all";
export const needsTenant = (scope: BudgetScope): boolean => scope === "tenant" || scope === "api_key";
export const mayHaveTenant = (scope: BudgetScope): boolean => scope !== "workspace" && scope !== "pool";
export const hasTarget = (scope: BudgetScope): boolean => scope !== "workspace" && scope !== "tenant";
const TARGET_WORDS: Record<BudgetScope, string> = { workspace: "", tenant: "", api_key: "an API key", user: "a user", model: "a model", tag: "a tag", pool: "a pool" };

export const readThresholds = (text: string): number[] | null => {
  const parts = text.split(",").map((t) => t.replace("%", "").trim()).filter(Boolean);
  const numbers = parts.map(Number);
  return numbers.every((n) => Number.isInteger(n) && n > 0 && n <= 1_000) ? [...new Set(numbers)].sort((a, b) => a - b) : null;
};
/** What is missing before it can be sent, in words; null when nothing is. */
export function missing(v: BudgetDraft): string | null {
  if (needsTenant(v.scope) && (!v.tenant_id || v.tenant_id === ALL_TENANTS)) return "Choose a tenant first";
  if (hasTarget(v.scope) && !v.target.trim()) return `Choose ${TARGET_WORDS[v.scope]} first`;
  if (!v.limit) return "Enter a limit first";
  return readUsdInput(v.limit) === null || readThresholds(v.thresholds) === null ? "Correct the marked fields first" : null;
}
export const bodyOf = (v: BudgetDraft): CreateBudgetBody => ({
  scope: v.scope,
  tenant_id: mayHaveTenant(v.scope) && v.tenant_id !== ALL_TENANTS ? v.tenant_id : null,
  target: hasTarget(v.scope) ? v.target.trim() : null,
  period: v.period, kind: v.kind, limit_usd: readUsdInput(v.limit) ?? "0", thresholds: readThresholds(v.thresholds) ?? [],
});
