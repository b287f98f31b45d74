//! Temporary overrides of a budget's limit.

use crate::extract::{Asked, Ids, JsonBody};
use crate::failure::Failure;
use crate::patch::Reading;
use crate::routes::{Answer, time};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::{BudgetId, OverrideId};
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;
use reeve_engine::Engine;
use reeve_engine::budgets::{BudgetOverride, SetOverride};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_budget_overrides, create_budget_override))
        .routes(routes!(delete_budget_override))
}

/// Another limit for a while.
#[derive(Serialize, ToSchema)]
pub(crate) struct OverrideView {
    id: String,
    limit_usd: String,
    starts_at: String,
    /// The budget's own limit holds again from here on.
    ends_at: String,
    reason: String,
    created_at: String,
    /// `planned`, `active` or `ended`.
    state: OverrideState,
}

/// Where an override is in its life.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OverrideState {
    Planned,
    Active,
    Ended,
}

impl OverrideView {
    pub(super) fn new(over: &BudgetOverride, engine: &Engine) -> Self {
        let now = engine.now();
        let state = match over.limit {
            limit if now >= limit.ends_at => OverrideState::Ended,
            limit if now >= limit.starts_at => OverrideState::Active,
            _ => OverrideState::Planned,
        };
        Self {
            id: over.limit.id.to_string(),
            limit_usd: over.limit.amount.to_string(),
            starts_at: time(over.limit.starts_at),
            ends_at: time(over.limit.ends_at),
            reason: over.reason.clone(),
            created_at: time(over.created_at),
            state,
        }
    }
}

/// The newest overrides: few, so not paged.
#[derive(Serialize, ToSchema)]
pub(crate) struct OverridesView {
    items: Vec<OverrideView>,
}

/// Another limit for a while.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateOverrideBody {
    limit_usd: String,
    /// Null: now.
    starts_at: Option<String>,
    ends_at: String,
    reason: String,
}

/// A budget's overrides, newest first, past ones included.
#[utoipa::path(get, path = "/budgets/{id}/overrides", tag = "budgets", extensions(("x-permission" = json!("budget:read")), ("x-tenant" = json!("thing"))), params(("id" = String, Path)), responses((status = 200, body = OverridesView)))]
async fn list_budget_overrides(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<BudgetId>,
) -> Answer<OverridesView> {
    let found = engine.budget_overrides(&cx, id).await?;
    Ok(Json(OverridesView { items: found.iter().map(|o| OverrideView::new(o, &engine)).collect() }))
}

/// Sets another limit for a while. Of several that hold, the newest counts.
#[utoipa::path(post, path = "/budgets/{id}/overrides", tag = "budgets", extensions(("x-permission" = json!("budget:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = CreateOverrideBody, responses((status = 201, body = OverrideView)))]
async fn create_budget_override(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<BudgetId>,
    JsonBody(body): JsonBody<CreateOverrideBody>,
) -> Result<(StatusCode, Json<OverrideView>), Failure> {
    let mut reading = Reading::default();
    let amount = reading.read("limit_usd", body.limit_usd.parse::<NanoUsd>());
    let starts_at = reading.read_some("starts_at", body.starts_at.map(|t| t.parse::<Millis>()));
    let ends_at = reading.read("ends_at", body.ends_at.parse::<Millis>());
    reading.done()?;
    let (Some(amount), Some(ends_at)) = (amount, ends_at) else {
        return Err(Failure::field("ends_at", "is needed"));
    };
    let new = SetOverride { amount, starts_at, ends_at, reason: body.reason };
    let over = engine.override_budget(&cx, id, new).await?;
    Ok((StatusCode::CREATED, Json(OverrideView::new(&over, &engine))))
}

/// Ends an override before its time, or takes back one that is to come.
#[utoipa::path(delete, path = "/budgets/{id}/overrides/{override_id}", tag = "budgets", extensions(("x-permission" = json!("budget:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path), ("override_id" = String, Path)), responses((status = 204)))]
async fn delete_budget_override(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids((id, over)): Ids<(BudgetId, OverrideId)>,
) -> Result<StatusCode, Failure> {
    engine.remove_override(&cx, id, over).await?;
    Ok(StatusCode::NO_CONTENT)
}
