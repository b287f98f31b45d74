import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, take, type RequestDetailView, type RequestsQuery, type RequestView } from "@/api";
import type { Token } from "@/lib/filters";
import { resolveRange } from "@/lib/time";

export const REQUEST_FIELDS = ["outcome", "reason", "tenant", "model", "provider", "key", "user", "tag", "status", "cost", "slower"] as const;
export interface RequestsSearch {
  filters?: string;
  q?: string;
  range?: string;
  request?: string;
}
export interface RequestsView {
  tokens: Token[];
  q?: string;
  range?: string;
}

export const OUTCOMES: Record<string, RequestsQuery["outcome"]> = { ok: "success", failed: "failure", cancelled: "cancelled", refused: "refused" };
/** Why calls are refused, in words. A reason that is not here shows as it is. */
export const REASONS: Record<string, string> = {
  budget_exceeded: "budget", quota_exceeded: "quota", rate_limited: "rate limit", policy_denied: "policy", not_found: "model not served",
  unauthenticated: "unknown key", forbidden: "not allowed", invalid: "not understood", unavailable: "no key available",
};
export const reasonWords = (reason: string | null): string => (reason === null ? "" : (REASONS[reason] ?? reason.replaceAll("_", " ")));

/** Which budget: its period and whom or what it caps. `target` is its name, where it is known. */
export function budgetWords(b: RequestDetailView["budgets"][number], target: string | null | undefined): string {
  if (b.period === null || b.scope === null) return "A budget that was removed since";
  const what = { workspace: "the workspace", tenant: b.tenant_name ?? "the tenant", api_key: "API key", user: "user", model: "model", tag: "tag", pool: "pool" }[b.scope];
  const named = b.scope === "workspace" || b.scope === "tenant" ? what : target ? `${what} ${target}` : `a ${what}`.replace("a API", "an API");
  return `${b.period === "day" ? "Daily" : "Monthly"} budget of ${named}${b.kind === "soft" ? ", soft" : ""}`;
}

const seconds = (text: string): number | undefined => {
  const n = Number(text.replace(/\s*s$/, ""));
  return Number.isFinite(n) && n >= 0 ? Math.round(n * 1_000) : undefined;
};
const usd = (text: string): string | undefined => {
  const plain = text.replace(/^\$/, "").trim();
  return /^\d+(\.\d+)?$/.test(plain) && Number(plain) > 0 ? plain : undefined;
};

/** From what is in the URL to what the server is asked. Pure, so that the mapping is tested. */
export function toQuery({ tokens, q, range }: RequestsView, now: number): RequestsQuery {
  const query: RequestsQuery = { ...resolveRange(range, now) };
  if (q) query.q = q;
  for (const { field, value } of tokens) {
    if (field === "outcome") query.outcome = OUTCOMES[value];
    if (field === "reason") query.reason = value;
    if (field === "tenant") query.tenant_id = value;
    if (field === "model") query.model = value;
    if (field === "provider") query.provider = value;
    if (field === "key") query.api_key_id = value;
    if (field === "user") query.user = value;
    if (field === "tag") query.tag = value;
    if (field === "status" && /^\d{3}$/.test(value)) query.status = Number(value);
    if (field === "cost") query.min_cost_usd = usd(value);
    if (field === "slower") query.min_latency_ms = seconds(value);
  }
  return query;
}

const PAGE = 200;
export const requestsQuery = (view: RequestsView) =>
  infiniteQueryOptions({
    queryKey: ["requests", "list", view],
    queryFn: ({ pageParam, signal }) => take(api.GET("/requests", { params: { query: { ...toQuery(view, Date.now()), limit: PAGE, cursor: pageParam } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });
/** The newest rows only; asked again at each event, so that the list itself never moves under the reader. */
export const requestsHeadQuery = (view: RequestsView) =>
  queryOptions({
    queryKey: ["requests", "head", view],
    queryFn: ({ signal }) => take(api.GET("/requests", { params: { query: { ...toQuery(view, Date.now()), limit: 100 } }, signal })),
  });
export const requestQuery = (id: string) =>
  queryOptions({
    queryKey: ["requests", "one", id],
    queryFn: ({ signal }) => take(api.GET("/requests/{id}", { params: { path: { id } }, signal })),
  });
export const liveQuery = (tenant: string | undefined) =>
  queryOptions({
    queryKey: ["requests", "live", tenant],
    queryFn: ({ signal }) => take(api.GET("/requests/live", { params: { query: { tenant_id: tenant } }, signal })),
    refetchInterval: 3_000,
  });

/** What the head has and the list has not. Calls settle out of order: a long one that began earlier may come last. */
export function fresh(head: RequestView[], rows: RequestView[]): RequestView[] {
  const known = new Set(rows.slice(0, 2_000).map((r) => r.id));
  const oldest = rows.at(-1)?.time;
  return head.filter((r) => !known.has(r.id) && (oldest === undefined || rows.length < PAGE || r.time >= oldest));
}
/** Newest first, whatever the order of arrival. */
export const merged = (more: RequestView[], rows: RequestView[]): RequestView[] =>
  [...more, ...rows].sort((a, b) => (a.time === b.time ? 0 : a.time < b.time ? 1 : -1));
