import { expect, it } from "vitest";
import type { RouteView } from "@/api";
import { ANY, blockedBy, bodyOf, draftOf, moved, newTarget, readSeconds, wrongIn } from "./draft";
import { errorPercent, isServed, keyState, shareOf, wordsOfTarget } from "./queries";

const target = (weight: number): RouteView["targets"][number] => ({ provider: "openai", model: `m${weight}`, credential_id: null, weight });
const route: RouteView = {
  id: "rte_1", tenant_id: null, tenant_name: null, model: "fast", targets: [target(90), { ...target(10), credential_id: "crd_1" }], created_at: "", updated_at: "",
  patience: { connect_ms: 500, first_byte_ms: null, total_ms: 30_000 }, retries: { each: 2, backoff_ms: 250, max_backoff_ms: 5_000, after_unknown: true },
};

it("sends back what it was given", () => {
  const { tenant_id, model, ...rest } = bodyOf(draftOf(route));
  expect([tenant_id, model]).toEqual([null, "fast"]);
  expect(rest).toEqual({ targets: route.targets, patience: route.patience, retries: route.retries });
});
it("says what is missing, first things first", () => {
  const draft = { ...draftOf(), scope: "tenant" as const };
  expect(blockedBy(draft)).toBe("Choose a tenant first");
  expect(blockedBy({ ...draft, scope: "workspace" })).toBe("Enter the model or alias first");
  expect(blockedBy({ ...draftOf(), model: "fast" })).toMatch(/provider and a model/);
  const full = { ...draftOf(), model: "fast", targets: [{ ...newTarget("100"), provider: "openai", model: "gpt-4o" }] };
  expect(blockedBy(full)).toBeNull();
  expect(blockedBy({ ...full, total: "soon" })).toBe("Correct the marked fields first");
});
it("reads seconds as people write them, and nothing else", () => {
  expect(["2", " 0.5 ", ".25", "3."].map(readSeconds)).toEqual([2000, 500, 250, 3000]);
  expect(["soon", "-1", "1e3", "3601", "1,5"].map(readSeconds)).toEqual([null, null, null, null, null]);
  expect(readSeconds("  ")).toBeUndefined();
  expect(wrongIn({ ...draftOf(route), each: "6", connect: "x" })).toEqual({ each: "A whole number up to 5.", connect: "Seconds, such as 2 or 0.5." });
});
it("moves targets and keeps the ends where they are", () => {
  expect(moved([1, 2, 3], 0, 1)).toEqual([2, 1, 3]);
  expect(moved([1, 2, 3], 2, 1)).toEqual([1, 2, 3]);
  expect(moved([1, 2, 3], 0, -1)).toEqual([1, 2, 3]);
});
it("says how first attempts are shared", () => {
  const split = [target(90), target(10), target(0)];
  expect(split.map((t, i) => wordsOfTarget(t, split, i))).toEqual(["90%", "10%", "steps in"]);
  const ordered = [target(100), target(0)];
  expect(ordered.map((t, i) => wordsOfTarget(t, ordered, i))).toEqual(["first", "steps in"]);
  const none = [target(0), target(0)];
  expect(none.map((t, i) => wordsOfTarget(t, none, i))).toEqual(["first", "steps in"]);
  expect(shareOf(target(0), split)).toBeNull();
});
it("never says a key serves while calls are kept from it", () => {
  expect(keyState({ breaker: "open", resting_until: null })).toEqual({ tone: "bad", word: "Kept from calls" });
  expect(keyState({ breaker: "half_open", resting_until: null }).tone).toBe("warn");
  expect(keyState({ breaker: "closed", resting_until: "2026-11-21T12:00:00Z" }).word).toBe("Resting");
  expect(keyState({ breaker: "closed", resting_until: null }).word).toBe("Serving");
  expect(errorPercent({ calls: 0, errors: 0 })).toBe(0);
  expect(draftOf().targets[0]?.credential_id).toBe(ANY);
});
it("notices a target that no live key serves", () => {
  const key = { id: "crd_1", provider: "openai", models: [] as string[], state: "current" as const };
  expect(isServed(target(1), [key])).toBe(true);
  expect(isServed(target(1), [{ ...key, state: "revoked" }])).toBe(false);
  expect(isServed(target(1), [{ ...key, models: ["m2"] }])).toBe(false);
  expect(isServed({ ...target(1), credential_id: "crd_2" }, [key])).toBe(false);
  expect(isServed({ ...target(1), provider: "groq" }, [key])).toBe(false);
});
