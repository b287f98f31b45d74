import { expect, it } from "vitest";
import { everyDay } from "./DailyCost";

const spent = (day: string, cost_usd = "1") => ({ day, cost_usd, requests: 1 });

it("draws the days without calls too", () => {
  expect(everyDay([spent("2026-10-30"), spent("2026-11-02")]).map((d) => [d.day, d.cost_usd])).toEqual([["2026-10-30", "1"], ["2026-10-31", "0"], ["2026-11-01", "0"], ["2026-11-02", "1"]]);
  expect(everyDay([spent("2026-11-22")], "2026-10-24", "2026-11-22")).toHaveLength(30);
});
it("leaves what is whole, empty or too long as it is", () => {
  expect(everyDay([])).toEqual([]);
  expect(everyDay([spent("2026-11-22")])).toHaveLength(1);
  expect(everyDay([spent("2016-11-22"), spent("2026-11-22")])).toHaveLength(2);
});
