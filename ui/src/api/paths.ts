/** The shape `openapi-fetch` reads. One line per operation of the contract, in the contract's order. */
import type * as T from "./types";

type Json<R> = { headers: Record<string, unknown>; content: { "application/json": R } };
type Failure = { headers: Record<string, unknown>; content: { "application/problem+json": T.Problem } };
type Params<P, Q> = { query?: Q; header?: never; path: P; cookie?: never };
type NoPath = Record<string, never> | undefined;
type Get<R, Q = never, P = NoPath> = {
  parameters: P extends NoPath ? { query?: Q; header?: never; path?: never; cookie?: never } : Params<P, Q>;
  requestBody?: never;
  responses: { 200: Json<R>; default: Failure };
};
type Body<B> = B extends undefined ? { requestBody?: never } : { requestBody: { content: { "application/json": B } } };
type Send<R, B = undefined, P = NoPath> = {
  parameters: P extends NoPath ? { query?: never; header?: never; path?: never; cookie?: never } : Params<P, never>;
  responses: { 200: Json<R>; default: Failure };
} & Body<B>;
type Id = { id: string };
type Cursor = { limit?: number; cursor?: string };
type Range = { from?: string; to?: string };
export type AuditFilterQuery = Range & {
  stream?: "audit" | "usage";
  event_type?: string;
  actor?: string;
  tenant_id?: string;
  resource_type?: string;
  resource_id?: string;
  outcome?: string;
  not_ok?: boolean;
  q?: string;
};
export type TenantsQuery = Cursor & { q?: string; status?: T.TenantStatus; tier?: T.Tier };
export type RecordsQuery = Cursor & Range & { tenant_id?: string; model?: string };
export type SummaryQuery = Range & { group_by: "day" | "model" | "tenant" | "api_key"; tenant_id?: string };

export interface paths {
  "/setup": { get: Get<T.SetupView> };
  "/auth/register": { post: Send<T.SessionView, T.RegisterBody> };
  "/auth/login": { post: Send<T.SessionView, T.LoginBody> };
  "/auth/refresh": { post: Send<T.SessionView> };
  "/auth/logout": { post: Send<never> };
  "/auth/me": { get: Get<T.MeView> };
  "/auth/password": { put: Send<never, T.PasswordBody> };
  "/auth/ws-tickets": { post: Send<{ ticket: string }> };
  "/tenants": { get: Get<T.Page<T.TenantView>, TenantsQuery>; post: Send<T.TenantView, T.CreateTenantBody> };
  "/tenants/{id}": { get: Get<T.TenantView, never, Id>; patch: Send<T.TenantView, T.UpdateTenantBody, Id> };
  "/tenants/{id}/suspend": { post: Send<T.TenantView, { reason: string | null }, Id> };
  "/tenants/{id}/resume": { post: Send<T.TenantView, undefined, Id> };
  "/tenants/{id}/archive": { post: Send<T.TenantView, undefined, Id> };
  "/tenants/{id}/quota": {
    get: Get<T.QuotaView, never, Id>;
    put: Send<T.QuotaView, T.QuotaOverride, Id>;
    delete: Send<T.QuotaView, undefined, Id>;
  };
  "/tenants/{id}/api-keys": {
    get: Get<T.Page<T.ApiKeyView>, Cursor, Id>;
    post: Send<T.CreatedApiKey, T.CreateApiKeyBody, Id>;
  };
  "/tenants/{id}/api-keys/{key_id}/revoke": { post: Send<T.ApiKeyView, undefined, { id: string; key_id: string }> };
  "/budgets": { get: Get<T.Page<T.BudgetView>, Cursor>; post: Send<T.BudgetView, T.CreateBudgetBody> };
  "/budgets/{id}": {
    get: Get<T.BudgetView, never, Id>;
    patch: Send<T.BudgetView, T.UpdateBudgetBody, Id>;
    delete: Send<never, undefined, Id>;
  };
  "/holds": { get: Get<{ items: T.HoldView[] }> };
  "/holds/{id}/release": { post: Send<never, undefined, Id> };
  "/credentials": { get: Get<T.Page<T.CredentialView>, Cursor>; post: Send<T.CredentialView, T.CreateCredentialBody> };
  "/credentials/{id}/revoke": { post: Send<T.CredentialView, undefined, Id> };
  "/credentials/{id}/probe": { post: Send<T.ProbeView, undefined, Id> };
  "/providers": { get: Get<{ items: T.ProviderView[] }> };
  "/usage/records": { get: Get<T.Page<T.UsageRecordView>, RecordsQuery> };
  "/usage/records/{id}/explain": { get: Get<T.ExplainView, never, Id> };
  "/usage/summary": { get: Get<T.SummaryView, SummaryQuery> };
  "/usage/import": { post: Send<T.ImportView, T.ImportBody> };
  "/prices": { get: Get<T.Page<T.PriceView>, Cursor & { q?: string; provider?: string }> };
  "/audit/logs": { get: Get<T.AuditPage, AuditFilterQuery & Cursor> };
  "/audit/logs/{id}": { get: Get<T.AuditEntryDetail, never, Id> };
  "/audit/verify": { get: Get<T.VerifyView, { stream?: "audit" | "usage" }> };
  "/audit/health": { get: Get<T.AuditHealthView> };
  "/audit/stats": { get: Get<T.AuditStatsView, AuditFilterQuery & { buckets?: number }> };
  "/audit/proof/{id}": { get: Get<T.ProofView, never, Id> };
  "/vault/recovery-code": { post: Send<{ recovery_code: string }> };
  "/vault/unlock": { post: Send<never, { recovery_code: string }> };
  "/overview": { get: Get<T.OverviewView> };
  "/settings": { get: Get<T.SettingsView>; patch: Send<T.SettingsView, T.UpdateSettingsBody> };
  "/sample": { get: Get<{ loaded: boolean }>; post: Send<T.SampleCounts>; delete: Send<T.SampleCounts> };
}
