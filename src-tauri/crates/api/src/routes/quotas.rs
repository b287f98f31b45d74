//! Tenants' quotas.

use super::{Answer, moment, time, time_or_null};
use crate::extract::{Asked, Ids, JsonBody};
use crate::words::Tier;
use axum::Json;
use axum::extract::State;
use reeve_core::id::TenantId;
use reeve_core::tenant;
use reeve_engine::Engine;
use reeve_engine::quotas::QuotaStatus;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(get_quota, set_quota, remove_quota))
}

/// A tenant's quota.
#[derive(Serialize, ToSchema)]
pub(crate) struct QuotaView {
    tier: Tier,
    /// What holds now.
    limits: QuotaLimits,
    /// What the plan allows.
    tier_limits: QuotaLimits,
    #[serde(rename = "override")]
    over: Option<QuotaOverride>,
    used: QuotaUsed,
    remaining_today: u64,
    resets_at: String,
}

/// What a tenant may use.
#[derive(Serialize, ToSchema)]
pub(crate) struct QuotaLimits {
    requests_per_day: u64,
    tokens_per_request: u64,
    concurrent_requests: u64,
}

impl From<tenant::Quota> for QuotaLimits {
    fn from(quota: tenant::Quota) -> Self {
        let tenant::Quota { requests_per_day, tokens_per_request, concurrent_requests } = quota;
        Self { requests_per_day, tokens_per_request, concurrent_requests }
    }
}

/// What a tenant has used of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct QuotaUsed {
    requests_today: u64,
    concurrent_now: u64,
}

/// A departure from the plan; null stays as the plan has it.
#[derive(Serialize, ToSchema)]
pub(crate) struct QuotaOverride {
    requests_per_day: Option<u64>,
    tokens_per_request: Option<u64>,
    concurrent_requests: Option<u64>,
    /// When it ends; null: not by itself.
    until: Option<String>,
    reason: Option<String>,
}

/// A departure from the plan; what is null stays as the plan has it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuotaOverrideBody {
    requests_per_day: Option<u64>,
    tokens_per_request: Option<u64>,
    concurrent_requests: Option<u64>,
    /// When it ends; null: not by itself.
    until: Option<String>,
    reason: Option<String>,
}

impl From<QuotaStatus> for QuotaView {
    fn from(status: QuotaStatus) -> Self {
        let counters = status.counters;
        Self {
            tier: status.tier.into(),
            limits: counters.quota.into(),
            tier_limits: status.tier_limits.into(),
            over: status.over.map(|over| QuotaOverride {
                requests_per_day: over.requests_per_day,
                tokens_per_request: over.tokens_per_request,
                concurrent_requests: over.concurrent_requests,
                until: time_or_null(over.until),
                reason: over.reason,
            }),
            used: QuotaUsed { requests_today: counters.requests_today, concurrent_now: counters.concurrent },
            remaining_today: counters.quota.requests_per_day.saturating_sub(counters.requests_today),
            resets_at: time(counters.resets_at),
        }
    }
}

/// A tenant's quota.
#[utoipa::path(get, path = "/tenants/{id}/quota", tag = "tenants", extensions(("x-permission" = json!("tenant:read")), ("x-tenant" = json!("path"))), params(("id" = String, Path)), responses((status = 200, body = QuotaView)))]
async fn get_quota(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<TenantId>,
) -> Answer<QuotaView> {
    Ok(Json(engine.quota(&cx, id).await?.into()))
}

/// Sets the override of a tenant's quota.
#[utoipa::path(put, path = "/tenants/{id}/quota", tag = "tenants", extensions(("x-permission" = json!("tenant:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = QuotaOverrideBody, responses((status = 200, body = QuotaView)))]
async fn set_quota(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<TenantId>,
    JsonBody(body): JsonBody<QuotaOverrideBody>,
) -> Answer<QuotaView> {
    let over = tenant::QuotaOverride {
        requests_per_day: body.requests_per_day,
        tokens_per_request: body.tokens_per_request,
        concurrent_requests: body.concurrent_requests,
        until: moment("until", body.until.as_deref())?,
        reason: body.reason,
    };
    Ok(Json(engine.set_quota_override(&cx, id, Some(over)).await?.into()))
}

/// Removes the override: the plan's quota holds again.
#[utoipa::path(delete, path = "/tenants/{id}/quota", tag = "tenants", extensions(("x-permission" = json!("tenant:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = QuotaView)))]
async fn remove_quota(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<TenantId>,
) -> Answer<QuotaView> {
    Ok(Json(engine.set_quota_override(&cx, id, None).await?.into()))
}
