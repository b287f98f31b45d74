import { describe, expect, it } from "vitest";
import type { SlotView } from "@/api";
import { vaultWords, VAULT_REASONS } from "@/components/VaultNotice";
import { isRotating, mustStay, progressOf } from "./queries";

const slot = (kind: SlotView["kind"], checked = true): SlotView => ({ id: kind, kind, checked, opened: false, created_at: "2026-11-21T00:00:00Z" });
const rewrap = { kind: "routine" as const, epoch: 2, total: 200, done: 50, unreadable: 0, started_at: "", ended_at: null };

describe("ways to open the vault", () => {
  it("keeps the last that does without the keyring", () => {
    expect(mustStay(slot("recovery"), [slot("keyring"), slot("recovery")])).toMatch(/last way in/);
    expect(mustStay(slot("keyring"), [slot("keyring"), slot("recovery")])).toBeNull();
    expect(mustStay(slot("env"), [slot("env"), slot("recovery")])).toBeNull();
    expect(mustStay(slot("env"), [slot("env"), slot("recovery", false)])).toMatch(/last way in/);
  });
  it("keeps the recovery code beside a passphrase", () => {
    expect(mustStay(slot("recovery"), [slot("strict"), slot("env"), slot("recovery")])).toMatch(/forgotten/);
    expect(mustStay(slot("passphrase"), [slot("passphrase"), slot("recovery")])).toBeNull();
  });
});

describe("a rotation", () => {
  it("never says that it is done before it is", () => {
    expect(progressOf(rewrap)).toEqual({ percent: 25, words: "50 of 200 sealed anew" });
    expect(progressOf({ ...rewrap, done: 200 }).percent).toBe(99);
    expect(isRotating({ rewrap })).toBe(true);
    expect(isRotating({ rewrap: { ...rewrap, ended_at: "2026-11-21T00:00:00Z" } })).toBe(false);
    expect(isRotating({ rewrap: null })).toBe(false);
  });
});

describe("a locked vault", () => {
  it("has words for every reason, and the server's way out", () => {
    for (const reason of Object.keys(VAULT_REASONS)) {
      const words = vaultWords({ reason, message: "Do this." });
      expect(words.what.length).toBeGreaterThan(10);
      expect(words.out).toBe("Do this.");
    }
  });
});
