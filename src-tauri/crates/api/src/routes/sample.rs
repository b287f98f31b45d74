//! Sample data: to look around in before there is any of one's own.

use super::Answer;
use crate::extract::Asked;
use crate::failure::Failure;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_engine::Engine;
use reeve_engine::sample::SampleCount;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(get_sample, load_sample, remove_sample))
}

/// Whether there is sample data.
#[derive(Serialize, ToSchema)]
pub(crate) struct SampleView {
    loaded: bool,
}

/// How much of it came or went.
#[derive(Serialize, ToSchema)]
pub(crate) struct SampleCounts {
    tenants: u64,
    usage_records: u64,
}

impl From<SampleCount> for SampleCounts {
    fn from(count: SampleCount) -> Self {
        Self { tenants: count.tenants, usage_records: count.usage_records }
    }
}

/// Whether there is sample data.
#[utoipa::path(get, path = "/sample", tag = "sample", extensions(("x-permission" = json!("settings:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = SampleView)))]
async fn get_sample(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<SampleView> {
    Ok(Json(SampleView { loaded: engine.has_sample(&cx).await? }))
}

/// Loads sample data.
#[utoipa::path(post, path = "/sample", tag = "sample", extensions(("x-permission" = json!("settings:write")), ("x-tenant" = json!("none"))), responses((status = 201, body = SampleCounts)))]
async fn load_sample(
    State(engine): State<Engine>,
    Asked(cx): Asked,
) -> Result<(StatusCode, Json<SampleCounts>), Failure> {
    Ok((StatusCode::CREATED, Json(engine.load_sample(&cx).await?.into())))
}

/// Removes sample data, and nothing else.
#[utoipa::path(delete, path = "/sample", tag = "sample", extensions(("x-permission" = json!("settings:write")), ("x-tenant" = json!("none"))), responses((status = 200, body = SampleCounts)))]
async fn remove_sample(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<SampleCounts> {
    Ok(Json(engine.remove_sample(&cx).await?.into()))
}
