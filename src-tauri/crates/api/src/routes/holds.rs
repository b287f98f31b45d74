//! Holds.

use super::{Answer, time};
use crate::extract::{Asked, Ids};
use crate::failure::Failure;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::HoldId;
use reeve_engine::Engine;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(list_holds)).routes(routes!(release_hold))
}

/// Money kept for calls whose outcome was lost in a crash.
#[derive(Serialize, ToSchema)]
pub(crate) struct HoldView {
    id: String,
    tenant_id: String,
    tenant_name: String,
    amount_usd: String,
    opened_at: String,
    reason: String,
}

/// The open holds: few, so not paged.
#[derive(Serialize, ToSchema)]
pub(crate) struct HoldsView {
    items: Vec<HoldView>,
}

/// Open holds.
#[utoipa::path(get, path = "/holds", tag = "budgets", extensions(("x-permission" = json!("budget:read")), ("x-tenant" = json!("filter"))), responses((status = 200, body = HoldsView)))]
async fn list_holds(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<HoldsView> {
    let view = |(hold, tenant_name): (reeve_engine::holds::Hold, String)| HoldView {
        id: hold.id.to_string(),
        tenant_id: hold.tenant_id.to_string(),
        tenant_name,
        amount_usd: hold.amount.to_string(),
        opened_at: time(hold.opened_at),
        reason: hold.reason,
    };
    Ok(Json(HoldsView { items: engine.holds(&cx).await?.into_iter().map(view).collect() }))
}

/// Releases a hold: its money is free again.
#[utoipa::path(post, path = "/holds/{id}/release", tag = "budgets", extensions(("x-permission" = json!("budget:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 204)))]
async fn release_hold(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<HoldId>,
) -> Result<StatusCode, Failure> {
    engine.release_hold(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
