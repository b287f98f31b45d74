import { describe, expect, it } from "vitest";
import { coversWords, daysOf, daysWords, groundWords, keptWords, PERSONAL_PRESETS, presetOf, PRESETS } from "./words";

describe("retention presets", () => {
  it("find the preset of a number and the number of a preset", () => {
    for (const p of PRESETS.filter((preset) => preset.id !== "custom")) {
      expect(presetOf(PRESETS, p.days)).toBe(p.id);
      expect(daysOf(PRESETS, p.id, "")).toBe(p.days);
    }
    expect(presetOf(PRESETS, 45)).toBe("custom");
    expect(presetOf(PERSONAL_PRESETS, null)).toBe("entries");
  });
  it("take a custom number of days and nothing else", () => {
    expect(daysOf(PRESETS, "custom", " 45 ")).toBe(45);
    for (const wrong of ["", "4.5", "-3", "soon", "123456"]) expect(daysOf(PRESETS, "custom", wrong)).toBeUndefined();
  });
  it("never claim to make anybody compliant", () => {
    for (const p of [...PRESETS, ...PERSONAL_PRESETS]) expect(`${p.label} ${p.note}`).not.toMatch(/complian|certif|guarantee/i);
  });
  it("say a time in words", () => {
    expect(daysWords(183)).toBe("6 months");
    expect(daysWords(45)).toBe("45 days");
    expect(daysWords(null)).toBe("for ever");
  });
});

describe("words of holds and requests", () => {
  const names = (id: string) => ({ ten_1: "Northwind", anonymous: "People who were not signed in" })[id];
  const day = (at: string) => at.slice(0, 10);
  it("say what a hold covers", () => {
    expect(coversWords({ scope: "workspace", target: null, from: null, to: null }, names, day)).toBe("The whole trail");
    expect(coversWords({ scope: "tenant", target: "ten_1", from: null, to: null }, names, day)).toBe("Tenant Northwind");
    expect(coversWords({ scope: "subject", target: "anonymous", from: null, to: null }, names, day)).toBe("People who were not signed in");
    expect(coversWords({ scope: "time", target: null, from: "2026-11-01T00:00:00Z", to: "2026-12-01T00:00:00Z" }, names, day)).toBe("2026-11-01 to 2026-12-01");
  });
  it("say why a request is not carried out", () => {
    expect(groundWords({ state: "refused", ground: "legal_claims" })).toBe("Needed for legal claims");
    expect(groundWords({ state: "blocked", ground: "Case 7" })).toBe("kept by Case 7");
    expect(groundWords({ state: "done", ground: null })).toBe("");
  });
  it("say of which months something is kept", () => {
    expect(keptWords({ months: 0, first_month: null, last_month: null })).toBe("nothing");
    expect(keptWords({ months: 1, first_month: "2026-11", last_month: "2026-11" })).toBe("2026-11");
    expect(keptWords({ months: 2, first_month: "2026-10", last_month: "2026-11" })).toBe("2026-10 to 2026-11");
  });
});
