import { queryOptions } from "@tanstack/react-query";
import { api, take, type Stream, type WitnessView } from "@/api";
import { formatCount, plural } from "@/lib/number";
import type { Tone } from "@/ui";

/** Witnesses with an address sign by themselves, so they are asked for again while somebody looks. */
const REFRESH_MS = 10_000;
export const witnessesQuery = queryOptions({
  queryKey: ["audit", "witnesses"],
  queryFn: ({ signal }) => take(api.GET("/audit/witnesses", { signal })),
  refetchInterval: REFRESH_MS,
});
export const checkpointQuery = (stream: Stream) => queryOptions({
  queryKey: ["audit", "checkpoint", stream],
  queryFn: ({ signal }) => take(api.GET("/audit/checkpoint", { params: { query: { stream } }, signal })),
});

export const LEDGER_WORDS: Record<Stream, string> = { audit: "Audit trail", usage: "Usage ledger" };

/** How far a witness signed, for one of the two ledgers: entries are numbered from 0. */
export function signedWords({ entries, signed }: Pick<WitnessView["streams"][number], "entries" | "signed">): string {
  if (signed === 0) return "Nothing signed yet";
  const newer = entries - signed;
  return `through entry ${formatCount(signed - 1)}${newer > 0 ? `; ${plural(newer, "newer entry is", "newer entries are")} not` : ""}`;
}

/** The state in a word, worst first: what it holds against the ledger, why it does not sign, whether it did. */
export function stateOf(w: Pick<WitnessView, "contradiction" | "tried" | "streams" | "url">): [Tone, string] {
  if (w.contradiction) return ["bad", "Contradicts the ledger"];
  if (w.tried?.problem) return ["warn", "Does not sign"];
  if (w.streams.every((s) => s.signed > 0)) return ["ok", "Signing"];
  return w.streams.some((s) => s.signed > 0) ? ["info", "Signed one ledger"] : ["none", w.url ? "Not asked yet" : "Nothing signed yet"];
}

/** A checkpoint in a file that a witness's program reads. */
export const fileName = (stream: Stream, size: number): string => `reeve-${stream}-checkpoint-${size}.txt`;
