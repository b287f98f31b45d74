/** The contract's views, by the names the API gives them. Money is a decimal string in USD, times are RFC 3339. */

export type Tier = "free" | "starter" | "professional" | "enterprise";
export type TenantStatus = "active" | "suspended" | "archived";
export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  request_id?: string;
  fields?: { field: string; message: string }[];
}

export interface VaultView {
  state: "unlocked" | "locked";
  reason: string | null;
  message: string | null;
}
export interface SetupView {
  state: "needs_admin" | "ready";
  sign_in: "open" | "password";
  host: "window" | "server";
  vault: VaultView;
  workspace_name: string;
  time_zone: string;
  gateway_url: string | null;
  version: string;
}
export interface UserView {
  id: string;
  name: string;
  email: string;
  role: string;
  has_password: boolean;
  created_at: string;
}
export interface SessionView {
  access_token: string;
  expires_in: number;
  user: UserView;
}
export interface MeView {
  user: UserView;
  scopes: string[];
  via: "window" | "session";
}
export interface RegisterBody {
  workspace_name: string;
  time_zone: string;
  name: string;
  email: string;
  password: string | null;
}
export interface LoginBody {
  email: string;
  password: string;
}
export interface PasswordBody {
  current_password: string | null;
  new_password: string;
}

export interface EventView {
  type: "audit" | "charge" | "tenant" | "budget" | "credential" | "settings" | "ledger";
  sequence: number | null;
  id: string | null;
}

export interface SpendFigure {
  cost_usd: string;
  requests: number;
}
export interface TenantView {
  id: string;
  name: string;
  slug: string;
  tier: Tier;
  status: TenantStatus;
  time_zone: string;
  owner: string | null;
  tags: string[];
  notes: string | null;
  sample: boolean;
  created_at: string;
  updated_at: string;
  usage: { today: SpendFigure; month: SpendFigure };
  daily_cost_usd: string[];
}
export interface CreateTenantBody {
  name: string;
  slug: string | null;
  tier: Tier;
  time_zone: string | null;
  owner: string | null;
  tags: string[] | null;
  notes: string | null;
}
export interface UpdateTenantBody {
  name?: string;
  slug?: string;
  tier?: Tier;
  time_zone?: string | null;
  owner?: string | null;
  tags?: string[] | null;
  notes?: string | null;
}
export interface QuotaLimits {
  requests_per_day: number;
  tokens_per_request: number;
  concurrent_requests: number;
}
export interface QuotaOverride {
  requests_per_day: number | null;
  tokens_per_request: number | null;
  concurrent_requests: number | null;
  until: string | null;
  reason: string | null;
}
export interface QuotaView {
  tier: Tier;
  limits: QuotaLimits;
  tier_limits: QuotaLimits;
  override: QuotaOverride | null;
  used: { requests_today: number; concurrent_now: number };
  remaining_today: number;
  resets_at: string;
}
export interface ApiKeyView {
  id: string;
  name: string;
  prefix: string;
  state: "active" | "revoked" | "expired";
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
}
export interface CreateApiKeyBody {
  name: string;
  expires_at: string | null;
}
export interface CreatedApiKey {
  api_key: ApiKeyView;
  secret: string;
}

export interface BudgetStatus {
  period_start: string;
  period_end: string;
  time_zone: string;
  spent_usd: string;
  reserved_usd: string;
  held_usd: string;
  remaining_usd: string;
  percentage_used: number;
  projected_usd: string | null;
  state: "ok" | "warning" | "refusing" | "over";
  refused_calls: number;
  refused_usd: string;
}
export interface BudgetView {
  id: string;
  scope: "workspace" | "tenant";
  tenant_id: string | null;
  tenant_name: string | null;
  period: "day" | "month";
  kind: "hard" | "soft";
  limit_usd: string;
  thresholds: number[];
  sample: boolean;
  created_at: string;
  updated_at: string;
  status: BudgetStatus;
}
export interface CreateBudgetBody {
  scope: "workspace" | "tenant";
  tenant_id: string | null;
  period: "day" | "month";
  limit_usd: string;
  kind: "hard" | "soft";
  thresholds: number[] | null;
}
export interface UpdateBudgetBody {
  limit_usd?: string;
  kind?: "hard" | "soft";
  thresholds?: number[];
}
export interface HoldView {
  id: string;
  tenant_id: string;
  tenant_name: string;
  amount_usd: string;
  opened_at: string;
  reason: string;
}

export interface CredentialView {
  id: string;
  name: string;
  provider: string;
  base_url: string;
  models: string[];
  fingerprint: string;
  last4: string;
  state: "current" | "revoked";
  created_at: string;
  last_used_at: string | null;
  revoked_at: string | null;
}
export interface CreateCredentialBody {
  name: string;
  provider: string;
  base_url: string | null;
  models: string[] | null;
  api_key: string;
}
export interface ProbeView {
  ok: boolean;
  status: number | null;
  message: string;
  models_count: number | null;
}
export interface ProviderView {
  id: string;
  name: string;
  base_url: string;
  priced_models: number;
}

