/** The contract's views, as the API's own document has them. Money is a decimal string in USD, times are RFC 3339. */
import type { components } from "./schema.gen";

type Schemas = components["schemas"];

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}
export type UsageCounts = Record<string, number>;

export type Tier = Schemas["Tier"];
export type TenantStatus = Schemas["TenantStatus"];
export type Problem = Schemas["Problem"];
export type VaultView = Schemas["VaultView"];
export type SetupView = Schemas["SetupView"];
export type UserView = Schemas["UserView"];
export type SessionView = Schemas["SessionView"];
export type MeView = Schemas["MeView"];
export type RegisterBody = Schemas["RegisterBody"];
export type LoginBody = Schemas["LoginBody"];
export type PasswordBody = Schemas["PasswordBody"];
export type EventView = Schemas["EventView"];
export type SpendFigure = Schemas["SpendFigure"];
export type TenantView = Schemas["TenantView"];
export type CreateTenantBody = Schemas["CreateTenantBody"];
export type UpdateTenantBody = Schemas["UpdateTenantBody"];
export type QuotaLimits = Schemas["QuotaLimits"];
export type QuotaOverride = Schemas["QuotaOverride"];
export type QuotaView = Schemas["QuotaView"];
export type ApiKeyView = Schemas["ApiKeyView"];
export type CreateApiKeyBody = Schemas["CreateApiKeyBody"];
export type CreatedApiKey = Schemas["CreatedApiKey"];
export type BudgetStatus = Schemas["BudgetStatus"];
export type BudgetView = Schemas["BudgetView"];
export type CreateBudgetBody = Schemas["CreateBudgetBody"];
export type UpdateBudgetBody = Schemas["UpdateBudgetBody"];
export type HoldView = Schemas["HoldView"];
export type CredentialView = Schemas["CredentialView"];
export type RouteView = Schemas["RouteView"];
export type CreateRouteBody = Schemas["CreateRouteBody"];
export type CredentialHealthView = Schemas["CredentialHealthView"];
export type ModelRulesView = Schemas["ModelRulesView"];
export type CreateCredentialBody = Schemas["CreateCredentialBody"];
export type ProbeView = Schemas["ProbeView"];
export type ProviderView = Schemas["ProviderView"];
export type UsageRecordView = Schemas["UsageRecordView"];
export type ExplainView = Schemas["ExplainView"];
export type SummaryFigure = Schemas["SummaryFigure"];
export type SummaryRow = Schemas["SummaryRow"];
export type SummaryView = Schemas["SummaryView"];
export type ImportField = Schemas["ImportField"];
export type ImportMapping = Schemas["ImportMapping"];
export type ImportBody = Schemas["ImportBody"];
export type ImportView = Schemas["ImportView"];
export type PriceView = Schemas["PriceView"];
export type AuditOutcome = Schemas["AuditOutcome"];
export type AuditEntryView = Schemas["AuditEntryView"];
export type AuditEntryDetail = Schemas["AuditEntryDetail"];
export type AuditPage = Schemas["AuditPage"];
export type VerifyView = Schemas["VerifyView"];
export type AuditHealthView = Schemas["AuditHealthView"];
export type AuditStatsView = Schemas["AuditStatsView"];
export type ProofView = Schemas["ProofView"];
export type OverviewTenant = Schemas["OverviewTenant"];
export type OverviewView = Schemas["OverviewView"];
export type SettingsView = Schemas["SettingsView"];
export type UpdateSettingsBody = Schemas["UpdateSettingsBody"];
export type SampleCounts = Schemas["SampleCounts"];
