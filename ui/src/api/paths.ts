/** The operations, as the API's own document has them, and the queries that pages build. */
import type { paths } from "./schema.gen";

export type { paths };
type Query<P extends keyof paths> = paths[P] extends { get: { parameters: { query?: infer Q } } } ? NonNullable<Q> : never;
type Unpaged<Q> = Omit<Q, "limit" | "cursor" | "buckets">;

export type AuditFilterQuery = Unpaged<Query<"/audit/logs">>;
export type AuditExportQuery = paths["/audit/export"]["get"]["parameters"]["query"];
export type TenantsQuery = Query<"/tenants">;
export type RequestsQuery = Unpaged<Query<"/requests">>;
export type SummaryQuery = paths["/usage/summary"]["get"]["parameters"]["query"];
