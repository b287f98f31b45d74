import { expect, it } from "vitest";
import { condition, emptyRate, moves, priceKey, rateError, ratesInShort, readRates, splitKey } from "./rates";

it("leaves an empty amount out, for an empty field is no free rate", () => {
  expect(readRates([{ ...emptyRate("input"), usd: "2.50" }, emptyRate("cache_read"), { ...emptyRate("output"), usd: "$1,000.00" }])).toEqual([
    { unit: "input", usd: "2.50", tier: null, above_input_tokens: null },
    { unit: "output", usd: "1000.00", tier: null, above_input_tokens: null },
  ]);
  expect(readRates([emptyRate("input")])).toBeNull();
});
it("keeps tier and context of a rate", () =>
  expect(readRates([{ unit: "input", usd: "1", tier: "batch", above: "200,000" }])).toEqual([{ unit: "input", usd: "1", tier: "batch", above_input_tokens: 200_000 }]));
it("refuses what is no amount", () => {
  for (const usd of ["-1", "1e3", "cheap", ".5", "1."]) expect(rateError({ ...emptyRate("input"), usd })).not.toBeNull();
  expect(readRates([{ ...emptyRate("input"), usd: "cheap" }, { ...emptyRate("output"), usd: "1" }])).toBeNull();
});
it("finds provider and model again, whatever slashes the model has", () => {
  const key = priceKey({ provider: "fireworks", model: "accounts/fireworks/models/x" });
  expect(splitKey(key)).toEqual({ provider: "fireworks", model: "accounts/fireworks/models/x" });
  for (const bad of ["yes", "/x", "x/"]) expect(splitKey(bad)).toBeNull();
});
it("says under which condition a rate holds", () => {
  expect(condition(null, null)).toBe("");
  expect(condition("priority", 200_000)).toBe("Priority, above 200,000 input tokens");
});
it("says how far a rate moves", () => {
  expect([moves("2.00", "2.50"), moves("10", "9.95"), moves(null, "1"), moves("1", null), moves("0.00", "1")]).toEqual(["+25%", "−0.5%", "new", "gone", "was free"]);
});
it("tells the standard rates first", () => {
  const rate = (unit: string, tier: string | null) => ({ unit, per: "million tokens", usd: "1.00", tier, above_input_tokens: null });
  expect(ratesInShort([rate("input", "batch"), rate("input", null), rate("output", null)])).toBe("input $1.00, output $1.00, 1 more");
});
