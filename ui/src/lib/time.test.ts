import { describe, expect, it } from "vitest";
import { absolute, clockMillis, dayKey, plainDay, rangeWords, relative, ofWallClock, resolveRange, shortDay, wallClock } from "./time";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const before = (ms: number) => new Date(NOW - ms).toISOString();

describe("relative", () => {
  it.each([[10_000, "now"], [4 * 60_000, "4 min ago"], [3 * 3_600_000, "3 h ago"], [86_400_000, "1 day ago"], [3 * 86_400_000, "3 days ago"], [40 * 86_400_000, "12 Oct"], [400 * 86_400_000, "17 Oct 2025"], [-4 * 60_000, "in 4 min"]])("says %i ms as %s", (ms, words) =>
    expect(relative(before(ms), NOW, "UTC")).toBe(words));
});
describe("the workspace's zone", () => {
  it("moves the clock and the day", () => {
    expect(clockMillis("2026-11-21T23:30:07.318Z", "Europe/Berlin")).toBe("00:30:07.318");
    expect(dayKey("2026-11-21T23:30:00Z", "Europe/Berlin")).toBe("2026-11-22");
    expect(dayKey("2026-11-21T23:30:00Z", "America/New_York")).toBe("2026-11-21");
  });
  it("is named in absolute times", () => expect(absolute("2026-11-21T12:00:00Z", "Europe/Berlin")).toBe("Sat, 21 Nov 2026, 13:00:00 Europe/Berlin"));
  it("does not move a plain calendar day", () => expect(plainDay("2026-11-01")).toBe("1 Nov"));
  it("falls back to UTC for a zone this computer does not know", () => expect(shortDay("2026-09-01T12:00:00Z", "Mars/Olympus")).toBe("1 Sep"));
});
describe("ranges", () => {
  it("resolves a name against the clock", () => expect(resolveRange("24h", NOW)).toEqual({ from: "2026-11-20T12:00:00.000Z" }));
  it("reads a custom range and drops what is no time", () => {
    expect(resolveRange("2026-11-20T13:00:00Z..", NOW)).toEqual({ from: "2026-11-20T13:00:00.000Z", to: undefined });
    expect(resolveRange("nonsense", NOW)).toEqual({ from: undefined, to: undefined });
  });
  it("says a range in words", () => {
    expect(rangeWords(undefined, "UTC")).toBe("All time");
    expect(rangeWords("7d", "UTC")).toBe("Last 7 days");
    expect(rangeWords("2026-11-20T14:00:00Z..", "UTC")).toBe("20 Nov, 14:00 – now");
  });
});

it("reads the zone's wall clock, on both sides of a change", () => {
  expect(ofWallClock("2026-12-01T00:00", "Europe/Berlin")).toBe("2026-11-30T23:00:00.000Z");
  expect(ofWallClock("2026-07-01T00:00", "Europe/Berlin")).toBe("2026-06-30T22:00:00.000Z");
  expect(ofWallClock("2026-03-29T03:30", "Europe/Berlin")).toBe("2026-03-29T01:30:00.000Z");
  expect(wallClock("2026-11-30T23:00:00.000Z", "Europe/Berlin")).toBe("2026-12-01T00:00");
  expect(ofWallClock("soon", "UTC")).toBeNull();
});
