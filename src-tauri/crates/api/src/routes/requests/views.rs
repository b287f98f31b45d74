//! Requests as the wire shows them.

use super::super::usage::ExplainView;
use super::super::{time, time_or_null};
use crate::words::{BudgetKind, BudgetScope, PeriodKind, Pricing, RequestOutcome, UsageSource};
use reeve_core::id::ApiKeyId;
use reeve_engine::Engine;
use reeve_engine::gateway::LiveCall;
use reeve_engine::requests::{BudgetDecision, Charge, RefusedCall, Request, RequestDetail};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use utoipa::ToSchema;

/// One request: a call that was let through and charged, an imported record, or calls that were refused.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestView {
    /// `chg_…` of a charged one, `req_…` of a refused one.
    id: String,
    time: String,
    #[schema(value_type = RequestOutcome)]
    outcome: String,
    /// Why it was refused: an error code such as `budget_exceeded`.
    reason: Option<String>,
    /// What a refused caller was told.
    message: Option<String>,
    /// How many calls this row stands for: more than one where many alike were refused within a second.
    calls: u64,
    tenant_id: Option<String>,
    tenant_name: Option<String>,
    api_key_id: Option<String>,
    api_key_name: Option<String>,
    /// End user, as the caller named them.
    user: Option<String>,
    tags: Vec<String>,
    provider: Option<String>,
    model: Option<String>,
    /// `chat`, `embeddings` …
    operation: Option<String>,
    #[schema(value_type = UsageSource)]
    source: String,
    /// Status of the provider's answer.
    status: Option<u16>,
    /// Quantity by unit; only what is not zero.
    usage: BTreeMap<&'static str, u64>,
    cost_usd: Option<String>,
    /// The most it might have cost: kept free while it ran, or what was asked for and refused.
    reserved_usd: Option<String>,
    #[schema(value_type = Option<Pricing>)]
    pricing: Option<String>,
    unpriced_reason: Option<String>,
    latency_ms: Option<i64>,
    first_byte_ms: Option<i64>,
    stream: bool,
    /// How often a provider was asked.
    attempts: u32,
    trace_id: Option<String>,
    request_id: Option<String>,
    /// Its entry in the ledger: `usage.…` of a charged one, `audit.…` of a refused one.
    entry_id: String,
}

impl RequestView {
    pub(crate) fn new(request: Request, keys: &HashMap<ApiKeyId, String>, engine: &Engine) -> Self {
        let key_name = request.api_key_id().and_then(|key| keys.get(&key).cloned());
        let view = match request {
            Request::Charged(charge) => Self::charged(*charge, engine),
            Request::Refused(refused) => Self::refused(*refused, engine),
        };
        Self { api_key_name: key_name, ..view }
    }

    fn charged(c: Charge, engine: &Engine) -> Self {
        let name = engine.tenant_name(c.tenant_id).unwrap_or_else(|| "Removed tenant".to_owned());
        Self {
            id: c.id.to_string(),
            time: time(c.time),
            outcome: c.outcome,
            reason: None,
            message: None,
            calls: 1,
            tenant_id: Some(c.tenant_id.to_string()),
            tenant_name: Some(name),
            api_key_id: c.api_key_id.map(|id| id.to_string()),
            api_key_name: None,
            user: c.user,
            tags: c.tags,
            provider: Some(c.provider),
            model: Some(c.model),
            operation: Some(c.operation),
            source: c.source,
            status: c.status,
            usage: c.usage.iter().map(|(unit, quantity)| (unit.as_str(), quantity)).collect(),
            cost_usd: c.cost.map(|cost| cost.to_string()),
            reserved_usd: c.trail.reserved.map(|amount| amount.to_string()),
            pricing: Some(c.pricing),
            unpriced_reason: c.unpriced_reason,
            latency_ms: c.latency_ms,
            first_byte_ms: c.first_byte_ms,
            stream: c.stream,
            attempts: c.attempts,
            trace_id: c.trace_id,
            request_id: c.request_id,
            entry_id: format!("usage.{}", c.seq),
        }
    }

