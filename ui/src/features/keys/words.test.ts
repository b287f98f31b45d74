import { expect, test } from "vitest";
import type { CredentialView, RotationView } from "@/api";
import { keyState, steps, waits } from "./words";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const key = (patch: Partial<CredentialView>): CredentialView => ({ state: "current", breaker: "closed", version: 7, due: null, rotation: null, ...patch }) as CredentialView;
const rotation = (patch: Partial<RotationView>): RotationView => ({ state: "draining", from_version: 6, to_version: 7, resumes: null, grace_until: null, soak_until: null, ended_at: null, ...patch }) as RotationView;

test("the chip says the most pressing thing", () => {
  expect(keyState(key({}), NOW)).toEqual(["ok", "Active"]);
  expect(keyState(key({ due: { at: "2026-11-24T11:00:00Z", cause: "schedule" } }), NOW)).toEqual(["warn", "Due in 3 days"]);
  expect(keyState(key({ due: { at: "2026-11-20T11:00:00Z", cause: "schedule" } }), NOW)).toEqual(["bad", "Overdue"]);
  expect(keyState(key({ rotation: rotation({ grace_until: "2026-11-25T11:00:00Z" }) }), NOW)).toEqual(["info", "Grace, 4 days left"]);
  expect(keyState(key({ rotation: rotation({ state: "awaiting_operator", resumes: "minted" }) }), NOW)[1]).toBe("New key needed");
  expect(keyState(key({ state: "revoked" }), NOW)[1]).toBe("Revoked");
});

test("a rotation is at exactly one step until it is over", () => {
  for (const state of ["planned", "minting", "minted", "probing", "draining", "soaking"] as const) {
    expect(steps(rotation({ state }), NOW).filter((s) => s.state === "now")).toHaveLength(1);
  }
  expect(steps(rotation({ state: "done" }), NOW).every((s) => s.state === "done")).toBe(true);
  expect(steps(rotation({ state: "needs_attention", resumes: "intent" }), NOW)[0]?.state).toBe("bad");
  expect(waits(rotation({ state: "needs_attention" }))).toBe(true);
  expect(waits(rotation({ state: "needs_attention", ended_at: "2026-11-21T12:00:00Z" }))).toBe(false);
});
