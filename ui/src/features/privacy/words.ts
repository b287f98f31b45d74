/** Words of retention, holds and erasure. They say what a choice is for, and never that it makes anybody compliant. */
import type { ErasureState, ErasureView, LegalHoldView, SubjectView } from "@/api";
import { plural } from "@/lib/number";
import type { Tone } from "@/ui";

export interface Preset {
  id: string;
  days: number | null;
  label: string;
  note: string;
}
export const PRESETS: Preset[] = [
  { id: "90", days: 90, label: "90 days", note: "The default: enough to look into what went wrong" },
  { id: "183", days: 183, label: "6 months", note: "The EU AI Act asks for six months of logs of high-risk systems, at least" },
  { id: "365", days: 365, label: "1 year", note: "What many auditors look back on" },
  { id: "2192", days: 2_192, label: "6 years", note: "HIPAA asks for six years of its required documentation" },
  { id: "ever", days: null, label: "For ever", note: "Nothing is pruned" },
  { id: "custom", days: null, label: "Another time", note: "In days" },
];
export const PERSONAL_PRESETS: Preset[] = [
  { id: "entries", days: null, label: "As long as the entries", note: "Goes when they go" },
  { id: "30", days: 30, label: "30 days", note: "Names, addresses and programs go month by month; the entries stay" },
  { id: "90", days: 90, label: "90 days", note: "The same, after a quarter" },
  { id: "custom", days: null, label: "Another time", note: "In days" },
];

/** Which preset a number of days is. */
export function presetOf(presets: Preset[], days: number | null): string {
  const never = presets.find((p) => p.days === null && p.id !== "custom");
  if (days === null) return never?.id ?? "custom";
  return presets.find((p) => p.days === days)?.id ?? "custom";
}
/** The days of a choice: null keeps for ever; undefined is not a number of days yet. */
export function daysOf(presets: Preset[], id: string, typed: string): number | null | undefined {
  if (id !== "custom") return presets.find((p) => p.id === id)?.days ?? null;
  return /^\d{1,5}$/.test(typed.trim()) ? Number(typed) : undefined;
}
export const daysWords = (days: number | null, never = "for ever"): string => {
  const preset = PRESETS.find((p) => p.days === days && days !== null);
  return days === null ? never : (preset?.label ?? plural(days, "day"));
};

export const STATE: Record<ErasureState, [Tone, string]> = {
  requested: ["info", "requested"], blocked: ["warn", "held"], refused: ["none", "refused"], done: ["ok", "erased"],
};
export const GROUNDS: { id: string; label: string; note: string }[] = [
  { id: "legal_obligation", label: "A law asks to keep it", note: "Art. 17(3)(b)" },
  { id: "legal_claims", label: "Needed for legal claims", note: "Art. 17(3)(e)" },
  { id: "public_interest", label: "Archiving in the public interest, research", note: "Art. 17(3)(d)" },
  { id: "public_health", label: "Public health", note: "Art. 17(3)(c)" },
  { id: "free_expression", label: "Freedom of expression and information", note: "Art. 17(3)(a)" },
  { id: "not_identified", label: "The person could not be identified", note: "Art. 12(6)" },
  { id: "unfounded", label: "Manifestly unfounded or excessive", note: "Art. 12(5)" },
];
export const groundWords = (e: Pick<ErasureView, "state" | "ground">): string =>
  e.state === "refused" ? (GROUNDS.find((g) => g.id === e.ground)?.label ?? e.ground ?? "") : e.state === "blocked" ? `kept by ${e.ground ?? "a legal hold"}` : "";

export function coversWords(hold: Pick<LegalHoldView, "scope" | "target" | "from" | "to">, names: (id: string) => string | undefined, day: (at: string) => string): string {
  if (hold.scope === "workspace") return "The whole trail";
  if (hold.scope === "time") return `${day(hold.from ?? "")} to ${day(hold.to ?? "")}`;
  const name = names(hold.target ?? "") ?? hold.target ?? "";
  return hold.scope === "tenant" ? `Tenant ${name}` : name;
}
export function keptWords(s: Pick<SubjectView, "months" | "first_month" | "last_month">): string {
  if (s.months === 0) return "nothing";
  return s.first_month === s.last_month ? (s.first_month ?? "") : `${s.first_month ?? ""} to ${s.last_month ?? ""}`;
}
