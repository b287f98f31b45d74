//! Rate limits: those in force, how they stand, and what they refused.

mod status;

use super::{Answer, time};
use crate::cursor;
use crate::extract::{Asked, Ids, JsonBody, Params};
use crate::failure::Failure;
use crate::patch::Patch;
use crate::words::LimitScope;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::LimitId;
use reeve_core::limit::RateLimit;
use reeve_engine::Engine;
use reeve_engine::limits::{NamedLimit, ScopeDefault, SetLimit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_limits, create_limit))
        .routes(routes!(set_default_limit, reset_default_limit))
        .routes(routes!(get_limit, update_limit, delete_limit))
        .merge(status::router())
}

/// Numbers of a limit. Null: as the scope's default has it; in a default: without a limit.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitNumbers {
    requests_per_minute: Option<u64>,
    tokens_per_minute: Option<u64>,
    /// Requests that may come at once; null: those of a whole minute.
    burst: Option<u64>,
    concurrent_requests: Option<u64>,
}

impl From<RateLimit> for LimitNumbers {
    fn from(limit: RateLimit) -> Self {
        let RateLimit { requests_per_minute, tokens_per_minute, burst, concurrent_requests } = limit;
        Self { requests_per_minute, tokens_per_minute, burst, concurrent_requests }
    }
}

impl From<LimitNumbers> for RateLimit {
    fn from(numbers: LimitNumbers) -> Self {
        let LimitNumbers { requests_per_minute, tokens_per_minute, burst, concurrent_requests } = numbers;
        Self { requests_per_minute, tokens_per_minute, burst, concurrent_requests }
    }
}

/// The default of a scope.
#[derive(Serialize, ToSchema)]
pub(crate) struct DefaultLimitView {
    scope: LimitScope,
    /// What holds.
    limits: LimitNumbers,
    /// What holds where nobody sets anything.
    built_in: LimitNumbers,
}

impl From<ScopeDefault> for DefaultLimitView {
    fn from(default: ScopeDefault) -> Self {
        Self {
            scope: default.scope.into(),
            limits: default.numbers.into(),
            built_in: default.built_in.into(),
        }
    }
}

/// The limit of one tenant, API key, user, model or network address.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitView {
    id: String,
    scope: LimitScope,
    /// An id, the name of a user or model, or an address.
    subject: String,
    /// What it is called.
    name: String,
    tenant_id: Option<String>,
    tenant_name: Option<String>,
    /// What was set.
    own: LimitNumbers,
    /// What holds, the default filled in.
    limits: LimitNumbers,
    created_at: String,
    updated_at: String,
}

impl From<NamedLimit> for LimitView {
    fn from(named: NamedLimit) -> Self {
        let NamedLimit { limit, name, tenant_name, effective } = named;
        Self {
            id: limit.id.to_string(),
            scope: limit.scope.into(),
            subject: limit.subject.unwrap_or_default(),
            name,
            tenant_id: limit.tenant_id.map(|id| id.to_string()),
            tenant_name,
            own: limit.numbers.into(),
            limits: effective.into(),
            created_at: time(limit.created_at),
            updated_at: time(limit.updated_at),
        }
    }
}

/// The limits in force.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitsView {
    /// One for every scope.
    defaults: Vec<DefaultLimitView>,
    /// Departures from them, oldest first.
    items: Vec<LimitView>,
    next_cursor: Option<String>,
}

/// A new limit. What is null is as the scope's default has it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateLimitBody {
    scope: LimitScope,
    /// Id of a tenant or API key; name of an end user or model, as calls spell it; or a network address.
    subject: String,
    requests_per_minute: Option<u64>,
    tokens_per_minute: Option<u64>,
    /// Requests that may come at once; null: those of a whole minute.
    burst: Option<u64>,
    concurrent_requests: Option<u64>,
}

