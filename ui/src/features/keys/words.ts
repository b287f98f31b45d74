import type { CredentialView, KeyVersionView, RotationView } from "@/api";
import type { Tone } from "@/ui";
import { plural } from "@/lib/number";

export const DAY = 86_400_000;

export const STATE_WORDS: Record<RotationView["state"], string> = {
  planned: "Planned", intent: "Asking for a new key", minting: "Asking for a new key", minted: "New key stored", probing: "Testing the new key",
  promoted: "New key in use", draining: "Grace", disabling: "Retiring the old key", soaking: "Old key switched off", revoking: "Deleting the old key",
  done: "Done", awaiting_operator: "Waits for you", rolled_back: "Taken back", needs_attention: "Needs you",
};
export const CAUSE_WORDS: Record<RotationView["cause"], string> = { schedule: "on schedule", force: "asked for", compromised: "compromised", expiry: "before it expires" };
export const VERSION_WORDS: Record<KeyVersionView["state"], [Tone, string]> = {
  pending: ["info", "being tested"], current: ["ok", "in use"], grace: ["info", "grace"], disabled: ["none", "not used"], revoked: ["none", "revoked"],
  orphan: ["warn", "made, never seen"], foreign: ["warn", "not ours"], lost: ["bad", "does not open"],
};

/** Whether a person has to do something before it goes on. */
export const waits = (r: RotationView | null | undefined): boolean => !!r && !r.ended_at && (r.state === "awaiting_operator" || r.state === "needs_attention");
export const waitsForKey = (r: RotationView): boolean => r.state === "awaiting_operator" && r.resumes === "minted";
export const waitsForDelete = (r: RotationView): boolean => r.state === "awaiting_operator" && r.resumes === "done";

/** The chip of a key: the most pressing thing about it, in few words. */
export function keyState(c: CredentialView, now: number): [Tone, string] {
  if (c.state === "revoked") return ["none", "Revoked"];
  const r = c.rotation;
  if (r?.state === "needs_attention") return ["bad", "Rotation stopped"];
  if (r && waitsForKey(r)) return ["warn", "New key needed"];
  if (r && waitsForDelete(r)) return ["warn", `Delete v${r.from_version}`];
  if (r?.state === "rolled_back") return ["bad", `v${r.to_version ?? c.version + 1} refused`];
  if (r?.state === "draining" && r.grace_until) return ["info", `Grace, ${daysLeft(r.grace_until, now)} left`];
  if (r) return ["info", STATE_WORDS[r.state]];
  if (c.breaker !== "closed") return [c.breaker === "open" ? "bad" : "warn", c.breaker === "open" ? "Kept from calls" : "Being tried again"];
  if (c.due) {
    const days = Math.ceil((Date.parse(c.due.at) - now) / DAY);
    if (days <= 0) return ["bad", "Overdue"];
    if (days <= 7) return ["warn", `Due in ${plural(days, "day")}`];
  }
  return ["ok", "Active"];
}

export function daysLeft(at: string, now: number): string {
  const left = Date.parse(at) - now;
  if (left <= 0) return "0 h";
  return left < DAY ? `${Math.ceil(left / 3_600_000)} h` : plural(Math.ceil(left / DAY), "day");
}

export type StepState = "done" | "now" | "bad" | "next";
export interface Step { title: string; text: string; state: StepState }

const AT: Record<RotationView["state"], number> = {
  planned: 0, intent: 0, minting: 0, minted: 1, probing: 2, promoted: 3, draining: 3, disabling: 4, soaking: 4, revoking: 4, done: 5,
  awaiting_operator: 0, rolled_back: 2, needs_attention: 0,
};

/** Where a rotation stands, as five steps that people know. */
export function steps(r: RotationView, now: number, isAdmin = false): Step[] {
  const stopped = r.state === "needs_attention" || r.state === "awaiting_operator";
  const at = AT[stopped ? (r.resumes === "minted" ? "planned" : r.resumes === "done" ? "revoking" : (r.resumes ?? "planned")) : r.state];
  const bad = r.state === "needs_attention" || r.state === "rolled_back";
  const [old, fresh] = [`v${r.from_version}`, r.to_version ? `v${r.to_version}` : "The new key"];
  const grace = r.grace_until ? `, ${old} in grace for ${daysLeft(r.grace_until, now)}` : "";
  const all: [string, string][] = [
    ["Create", at > 0 ? `New key ${fresh} stored, encrypted` : waitsForKey(r) ? "Waits for the key you make" : "A new key is asked for"],
    ["Stage", at > 1 ? `Both keys held, ${old} serving` : `${old} serves meanwhile`],
    ["Test", r.state === "rolled_back" ? `${fresh} was taken back` : at > 2 ? `${fresh} ${isAdmin ? "lists its own kind" : `sees all models of ${old}`}` : isAdmin ? "Sign-in, account" : "Sign-in, models, account"],
    ["Promote", at > 2 ? `${fresh} serves${grace}` : `${fresh} serves, ${old} stays in grace`],
    ["Retire", r.state === "done" ? `${old} is deleted` : waitsForDelete(r) ? `Waits until ${old} is deleted` : r.soak_until ? `${old} is off, deleted in ${daysLeft(r.soak_until, now)}` : `${old} is switched off, then deleted`],
  ];
  return all.map(([title, text], n) => ({ title, text, state: n < at ? "done" : n > at ? "next" : bad ? "bad" : r.state === "done" ? "done" : "now" }));
}
