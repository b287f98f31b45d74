/** Rates as finance reads them: USD for a million tokens, for one of everything else. */
import type { RateBody, RateView } from "@/api";

export const UNITS: { id: string; label: string; per: string }[] = [
  { id: "input", label: "Input", per: "million tokens" },
  { id: "cache_read", label: "Read from cache", per: "million tokens" },
  { id: "cache_write", label: "Written to cache, 5 min", per: "million tokens" },
  { id: "cache_write_1h", label: "Written to cache, 1 h", per: "million tokens" },
  { id: "output", label: "Output", per: "million tokens" },
  { id: "reasoning", label: "Reasoning", per: "million tokens" },
  { id: "audio_input", label: "Audio in", per: "million tokens" },
  { id: "cache_read_audio", label: "Audio read from cache", per: "million tokens" },
  { id: "audio_output", label: "Audio out", per: "million tokens" },
  { id: "image_input", label: "Image tokens in", per: "million tokens" },
  { id: "image_output", label: "Image tokens out", per: "million tokens" },
  { id: "image", label: "Image made", per: "image" },
  { id: "image_read", label: "Image read", per: "image" },
  { id: "pixel_in", label: "Pixel asked for", per: "pixel" },
  { id: "request", label: "Request", per: "request" },
  { id: "second_in", label: "Second of audio in", per: "second" },
  { id: "second_out", label: "Second of audio out", per: "second" },
  { id: "character_in", label: "Character in", per: "character" },
  { id: "character_out", label: "Character out", per: "character" },
];
export const unitLabel = (unit: string): string => UNITS.find((u) => u.id === unit)?.label ?? unit.charAt(0).toUpperCase() + unit.slice(1).replaceAll("_", " ");
export const perOf = (unit: string): string => UNITS.find((u) => u.id === unit)?.per ?? "unit";
export const TIERS = [{ id: "standard", label: "Standard" }, { id: "batch", label: "Batch" }, { id: "flex", label: "Flex" }, { id: "priority", label: "Priority" }];

/** A rate as it is typed. */
export interface TypedRate {
  unit: string;
  usd: string;
  tier: string;
  above: string;
}
export const emptyRate = (unit: string): TypedRate => ({ unit, usd: "", tier: "standard", above: "" });
export const typedRates = (rates: RateView[]): TypedRate[] =>
  rates.map((r) => ({ unit: r.unit, usd: r.usd, tier: r.tier ?? "standard", above: r.above_input_tokens === null ? "" : String(r.above_input_tokens) }));

const AMOUNT = /^\d+(\.\d+)?$/;
export const plainAmount = (text: string): string => text.replace(/[$,\s_]/g, "");
/** What is wrong with one typed rate; null is right. An empty amount is left out, never zero. */
export function rateError(rate: TypedRate): string | null {
  const amount = plainAmount(rate.usd);
  if (amount !== "" && !AMOUNT.test(amount)) return "An amount in USD, such as 2.50.";
  if (rate.above !== "" && !/^\d+$/.test(plainAmount(rate.above))) return "A whole number of tokens.";
  return null;
}
/** Typed rates as the server wants them; null while one is wrong or none is entered. */
export function readRates(rates: TypedRate[]): RateBody[] | null {
  if (rates.some((r) => rateError(r) !== null)) return null;
  const read = rates.filter((r) => plainAmount(r.usd) !== "").map((r): RateBody => ({
    unit: r.unit, usd: plainAmount(r.usd), tier: r.tier === "standard" ? null : r.tier, above_input_tokens: r.above === "" ? null : Number(plainAmount(r.above)),
  }));
  return read.length === 0 ? null : read;
}
/** "Priority, above 200,000 input tokens", or nothing for the standard rate. */
export function condition(tier: string | null, above: number | null): string {
  const parts = [tier && (TIERS.find((t) => t.id === tier)?.label ?? tier), above !== null && `above ${above.toLocaleString("en")} input tokens`].filter(Boolean);
  return parts.join(", ");
}
/** The most telling rates in a few words, for lists. */
export function ratesInShort(rates: RateView[]): string {
  const standard = rates.filter((r) => r.tier === null && r.above_input_tokens === null);
  const weight = (unit: string) => ["input", "output"].indexOf(unit) + 1 || 9;
  const told = [...standard].sort((a, b) => weight(a.unit) - weight(b.unit)).slice(0, 2).map((r) => `${unitLabel(r.unit).toLowerCase()} $${r.usd}`);
  const rest = rates.length - told.length;
  return `${told.join(", ")}${rest > 0 ? `, ${rest} more` : ""}`;
}
/** By how much a rate moves, as people say it. */
export function moves(before: string | null, after: string | null): string {
  if (before === null) return "new";
  if (after === null) return "gone";
  const [from, to] = [Number(before), Number(after)];
  if (from === 0) return "was free";
  const percent = ((to - from) / from) * 100;
  return `${percent > 0 ? "+" : "−"}${Math.abs(percent).toLocaleString("en", { maximumFractionDigits: Math.abs(percent) < 10 ? 1 : 0 })}%`;
}

export const ORIGIN_WORDS: Record<string, string> = { tenant: "own, tenant", workspace: "own", approved: "approved list", builtin: "built-in list" };
/** `provider/model` as one search parameter; models may hold slashes, providers do not. */
export const priceKey = (p: { provider: string; model: string }): string => `${p.provider}/${p.model}`;
export function splitKey(key: string): { provider: string; model: string } | null {
  const at = key.indexOf("/");
  return at < 1 || at === key.length - 1 ? null : { provider: key.slice(0, at), model: key.slice(at + 1) };
}
