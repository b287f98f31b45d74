import { describe, expect, it } from "vitest";
import { toQuery } from "./queries";
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

describe("the seal", () => {
  it.each([
    [true, { intact: true }, undefined, "checking"], [false, { intact: true }, undefined, "intact"], [false, { intact: null }, undefined, "unverified"], [false, { intact: null }, { intact: true }, "intact"],
    [false, { intact: false }, { intact: true }, "broken"], [false, { intact: true }, { intact: false }, "broken"], [false, undefined, undefined, "unknown"],
  ] as const)("checking %j, health %j, verdict %j is %s", (checking, health, verdict, state) => expect(sealOf(checking, health, verdict)).toBe(state));
});
