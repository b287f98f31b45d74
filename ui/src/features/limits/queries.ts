import { queryOptions } from "@tanstack/react-query";
import { api, take, type LimitBucket, type LimitNumbers, type LimitRefusalRow, type LimitScope, type LimitStatusView } from "@/api";
import { formatCount } from "@/lib/number";
import type { Tone } from "@/ui";

export const SCOPES: readonly LimitScope[] = ["tenant", "api_key", "user", "model", "ip"];
export const SCOPE_WORDS: Record<LimitScope, string> = { tenant: "Tenant", api_key: "API key", user: "User", model: "Model", ip: "Network address" };
export const SCOPE_NOTES: Record<LimitScope, string> = {
  tenant: "All keys and users of a tenant together",
  api_key: "Each API key by itself",
  user: "Each end user of a tenant, and each person in this console",
  model: "A model, all tenants together",
  ip: "An address that shows no good key or sign-in",
};

/** Buckets move by themselves, so they are asked for again while somebody looks. */
const REFRESH_MS = 5_000;

export const limitsQuery = queryOptions({
  queryKey: ["limits", "list"],
  queryFn: ({ signal }) => take(api.GET("/limits", { params: { query: { limit: 1_000 } }, signal })),
});
export const limitStatusQuery = queryOptions({
  queryKey: ["limits", "status"],
  queryFn: ({ signal }) => take(api.GET("/limits/status", { params: { query: { limit: 12 } }, signal })),
  refetchInterval: REFRESH_MS,
});
export const tenantLimitQuery = (id: string) => queryOptions({
  queryKey: ["limits", "status", id],
  queryFn: ({ signal }) => take(api.GET("/limits/status", { params: { query: { scope: "tenant", subject: id } }, signal })),
  refetchInterval: REFRESH_MS,
});
export const limitRefusalsQuery = queryOptions({
  queryKey: ["limits", "refusals"],
  queryFn: ({ signal }) => take(api.GET("/limits/refusals", { signal })),
  refetchInterval: 6 * REFRESH_MS,
});

/** How much of a bucket is used, in percent. */
export const usedOf = (bucket: LimitBucket): number => (bucket.capacity === 0 ? 100 : 100 - (bucket.available_tokens / bucket.capacity) * 100);
export const toneOf = (used: number): Exclude<Tone, "info" | "none"> => (used >= 99.5 ? "bad" : used >= 80 ? "warn" : "ok");

/** The bucket with the least left. */
export function tightest(status: LimitStatusView): { what: "requests" | "tokens"; bucket: LimitBucket } | null {
  const { requests, tokens } = status;
  if (tokens && (!requests || usedOf(tokens) > usedOf(requests))) return { what: "tokens", bucket: tokens };
  return requests ? { what: "requests", bucket: requests } : null;
}

/** A number of a limit for people; what is not limited says so. */
export const numberWords = (n: number | null | undefined, none = "no limit"): string => (n == null ? none : formatCount(n));

export function refusedByScope(rows: readonly LimitRefusalRow[]): Record<LimitScope, number> {
  const sums: Record<LimitScope, number> = { tenant: 0, api_key: 0, user: 0, model: 0, ip: 0 };
  for (const row of rows) sums[row.scope] += row.calls;
  return sums;
}

/** A whole number from 1 to a billion as people type it; undefined for nothing, null where it is wrong. */
export function readCount(text: string): number | null | undefined {
  const bare = text.replace(/[,\s]/g, "");
  if (bare === "") return undefined;
  const n = /^\d+$/.test(bare) ? Number(bare) : 0;
  return n >= 1 && n <= 1_000_000_000 ? n : null;
}

export interface LimitTexts {
  requests_per_minute: string;
  tokens_per_minute: string;
  burst: string;
  concurrent_requests: string;
}
export const NUMBER_FIELDS = ["requests_per_minute", "tokens_per_minute", "burst", "concurrent_requests"] as const;
export const toTexts = (n: LimitNumbers | undefined): LimitTexts => {
  const text = (v: number | null | undefined) => (v == null ? "" : String(v));
  return { requests_per_minute: text(n?.requests_per_minute), tokens_per_minute: text(n?.tokens_per_minute), burst: text(n?.burst), concurrent_requests: text(n?.concurrent_requests) };
};
/** What a scope can limit. */
export const fieldsOf = (scope: LimitScope): readonly (typeof NUMBER_FIELDS)[number][] =>
  scope === "ip" ? ["requests_per_minute", "burst"] : scope === "tenant" ? ["requests_per_minute", "tokens_per_minute", "burst"] : NUMBER_FIELDS;
/** The numbers typed for a scope, or which fields are wrong. */
export function readNumbers(texts: LimitTexts, scope: LimitScope): { numbers: LimitNumbers; wrong: (typeof NUMBER_FIELDS)[number][] } {
  const numbers: LimitNumbers = { requests_per_minute: null, tokens_per_minute: null, burst: null, concurrent_requests: null };
  const wrong: (typeof NUMBER_FIELDS)[number][] = [];
  for (const field of fieldsOf(scope)) {
    const n = readCount(texts[field]);
    if (n === null) wrong.push(field);
    else numbers[field] = n ?? null;
  }
  if (numbers.burst != null && numbers.requests_per_minute == null && !wrong.includes("burst")) wrong.push("burst");
  return { numbers, wrong };
}
