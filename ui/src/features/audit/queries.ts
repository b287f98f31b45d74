import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, take, type AuditFilterQuery } from "@/api";
import type { Token } from "@/lib/filters";
import { resolveRange } from "@/lib/time";

export const AUDIT_FIELDS = ["outcome", "event", "actor", "tenant", "resource", "resource_id"] as const;
export interface AuditSearch {
  filters?: string;
  q?: string;
  range?: string;
  entry?: string;
  /** The resource whose history is shown, as type:id. */
  of?: string;
  /** The tenant it belongs to: ids of applications are a tenant's own. */
  in?: string;
  stream?: "usage";
  /** A saved view, or one of Reeve's own. */
  view?: string;
}
export interface ResourceRef {
  type: string;
  id: string;
  tenant?: string;
}
/** The type holds no colon; an id may. */
export function readResource(of: string | undefined, tenant: string | undefined): ResourceRef | undefined {
  const at = of?.indexOf(":") ?? -1;
  return of && at > 0 && at < of.length - 1 ? { type: of.slice(0, at), id: of.slice(at + 1), tenant } : undefined;
}
export interface AuditView {
  tokens: Token[];
  q?: string;
  range?: string;
  stream?: "usage";
}

const OUTCOMES: Record<string, AuditFilterQuery> = {
  ok: { outcome: "success" }, "not ok": { not_ok: true }, refused: { outcome: "denied" }, failed: { outcome: "failure" }, pending: { outcome: "pending" },
};
export const OUTCOME_VALUES = Object.keys(OUTCOMES);

/** From what is in the URL to what the server is asked. Pure, so that the mapping is tested. */
export function toQuery({ tokens, q, range, stream }: AuditView, now: number): AuditFilterQuery {
  const query: AuditFilterQuery = { ...resolveRange(range, now) };
  if (q) query.q = q;
  if (stream) query.stream = stream;
  for (const { field, value } of tokens) {
    if (field === "outcome") Object.assign(query, OUTCOMES[value]);
    if (field === "event") query.event_type = value;
    if (field === "actor") query.actor = value;
    if (field === "tenant") query.tenant_id = value;
    if (field === "resource") query.resource_type = value;
    if (field === "resource_id") query.resource_id = value;
  }
  return query;
}

const PAGE = 200;
export const auditListQuery = (view: AuditView) =>
  infiniteQueryOptions({
    queryKey: ["audit", "list", view],
    queryFn: ({ pageParam, signal }) =>
      take(api.GET("/audit/logs", { params: { query: { ...toQuery(view, Date.now()), limit: PAGE, cursor: pageParam } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });
/** The newest rows only; asked again at each event, so that the list itself never moves under the reader. */
export const auditHeadQuery = (view: AuditView) =>
  queryOptions({
    queryKey: ["audit", "head", view],
    queryFn: ({ signal }) => take(api.GET("/audit/logs", { params: { query: { ...toQuery(view, Date.now()), limit: 100 } }, signal })),
  });
export const auditStatsQuery = (view: AuditView) =>
  queryOptions({
    queryKey: ["audit", "stats", view],
    queryFn: ({ signal }) => take(api.GET("/audit/stats", { params: { query: { ...toQuery(view, Date.now()), buckets: 72 } }, signal })),
    placeholderData: keepPreviousData,
  });
export const auditEntryQuery = (id: string) =>
  queryOptions({
    queryKey: ["audit", "entry", id],
    queryFn: ({ signal }) => take(api.GET("/audit/logs/{id}", { params: { path: { id } }, signal })),
    staleTime: Infinity,
  });
export const auditProofQuery = (id: string) =>
  queryOptions({
    queryKey: ["audit", "proof", id],
    queryFn: ({ signal }) => take(api.GET("/audit/proof/{id}", { params: { path: { id } }, signal })),
    retry: false,
  });
export const checkpointQuery = (stream: "audit" | "usage") =>
  queryOptions({
    queryKey: ["audit", "checkpoint", stream],
    queryFn: ({ signal }) => take(api.GET("/audit/checkpoint", { params: { query: { stream } }, signal })),
  });
/** The history of one thing: its own entries, newest first. */
export const historyQuery = (filter: AuditFilterQuery, limit: number) =>
  queryOptions({
    queryKey: ["audit", "history", filter, limit],
    queryFn: ({ signal }) => take(api.GET("/audit/logs", { params: { query: { ...filter, limit } }, signal })),
  });
/** Pages of what happened to one resource, with its links; for a project also of what happened in it. */
export const resourceQuery = (of: ResourceRef, inside: boolean) =>
  infiniteQueryOptions({
    queryKey: ["audit", "history", "of", of, inside],
    queryFn: ({ pageParam, signal }) => {
      const query = { tenant_id: of.tenant, limit: 30, cursor: pageParam };
      const path = { id: of.id };
      return inside
        ? take(api.GET("/audit/project/{id}", { params: { path, query }, signal }))
        : take(api.GET("/audit/entity/{id}", { params: { path, query: { ...query, type: of.type } }, signal }));
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });
export const healthQuery = queryOptions({
  queryKey: ["audit", "health"],
  queryFn: ({ signal }) => take(api.GET("/audit/health", { signal })),
  refetchInterval: 60_000,
});
/** Only run on request; kept in the cache, so the verdict survives leaving the page. */
export const verifyQuery = queryOptions({
  queryKey: ["audit", "verify"],
  queryFn: ({ signal }) => take(api.GET("/audit/verify", { params: { query: {} }, signal })),
  enabled: false,
  staleTime: Infinity,
  gcTime: Infinity,
  retry: false,
});
