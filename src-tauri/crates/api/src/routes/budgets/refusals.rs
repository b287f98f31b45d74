//! Whom a budget refused.

use crate::extract::{Asked, Ids};
use crate::routes::{Answer, time};
use axum::Json;
use axum::extract::State;
use reeve_core::id::BudgetId;
use reeve_engine::Engine;
use reeve_engine::budgets::RefusedCaller;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(list_budget_refusals))
}

/// A caller whose calls the budget refused in its current period.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefusedCallerView {
    tenant_id: String,
    tenant_name: Option<String>,
    /// Null for several, in a flood.
    api_key_id: Option<String>,
    api_key_name: Option<String>,
    /// Null for several, in a flood.
    model: Option<String>,
    /// Null where the calls named none.
    user: Option<String>,
    calls: u64,
    /// What they might have cost.
    asked_usd: String,
    last_at: String,
}

/// The callers that were refused, last first: 200 at most.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefusedCallersView {
    items: Vec<RefusedCallerView>,
}

impl From<RefusedCaller> for RefusedCallerView {
    fn from(caller: RefusedCaller) -> Self {
        let named = |text: String| Some(text).filter(|t| !t.is_empty());
        let refusal = caller.refusal;
        Self {
            tenant_id: refusal.tenant_id.to_string(),
            tenant_name: caller.tenant_name,
            api_key_id: refusal.api_key_id.map(|id| id.to_string()),
            api_key_name: caller.api_key_name,
            model: named(refusal.model),
            user: named(refusal.user),
            calls: refusal.calls,
            asked_usd: refusal.asked.to_string(),
            last_at: time(refusal.last_at),
        }
    }
}

/// Whom a budget refused in its current period.
#[utoipa::path(get, path = "/budgets/{id}/refusals", tag = "budgets", extensions(("x-permission" = json!("budget:read")), ("x-tenant" = json!("thing"))), params(("id" = String, Path)), responses((status = 200, body = RefusedCallersView)))]
async fn list_budget_refusals(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<BudgetId>,
) -> Answer<RefusedCallersView> {
    let found = engine.budget_refusals(&cx, id).await?;
    Ok(Json(RefusedCallersView { items: found.into_iter().map(Into::into).collect() }))
}
