//! Pools.

use super::{Answer, Page, time};
use crate::cursor;
use crate::extract::{Asked, Ids, JsonBody, Params};
use crate::failure::Failure;
use crate::patch::Patch;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::{CredentialId, IdError, PoolId};
use reeve_engine::Engine;
use reeve_engine::pools::{ChangePool, CreatePool, Pool};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(list_pools, create_pool)).routes(routes!(
        get_pool,
        update_pool,
        delete_pool
    ))
}

/// Provider keys that share budgets, because they share an account at the provider.
#[derive(Serialize, ToSchema)]
pub(crate) struct PoolView {
    id: String,
    name: String,
    /// Its provider keys. A key is in one pool at most.
    credential_ids: Vec<String>,
    created_at: String,
    updated_at: String,
}

impl From<Pool> for PoolView {
    fn from(pool: Pool) -> Self {
        Self {
            id: pool.id.to_string(),
            name: pool.name,
            credential_ids: pool.credentials.iter().map(CredentialId::to_string).collect(),
            created_at: time(pool.created_at),
            updated_at: time(pool.updated_at),
        }
    }
}

/// A new pool.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreatePoolBody {
    name: String,
    /// Keys leave the pool they are in.
    credential_ids: Vec<String>,
}

/// A change of a pool: absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdatePoolBody {
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    name: Patch<String>,
    /// Keys leave the pool they are in.
    #[serde(default)]
    #[schema(value_type = Vec<String>, required = false)]
    credential_ids: Patch<Vec<String>>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PoolsQuery {
    /// 100 if absent, 1,000 at most.
    limit: Option<u32>,
    cursor: Option<String>,
}

fn credentials(ids: &[String]) -> Result<Vec<CredentialId>, IdError> {
    ids.iter().map(|id| id.parse()).collect()
}

/// Pools, oldest first.
#[utoipa::path(get, path = "/pools", tag = "budgets", extensions(("x-permission" = json!("budget:read")), ("x-tenant" = json!("none"))), params(PoolsQuery), responses((status = 200, body = Page<PoolView>)))]
async fn list_pools(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<PoolsQuery>,
) -> Answer<Page<PoolView>> {
    let after = cursor::read::<PoolId>(query.cursor.as_deref())?;
    let (pools, more) = engine.pools(&cx, after, cursor::limit(query.limit)?).await?;
    let next_cursor = pools.last().filter(|_| more).and_then(|last| cursor::write(&last.id));
    Ok(Json(Page { items: pools.into_iter().map(Into::into).collect(), next_cursor }))
}

/// Makes a pool.
#[utoipa::path(post, path = "/pools", tag = "budgets", extensions(("x-permission" = json!("budget:write")), ("x-tenant" = json!("none"))), request_body = CreatePoolBody, responses((status = 201, body = PoolView)))]
async fn create_pool(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<CreatePoolBody>,
) -> Result<(StatusCode, Json<PoolView>), Failure> {
    let credentials =
        credentials(&body.credential_ids).map_err(|e| Failure::field("credential_ids", e.to_string()))?;
    let pool = engine.create_pool(&cx, CreatePool { name: body.name, credentials }).await?;
    Ok((StatusCode::CREATED, Json(pool.into())))
}

/// A pool.
#[utoipa::path(get, path = "/pools/{id}", tag = "budgets", extensions(("x-permission" = json!("budget:read")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = PoolView)))]
async fn get_pool(State(engine): State<Engine>, Asked(cx): Asked, Ids(id): Ids<PoolId>) -> Answer<PoolView> {
    Ok(Json(engine.pool(&cx, id).await?.into()))
}

/// Changes a pool.
#[utoipa::path(patch, path = "/pools/{id}", tag = "budgets", extensions(("x-permission" = json!("budget:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = UpdatePoolBody, responses((status = 200, body = PoolView)))]
async fn update_pool(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<PoolId>,
    JsonBody(body): JsonBody<UpdatePoolBody>,
) -> Answer<PoolView> {
    let ids = body.credential_ids.try_map("credential_ids", |ids| credentials(&ids))?;
    let change =
        ChangePool { name: body.name.required("name")?, credentials: ids.required("credential_ids")? };
    Ok(Json(engine.change_pool(&cx, id, change).await?.into()))
}

/// Removes a pool. Its provider keys stay.
#[utoipa::path(delete, path = "/pools/{id}", tag = "budgets", extensions(("x-permission" = json!("budget:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 204)))]
async fn delete_pool(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<PoolId>,
) -> Result<StatusCode, Failure> {
    engine.remove_pool(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
