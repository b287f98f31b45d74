import { infiniteQueryOptions, keepPreviousData, queryOptions, type QueryClient } from "@tanstack/react-query";
import { api, take } from "@/api";

export interface PriceFilter {
  q?: string;
  provider?: string;
  disputed?: true;
  tenant?: string;
}
export const pricesQuery = (filter: PriceFilter) =>
  infiniteQueryOptions({
    queryKey: ["prices", "list", filter],
    queryFn: ({ pageParam, signal }) => take(api.GET("/prices", { params: { query: { q: filter.q, provider: filter.provider, disputed: filter.disputed, tenant_id: filter.tenant, limit: 200, cursor: pageParam } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });
/** The price of one model; null where there is none. */
export const priceQuery = ({ provider, model }: { provider: string; model: string }, tenant: string | undefined) =>
  queryOptions({
    queryKey: ["prices", "one", provider, model, tenant],
    queryFn: async ({ signal }) => {
      const found = await take(api.GET("/prices", { params: { query: { q: model, provider, tenant_id: tenant, limit: 1000 } }, signal }));
      return found.items.find((p) => p.provider === provider && p.model === model) ?? null;
    },
  });
export const priceHistoryQuery = (provider: string, model: string) =>
  queryOptions({
    queryKey: ["prices", "history", provider, model],
    queryFn: ({ signal }) => take(api.GET("/prices/{provider}/{model}/history", { params: { path: { provider, model } }, signal })),
  });
export const ownPricesQuery = queryOptions({
  queryKey: ["prices", "own"],
  queryFn: ({ signal }) => take(api.GET("/prices/own", { signal })),
});
export const unpricedQuery = queryOptions({
  queryKey: ["prices", "unpriced"],
  queryFn: ({ signal }) => take(api.GET("/prices/unpriced", { signal })),
});
export const priceListsQuery = queryOptions({
  queryKey: ["prices", "lists"],
  queryFn: ({ signal }) => take(api.GET("/prices/lists", { signal })),
});
export const reratingsQuery = queryOptions({
  queryKey: ["usage", "reratings"],
  queryFn: ({ signal }) => take(api.GET("/usage/reratings", { signal })),
});

/** A price changed: what calls cost from now on, and what is to be priced, is asked for again. */
export const pricesChanged = (client: QueryClient): void => {
  for (const queryKey of [["prices"], ["usage", "explain"]]) void client.invalidateQueries({ queryKey });
};
/** Charges were corrected: every sum is asked for again. */
export const chargesCorrected = (client: QueryClient): void => {
  for (const queryKey of [["usage"], ["overview"], ["tenants"], ["budgets"]]) void client.invalidateQueries({ queryKey });
};