    fn refused(r: RefusedCall, engine: &Engine) -> Self {
        let name = |id| engine.tenant_name(id).unwrap_or_else(|| "Removed tenant".to_owned());
        Self {
            id: r.id.to_string(),
            time: time(r.time),
            outcome: "refused".to_owned(),
            reason: Some(r.reason),
            message: r.message,
            calls: r.calls,
            tenant_id: r.tenant_id.map(|id| id.to_string()),
            tenant_name: r.tenant_id.map(name),
            api_key_id: r.api_key_id.map(|id| id.to_string()),
            api_key_name: None,
            user: r.user,
            tags: r.tags,
            provider: r.provider,
            model: r.model,
            operation: r.operation,
            source: "gateway".to_owned(),
            status: None,
            usage: BTreeMap::new(),
            cost_usd: None,
            reserved_usd: (r.asked.0 > 0).then(|| r.asked.to_string()),
            pricing: None,
            unpriced_reason: None,
            latency_ms: None,
            first_byte_ms: None,
            stream: r.stream,
            attempts: 0,
            trace_id: r.trace_id,
            request_id: Some(r.id.to_string()),
            entry_id: format!("audit.{}", r.seq),
        }
    }

    /// What a table of requests has as columns, in this order.
    pub(super) const COLUMNS: [&str; 20] = [
        "time",
        "id",
        "outcome",
        "reason",
        "calls",
        "tenant",
        "api_key",
        "user",
        "tags",
        "provider",
        "model",
        "operation",
        "source",
        "status",
        "input_tokens",
        "output_tokens",
        "cost_usd",
        "latency_ms",
        "trace_id",
        "request_id",
    ];

    /// Its cells, in the order of [`RequestView::COLUMNS`].
    pub(super) fn cells(&self) -> [String; 20] {
        let text = |t: &Option<String>| t.clone().unwrap_or_default();
        let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
        let tokens = |units: &[reeve_core::usage::Unit]| {
            units.iter().filter_map(|u| self.usage.get(u.as_str())).sum::<u64>().to_string()
        };
        [
            self.time.clone(),
            self.id.clone(),
            self.outcome.clone(),
            text(&self.reason),
            self.calls.to_string(),
            text(&self.tenant_name),
            self.api_key_name.clone().or_else(|| self.api_key_id.clone()).unwrap_or_default(),
            text(&self.user),
            self.tags.join(", "),
            text(&self.provider),
            text(&self.model),
            text(&self.operation),
            self.source.clone(),
            number(self.status.map(i64::from)),
            tokens(&reeve_core::usage::Unit::INPUT_TOKENS),
            tokens(&reeve_core::usage::Unit::OUTPUT_TOKENS),
            text(&self.cost_usd),
            number(self.latency_ms),
            text(&self.trace_id),
            text(&self.request_id),
        ]
    }
}

/// Where a request's time went; null what was not measured.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestTiming {
    arrived_at: String,
    /// From arrival until it went out to the provider, in ms.
    sent_ms: Option<f64>,
    /// From arrival to the first byte of the provider's answer, in ms.
    first_byte_ms: Option<i64>,
    /// From arrival to its end, in ms.
    end_ms: Option<i64>,
    /// Spent in Reeve itself, in ms: neither waiting for the provider nor for the caller.
    added_ms: Option<f64>,
}

/// A budget the request was measured against.
#[derive(Serialize, ToSchema)]
pub(crate) struct BudgetDecisionView {
    budget_id: String,
    /// Null if the budget was removed since, as are the next three.
    scope: Option<BudgetScope>,
    period: Option<PeriodKind>,
    kind: Option<BudgetKind>,
    tenant_name: Option<String>,
    /// What it allowed then.
    limit_usd: String,
    /// What was left of it with this request's reservation taken off; below zero where a soft budget was over.
    left_usd: String,
}