export type UsageCounts = Record<string, number>;
export interface UsageRecordView {
  id: string;
  time: string;
  tenant_id: string;
  tenant_name: string;
  api_key_id: string | null;
  user: string | null;
  provider: string;
  model: string;
  operation: string;
  source: "gateway" | "import" | "sample";
  outcome: "success" | "failure" | "cancelled";
  status: number | null;
  usage: UsageCounts;
  cost_usd: string | null;
  pricing: "priced" | "ceiling" | "unpriced";
  unpriced_reason: string | null;
  latency_ms: number | null;
  first_byte_ms: number | null;
  stream: boolean;
  trace_id: string | null;
  sequence: number;
}
export interface ExplainView {
  record: UsageRecordView;
  lines: { unit: string; quantity: number; rate_usd_per_million: string; amount_usd: string }[];
  total_usd: string;
  rounding: string;
  price: {
    provider: string;
    model: string;
    source: string;
    version: string;
    effective_from: string;
    agree: number | null;
  } | null;
}
export interface SummaryFigure {
  cost_usd: string;
  requests: number;
  input_tokens: number;
  output_tokens: number;
}
export interface SummaryRow extends SummaryFigure {
  key: string;
  label: string;
}
export interface SummaryView {
  items: SummaryRow[];
  total: SummaryFigure;
}
export type ImportField = { column: string } | { value: string };
export interface ImportMapping {
  time: ImportField;
  input_tokens: ImportField;
  output_tokens: ImportField;
  cache_read_tokens: ImportField | null;
  model: ImportField;
  provider: ImportField | null;
  tenant: ImportField;
}
export interface ImportBody {
  name: string;
  csv: string | null;
  path: string | null;
  mapping: ImportMapping;
  preview: boolean;
}
export interface ImportView {
  id: string | null;
  state: "preview" | "imported" | "rejected";
  columns: string[];
  rows: number;
  new_rows: number;
  duplicate_rows: number;
  cost_usd: string;
  from: string | null;
  to: string | null;
  errors: { line: number; column: string | null; message: string }[];
  error_count: number;
  sample: {
    time: string;
    tenant: string;
    model: string;
    input_tokens: number;
    output_tokens: number;
    cost_usd: string | null;
  }[];
}
export interface PriceView {
  provider: string;
  model: string;
  mode: string;
  input_usd_per_million: string | null;
  output_usd_per_million: string | null;
  cache_read_usd_per_million: string | null;
  source: string;
  agree: number | null;
  effective_from: string;
  max_input_tokens: number | null;
  max_output_tokens: number | null;
}

export type AuditOutcome = "success" | "failure" | "denied" | "pending";
export interface AuditEntryView {
  id: string;
  sequence: number;
  time: string;
  event_type: string;
  action: string;
  severity: "info" | "notice" | "warning" | "critical";
  outcome: AuditOutcome;
  actor: { type: "user" | "api_key" | "system" | "window" | "anonymous"; id: string; name: string };
  via: "ui" | "api" | "gateway" | "cli" | "system";
  resource: { type: string; id: string; name: string | null } | null;
  tenant: { id: string; name: string } | null;
  summary: string;
  duration_ms: number | null;
  trace_id: string | null;
  request_id: string | null;
}
export interface AuditEntryDetail extends AuditEntryView {
  changes: { field: string; before: unknown; after: unknown }[];
  metadata: Record<string, unknown>;
  session_id: string | null;
  ip: string | null;
  user_agent: string | null;
  leaf: string;
  leaf_hash: string;
}
export interface AuditPage extends Page<AuditEntryView> {
  total: number;
  matched: number | null;
}
export interface VerifyView {
  intact: boolean;
  entries: number;
  root: string;
  origin: string;
  verified_at: string;
  duration_ms: number;
  checkpoints: number;
  first_bad: { sequence: number; reason: string } | null;
  statement: string;
  not_proven: string;
}
export interface AuditHealthView {
  intact: boolean | null;
  entries: number;
  root: string;
  last_verified_at: string | null;
}
export interface AuditStatsView {
  from: string;
  to: string;
  buckets: { start: string; count: number; not_ok: number }[];
}
export interface ProofView {
  sequence: number;
  tree_size: number;
  leaf_hash: string;
  root: string;
  hashes: string[];
  checkpoint: string;
}

export interface OverviewTenant extends TenantView {
  budget: { limit_usd: string; percentage_used: number; projected_usd: string | null } | null;
}
export interface OverviewView {
  today: {
    cost_usd: string;
    limit_usd: string | null;
    percentage: number | null;
    requests: number;
    usual_cost_usd: string | null;
  };
  month: { cost_usd: string; limit_usd: string | null; projected_usd: string | null };
  refused_today: { total: number; rate: number; budget: number; quota: number; other: number };
  added_latency_p95_ms: number | null;
  needs_you: { severity: "critical" | "warning" | "info"; text: string; time: string; link: string }[];
  daily: { day: string; cost_usd: string; requests: number }[];
  daily_limit_usd: string | null;
  tenants: OverviewTenant[];
  recent: AuditEntryView[];
}
export interface SettingsView {
  workspace_name: string;
  time_zone: string;
  unpriced: "refuse" | "ceiling";
  ceiling_input_usd_per_million: string | null;
  ceiling_output_usd_per_million: string | null;
  gateway_url: string | null;
  data_dir: string;
  version: string;
}
export type UpdateSettingsBody = Partial<
  Pick<
    SettingsView,
    "workspace_name" | "time_zone" | "unpriced" | "ceiling_input_usd_per_million" | "ceiling_output_usd_per_million"
  >
>;
export interface SampleCounts {
  tenants: number;
  usage_records: number;
}
