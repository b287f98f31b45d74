import { expect, it } from "vitest";
import { draftOf, readBreaker, waitWords } from "./breaker";

const rules = { consecutive: 5, error_percent: 50, min_calls: 20, cool_down_ms: 30_000, max_cool_down_ms: 300_000, refused_cool_down_ms: 1_500 };

it("sends back the rules it was given", () => {
  expect(readBreaker(draftOf(rules))).toEqual({ rules, wrong: {} });
});
it("says which field is wrong", () => {
  const wrong = (patch: Partial<ReturnType<typeof draftOf>>) => Object.keys(readBreaker({ ...draftOf(rules), ...patch }).wrong);
  expect(wrong({ consecutive: "0", error_percent: "101", min_calls: "" })).toEqual(["consecutive", "error_percent", "min_calls"]);
  expect(wrong({ cool_down_ms: "0.5", max_cool_down_ms: "86401", refused_cool_down_ms: "soon" })).toEqual(["cool_down_ms", "max_cool_down_ms", "refused_cool_down_ms"]);
  expect(wrong({ cool_down_ms: "600" })).toEqual(["max_cool_down_ms"]);
  expect(wrong({ cool_down_ms: "600", max_cool_down_ms: " 600 " })).toEqual([]);
});
it("says a wait as people do", () => {
  expect([1_000, 1_500, 30_000, 60_000, 90_000, 300_000, 7_200_000].map(waitWords)).toEqual(["1 second", "1.5 seconds", "30 seconds", "1 minute", "90 seconds", "5 minutes", "2 hours"]);
});
