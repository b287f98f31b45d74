import { describe, expect, it } from "vitest";
import type { SavedViewView } from "@/api";
import { decodeTokens } from "@/lib/filters";
import { AUDIT_FIELDS, type AuditView } from "./queries";
import { BUILT_IN, choicesOf, editSearch, eventWords, resolveView, toFilter, toParts } from "./views";

const saved: SavedViewView = {
  id: "viw_1", name: "Mine", shared: false, own: true, may_change: true, owner_id: "usr_1", owner_name: "Dana", created_at: "", updated_at: "",
  filter: {
    event_types: ["auth.failed", "key.import"], outcome: "denied", last: "7d",
    stream: null, actor: null, tenant_id: null, resource_type: null, resource_id: null, not_ok: false, q: null, from: null, to: null,
  },
};
const choices = choicesOf([saved]);
const MINE = { filters: "outcome:refused;event:auth.failed\\,key.import", range: "7d" };

describe("what a view keeps", () => {
  const views: AuditView[] = [
    { tokens: [] },
    { tokens: [{ field: "outcome", value: "not ok" }, { field: "tenant", value: "ten_1" }], q: "refund", range: "24h" },
    { tokens: [{ field: "outcome", value: "ok" }, { field: "event", value: "auth.failed,-key.probe" }, { field: "actor", value: "Dana" }], stream: "usage" },
    { tokens: [{ field: "resource", value: "tenant" }, { field: "resource_id", value: "a:b;c" }], range: "2026-11-01T00:00:00.000Z..2026-11-02T00:00:00.000Z" },
    { tokens: [], range: "2026-11-01T00:00:00.000Z.." },
  ];
  it.each(views)("comes back as it was: %j", (view) => {
    const parts = toParts(toFilter(view));
    expect({ tokens: decodeTokens(parts.filters, AUDIT_FIELDS), q: parts.q, range: parts.range, stream: parts.stream }).toEqual({ q: undefined, range: undefined, stream: undefined, ...view });
  });
  it("is fields that the server knows, not a line of text", () => expect(toFilter({ tokens: [{ field: "event", value: "a.b, c.d" }, { field: "outcome", value: "failed" }], range: "30d" })).toEqual({ event_types: ["a.b", "c.d"], outcome: "failure", last: "30d" }));
});

describe("a view in the address", () => {
  it("alone shows what it keeps", () => expect(resolveView({ view: "viw_1" }, choices)).toMatchObject({ parts: MINE, edited: false, gone: false }));
  it("with filters beside it shows those, as a change of it", () => {
    expect(resolveView({ view: "viw_1", filters: "event:auth.failed" }, choices)).toMatchObject({ parts: { filters: "event:auth.failed" }, edited: true });
    expect(resolveView({ view: "viw_1", ...MINE }, choices).edited).toBe(false);
  });
  it("that is not there shows everything and says so, but not before that is known", () => {
    expect(resolveView({ view: "viw_2" }, choices)).toEqual({ parts: {}, edited: false, gone: true });
    expect(resolveView({ view: "viw_2" }, undefined).gone).toBe(false);
  });
  it.each(BUILT_IN.map((b) => b.id))("may be %s, which needs no answer of the server", (id) => expect(resolveView({ view: id }, undefined).chosen?.id).toBe(id));
  it("stays while its filters are changed, and goes with the last of them", () => {
    const shown = resolveView({ view: "viw_1" }, choices);
    expect(editSearch({ view: "viw_1", entry: "audit.1" }, shown, { range: "30d" })).toEqual({ ...MINE, range: "30d", view: "viw_1" });
    expect(editSearch({ view: "viw_1" }, shown, { filters: undefined, range: undefined })).toEqual({});
    expect(editSearch({ view: "viw_1", ...MINE, range: "30d" }, resolveView({ view: "viw_1", ...MINE, range: "30d" }, choices), { range: "7d" })).toEqual({ view: "viw_1" });
  });
});

it.each([["auth.failed", "auth.failed"], ["a.b,c.d", "a.b, c.d"], ["-a.b,-c.d", "not a.b, c.d"], ["a.b,-c.d", "a.b, not c.d"]])("reads %s as %s", (value, words) => expect(eventWords(value)).toBe(words));
