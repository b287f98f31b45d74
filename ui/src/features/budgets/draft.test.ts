import { expect, it } from "vitest";
import { ALL_TENANTS, bodyOf, missing, type BudgetDraft } from "./draft";

const draft: BudgetDraft = { scope: "workspace", tenant_id: null, target: "", period: "day", kind: "hard", limit: "12.50", thresholds: "100, 80" };

it("asks for what a level needs, in its order", () => {
  expect(missing(draft)).toBeNull();
  expect(missing({ ...draft, scope: "api_key" })).toBe("Choose a tenant first");
  expect(missing({ ...draft, scope: "api_key", tenant_id: "ten_1" })).toBe("Choose an API key first");
  expect(missing({ ...draft, scope: "model", tenant_id: ALL_TENANTS, limit: "" })).toBe("Choose a model first");
  expect(missing({ ...draft, limit: "" })).toBe("Enter a limit first");
  expect(missing({ ...draft, thresholds: "8o" })).toBe("Correct the marked fields first");
});
it("sends no tenant and no target where the level has none", () => {
  expect(bodyOf({ ...draft, tenant_id: "ten_1", target: "left over" })).toMatchObject({ tenant_id: null, target: null, limit_usd: "12.5", thresholds: [80, 100] });
  expect(bodyOf({ ...draft, scope: "tag", tenant_id: ALL_TENANTS, target: " batch " })).toMatchObject({ tenant_id: null, target: "batch" });
  expect(bodyOf({ ...draft, scope: "user", tenant_id: "ten_1", target: "ann" })).toMatchObject({ tenant_id: "ten_1", target: "ann" });
});
