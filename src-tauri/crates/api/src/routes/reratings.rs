//! Rating a period again.

use super::{Answer, Page, id, moment, time, time_or_null};
use crate::extract::{Asked, JsonBody};
use crate::failure::Failure;
use axum::Json;
use axum::extract::State;
use reeve_engine::Engine;
use reeve_engine::rerate::{Rerate, RerateLine, RerateReport, Rerating};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(rerate_usage)).routes(routes!(list_reratings))
}

/// What to rate again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RerateBody {
    from: String,
    /// Before this time; now if null.
    to: Option<String>,
    /// Null: everybody's calls.
    tenant_id: Option<String>,
    provider: Option<String>,
    model: Option<String>,
    /// Only look.
    preview: bool,
    /// Why; needed to carry it out.
    #[serde(default)]
    #[schema(required = false)]
    reason: String,
}

/// What changes for one model, or for all.
#[derive(Serialize, ToSchema)]
pub(crate) struct RerateLineView {
    provider: String,
    model: String,
    /// Calls that were looked at.
    calls: u64,
    /// Those that cost something else now.
    changed_calls: u64,
    /// Those that cannot be rated: what they used is not known, or nobody says what they cost.
    unknown_calls: u64,
    old_cost_usd: String,
    new_cost_usd: String,
    /// New less old; below zero where it became cheaper.
    difference_usd: String,
}

impl From<&RerateLine> for RerateLineView {
    fn from(line: &RerateLine) -> Self {
        Self {
            provider: line.provider.clone(),
            model: line.model.clone(),
            calls: line.calls,
            changed_calls: line.changed,
            unknown_calls: line.unknown,
            old_cost_usd: line.old.to_string(),
            new_cost_usd: line.new.to_string(),
            difference_usd: (line.new - line.old).to_string(),
        }
    }
}

/// What a re-rating changed, or would change.
#[derive(Serialize, ToSchema)]
pub(crate) struct RerateView {
    /// Null: nothing was written.
    id: Option<String>,
    /// By model, the largest difference first.
    items: Vec<RerateLineView>,
    total: RerateLineView,
}

impl From<RerateReport> for RerateView {
    fn from(report: RerateReport) -> Self {
        Self {
            id: report.id.map(|id| id.to_string()),
            items: report.lines.iter().map(Into::into).collect(),
            total: (&report.total()).into(),
        }
    }
}

/// A re-rating, and how far it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReratingView {
    id: String,
    from: String,
    to: String,
    tenant_id: Option<String>,
    tenant_name: Option<String>,
    provider: Option<String>,
    model: Option<String>,
    reason: String,
    /// Calls that were corrected.
    adjusted_calls: u64,
    /// What those cost before, and what they cost now.
    old_cost_usd: String,
    new_cost_usd: String,
    created_at: String,
    /// Null: it is on its way, or goes on when Reeve starts again.
    finished_at: Option<String>,
}

impl ReratingView {
    fn new(rerating: Rerating, engine: &Engine) -> Self {
        Self {
            id: rerating.id.to_string(),
            from: time(rerating.from),
            to: time(rerating.to),
            tenant_id: rerating.tenant_id.map(|id| id.to_string()),
            tenant_name: rerating.tenant_id.and_then(|id| engine.tenant_name(id)),
            provider: rerating.provider,
            model: rerating.model,
            reason: rerating.reason,
            adjusted_calls: rerating.adjusted,
            old_cost_usd: rerating.old.to_string(),
            new_cost_usd: rerating.new.to_string(),
            created_at: time(rerating.created_at),
            finished_at: time_or_null(rerating.finished_at),
        }
    }
}

/// Rates a period again at the prices known now, or looks at what that would change. Charges are never edited: what a call
/// costs more or less becomes a charge of its own.
#[utoipa::path(post, path = "/usage/rerate", tag = "usage", extensions(("x-permission" = json!("usage:write")), ("x-tenant" = json!("none"))), request_body = RerateBody, responses((status = 200, body = RerateView)))]
async fn rerate_usage(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<RerateBody>,
) -> Answer<RerateView> {
    let from = moment("from", Some(&body.from))?.ok_or_else(|| Failure::field("from", "is needed"))?;
    let rerate = Rerate {
        from,
        to: moment("to", body.to.as_deref())?.unwrap_or_else(|| engine.now()),
        tenant: id("tenant_id", body.tenant_id.as_deref())?,
        provider: body.provider,
        model: body.model,
        reason: body.reason,
    };
    let report = if body.preview {
        engine.preview_rerate(&cx, rerate).await
    } else {
        engine.rerate(&cx, rerate).await
    };
    Ok(Json(report?.into()))
}

/// The newest re-ratings.
#[utoipa::path(get, path = "/usage/reratings", tag = "usage", extensions(("x-permission" = json!("usage:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = Page<ReratingView>)))]
async fn list_reratings(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<Page<ReratingView>> {
    let reratings = engine.reratings(&cx).await?;
    let items = reratings.into_iter().map(|r| ReratingView::new(r, &engine)).collect();
    Ok(Json(Page { items, next_cursor: None }))
}
