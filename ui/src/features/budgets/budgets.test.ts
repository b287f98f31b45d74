import { expect, it } from "vitest";
import type { BudgetView } from "@/api";
import { budgetTree, meterOf } from "./queries";

const budget = (id: string, patch: Partial<BudgetView>): BudgetView => ({
  id, scope: "tenant", tenant_id: "ten_1", tenant_name: "Globex", period: "month", kind: "hard", limit_usd: "2000.00", thresholds: [80], sample: false, created_at: "", updated_at: "",
  status: { period_start: "", period_end: "", time_zone: "UTC", spent_usd: "1533.90", reserved_usd: "9.75", held_usd: "0", remaining_usd: "456.35", percentage_used: 77, projected_usd: null, state: "warning", refused_calls: 0, refused_usd: "0" },
  ...patch,
});
const all = [budget("b", { tenant_name: "Northwind" }), budget("c", {}), budget("a", { scope: "workspace", tenant_id: null, tenant_name: null })];

it("puts the workspace first and its tenants under it by name", () => expect(budgetTree(all, "Meridian", undefined, undefined).map((b) => [b.name, b.depth])).toEqual([["Meridian", 0], ["Globex", 1], ["Northwind", 1]]));
it("narrows by name and by state", () => {
  expect(budgetTree(all, "Meridian", "north", undefined).map((b) => b.id)).toEqual(["b"]);
  expect(budgetTree(all, "Meridian", undefined, "refusing")).toEqual([]);
});
it("draws no projection where the engine made none", () => expect(meterOf(budget("c", {}))).toMatchObject({ spent: 76.695, projected: null, tone: "warn" }));
