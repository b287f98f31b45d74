import { expect, it } from "vitest";
import { formatBytes, formatCompact, formatCount, formatDuration, formatPercent, groupedHash, plural, shortHash } from "./number";

it("says counts, shares and durations with their units", () => {
  expect(formatCount(184302)).toBe("184,302");
  expect(formatCount(null)).toBe("–");
  expect(formatCompact(3_120_448_812)).toBe("3.1B");
  expect(formatPercent(68.8)).toBe("69%");
  expect([formatPercent(0), formatPercent(0.003), formatPercent(0.05)]).toEqual(["0%", "< 0.1%", "0.1%"]);
  expect(formatPercent(0.84)).toBe("0.8%");
  expect(formatDuration(0.8)).toBe("0.8 ms");
  expect(formatDuration(1840)).toBe("1.8 s");
  expect(formatBytes(1500)).toBe("1.5 kB");
});
it("says one and many", () => {
  expect(plural(1, "entry", "entries")).toBe("1 entry");
  expect(plural(1204, "entry", "entries")).toBe("1,204 entries");
});
it("shortens a hash so that both ends can be compared", () => {
  expect(shortHash("7f3a11c8e0b2c91e")).toBe("7f3a…c91e");
  expect(shortHash("7f3a")).toBe("7f3a");
  expect(groupedHash("9c4102ae77d0aaaaaaaa5b1f")).toBe("9c41 02ae 77d0 … 5b1f");
});
