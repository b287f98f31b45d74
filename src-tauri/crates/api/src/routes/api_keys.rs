//! Tenants' API keys.

use super::{Answer, Page, moment, time, time_or_null};
use crate::cursor;
use crate::extract::{Asked, Ids, JsonBody, Params};
use crate::failure::Failure;
use crate::words::{ApiKeyState, KeyScope};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::{ApiKeyId, TenantId};
use reeve_core::time::Millis;
use reeve_engine::Engine;
use reeve_engine::api_keys::ApiKey;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(list_api_keys, create_api_key)).routes(routes!(revoke_api_key))
}

/// A tenant's API key. The key itself is shown only when it is made.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeyView {
    id: String,
    name: String,
    /// Its public beginning.
    prefix: String,
    #[schema(value_type = ApiKeyState)]
    state: &'static str,
    created_at: String,
    expires_at: Option<String>,
    last_used_at: Option<String>,
    revoked_at: Option<String>,
    /// What it may be used for.
    scopes: Vec<KeyScope>,
}

impl ApiKeyView {
    fn new(key: ApiKey, now: Millis) -> Self {
        let state = match (key.revoked_at, key.expires_at) {
            (Some(_), _) => "revoked",
            (None, Some(end)) if end <= now => "expired",
            _ => "active",
        };
        Self {
            id: key.id.to_string(),
            name: key.name,
            prefix: key.prefix,
            state,
            created_at: time(key.created_at),
            expires_at: time_or_null(key.expires_at),
            last_used_at: time_or_null(key.last_used_at),
            revoked_at: time_or_null(key.revoked_at),
            scopes: key.scopes.into_iter().map(Into::into).collect(),
        }
    }
}

/// A fresh key.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedApiKey {
    api_key: ApiKeyView,
    /// The whole key, shown this once.
    secret: String,
}

/// A new key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateApiKeyBody {
    name: String,
    /// Null: not by itself.
    expires_at: Option<String>,
    /// What it may be used for; calls through the gateway if absent.
    scopes: Option<Vec<KeyScope>>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ApiKeysQuery {
    /// 100 if absent, 1,000 at most.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A tenant's keys, oldest first.
#[utoipa::path(get, path = "/tenants/{id}/api-keys", tag = "api keys", params(("id" = String, Path), ApiKeysQuery), responses((status = 200, body = Page<ApiKeyView>)))]
async fn list_api_keys(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(tenant): Ids<TenantId>,
    Params(query): Params<ApiKeysQuery>,
) -> Answer<Page<ApiKeyView>> {
    let after = cursor::read::<ApiKeyId>(query.cursor.as_deref())?;
    let (keys, more) = engine.api_keys(&cx, tenant, after, cursor::limit(query.limit)?).await?;
    let next_cursor = keys.last().filter(|_| more).and_then(|last| cursor::write(&last.id));
    let now = engine.now();
    Ok(Json(Page { items: keys.into_iter().map(|key| ApiKeyView::new(key, now)).collect(), next_cursor }))
}

/// Mints a key. It is shown this once.
#[utoipa::path(post, path = "/tenants/{id}/api-keys", tag = "api keys", params(("id" = String, Path)), request_body = CreateApiKeyBody, responses((status = 201, body = CreatedApiKey)))]
async fn create_api_key(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(tenant): Ids<TenantId>,
    JsonBody(body): JsonBody<CreateApiKeyBody>,
) -> Result<(StatusCode, Json<CreatedApiKey>), Failure> {
    let expires_at = moment("expires_at", body.expires_at.as_deref())?;
    let scopes = body.scopes.unwrap_or_else(|| vec![KeyScope::GatewayCall]);
    let scopes = scopes.into_iter().map(Into::into).collect();
    let minted = engine.mint_scoped_key(&cx, tenant, &body.name, expires_at, scopes).await?;
    let created = CreatedApiKey {
        api_key: ApiKeyView::new(minted.key, engine.now()),
        secret: minted.secret.to_string(),
    };
    Ok((StatusCode::CREATED, Json(created)))
}

/// Revokes a key.
#[utoipa::path(post, path = "/tenants/{id}/api-keys/{key_id}/revoke", tag = "api keys", params(("id" = String, Path), ("key_id" = String, Path)), responses((status = 200, body = ApiKeyView)))]
async fn revoke_api_key(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids((tenant, key)): Ids<(TenantId, ApiKeyId)>,
) -> Answer<ApiKeyView> {
    let key = engine.revoke_api_key(&cx, tenant, key).await?;
    Ok(Json(ApiKeyView::new(key, engine.now())))
}
