//! When calls are kept from a provider key.

use super::Answer;
use crate::extract::{Asked, JsonBody};
use axum::Json;
use axum::extract::State;
use reeve_engine::Engine;
use reeve_engine::breaker::BreakerRules as Rules;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(get_breaker, set_breaker))
}

/// When calls are kept from a provider key, and for how long.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BreakerRules {
    /// So many failures in a row are enough, 1 to 1,000.
    consecutive: u32,
    /// Or such a share of a minute's calls, 1 to 100 percent.
    error_percent: u32,
    /// Calls which that minute must hold, 1 to 100,000.
    min_calls: u32,
    /// The first wait before a call tries the key again; it doubles with each that fails. A second to a day.
    cool_down_ms: i64,
    /// The longest of these waits.
    max_cool_down_ms: i64,
    /// The wait after the provider refused the key itself.
    refused_cool_down_ms: i64,
}

/// The rules in force.
#[derive(Serialize, ToSchema)]
pub(crate) struct BreakerView {
    rules: BreakerRules,
    /// What holds where nobody sets anything.
    defaults: BreakerRules,
}

impl From<Rules> for BreakerRules {
    fn from(r: Rules) -> Self {
        Self {
            consecutive: r.consecutive,
            error_percent: r.error_percent,
            min_calls: r.min_calls,
            cool_down_ms: r.cool_down_ms,
            max_cool_down_ms: r.max_cool_down_ms,
            refused_cool_down_ms: r.refused_cool_down_ms,
        }
    }
}

impl From<BreakerRules> for Rules {
    fn from(r: BreakerRules) -> Self {
        Self {
            consecutive: r.consecutive,
            error_percent: r.error_percent,
            min_calls: r.min_calls,
            cool_down_ms: r.cool_down_ms,
            max_cool_down_ms: r.max_cool_down_ms,
            refused_cool_down_ms: r.refused_cool_down_ms,
        }
    }
}

impl From<Rules> for BreakerView {
    fn from(rules: Rules) -> Self {
        Self { rules: rules.into(), defaults: Rules::default().into() }
    }
}

/// When calls are kept from a provider key.
#[utoipa::path(get, path = "/routing/breaker", tag = "routes", extensions(("x-permission" = json!("route:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = BreakerView)))]
async fn get_breaker(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<BreakerView> {
    Ok(Json(engine.breaker_rules(&cx).await?.into()))
}

/// Sets when calls are kept from a provider key, from now on.
#[utoipa::path(put, path = "/routing/breaker", tag = "routes", extensions(("x-permission" = json!("route:write")), ("x-tenant" = json!("none"))), request_body = BreakerRules, responses((status = 200, body = BreakerView)))]
async fn set_breaker(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<BreakerRules>,
) -> Answer<BreakerView> {
    Ok(Json(engine.set_breaker_rules(&cx, body.into()).await?.into()))
}
