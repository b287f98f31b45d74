//! How limits stand: the buckets in use, and what was refused.

use super::super::{Answer, time};
use crate::extract::{Asked, Params};
use crate::words::{LimitMetric, LimitScope};
use axum::Json;
use axum::extract::State;
use reeve_engine::Engine;
use reeve_engine::limits::{BucketStatus, LimitRefusals, SubjectStatus};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Subjects told at most.
const MOST: u32 = 200;
/// Subjects told where the question does not say.
const FEW: u32 = 20;

pub(super) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(get_limit_status)).routes(routes!(get_limit_refusals))
}

/// A bucket.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitBucket {
    /// Requests or tokens that may be used now.
    available_tokens: u64,
    /// The most at once.
    capacity: u64,
    /// What fills in a minute.
    rate: u64,
    /// When it is full.
    reset_at: String,
}

impl From<BucketStatus> for LimitBucket {
    fn from(bucket: BucketStatus) -> Self {
        Self {
            available_tokens: bucket.available,
            capacity: bucket.capacity,
            rate: bucket.rate,
            reset_at: time(bucket.reset_at),
        }
    }
}

/// The buckets of a subject.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitStatusView {
    scope: LimitScope,
    /// Null: shared by all for whom there was no room.
    subject: Option<String>,
    name: String,
    tenant_id: Option<String>,
    tenant_name: Option<String>,
    requests: Option<LimitBucket>,
    tokens: Option<LimitBucket>,
    /// Requests on their way.
    concurrent_now: u64,
    concurrent_limit: Option<u64>,
}

impl From<SubjectStatus> for LimitStatusView {
    fn from(status: SubjectStatus) -> Self {
        Self {
            scope: status.subject.scope().into(),
            subject: status.subject.text().map(Into::into),
            name: status.name,
            tenant_id: status.subject.tenant().map(|id| id.to_string()),
            tenant_name: status.tenant_name,
            requests: status.requests.map(Into::into),
            tokens: status.tokens.map(Into::into),
            concurrent_now: status.concurrent.open,
            concurrent_limit: status.concurrent.limit,
        }
    }
}

/// The busiest subjects.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitStatusList {
    items: Vec<LimitStatusView>,
}

/// Requests refused by one kind of limit.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitRefusalRow {
    scope: LimitScope,
    metric: LimitMetric,
    tenant_id: Option<String>,
    tenant_name: Option<String>,
    calls: u64,
}

/// What rate limits refused, at the gateway and at the console.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitRefusalsView {
    /// Where the last hour begins, to five minutes.
    hour_from: String,
    hour: Vec<LimitRefusalRow>,
    /// Where the last 24 hours begin.
    day_from: String,
    day: Vec<LimitRefusalRow>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LimitStatusQuery {
    scope: Option<LimitScope>,
    /// An id, a name or an address; with a scope it is told also if it is idle.
    subject: Option<String>,
    /// 20 if absent, 200 at most.
    limit: Option<u32>,
}

/// The buckets in use, those with the least left first. A bucket that nobody used for a while is full and not told.
#[utoipa::path(get, path = "/limits/status", tag = "limits", extensions(("x-permission" = json!("limit:read")), ("x-tenant" = json!("none"))), params(LimitStatusQuery), responses((status = 200, body = LimitStatusList)))]
async fn get_limit_status(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<LimitStatusQuery>,
) -> Answer<LimitStatusList> {
    let most = query.limit.unwrap_or(FEW).clamp(1, MOST) as usize;
    let scope = query.scope.map(Into::into);
    let found = engine.limit_status(&cx, scope, query.subject.as_deref(), most).await?;
    Ok(Json(LimitStatusList { items: found.into_iter().map(Into::into).collect() }))
}

/// What rate limits refused in the last hour and the last day, by scope and tenant.
#[utoipa::path(get, path = "/limits/refusals", tag = "limits", extensions(("x-permission" = json!("limit:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = LimitRefusalsView)))]
async fn get_limit_refusals(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<LimitRefusalsView> {
    let refused = engine.limit_refusals(&cx).await?;
    let row = |r: LimitRefusals| LimitRefusalRow {
        scope: r.scope.into(),
        metric: r.metric.into(),
        tenant_id: r.tenant_id.map(|id| id.to_string()),
        tenant_name: r.tenant_id.and_then(|id| engine.tenant_name(id)),
        calls: r.calls,
    };
    Ok(Json(LimitRefusalsView {
        hour_from: time(refused.hour_from),
        hour: refused.hour.into_iter().map(row).collect(),
        day_from: time(refused.day_from),
        day: refused.day.into_iter().map(row).collect(),
    }))
}
