import { expect, it } from "vitest";
import type { RoleView } from "@/api";
import { beyond, bodyOf, boxOf, draftOf, pressed } from "./draft";

const ALL = ["tenant:read", "tenant:write", "budget:read", "audit:read", "audit:private"];
const role = (allowed: string[], denied: string[], scopes: string[] = []): RoleView => ({ id: "rol_1", name: "Clerks", description: "", built_in: false, allowed, denied, scopes, people: 0, created_at: null, updated_at: null });

it("shows a role in boxes and keeps what no box stands for", () => {
  const draft = draftOf(role(["*:read", "budget:*", "tenant:write"], ["audit:*", "tenant:read"]), ALL);
  expect(draft).toMatchObject({ seeAll: true, allowed: ["tenant:write"], never: ["audit"], moreAllowed: "budget:*", moreDenied: "tenant:read" });
  expect(bodyOf(draft)).toEqual({ name: "Clerks", description: null, allowed: ["*:read", "tenant:write", "budget:*"], denied: ["audit:*", "tenant:read"] });
});
it("says of each box what is decided already", () => {
  const draft = draftOf(role(["*:read", "tenant:*"], ["audit:*"], ["tenant:read", "tenant:write", "budget:read"]), ALL);
  expect(ALL.map((p) => boxOf(draft, p))).toEqual(["seen", "further", "seen", "never", "never"]);
  expect(boxOf(draftOf(undefined, ALL), "tenant:read")).toBe("open");
});
it("lets whoever may change something see it", () => {
  const draft = draftOf(undefined, ALL);
  expect(pressed(draft, "tenant:write", ALL)).toEqual(["tenant:read", "tenant:write"]);
  expect(pressed({ ...draft, allowed: ["tenant:read", "tenant:write"] }, "tenant:write", ALL)).toEqual(["tenant:read"]);
});
it("reads scopes that are typed with commas, spaces and lines between", () => {
  expect(bodyOf({ ...draftOf(undefined, ALL), name: " A ", moreAllowed: "a:b,  c:d\ne:f ," })).toEqual({ name: "A", description: null, allowed: ["a:b", "c:d", "e:f"], denied: [] });
});
it("finds what whoever gives a role may not do", () => {
  expect(beyond(role([], [], ["tenant:read", "audit:read"]), ["tenant:read"])).toBe("audit:read");
  expect(beyond(role([], [], ["tenant:read"]), ["tenant:read", "audit:read"])).toBeUndefined();
});
