import { expect, it } from "vitest";
import type { RequestView } from "@/api";
import { budgetWords, fresh, merged, reasonWords, toQuery } from "./queries";
import { timeParts } from "./Timing";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const token = (field: string, value: string) => ({ field, value });
const row = (id: string, time: string) => ({ id, time }) as RequestView;

it("asks the server what the filters say", () => {
  const tokens = [token("outcome", "refused"), token("tenant", "ten_1"), token("key", "key_1"), token("status", "429"), token("cost", "$0.5"), token("slower", "2.5 s")];
  expect(toQuery({ tokens, q: "gpt", range: "1h" }, NOW)).toEqual({
    from: "2026-11-21T11:00:00.000Z", q: "gpt", outcome: "refused", tenant_id: "ten_1", api_key_id: "key_1", status: 429, min_cost_usd: "0.5", min_latency_ms: 2_500,
  });
});
it("leaves out what is no number instead of asking nonsense", () => {
  const query = toQuery({ tokens: [token("status", "many"), token("cost", "dear"), token("cost", "-1"), token("slower", "slow"), token("outcome", "gone")] }, NOW);
  expect(Object.values(query).every((v) => v === undefined)).toBe(true);
});
it("gathers calls that settled late, and not those the list has", () => {
  const rows = [row("c", "2026-11-21T11:00:03Z"), row("a", "2026-11-21T11:00:01Z")];
  const waiting = fresh([row("d", "2026-11-21T11:00:04Z"), row("c", "2026-11-21T11:00:03Z"), row("b", "2026-11-21T11:00:02Z")], rows);
  expect(waiting.map((r) => r.id)).toEqual(["d", "b"]);
  expect(merged(waiting, rows).map((r) => r.id)).toEqual(["d", "c", "b", "a"]);
});
it("shows where the time went, and nothing that was not measured", () => {
  const parts = (sent_ms: number | null, first_byte_ms: number | null, end_ms: number | null) => timeParts({ arrived_at: "", sent_ms, first_byte_ms, end_ms, added_ms: null }, "openai", true).map((p) => p.ms);
  expect(parts(0.5, 300, 1_000)).toEqual([0.5, 299.5, 700]);
  expect(parts(null, 300, 300)).toEqual([300]);
  expect(parts(null, null, null)).toEqual([]);
});
it("says why in words", () => {
  expect(reasonWords("budget_exceeded")).toBe("budget");
  expect(reasonWords("some_new_reason")).toBe("some new reason");
  expect(reasonWords(null)).toBe("");
});
it("says which budget it was, and not only whose", () => {
  const budget = (scope: "workspace" | "tenant" | "api_key" | "model" | null, kind: "hard" | "soft" = "hard") => ({ budget_id: "bud_1", scope, kind, period: scope && ("month" as const), tenant_name: "Acme Corp", left_usd: "1", limit_usd: "2" });
  expect(budgetWords(budget("workspace", "soft"), undefined)).toBe("Monthly budget of the workspace, soft");
  expect(budgetWords(budget("tenant"), undefined)).toBe("Monthly budget of Acme Corp");
  expect(budgetWords(budget("model"), "gpt-4o")).toBe("Monthly budget of model gpt-4o");
  expect(budgetWords(budget("api_key"), undefined)).toBe("Monthly budget of an API key");
  expect(budgetWords(budget(null), undefined)).toBe("A budget that was removed since");
});
