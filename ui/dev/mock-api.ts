/** A believable server for `npm run dev:mock`: enough to look at every page. Never part of the build. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin } from "vite";

type Obj = Record<string, unknown>;
let seed = 7;
const rnd = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
const hex = (n: number) => Array.from({ length: n }, () => Math.floor(rnd() * 16).toString(16)).join("");
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const MIN = 60_000, HOUR = 60 * MIN, DAY = 24 * HOUR;
const usd = (n: number) => n.toFixed(n < 0.01 ? 6 : 2);
const day = (i: number) => new Date(Date.now() - i * DAY).toISOString().slice(0, 10);
const fresh = process.env.MOCK_FRESH === "1";
const empty = process.env.MOCK_EMPTY === "1";

const NAMES: [string, string, string, number, number][] = [["Northwind", "professional", "active", 3120.44, 612004], ["Acme Corp", "enterprise", "active", 2874.02, 1204551], ["Globex", "professional", "active", 1533.9, 388120], ["Initech", "starter", "active", 902.17, 90442], ["Umbrella", "starter", "suspended", 611.58, 71208], ["Research", "free", "active", 0.0042, 12]];
const tenants: Obj[] = empty || fresh ? [] : NAMES.map(([name, tier, status, cost, requests], i) => ({
  id: `ten_01JD0000000000000000000${i}00`, name, slug: name.toLowerCase().replace(" ", "-"), tier, status, time_zone: "Europe/Berlin", owner: ["Finance", "Platform", null][i % 3], tags: ["production"], notes: null, sample: i === 5,
  created_at: ago(90 * DAY), updated_at: ago(3 * HOUR), usage: { today: { cost_usd: usd(cost / 21), requests: Math.round(requests / 21) }, month: { cost_usd: usd(cost), requests } },
  daily_cost_usd: Array.from({ length: 30 }, () => usd((cost / 25) * (0.7 + rnd() * 0.6))),
}));
const budget = (i: number, tenant: Obj | null, period: string, kind: string, limit: number, spent: number, reserved: number, projected: number | null, state: string): Obj => ({
  id: `bud_01JD000000000000000000${i}000`, scope: tenant ? "tenant" : "workspace", tenant_id: tenant?.id ?? null, tenant_name: tenant?.name ?? null, period, kind, limit_usd: usd(limit), thresholds: [80, 100], sample: false, created_at: ago(40 * DAY), updated_at: ago(4 * DAY),
  status: { period_start: ago(20 * DAY), period_end: "2026-11-30T23:00:00.000Z", time_zone: "Europe/Berlin", spent_usd: usd(spent), reserved_usd: usd(reserved), held_usd: i === 3 ? "3.10" : "0", remaining_usd: usd(Math.max(0, limit - spent - reserved)), percentage_used: ((spent + reserved) / limit) * 100, projected_usd: projected === null ? null : usd(projected), state, refused_calls: state === "refusing" ? 112 : 0, refused_usd: state === "refusing" ? "3.12" : "0" },
});
const budgets: Obj[] = tenants.length === 0 ? [] : [
  budget(0, null, "month", "hard", 14200, 9204.11, 61.4, 14870, "ok"), budget(1, tenants[0] ?? null, "day", "hard", 120, 120, 0, null, "refusing"), budget(2, tenants[1] ?? null, "month", "hard", 6000, 2874.02, 22.85, 4410, "ok"),
  budget(3, tenants[2] ?? null, "month", "hard", 2000, 1533.9, 9.75, 2160, "warning"), budget(4, tenants[3] ?? null, "month", "soft", 2000, 902.17, 2, 1400, "ok"), budget(5, tenants[4] ?? null, "month", "soft", 500, 611.58, 0.45, 1040, "over"),
];
const EVENTS: [string, string, string, string, string][] = [["admin", "api.key_create", "api_key", "checkout-service", "success"], ["gateway", "budget.exceeded", "tenant", "Northwind", "denied"], ["operator", "auth.failed", "user", "operator", "failure"], ["admin", "budget.update", "budget", "Globex", "success"], ["gateway", "quota.exceeded", "tenant", "Initech", "denied"], ["admin", "tenant.update", "tenant", "Acme Corp", "success"], ["admin", "usage.import", "usage", "october.csv", "success"], ["admin", "credential.create", "credential", "openai / production", "success"], ["system", "ledger.checkpoint", "ledger", "audit", "success"]];
let total = empty ? 0 : 1204993;
const entry = (sequence: number): Obj => {
  const [actor = "", event_type = "", type = "", name = "", outcome = ""] = EVENTS[sequence % EVENTS.length] ?? [];
  const tenant = tenants.find((t) => t.name === name);
  return { id: `audit.${sequence}`, sequence, time: ago((1204993 - sequence) * 41_300), event_type, action: "UPDATE", severity: "info", outcome, actor: { type: actor === "gateway" || actor === "system" ? "system" : "user", id: "usr_01JD00000000000000000000AA", name: actor }, via: actor === "gateway" ? "gateway" : "ui", resource: { type, id: tenant?.id ?? `x_${name}`, name }, tenant: tenant ? { id: tenant.id, name } : null, summary: `Changed ${name}`, duration_ms: 12, trace_id: null, request_id: "req_01JD8QXJ3M" };
};
const detail = (sequence: number): Obj => ({ ...entry(sequence), changes: [{ field: "tier", before: "professional", after: "enterprise" }, { field: "requests_per_day", before: 100000, after: 1000000 }], metadata: { reason: "contract 2027" }, session_id: "ses_01JD0000000000000000008QX", ip: "10.4.0.22", user_agent: "Reeve window 0.1.0", leaf: JSON.stringify({ v: 1, sequence, event: "tenant.update", actor: "admin" }), leaf_hash: hex(64) });
const MODELS = ["gpt-5.5", "claude-sonnet-5", "gpt-5-mini", "text-embedding-4"];
const record = (i: number): Obj => {
  const t = tenants[i % Math.max(1, tenants.length)];
  const unpriced = i % 17 === 5;
  return { id: `chg_01JD0000000000000000${String(1000000 + i)}`, time: ago(i * 71_000), tenant_id: t?.id, tenant_name: t?.name, api_key_id: "key_01JD00000000000000000000AA", user: null, provider: "openai", model: unpriced ? "house-model-2" : MODELS[i % 4], operation: "chat", source: i % 5 === 0 ? "import" : "gateway", outcome: i % 23 === 7 ? "failure" : "success", status: 200, usage: { input: 1204 + i * 3, cache_read: 512, output: 331 + (i % 90) }, cost_usd: unpriced ? null : i % 3 ? usd(0.0031 + i * 0.0007) : "0.000123", pricing: unpriced ? "unpriced" : "priced", unpriced_reason: unpriced ? "The catalogue has no price for house-model-2." : null, latency_ms: 400 + (i % 40) * 37, first_byte_ms: 210, stream: true, trace_id: null, sequence: 90000 - i };
};
const version = (n: number, state: string, from: number, until: number | null, grace: number | null = null): Obj => ({ version: n, state, provider_key_id: state === "current" ? `svc_${n}a41` : null, fingerprint: hex(16), last4: `v${n}Qk`, created_at: ago(from * DAY), promoted_at: ago(from * DAY), retired_at: until === null ? null : ago(until * DAY), grace_until: grace === null ? null : ago(grace * DAY), revoked_at: state === "revoked" ? ago((until ?? 0) * DAY) : null, expires_at: null, last_used_at: ago(MIN), calls: 1200 * n });
const rotation = (n: number, state: string, patch: Obj = {}): Obj => ({ id: `rot_01JD000000000000000000000${n}`, credential_id: `crd_01JD000000000000000000000${n}`, credential_name: "production", provider: "anthropic", state, resumes: null, cause: "schedule", from_version: 4, to_version: 5, started_at: ago(4 * MIN), updated_at: ago(MIN), promoted_at: null, grace_until: null, soak_until: null, next_at: null, ended_at: null, attempts: 0, extended: false, error_class: null, error: null, ...patch });
const CREDS: [string, string, string, string, Obj[], number, Obj | null][] = [
  ["openai", "production", "a41c09be77d0e2b1", "9f2K", [version(7, "current", 18, null), version(6, "revoked", 110, 18)], 72, null],
  ["anthropic", "production", "e7b251c0031f9944", "x8Qa", [version(4, "current", 87, null)], 3, rotation(1, "probing")],
  ["aws-bedrock", "us-east-1", "03fd5591c07e12aa", "77Lm", [version(12, "current", 3, null), version(11, "grace", 93, 3, -4)], 87, rotation(2, "draining", { provider: "aws-bedrock", credential_name: "us-east-1", from_version: 11, to_version: 12, promoted_at: ago(3 * DAY), grace_until: ago(-4 * DAY) })],
  ["google", "gemini", "9be0d1aa41f2c34c", "Qq4c", [version(2, "current", 43, null)], 47, null],
  ["azure-openai", "eu-west", "77a1d3aa01be5c60", "0017", [version(2, "current", 52, null)], 38, rotation(4, "needs_attention", { provider: "azure-openai", credential_name: "eu-west", from_version: 2, to_version: null, resumes: "intent", error_class: "limit", error: "there is no room for another key: two keys at most", attempts: 1 })],
];
const creds: Obj[] = empty || fresh ? [] : CREDS.map(([provider, name, fingerprint, last4, versions, due, r], i) => ({ id: `crd_01JD000000000000000000000${i}`, name, provider, base_url: "https://api.openai.com/v1", models: i ? [] : ["gpt-5.5", "gpt-5-mini"], weight: 100, priority: 1, breaker: "closed", breaker_reason: null, fingerprint, last4, state: "current", version: versions[0]?.version, promoted_at: versions[0]?.promoted_at, expires_at: null, policy: { period_days: 90, grace_days: 7, soak_hours: 24, control: null, control_credential_id: null, automatic: i === 0 }, due: { at: ago(-due * DAY), cause: "schedule" }, versions, rotation: r, created_at: ago(200 * DAY), last_used_at: ago(i * 2 * MIN), revoked_at: null }));
const keys: Obj[] = [{ id: "key_01JD00000000000000000000AA", name: "checkout-service", prefix: "rvk_ab12cd34ef56", state: "active", created_at: ago(40 * DAY), expires_at: null, last_used_at: ago(20_000), revoked_at: null }, { id: "key_01JD00000000000000000000AB", name: "etl-nightly", prefix: "rvk_zz98yx76wv54", state: "revoked", created_at: ago(80 * DAY), expires_at: null, last_used_at: ago(9 * DAY), revoked_at: ago(8 * DAY) }];
const daily = () => Array.from({ length: 30 }, (_, i) => ({ day: day(29 - i), cost_usd: tenants.length ? usd(330 + i * 3 + (i % 7 > 4 ? -120 : 0) + rnd() * 60) : "0", requests: 150000 + i * 900 }));
const limits = { requests_per_day: 100000, tokens_per_request: 32768, concurrent_requests: 50 };
const user = { id: "usr_01JD00000000000000000000AA", name: "admin", email: "admin@example.com", role: "admin", has_password: true, second_factor: false, created_at: ago(90 * DAY) };
const settings: Obj = { workspace_name: "Meridian Labs", time_zone: "Europe/Berlin", unpriced: "refuse", ceiling_input_usd_per_million: null, ceiling_output_usd_per_million: null, gateway_url: "http://127.0.0.1:4141/v1", data_dir: "/var/lib/reeve", version: "0.1.0" };
let state = fresh ? "needs_admin" : "ready";
let verified = ago(2 * MIN);
const ROOT = hex(64);
const list = (items: unknown[], more = false) => ({ items, next_cursor: more ? "next" : null });
const find = (from: Obj[], id: string | undefined) => from.find((x) => x.id === id);

function answer(method: string, path: string, query: URLSearchParams, body: Obj): unknown {
  const p = path.split("/").filter(Boolean);
  const key = `${method} /${path.replace(/^\//, "").replace(/(ten|bud|crd|chg|hld|key|rot|audit)[_.][^/]+/g, ":id")}`;
  const t = find(tenants, p[1]);
  const quota = { tier: t?.tier, limits, tier_limits: limits, override: null, used: { requests_today: 29143, concurrent_now: 4 }, remaining_today: 70857, resets_at: new Date(Date.now() + 9 * HOUR).toISOString() };
  const figure = { cost_usd: "9204.11", requests: 2366137, input_tokens: 3120448812, output_tokens: 412000119 };
  switch (key) {
    case "GET /setup": return { state, sign_in: "open", host: "server", vault: { state: "unlocked", reason: null, message: null }, workspace_name: state === "ready" ? settings.workspace_name : "", time_zone: settings.time_zone, gateway_url: settings.gateway_url, version: "0.1.0" };
    case "POST /auth/register": state = "ready"; Object.assign(settings, { workspace_name: body.workspace_name, time_zone: body.time_zone }); return { access_token: "x", expires_in: 600, user };
    case "POST /auth/login": case "POST /auth/refresh": return { access_token: "x", expires_in: 600, user };
    case "GET /auth/sessions": return list([{ id: "ses_01JD0000000000000000008QX", current: true, program: "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", created_at: ago(3 * HOUR), last_seen: ago(MIN), expires_at: ago(-30 * DAY) }]);
    case "GET /users": return list([{ ...user, disabled_at: null, sessions: 1, last_seen: ago(MIN) }]);
    case "GET /invitations": return list([]);
    case "GET /roles": return list([{ role: "admin", scopes: ["tenant:read", "tenant:write", "user:read", "user:write"] }, { role: "user", scopes: ["settings:read"] }]);
    case "GET /auth/second-factor": return { since: null, recovery_codes_left: 0 };
    case "POST /auth/second-factor": return { secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", uri: "otpauth://totp/Reeve:admin%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Reeve&algorithm=SHA1&digits=6&period=30" };
    case "POST /auth/second-factor/confirm": return { recovery_codes: Array.from({ length: 10 }, () => hex(24).toUpperCase().replace(/(.{4})(?=.)/g, "$1-")) };
    case "GET /auth/me": return { user, scopes: ["*"], via: "session" };
    case "GET /tenants": { const q = (query.get("q") ?? "").toLowerCase(); return list(tenants.filter((x) => String(x.name).toLowerCase().includes(q) && (!query.get("status") || x.status === query.get("status")) && (!query.get("tier") || x.tier === query.get("tier")))); }
    case "POST /tenants": { const made = { ...body, id: `ten_new${tenants.length}`, slug: "new", status: "active", time_zone: "Europe/Berlin", tags: [], sample: false, created_at: ago(0), updated_at: ago(0), usage: { today: { cost_usd: "0", requests: 0 }, month: { cost_usd: "0", requests: 0 } }, daily_cost_usd: Array(30).fill("0") }; tenants.push(made); return made; }
    case "GET /tenants/:id": return t;
    case "PATCH /tenants/:id": return Object.assign(t ?? {}, body);
    case "POST /tenants/:id/suspend": return Object.assign(t ?? {}, { status: "suspended" });
    case "POST /tenants/:id/resume": return Object.assign(t ?? {}, { status: "active" });
    case "GET /tenants/:id/quota": case "PUT /tenants/:id/quota": case "DELETE /tenants/:id/quota": return quota;
    case "GET /tenants/:id/api-keys": return list(keys);
    case "POST /tenants/:id/api-keys": { const made = { ...keys[0], id: `key_${keys.length}`, name: body.name, last_used_at: null, created_at: ago(0) }; keys.unshift(made); return { api_key: made, secret: `rvk_ab12cd34ef56.${hex(40)}` }; }
    case "GET /budgets": return list(budgets);
    case "PATCH /budgets/:id": return Object.assign(find(budgets, p[1]) ?? {}, body);
    case "GET /holds": return { items: tenants[2] ? [{ id: "hld_1", tenant_id: tenants[2].id, tenant_name: "Globex", amount_usd: "3.10", opened_at: ago(5 * HOUR), reason: "call interrupted" }] : [] };
    case "GET /credentials": return list(creds);
    case "POST /credentials": { const made = { ...body, id: `crd_${creds.length}`, models: [], base_url: "x", fingerprint: hex(16), last4: String(body.api_key).slice(-4), state: "current", version: 1, promoted_at: ago(0), expires_at: null, policy: { period_days: 90, grace_days: 7, soak_hours: 24, control: null, control_credential_id: null, automatic: false }, due: null, versions: [], rotation: null, created_at: ago(0), last_used_at: null, revoked_at: null }; creds.push(made); return made; }
    case "GET /credentials/:id/versions": return { versions: find(creds, p[1])?.versions ?? [], fallbacks: [{ version: 11, tenant_id: "ten_0", tenant_name: "Acme Corp", api_key_id: "key_0", api_key_name: "checkout-service", calls: 42, last_at: ago(3 * MIN) }] };
    case "GET /rotations/:id": { const r = creds.map((c) => c.rotation as Obj | null).find((one) => one?.id === p[1]); return { rotation: r, tag: "reeve-1f2a3b4c-0123456789ab", versions: [], can_create: true, can_delete: true, keys_at_provider: [{ id: "Key1", name: null, hint: "…0017", active: true, created_at: ago(200 * DAY), last_used_at: ago(MIN), last_used_by: null, version: 2 }, { id: "Key2", name: "old-laptop", hint: "…77ax", active: true, created_at: ago(410 * DAY), last_used_at: ago(300 * DAY), last_used_by: "bedrock us-east-1", version: null }] }; }
    case "GET /rotations": return list(creds.map((c) => c.rotation).filter(Boolean));
    case "GET /control-credentials": return { items: empty ? [] : [{ id: "ctl_01JD0000000000000000000000", name: "OpenAI organisation", provider: "openai", fingerprint: hex(16), last4: "k9Zz", used_by: ["production"], created_at: ago(90 * DAY), changed_at: ago(20 * DAY), last_used_at: ago(18 * DAY) }] };
    case "POST /credentials/:id/probe": return { ok: p[1]?.endsWith("0"), status: 401, message: "The provider refused the key", models_count: 42 };
    case "GET /providers": return { items: [{ id: "openai", name: "OpenAI", base_url: "https://api.openai.com/v1", priced_models: 120 }, { id: "anthropic", name: "Anthropic", base_url: "https://api.anthropic.com", priced_models: 22 }, { id: "custom", name: "Custom", base_url: "", priced_models: 0 }] };
    case "GET /usage/records": { const at = Number(query.get("cursor") === "next" ? 200 : 0); return tenants.length ? list(Array.from({ length: 200 }, (_, i) => record(at + i)), at === 0) : list([]); }
    case "GET /usage/records/:id/explain": { const r = record(Number(p[2]?.slice(-6) ?? 0)); return { record: r, lines: [{ unit: "input", quantity: 1204, rate_usd_per_million: "1.25", amount_usd: "0.001505" }, { unit: "cache_read", quantity: 512, rate_usd_per_million: "0.125", amount_usd: "0.000064" }, { unit: "output", quantity: 331, rate_usd_per_million: "10", amount_usd: "0.00331" }], total_usd: "0.004879", rounding: "half up to a nano-dollar, once", price: { provider: "openai", model: r.model, source: "built-in catalogue", version: "2026-11-02", effective_from: "2026-08-07T00:00:00Z", agree: 3 } }; }
    case "GET /usage/summary": { const g = query.get("group_by"); if (!tenants.length) return { items: [], total: { ...figure, cost_usd: "0", requests: 0 } }; return { items: g === "day" ? daily().map((d) => ({ key: d.day, label: d.day, cost_usd: d.cost_usd, requests: d.requests, input_tokens: 1, output_tokens: 1 })) : g === "tenant" ? tenants.map((x) => ({ ...figure, ...(x.usage as { month: Obj }).month, key: x.id, label: x.name })) : MODELS.map((m, i) => ({ key: m, label: m, cost_usd: usd(4310 / (i + 1)), requests: Math.round(900000 / (i + 1)), input_tokens: 9e8, output_tokens: 1.2e8 })), total: figure }; }
    case "POST /usage/import": { const preview = body.preview === true; return { id: preview ? null : "imp_1", state: preview ? "preview" : "imported", columns: ["timestamp", "model", "input_tokens", "output_tokens"], rows: 1200, new_rows: 1188, duplicate_rows: 12, cost_usd: "41.20", from: ago(30 * DAY), to: ago(DAY), errors: [], error_count: 0, sample: [{ time: "2026-10-02T10:00:00Z", tenant: "Acme Corp", model: "gpt-5.5", input_tokens: 120, output_tokens: 80, cost_usd: "0.0012" }] }; }
    case "GET /audit/logs": { const at = query.get("cursor") ? Number(query.get("cursor")) : total; const n = Math.min(Number(query.get("limit") ?? 100), at); return { items: Array.from({ length: n }, (_, i) => entry(at - i)), next_cursor: at - n > 0 ? String(at - n) : null, total, matched: query.get("outcome") || query.get("not_ok") || query.get("q") ? 1204 : null }; }
    case "GET /audit/logs/:id": return detail(Number(p[2]?.split(".")[1]));
    case "GET /audit/proof/:id": return { sequence: 1, tree_size: total, leaf_hash: hex(64), root: ROOT, hashes: Array.from({ length: 21 }, () => hex(64)), checkpoint: "reeve/audit" };
    case "GET /audit/verify": verified = ago(0); return { intact: true, entries: total, root: ROOT, origin: "reeve.local/audit", verified_at: verified, duration_ms: 1840, checkpoints: 412, first_bad: null, statement: "All 1,204,993 entries hash to the root of the newest signed checkpoint, and every earlier checkpoint is a prefix of it.", not_proven: "that nothing was left out before it was written, nor that the whole ledger was not replaced together with its signing key." };
    case "GET /audit/health": return { intact: empty ? null : true, entries: total, root: ROOT, last_verified_at: empty ? null : verified };
    case "GET /audit/stats": return { from: ago(DAY), to: ago(0), buckets: empty ? [] : Array.from({ length: 72 }, (_, i) => ({ start: ago((72 - i) * 20 * MIN), count: Math.round(10 + 60 * Math.abs(Math.sin(i * 0.37) * Math.cos(i * 0.11))), not_ok: i % 23 === 9 ? 12 : 0 })) };
    case "GET /overview": return {
      today: { cost_usd: empty ? "0" : "412.86", limit_usd: empty ? null : "600", percentage: empty ? null : 68.8, requests: empty ? 0 : 184302, usual_cost_usd: empty ? null : "353.00" }, month: { cost_usd: empty ? "0" : "9204.11", limit_usd: empty ? null : "14200", projected_usd: empty ? null : "14870.00" }, refused_today: empty ? { total: 0, rate: 0, budget: 0, quota: 0, other: 0 } : { total: 1127, rate: 612, budget: 112, quota: 403, other: 0 }, added_latency_p95_ms: empty ? null : 0.8,
      needs_you: empty ? [] : [{ severity: "critical", text: "Northwind reached 100% of its daily budget", time: ago(4 * MIN), link: "/budgets?state=refusing" }, { severity: "warning", text: "Globex passed 80% of its monthly budget", time: ago(11 * MIN), link: `/budgets?budget=${String(budgets[3]?.id)}` }, { severity: "info", text: "$3.10 is held for calls lost in a crash", time: ago(5 * HOUR), link: "/budgets" }],
      daily: daily(), daily_limit_usd: empty ? null : "600", tenants: tenants.slice(0, 5).map((x, i) => ({ ...x, budget: [{ limit_usd: "3000", percentage_used: 104, projected_usd: "3540" }, { limit_usd: "6000", percentage_used: 57, projected_usd: "5460" }, { limit_usd: "2000", percentage_used: 76, projected_usd: "2160" }, { limit_usd: "2000", percentage_used: 45, projected_usd: "1400" }, null][i] })), recent: empty ? [] : Array.from({ length: 8 }, (_, i) => entry(total - i)),
    };
    case "GET /settings": return settings;
    case "PATCH /settings": return Object.assign(settings, body);
    case "GET /sample": return { loaded: false };
    case "POST /sample": return { tenants: 5, usage_records: 12400 };
    default: return undefined;
  }
}

const CSP = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self' ipc: http://ipc.localhost ws:";

export function mockApi(): Plugin {
  const api = (request: IncomingMessage, response: ServerResponse) => {
        const url = new URL(request.url ?? "/", "http://mock");
        let text = "";
        request.on("data", (chunk: Buffer) => (text += chunk.toString()));
        request.on("end", () => {
          if (url.pathname === "/mock/grow") total += 12;
          const slow = url.pathname === "/audit/verify" ? 2_500 : 30;
          setTimeout(() => {
            const value = answer(request.method ?? "GET", url.pathname, url.searchParams, text ? (JSON.parse(text) as Obj) : {});
            response.statusCode = value === undefined ? 404 : 200;
            response.setHeader("content-type", value === undefined ? "application/problem+json" : "application/json");
            response.end(JSON.stringify(value ?? { type: "about:blank", title: "Not found", status: 404, code: "not_found", detail: "", request_id: "req_01" }));
          }, slow);
        });
  };
  return {
    name: "mock-api",
    configureServer: (server) => void server.middlewares.use("/api/v1", api),
    // The built files are looked at under the policy the real hosts send.
    configurePreviewServer: (server) => {
      server.middlewares.use((_, response, next) => {
        response.setHeader("Content-Security-Policy", CSP);
        next();
      });
      server.middlewares.use("/api/v1", api);
    },
  };
}
