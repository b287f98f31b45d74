import { infiniteQueryOptions, keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { api, take, type SummaryQuery, type TenantsQuery } from "@/api";
import { lastDays, useMay } from "@/components";
import { dayKey } from "@/lib/time";

export const tenantsQuery = (filter: TenantsQuery) =>
  infiniteQueryOptions({
    queryKey: ["tenants", "list", filter],
    queryFn: ({ pageParam, signal }) => take(api.GET("/tenants", { params: { query: { ...filter, limit: 200, cursor: pageParam } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });
/** Names for choosing: the first thousand. */
export const tenantNamesQuery = queryOptions({
  queryKey: ["tenants", "names"],
  queryFn: ({ signal }) => take(api.GET("/tenants", { params: { query: { limit: 1000 } }, signal })),
  staleTime: 60_000,
});
export function useTenantOptions(): { id: string; label: string }[] {
  const names = useQuery(tenantNamesQuery);
  return (names.data?.items ?? []).map((t) => ({ id: t.id, label: t.name }));
}
export const tenantQuery = (id: string) =>
  queryOptions({
    queryKey: ["tenants", "one", id],
    queryFn: ({ signal }) => take(api.GET("/tenants/{id}", { params: { path: { id } }, signal })),
  });
/** Who holds a role for the tenant. Under the key of people, who may change it. */
export const holdersQuery = (id: string) =>
  queryOptions({
    queryKey: ["people", "holders", id],
    queryFn: ({ signal }) => take(api.GET("/tenants/{id}/grants", { params: { path: { id } }, signal })),
  });
export const quotaQuery = (id: string) =>
  queryOptions({
    queryKey: ["tenants", "quota", id],
    queryFn: ({ signal }) => take(api.GET("/tenants/{id}/quota", { params: { path: { id } }, signal })),
  });
export const modelRulesQuery = (id: string) =>
  queryOptions({
    queryKey: ["tenants", "model-rules", id],
    queryFn: ({ signal }) => take(api.GET("/tenants/{id}/model-rules", { params: { path: { id } }, signal })),
  });
/** Of all tenants, the newest first; `me`: those that one made oneself. */
export const allKeysQuery = (made_by: "me" | null) =>
  infiniteQueryOptions({
    queryKey: ["tenants", "all-api-keys", made_by],
    queryFn: ({ pageParam, signal }) => take(api.GET("/api-keys", { params: { query: { ...(made_by ? { made_by } : {}), limit: 100, cursor: pageParam } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
export const apiKeysQuery = (id: string) =>
  queryOptions({
    queryKey: ["tenants", "api-keys", id],
    queryFn: ({ signal }) => take(api.GET("/tenants/{id}/api-keys", { params: { path: { id }, query: { limit: 1000 } }, signal })),
  });
/** The last thirty calendar days, as the chart beside it counts them. */
export const summaryQuery = (tenant: string, groupBy: SummaryQuery["group_by"]) =>
  queryOptions({
    queryKey: ["usage", "summary", "tenant", tenant, groupBy],
    queryFn: ({ signal }) =>
      take(api.GET("/usage/summary", { params: { query: { group_by: groupBy, tenant_id: tenant, days: 30 } }, signal })),
  });
export const captureQuery = (id: string) =>
  queryOptions({
    queryKey: ["tenants", "capture", id],
    queryFn: ({ signal }) => take(api.GET("/tenants/{id}/capture", { params: { path: { id } }, signal })),
  });
export const PERIODS = ["today", "7d", "30d", "month"] as const;
export type Period = (typeof PERIODS)[number];
/** Calendar days of the workspace, today included: every period is whole days. */
export const daysOf = (period: Period, today: string): number => (period === "today" ? 1 : period === "7d" ? 7 : period === "30d" ? 30 : Number(today.slice(8, 10)));
const todayIn = (zone: string) => dayKey(new Date().toISOString(), zone);
export const periodDays = (period: Period, zone: string): string[] => lastDays(todayIn(zone), daysOf(period, todayIn(zone)));
export const periodQuery = (tenant: string, groupBy: SummaryQuery["group_by"], period: Period, zone: string) =>
  queryOptions({
    queryKey: ["usage", "summary", "tenant", tenant, groupBy, period],
    queryFn: ({ signal }) => take(api.GET("/usage/summary", { params: { query: { group_by: groupBy, tenant_id: tenant, days: daysOf(period, todayIn(zone)) } }, signal })),
    placeholderData: keepPreviousData,
  });
export const modelsQuery = queryOptions({
  queryKey: ["credentials", "models"],
  queryFn: ({ signal }) => take(api.GET("/credentials", { params: { query: { limit: 100 } }, signal })),
  staleTime: 60_000,
});
const chatModelsQuery = (provider: string) =>
  queryOptions({
    queryKey: ["prices", "chat", provider],
    queryFn: ({ signal }) => take(api.GET("/prices", { params: { query: { provider, limit: 100 } }, signal })),
    staleTime: Infinity,
    enabled: provider !== "",
  });
const FALLBACK_MODEL = "gpt-5-mini";
/** A model that the workspace's own keys can reach, for examples: one a key names, else one its provider has a price for. */
/** Models most people have heard of; an example with one of them is understood at once. */
const KNOWN_MODELS = ["gpt-4o-mini", "claude-sonnet-4-5", "gemini-2.5-flash", "mistral-small-latest", "deepseek-chat"];
export function useExampleModel(): string {
  const see = useMay("credential:read");
  const live = (useQuery({ ...modelsQuery, enabled: see === null }).data?.items ?? []).filter((c) => c.state === "current" && c.renews_id === null);
  const named = live.find((c) => c.models.length > 0)?.models[0];
  const prices = useQuery(chatModelsQuery(named ? "" : (live[0]?.provider ?? "")));
  const chat = (prices.data?.items ?? []).filter((p) => p.mode === "chat").map((p) => p.model);
  return named ?? KNOWN_MODELS.find((m) => chat.includes(m)) ?? chat[0] ?? FALLBACK_MODEL;
}
