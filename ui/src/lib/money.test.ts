import { describe, expect, it } from "vitest";
import { addUsd, compareUsd, exactUsd, formatUsd, parseUsd, percentOf, readUsdInput, toDecimal } from "./money";

describe("formatUsd", () => {
  it.each([
    ["412.86", "$412.86"], ["0", "$0.00"], ["1204551", "$1,204,551.00"], ["0.01", "$0.01"], ["0.0099", "$0.0099"], ["0.000123", "$0.00012"],
    ["0.000000001", "$0.000000001"], ["-3.5", "−$3.50"], ["2.005", "$2.01"], ["0.995", "$1.00"], ["9007199254740993.01", "$9,007,199,254,740,993.01"],
  ])("shows %s as %s", (text, shown) => expect(formatUsd(text)).toBe(shown));
  it.each([
    ["14869.50", "$14,870"], ["100", "$100"], ["99.994", "$99.99"], ["4.374", "$4.37"], ["0.03", "$0.03"], ["0.006", "$0.01"], ["0.0049", "< $0.01"], ["0.000000001", "< $0.01"],
    ["0", "$0.00"], ["-0.002", "> −$0.01"],
  ])("shows an estimate of %s as %s, never as nothing", (text, shown) => expect(formatUsd(text, { whole: true })).toBe(shown));
  it.each([["600", "$600"], ["1250.5", "$1,250.50"], ["1.50", "$1.50"], ["0.000001", "$0.000001"]])("shows a limit of %s as %s", (text, shown) => expect(formatUsd(text, { trim: true })).toBe(shown));
  it.each([["0.1648", 4, "$0.1648"], ["-0.02644", 4, "−$0.0264"], ["1234.5", 2, "$1,234.50"], ["0", 4, "$0.0000"]])("shows %s to %d places", (text, places, shown) => expect(formatUsd(text, { places })).toBe(shown));
  it("never shows an unreadable or missing amount as zero", () => {
    expect(formatUsd(null)).toBe("–");
    expect(formatUsd("abc")).toBe("–");
  });
});
describe("exact amounts", () => {
  it("keeps every digit the ledger holds", () => expect(exactUsd("1234.123456789")).toBe("$1,234.123456789 USD"));
  it("adds without floating point", () => expect(addUsd("0.1", "0.2", null)).toBe("0.30"));
  it("round-trips nano-dollars", () => expect(toDecimal(parseUsd("12.000000001") ?? 0n)).toBe("12.000000001"));
  it("compares by value, not by text", () => expect(compareUsd("9.5", "10")).toBe(-1));
  it("has no percentage of nothing", () => {
    expect(percentOf("5", "0")).toBe(0);
    expect(percentOf("1533.90", "2000")).toBeCloseTo(76.695, 3);
  });
});
describe("readUsdInput", () => {
  it.each([["1,250.5", "1250.5"], ["$600", "600"], [" 0.000001 ", "0.000001"]])("reads %s", (typed, wire) => expect(readUsdInput(typed)).toBe(wire));
  it.each(["", "-5", "1.2.3", "1e5", "0.0000000001"])("refuses %j", (typed) => expect(readUsdInput(typed)).toBeNull());
});
