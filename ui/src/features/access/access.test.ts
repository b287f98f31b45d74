import { expect, it } from "vitest";
import type { PersonView } from "@/api";
import { isLastAdmin, joinLink, matrix } from "./words";

const ROLES = [
  { scopes: ["tenant:read", "tenant:write", "audit:read", "audit:private", "new_thing:squeeze"] },
  { scopes: ["tenant:read"] },
];
const person = (id: string, role: PersonView["role"], disabled_at: string | null = null): PersonView => ({ id, role, role_name: role, disabled_at, name: id, email: `${id}@example.com`, second_factor: false, created_at: "2026-11-22T09:00:00Z", sessions: 0, last_seen: null });

it("says in words what each role may, and leaves no permission out", () => {
  const rows = matrix(ROLES);
  expect(rows.find((r) => r.noun === "tenant")?.may).toEqual(["see, change", "see"]);
  expect(rows.find((r) => r.noun === "audit")?.may).toEqual(["see, export what is personal", ""]);
  expect(rows.find((r) => r.noun === "new_thing")).toEqual({ noun: "new_thing", label: "new thing", may: ["squeeze", ""] });
  expect(rows.some((r) => r.noun === "vault"), "a row of nothing").toBe(false);
});
it("knows the last administrator who can sign in", () => {
  const [a, b, off] = [person("a", "admin"), person("b", "admin"), person("c", "admin", "2026-11-22T09:00:00Z")];
  expect(isLastAdmin(a, [a, off, person("d", "user")])).toBe(true);
  expect(isLastAdmin(a, [a, b])).toBe(false);
  expect(isLastAdmin(off, [a, off])).toBe(false);
});
it("keeps the token where no server reads it", () => expect(new URL(joinLink("https://reeve.example", "abc-_1")).pathname).toBe("/join"));