impl BudgetDecisionView {
    fn new(decision: BudgetDecision, engine: &Engine) -> Self {
        let budget = decision.budget.as_ref();
        Self {
            budget_id: decision.budget_id.to_string(),
            scope: budget.map(|b| b.level.scope.into()),
            period: budget.map(|b| b.period.into()),
            kind: budget.map(|b| b.limit.kind.into()),
            tenant_name: budget.and_then(|b| b.level.tenant_id).and_then(|id| engine.tenant_name(id)),
            limit_usd: decision.limit.to_string(),
            left_usd: decision.left.to_string(),
        }
    }
}

/// What the tenant's quota had left once the request was admitted.
#[derive(Serialize, ToSchema)]
pub(crate) struct QuotaDecisionView {
    requests_left_today: u64,
    concurrent_left: u64,
}

/// A provider key.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestCredential {
    id: String,
    name: String,
}

/// Everything that is known of a request.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestDetailView {
    request: RequestView,
    timing: RequestTiming,
    /// What its cost is made of; null of a refused one.
    explain: Option<ExplainView>,
    /// The budgets it was measured against.
    budgets: Vec<BudgetDecisionView>,
    /// Null where it is not known.
    quota: Option<QuotaDecisionView>,
    /// The provider key that paid.
    credential: Option<RequestCredential>,
    /// Until when its bodies are kept; null: they are not.
    captured_until: Option<String>,
}

impl RequestDetailView {
    pub(crate) fn new(detail: RequestDetail, engine: &Engine) -> Self {
        let ms = |us: Option<i64>| us.map(|us| us as f64 / 1_000.0);
        let timing = match &detail.request {
            Request::Charged(c) => RequestTiming {
                arrived_at: time(c.time),
                sent_ms: ms(c.trail.sent_us),
                first_byte_ms: c.first_byte_ms,
                end_ms: c.latency_ms,
                added_ms: ms(c.trail.added_us),
            },
            Request::Refused(r) => RequestTiming {
                arrived_at: time(r.time),
                sent_ms: None,
                first_byte_ms: None,
                end_ms: None,
                added_ms: None,
            },
        };
        let keys = detail.request.api_key_id().zip(detail.key_name).into_iter().collect();
        Self {
            timing,
            explain: detail.explanation.map(|e| ExplainView::new(e, engine)),
            budgets: detail.budgets.into_iter().map(|b| BudgetDecisionView::new(b, engine)).collect(),
            quota: detail.quota.map(|q| QuotaDecisionView {
                requests_left_today: q.requests,
                concurrent_left: q.concurrent,
            }),
            credential: detail.credential.map(|(id, name)| RequestCredential { id: id.to_string(), name }),
            captured_until: time_or_null(detail.captured_until),
            request: RequestView::new(detail.request, &keys, engine),
        }
    }
}

/// A call on its way.
#[derive(Serialize, ToSchema)]
pub(crate) struct LiveRequestView {
    request_id: String,
    /// When it was admitted.
    since: String,
    tenant_id: String,
    tenant_name: String,
    api_key_id: String,
    api_key_name: Option<String>,
    user: Option<String>,
    provider: String,
    model: String,
    operation: String,
    stream: bool,
    /// The most it may cost; kept free at every budget level until it ends.
    reserved_usd: String,
}

impl LiveRequestView {
    pub(crate) fn new(live: &LiveCall, keys: &HashMap<ApiKeyId, String>, engine: &Engine) -> Self {
        let LiveCall { call, caller, provider, since, reserved } = live;
        Self {
            request_id: call.request_id.to_string(),
            since: time(*since),
            tenant_id: caller.tenant.to_string(),
            tenant_name: engine.tenant_name(caller.tenant).unwrap_or_else(|| "Removed tenant".to_owned()),
            api_key_id: caller.key.to_string(),
            api_key_name: keys.get(&caller.key).cloned(),
            user: call.user.clone(),
            provider: provider.clone(),
            model: call.model.clone(),
            operation: call.operation.to_owned(),
            stream: call.stream,
            reserved_usd: reserved.to_string(),
        }
    }
}