/// A change of a limit: absent stays, null is as the default has it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateLimitBody {
    #[serde(default)]
    #[schema(value_type = Option<u64>, required = false)]
    requests_per_minute: Patch<u64>,
    #[serde(default)]
    #[schema(value_type = Option<u64>, required = false)]
    tokens_per_minute: Patch<u64>,
    #[serde(default)]
    #[schema(value_type = Option<u64>, required = false)]
    burst: Patch<u64>,
    #[serde(default)]
    #[schema(value_type = Option<u64>, required = false)]
    concurrent_requests: Patch<u64>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LimitsQuery {
    /// 100 if absent, 1,000 at most.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// The defaults, and the limits that depart from them.
#[utoipa::path(get, path = "/limits", tag = "limits", extensions(("x-permission" = json!("limit:read")), ("x-tenant" = json!("filter"))), params(LimitsQuery), responses((status = 200, body = LimitsView)))]
async fn list_limits(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<LimitsQuery>,
) -> Answer<LimitsView> {
    let after = cursor::read::<LimitId>(query.cursor.as_deref())?;
    let defaults = engine.limit_defaults(&cx).await?;
    let (limits, more) = engine.limits(&cx, after, cursor::limit(query.limit)?).await?;
    let next_cursor = limits.last().filter(|_| more).and_then(|last| cursor::write(&last.limit.id));
    Ok(Json(LimitsView {
        defaults: defaults.into_iter().map(Into::into).collect(),
        items: limits.into_iter().map(Into::into).collect(),
        next_cursor,
    }))
}

/// Sets a limit for one tenant, API key, user, model or network address.
#[utoipa::path(post, path = "/limits", tag = "limits", extensions(("x-permission" = json!("limit:write")), ("x-tenant" = json!("none"))), request_body = CreateLimitBody, responses((status = 201, body = LimitView)))]
async fn create_limit(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<CreateLimitBody>,
) -> Result<(StatusCode, Json<LimitView>), Failure> {
    let CreateLimitBody { requests_per_minute, tokens_per_minute, burst, concurrent_requests, .. } = body;
    let numbers = RateLimit { requests_per_minute, tokens_per_minute, burst, concurrent_requests };
    let new = SetLimit { scope: body.scope.into(), subject: body.subject, numbers };
    Ok((StatusCode::CREATED, Json(engine.set_limit(&cx, new).await?.into())))
}

/// A limit.
#[utoipa::path(get, path = "/limits/{id}", tag = "limits", extensions(("x-permission" = json!("limit:read")), ("x-tenant" = json!("thing"))), params(("id" = String, Path)), responses((status = 200, body = LimitView)))]
async fn get_limit(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<LimitId>,
) -> Answer<LimitView> {
    Ok(Json(engine.limit(&cx, id).await?.into()))
}

/// Changes a limit.
#[utoipa::path(patch, path = "/limits/{id}", tag = "limits", extensions(("x-permission" = json!("limit:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = UpdateLimitBody, responses((status = 200, body = LimitView)))]
async fn update_limit(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<LimitId>,
    JsonBody(body): JsonBody<UpdateLimitBody>,
) -> Answer<LimitView> {
    let change = |before: RateLimit| RateLimit {
        requests_per_minute: body.requests_per_minute.nullable().unwrap_or(before.requests_per_minute),
        tokens_per_minute: body.tokens_per_minute.nullable().unwrap_or(before.tokens_per_minute),
        burst: body.burst.nullable().unwrap_or(before.burst),
        concurrent_requests: body.concurrent_requests.nullable().unwrap_or(before.concurrent_requests),
    };
    Ok(Json(engine.change_limit(&cx, id, change).await?.into()))
}

/// Removes a limit: the default of its scope holds again.
#[utoipa::path(delete, path = "/limits/{id}", tag = "limits", extensions(("x-permission" = json!("limit:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 204)))]
async fn delete_limit(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<LimitId>,
) -> Result<StatusCode, Failure> {
    engine.remove_limit(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets the default of a scope. A null number is without a limit.
#[utoipa::path(put, path = "/limits/defaults/{scope}", tag = "limits", extensions(("x-permission" = json!("limit:write")), ("x-tenant" = json!("none"))), params(("scope" = LimitScope, Path)), request_body = LimitNumbers, responses((status = 200, body = DefaultLimitView)))]
async fn set_default_limit(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(scope): Ids<LimitScope>,
    JsonBody(body): JsonBody<LimitNumbers>,
) -> Answer<DefaultLimitView> {
    Ok(Json(engine.set_limit_default(&cx, scope.into(), Some(body.into())).await?.into()))
}

/// Brings back the built-in default of a scope.
#[utoipa::path(delete, path = "/limits/defaults/{scope}", tag = "limits", extensions(("x-permission" = json!("limit:write")), ("x-tenant" = json!("none"))), params(("scope" = LimitScope, Path)), responses((status = 200, body = DefaultLimitView)))]
async fn reset_default_limit(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(scope): Ids<LimitScope>,
) -> Answer<DefaultLimitView> {
    Ok(Json(engine.set_limit_default(&cx, scope.into(), None).await?.into()))
}
