import { describe, expect, it } from "vitest";
import type { SecurityGroupView, SecurityView } from "@/api";
import { decodeTokens } from "@/lib/filters";
import { AUDIT_FIELDS, toQuery, type AuditSearch } from "./queries";
import { beforeWords, chartSummary, leadsTo, notables, ofDay } from "./security";

const day = (n: number, count: number, unusual: string | null = null) => ({
  day: `2026-11-${String(n).padStart(2, "0")}`, start: `2026-11-${String(n - 1).padStart(2, "0")}T23:00:00.000Z`, end: `2026-11-${String(n).padStart(2, "0")}T23:00:00.000Z`, count, unusual,
});
const DANA = { type: "user", id: "usr_1", name: "Dana" } as const;
const group = (patch: Partial<SecurityGroupView>): SecurityGroupView => ({
  key: "denials", event_type: "-auth.failed,-security.alert", outcome: "denied", total: 8, before: 3, actors_of: 8, latest: [], actors: [], days: [day(19, 0), day(20, 7, "7 on 20 Nov."), day(21, 1)], ...patch,
});
const view = (groups: SecurityGroupView[]): SecurityView => ({ from: "2026-11-18T23:00:00.000Z", to: "2026-11-21T23:00:00.000Z", time_zone: "Europe/Berlin", began_at: null, rule: "", groups });
/** What the page asks the server when it is opened at an address. */
const asked = (s: AuditSearch) => toQuery({ tokens: decodeTokens(s.filters, AUDIT_FIELDS), q: s.q, range: s.range, stream: s.stream }, 0);

describe("where a figure leads", () => {
  it("is the list of exactly what it counts", () => {
    expect(asked(leadsTo(group({}), view([])))).toEqual({ event_type: "-auth.failed,-security.alert", outcome: "denied", from: "2026-11-18T23:00:00.000Z", to: "2026-11-21T23:00:00.000Z" });
    expect(asked(leadsTo(group({ event_type: "audit.export,data.export", outcome: null }), ofDay(day(20, 1)), DANA))).toEqual({
      event_type: "audit.export,data.export", actor: "usr_1", from: "2026-11-19T23:00:00.000Z", to: "2026-11-20T23:00:00.000Z",
    });
  });
});

describe("what stands out", () => {
  const exports = group({ key: "exports", event_type: "audit.export", outcome: null, days: [day(20, 1), day(21, 9, "9 on 21 Nov.")], actors: [{ actor: DANA, count: 2, first_time: true }, { actor: { ...DANA, name: "Ada" }, count: 1, first_time: false }] });
  it("is the unusual days, newest first, and then first exports", () => {
    const found = notables(view([group({}), exports]));
    expect(found.map((n) => [n.key, n.day])).toEqual([["exports", "2026-11-21"], ["denials", "2026-11-20"], ["exports", undefined]]);
    expect(found[2]?.text).toMatch(/^Dana exported for the first time: 2 exports/);
    expect(asked(found[2]?.to ?? {}).actor).toBe("usr_1");
  });
  it("is nothing where nothing does", () => expect(notables(view([group({ days: [day(20, 3)] })]))).toEqual([]));
});

describe("the words of a group", () => {
  it("say how it was before, or that nobody knows", () => {
    expect(beforeWords(group({}), 3)).toBe("3 in the 3 days before");
    expect(beforeWords(group({ before: null }), 30)).toBe("no whole period before to compare with");
  });
  it("say what the chart shows", () => {
    expect(chartSummary(group({}))).toBe("8 in 3 days. Most on 20 Nov: 7. 1 day is unusual.");
    expect(chartSummary(group({ total: 0, days: [day(20, 0)] }))).toBe("0 in 1 day.");
  });
});
