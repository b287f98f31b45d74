import { expect, it } from "vitest";
import type { MeView } from "@/api";
import { holds } from "@/components";
import { navFor } from "./nav";

const grant = (tenant_id: string, scopes: string[]): MeView["grants"][number] => ({ user_id: "usr_1", user_name: "Dana", tenant_id, scopes, tenant_name: tenant_id, role: "developer", role_name: "Developer", created_at: "2026-11-22T09:00:00Z" });
const labels = (scopes: string[], grants: MeView["grants"]) => navFor({ scopes, grants }).flatMap((g) => g.items.map((i) => i.label));

it("shows whoever holds grants alone the pages of tenants that they may see", () => {
  expect(labels([], [grant("ten_1", ["tenant:read", "usage:read"])])).toEqual(["Tenants", "Usage", "Requests"]);
  expect(labels(["audit:read"], [grant("ten_1", ["tenant:read"])])).toEqual(["Tenants", "Audit trail", "Listeners"]);
});
it("shows everybody else every page, each of which says what it needs", () => {
  expect(labels([], [])).toContain("Vault");
  expect(labels([], [])).toHaveLength(16);
});
it("holds for a tenant what was granted for it and for no other", () => {
  const me = { scopes: ["tenant:read"], grants: [grant("ten_1", ["api_key:write"])] };
  expect(holds(me, "tenant:read")).toBe(true);
  expect(holds(me, "api_key:write", "ten_1")).toBe(true);
  expect(holds(me, "api_key:write", "ten_2")).toBe(false);
  expect(holds(me, "api_key:write")).toBe(false);
  expect(holds(me, "api_key:write", null)).toBe(false);
});
