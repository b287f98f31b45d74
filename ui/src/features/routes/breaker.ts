/** When a key is left out, as a form holds it: texts, converted once on submit. */
import type { BreakerRules } from "@/api";
import { plural } from "@/lib/number";
import { whole } from "./draft";

export type BreakerDraft = Record<keyof BreakerRules, string>;
const COUNTS = { consecutive: 1_000, error_percent: 100, min_calls: 100_000 } as const;
const WAITS = ["cool_down_ms", "max_cool_down_ms", "refused_cool_down_ms"] as const;

export function draftOf(rules: BreakerRules): BreakerDraft {
  const seconds = (ms: number) => String(ms / 1000);
  return {
    consecutive: String(rules.consecutive),
    error_percent: String(rules.error_percent),
    min_calls: String(rules.min_calls),
    cool_down_ms: seconds(rules.cool_down_ms),
    max_cool_down_ms: seconds(rules.max_cool_down_ms),
    refused_cool_down_ms: seconds(rules.refused_cool_down_ms),
  };
}

/** Seconds as people write them, from one to a day, in milliseconds. */
function readWait(text: string): number | null {
  const seconds = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : 0;
  return seconds >= 1 && seconds <= 86_400 ? Math.round(seconds * 1000) : null;
}

/** The rules a draft makes, and what is wrong with it, by field. */
export function readBreaker(draft: BreakerDraft): { rules: BreakerRules; wrong: Partial<BreakerDraft> } {
  const wrong: Partial<BreakerDraft> = {};
  const rules = { consecutive: 0, error_percent: 0, min_calls: 0, cool_down_ms: 0, max_cool_down_ms: 0, refused_cool_down_ms: 0 };
  for (const [field, most] of Object.entries(COUNTS) as [keyof typeof COUNTS, number][]) {
    rules[field] = whole(draft[field], most) ?? 0;
    if (rules[field] === 0) wrong[field] = `A whole number from 1 to ${most.toLocaleString("en")}.`;
  }
  for (const field of WAITS) {
    rules[field] = readWait(draft[field]) ?? 0;
    if (rules[field] === 0) wrong[field] = "Seconds, from 1 to 86,400, which is a day.";
  }
  if (!wrong.max_cool_down_ms && rules.max_cool_down_ms < rules.cool_down_ms) wrong.max_cool_down_ms = "At least as long as the first wait.";
  return { rules, wrong };
}

/** A wait as people say it: 30 seconds, 5 minutes, 1 hour. */
export function waitWords(ms: number): string {
  const units: [number, string][] = [[3_600_000, "hour"], [60_000, "minute"]];
  const [size, unit] = units.find(([each]) => ms >= each && ms % each === 0) ?? [1000, "second"];
  const count = ms / size;
  return Number.isInteger(count) ? plural(count, unit) : `${count} ${unit}s`;
}
