import { describe, expect, it } from "vitest";
import { exportQuery, fileName, listBlocked, proves, type ExportValues } from "./export";
import { readResource, toQuery } from "./queries";
import { sealOf } from "./verify";

const NOW = Date.parse("2026-11-21T12:00:00Z");

describe("what the audit filters ask the server", () => {
  it.each([
    ["ok", { outcome: "success" }], ["not ok", { not_ok: true }], ["refused", { outcome: "denied" }], ["failed", { outcome: "failure" }], ["made up", {}],
  ])("outcome %s", (value, query) => expect(toQuery({ tokens: [{ field: "outcome", value }] }, NOW)).toEqual(query));
  it("joins tokens, text, range and stream", () =>
    expect(toQuery({ tokens: [{ field: "tenant", value: "ten_1" }, { field: "event", value: "auth.failed" }, { field: "resource_id", value: "x" }], q: "refund", range: "1h", stream: "usage" }, NOW)).toEqual({
      tenant_id: "ten_1", event_type: "auth.failed", resource_id: "x", q: "refund", from: "2026-11-21T11:00:00.000Z", stream: "usage",
    }));
});

describe("the resource in the URL", () => {
  it.each([
    [undefined, undefined], ["", undefined], ["PROJECT", undefined], [":x", undefined], ["PROJECT:", undefined],
    ["PROJECT:p1", { type: "PROJECT", id: "p1", tenant: "ten_1" }], ["FILE:a:b", { type: "FILE", id: "a:b", tenant: "ten_1" }],
  ])("%s", (of, read) => expect(readResource(of, "ten_1")).toEqual(read));
});

describe("the seal", () => {
  it.each([
    [true, { intact: true }, undefined, "checking"], [false, { intact: true }, undefined, "intact"], [false, { intact: null }, undefined, "unverified"], [false, { intact: null }, { intact: true }, "intact"],
    [false, { intact: false }, { intact: true }, "broken"], [false, { intact: true }, { intact: false }, "broken"], [false, undefined, undefined, "unknown"],
  ] as const)("checking %j, health %j, verdict %j is %s", (checking, health, verdict, state) => expect(sealOf(checking, health, verdict)).toBe(state));
});

describe("an export", () => {
  const values: ExportValues = { format: "bundle", stream: "audit", which: "all", from: "2026-11-01", to: "2026-11-30", private: [] };
  const view = { tokens: [{ field: "event", value: "tenant.create" }], range: "7d" };
  const ask = (patch: Partial<ExportValues>) => exportQuery({ ...values, ...patch }, view, "Europe/Berlin", Date.parse("2026-11-21T12:00:00Z"));
  it("of everything says nothing but its form", () => {
    expect(ask({})).toEqual({ format: "bundle" });
    expect(ask({ format: "csv", stream: "usage", private: ["opened"] })).toEqual({ format: "csv", stream: "usage" });
    expect(ask({ private: ["opened"] })).toEqual({ format: "bundle", private: true });
  });
  it("of a period has whole days of the workspace, over a change of its clocks too", () => {
    expect(ask({ which: "period" })).toEqual({ format: "bundle", from: "2026-10-31T23:00:00.000Z", to: "2026-11-30T23:00:00.000Z" });
    expect(ask({ which: "period", from: "2026-10-25", to: "2026-10-25" })).toEqual({ format: "bundle", from: "2026-10-24T22:00:00.000Z", to: "2026-10-25T23:00:00.000Z" });
    expect(ask({ which: "period", from: "", to: "2026-11-30" })).toEqual({ format: "bundle", to: "2026-11-30T23:00:00.000Z" });
  });
  it("of the list has its filters, unless it is a search", () => {
    expect(ask({ which: "list" })).toEqual({ format: "bundle", event_type: "tenant.create", from: "2026-11-14T12:00:00.000Z" });
    expect(listBlocked(view)).toBeNull();
    expect(listBlocked({ tokens: [], q: "acme" })).toMatch(/text search/);
    expect(listBlocked({ tokens: [{ field: "resource", value: "tenant" }] })).toMatch(/add an id/);
  });
  it("is named for what is in it, and never claims more than it proves", () => {
    expect(fileName(values, "2026-11-21")).toBe("reeve-audit-2026-11-21.zip");
    expect(fileName({ ...values, which: "period", format: "csv", stream: "usage" }, "2026-11-21")).toBe("reeve-usage-2026-11-01-to-2026-11-30.csv");
    expect(fileName({ ...values, which: "list" }, "2026-11-21")).toBe("reeve-audit-2026-11-21-selection.zip");
    expect(fileName({ ...values, which: "all", format: "tiles" }, "2026-11-21")).toBe("reeve-audit-2026-11-21-tiles.zip");
    expect(proves({ ...values, which: "all", format: "tiles" }, false).does).toMatch(/every entry up to now/);
    expect(proves({ ...values, which: "list" }, true).not).toMatch(/none is missing/);
    expect(proves({ ...values, which: "list" }, false).does).toMatch(/every entry of the period/);
    expect(proves({ ...values, format: "jsonl" }, false).does).toMatch(/^Nothing/);
  });
});
