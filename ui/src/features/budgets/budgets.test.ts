import { expect, it } from "vitest";
import type { BudgetView } from "@/api";
import { budgetTree, meterOf, overrideWord } from "./queries";

const budget = (id: string, patch: Partial<BudgetView>): BudgetView => ({
  id, scope: "tenant", tenant_id: "ten_1", tenant_name: "Globex", target: null, target_name: null, period: "month", kind: "hard", limit_usd: "2000.00", thresholds: [80], sample: false, created_at: "", updated_at: "",
  status: { period_start: "", period_end: "", time_zone: "UTC", limit_usd: "2000.00", override: null, spent_usd: "1533.90", reserved_usd: "9.75", held_usd: "0", remaining_usd: "456.35", percentage_used: 77, projected_usd: null, state: "warning", refused_calls: 0, refused_usd: "0" },
  ...patch,
});
const fine = (id: string, scope: BudgetView["scope"], name: string, patch: Partial<BudgetView> = {}) => budget(id, { scope, target: name, target_name: name, ...patch });
const all = [
  fine("p", "pool", "Embeddings", { tenant_id: null, tenant_name: null }),
  fine("u", "user", "research-bot"),
  budget("b", { tenant_id: "ten_2", tenant_name: "Northwind" }),
  fine("k", "api_key", "checkout", { tenant_id: "ten_3", tenant_name: "Umbrella" }),
  budget("c", {}),
  fine("m", "model", "gpt-5.5", { tenant_id: null, tenant_name: null }),
  budget("a", { scope: "workspace", tenant_id: null, tenant_name: null }),
];
const rows = (q?: string, state?: string, scope?: string) => budgetTree(all, "Meridian", q, state, scope).map((b) => [b.name, b.level, b.depth]);

it("puts the workspace first, each tenant with its own, and the pools last", () =>
  expect(rows()).toEqual([
    ["Meridian", "workspace", 0], ["gpt-5.5", "model", 1], ["Globex", "tenant", 1], ["research-bot", "user", 2], ["Northwind", "tenant", 1], ["checkout", "API key of Umbrella", 1], ["Embeddings", "pool", 0],
  ]));
it("narrows by name, by whose it is, by state and by level", () => {
  expect(rows("north").map(([name]) => name)).toEqual(["Northwind"]);
  expect(rows("globex").map(([name]) => name)).toEqual(["Globex", "research-bot"]);
  expect(rows(undefined, "refusing")).toEqual([]);
  expect(rows(undefined, undefined, "pool").map(([name]) => name)).toEqual(["Embeddings"]);
});
it("draws no projection where the engine made none", () => expect(meterOf(budget("c", {}))).toMatchObject({ spent: 76.695, projected: null, tone: "warn" }));
it("measures against the limit in force and says which way it went", () => {
  const over = { id: "ovr_1", limit_usd: "4000", starts_at: "", ends_at: "", reason: "launch", created_at: "", state: "active" } as const;
  const raised = budget("c", { status: { ...budget("c", {}).status, limit_usd: "4000", override: over } });
  expect(meterOf(raised).spent).toBeCloseTo(38.3475);
  expect(overrideWord(raised)).toBe("Raised");
  expect(overrideWord(budget("c", {}))).toBeNull();
});
