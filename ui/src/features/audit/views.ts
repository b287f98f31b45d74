/** Saved views: from what the page shows to the fields that are kept, and back. Pure, so that both ways are tested. */
import { queryOptions } from "@tanstack/react-query";
import { api, take, type SavedFilter, type SavedViewView } from "@/api";
import { decodeTokens, encodeTokens, type Token } from "@/lib/filters";
import { RANGE_WORDS, resolveRange } from "@/lib/time";
import { AUDIT_FIELDS, type AuditSearch, type AuditView } from "./queries";

export const viewsQuery = queryOptions({
  queryKey: ["audit-views"],
  queryFn: ({ signal }) => take(api.GET("/audit/views", { signal })),
  staleTime: 60_000,
});

/** A view that can be chosen: one of Reeve's own, or one that somebody saved. */
export interface Choice {
  id: string;
  name: string;
  note: string;
  filter: SavedFilter;
  saved?: SavedViewView;
}
const builtIn = (id: string, name: string, filter: SavedFilter): Choice => ({ id, name, note: "built in", filter });
export const BUILT_IN: readonly Choice[] = [
  builtIn("failed-sign-ins", "Failed sign-ins", { event_types: ["auth.failed"] }),
  builtIn("denied", "Denied", { outcome: "denied" }),
  builtIn("key-changes", "Key changes", { event_types: ["key.import", "key.revoke", "key.rotate", "api_key.create", "api_key.rotate", "api_key.end_previous", "api_key.revoke", "vault.key_create", "vault.slot_added", "vault.slot_reenrolled", "vault.slot_removed", "vault.kek_rotated", "vault.vrk_rotated"] }),
  builtIn("exports", "Exports", { event_types: ["audit.export", "data.export", "evidence.export"] }),
  builtIn("critical", "Critical", { event_types: ["security.alert", "anchor.problem", "anchor.accept", "log.gap", "credential.breaker_open", "budget.overrun"] }),
];
export const choicesOf = (saved: SavedViewView[]): Choice[] => [
  ...BUILT_IN,
  ...saved.map((view): Choice => ({ id: view.id, name: view.name, filter: view.filter, saved: view, note: !view.own ? `shared by ${view.owner_name}` : view.shared ? "yours, shared" : "yours" })),
];

type Parts = Pick<AuditSearch, "filters" | "q" | "range" | "stream">;
const OUTCOME_TOKENS = { success: "ok", denied: "refused", failure: "failed", pending: "pending" } as const;
type Outcome = keyof typeof OUTCOME_TOKENS;

/** What is kept of what the page shows. */
export function toFilter({ tokens, q, range, stream }: AuditView): SavedFilter {
  const filter: SavedFilter = {};
  if (stream) filter.stream = stream;
  if (q) filter.q = q;
  if (range && range in RANGE_WORDS) filter.last = range;
  else Object.assign(filter, resolveRange(range, 0));
  for (const { field, value } of tokens) {
    if (field === "event") filter.event_types = value.split(",").map((t) => t.trim()).filter(Boolean);
    if (field === "actor") filter.actor = value;
    if (field === "tenant") filter.tenant_id = value;
    if (field === "resource") filter.resource_type = value;
    if (field === "resource_id") filter.resource_id = value;
    if (field === "outcome" && value === "not ok") filter.not_ok = true;
    const outcome = (Object.keys(OUTCOME_TOKENS) as Outcome[]).find((o) => field === "outcome" && OUTCOME_TOKENS[o] === value);
    if (outcome) filter.outcome = outcome;
  }
  return filter;
}

/** The address of what was kept. */
export function toParts(f: SavedFilter): Parts {
  const tokens: Token[] = [];
  const add = (field: (typeof AUDIT_FIELDS)[number], value: string | null | undefined) => value && tokens.push({ field, value });
  add("outcome", f.not_ok ? "not ok" : f.outcome ? OUTCOME_TOKENS[f.outcome] : undefined);
  add("event", f.event_types?.join(","));
  add("actor", f.actor);
  add("tenant", f.tenant_id);
  add("resource", f.resource_type);
  add("resource_id", f.resource_id);
  const span = f.from || f.to ? `${f.from ?? ""}..${f.to ?? ""}` : undefined;
  return { filters: encodeTokens(tokens), q: f.q ?? undefined, range: f.last ?? span, stream: f.stream === "usage" ? "usage" : undefined };
}

const isPlain = (s: Parts) => s.filters === undefined && s.q === undefined && s.range === undefined && s.stream === undefined;
const sorted = (parts: Parts) => JSON.stringify([decodeTokens(parts.filters, AUDIT_FIELDS).sort((a, b) => a.field.localeCompare(b.field)), parts.q, parts.range, parts.stream]);

export interface Shown {
  parts: Parts;
  chosen?: Choice;
  /** What is shown is no longer what the view keeps. */
  edited: boolean;
  /** The address names a view that is not there. */
  gone: boolean;
}
/** A view alone in the address shows what it keeps; with filters beside it, those are shown, as a change of it. */
export function resolveView(search: AuditSearch, choices: Choice[] | undefined): Shown {
  const own: Parts = { filters: search.filters, q: search.q, range: search.range, stream: search.stream };
  const chosen = search.view ? (choices ?? BUILT_IN).find((c) => c.id === search.view) : undefined;
  if (!chosen) return { parts: own, edited: false, gone: !!search.view && choices !== undefined };
  const kept = toParts(chosen.filter);
  return isPlain(own) ? { parts: kept, chosen, edited: false, gone: false } : { parts: own, chosen, edited: sorted(own) !== sorted(kept), gone: false };
}
/** The address after a change of what is shown: the view stays chosen, unless nothing is filtered any more. */
export function editSearch(search: AuditSearch, shown: Shown, patch: Partial<Parts>): AuditSearch {
  const parts = { ...shown.parts, ...patch };
  const view = isPlain(parts) ? undefined : shown.chosen?.id;
  const same = shown.chosen && view && sorted(parts) === sorted(toParts(shown.chosen.filter));
  return { ...search, ...(same ? { filters: undefined, q: undefined, range: undefined, stream: undefined } : parts), view, entry: undefined };
}

/** Several event types as people read them. */
export function eventWords(value: string): string {
  const types = value.split(",").map((t) => t.trim()).filter(Boolean);
  const [meant, out] = [types.filter((t) => !t.startsWith("-")), types.filter((t) => t.startsWith("-")).map((t) => t.slice(1))];
  return [meant.join(", "), out.length > 0 ? `not ${out.join(", ")}` : ""].filter(Boolean).join(", ");
}
