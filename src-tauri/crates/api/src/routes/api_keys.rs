//! Tenants' API keys.

use super::{Answer, Page, moment, time, time_or_null};
use crate::cursor;
use crate::extract::{Asked, Ids, JsonBody, Params};
use crate::failure::Failure;
use crate::words::{ApiKeyState, KeyScope};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::{ApiKeyId, TenantId, UserId};
use reeve_core::principal::Principal;
use reeve_engine::Engine;
use reeve_engine::api_keys::{ApiKey, Minted, RotateApiKey};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_all_api_keys))
        .routes(routes!(list_api_keys, create_api_key))
        .routes(routes!(rotate_api_key))
        .routes(routes!(end_previous_secret))
        .routes(routes!(revoke_api_key))
}

/// A tenant's API key. The key itself is shown only when it is made.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeyView {
    id: String,
    tenant_id: String,
    tenant_name: Option<String>,
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
    /// When its secret was last replaced.
    rotated_at: Option<String>,
    /// The secret before, while it works beside the present one.
    previous: Option<PreviousSecretView>,
    /// Who made it; null where that is not known.
    created_by: Option<String>,
}

/// A secret that was replaced and still works for a while.
#[derive(Serialize, ToSchema)]
pub(crate) struct PreviousSecretView {
    /// The public beginning of the key with it.
    prefix: String,
    until: String,
    /// When it was last used since it was replaced: whoever uses it has not got the next one.
    last_used_at: Option<String>,
}

impl ApiKeyView {
    fn new(key: ApiKey, engine: &Engine) -> Self {
        let now = engine.now();
        let state = match (key.revoked_at, key.expires_at) {
            (Some(_), _) => "revoked",
            (None, Some(end)) if end <= now => "expired",
            _ => "active",
        };
        Self {
            id: key.id.to_string(),
            tenant_id: key.tenant_id.to_string(),
            tenant_name: engine.tenant_name(key.tenant_id),
            name: key.name,
            prefix: key.prefix,
            state,
            created_at: time(key.created_at),
            expires_at: time_or_null(key.expires_at),
            last_used_at: time_or_null(key.last_used_at),
            revoked_at: time_or_null(key.revoked_at),
            scopes: key.scopes.into_iter().map(Into::into).collect(),
            rotated_at: time_or_null(key.rotated_at),
            created_by: key.created_by.map(|user| user.to_string()),
            previous: key.previous.filter(|p| p.until > now && state == "active").map(|p| {
                PreviousSecretView {
                    prefix: p.prefix,
                    until: time(p.until),
                    last_used_at: time_or_null(p.last_used_at),
                }
            }),
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

impl CreatedApiKey {
    fn new(minted: Minted, engine: &Engine) -> Self {
        Self { api_key: ApiKeyView::new(minted.key, engine), secret: minted.secret.to_string() }
    }
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

/// How to replace a key's secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateApiKeyBody {
    /// How long the secret before goes on working; a day if absent, 0 for not at all, 30 days at most.
    overlap_seconds: Option<i64>,
    /// Ends the secret before the present one, where it still works; without it that is a conflict.
    #[serde(default)]
    force: bool,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ApiKeysQuery {
    /// 100 if absent, 1,000 at most.
    limit: Option<u32>,
    cursor: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AllApiKeysQuery {
    /// Those that this person made; `me` for one's own, which need no permission.
    made_by: Option<String>,
    /// 100 if absent, 1,000 at most.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Keys of all tenants, newest first.
#[utoipa::path(get, path = "/api-keys", tag = "api keys", extensions(("x-permission" = json!("tenant:read")), ("x-tenant" = json!("filter"))), params(AllApiKeysQuery), responses((status = 200, body = Page<ApiKeyView>)))]
async fn list_all_api_keys(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<AllApiKeysQuery>,
) -> Answer<Page<ApiKeyView>> {
    let made_by = match (query.made_by.as_deref(), &cx.principal) {
        (None, _) => None,
        (Some("me"), Principal::User { id, .. }) => Some(*id),
        (Some(text), _) => Some(
            text.parse::<UserId>()
                .map_err(|_| Failure::field("made_by", "is neither `me` nor a person's id"))?,
        ),
    };
    let before = cursor::read::<ApiKeyId>(query.cursor.as_deref())?;
    let (keys, more) = engine.newest_api_keys(&cx, made_by, before, cursor::limit(query.limit)?).await?;
    let next_cursor = keys.last().filter(|_| more).and_then(|last| cursor::write(&last.id));
    Ok(Json(Page { items: keys.into_iter().map(|key| ApiKeyView::new(key, &engine)).collect(), next_cursor }))
}

/// A tenant's keys, oldest first.
#[utoipa::path(get, path = "/tenants/{id}/api-keys", tag = "api keys", extensions(("x-permission" = json!("tenant:read")), ("x-tenant" = json!("path"))), params(("id" = String, Path), ApiKeysQuery), responses((status = 200, body = Page<ApiKeyView>)))]
async fn list_api_keys(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(tenant): Ids<TenantId>,
    Params(query): Params<ApiKeysQuery>,
) -> Answer<Page<ApiKeyView>> {
    let after = cursor::read::<ApiKeyId>(query.cursor.as_deref())?;
    let (keys, more) = engine.api_keys(&cx, tenant, after, cursor::limit(query.limit)?).await?;
    let next_cursor = keys.last().filter(|_| more).and_then(|last| cursor::write(&last.id));
    Ok(Json(Page { items: keys.into_iter().map(|key| ApiKeyView::new(key, &engine)).collect(), next_cursor }))
}

/// Mints a key. It is shown this once.
#[utoipa::path(post, path = "/tenants/{id}/api-keys", tag = "api keys", extensions(("x-permission" = json!("api_key:write")), ("x-tenant" = json!("path"))), params(("id" = String, Path)), request_body = CreateApiKeyBody, responses((status = 201, body = CreatedApiKey)))]
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
    Ok((StatusCode::CREATED, Json(CreatedApiKey::new(minted, &engine))))
}

/// Gives a key another secret, shown this once. Its id, name, budgets and history stay; the secret before works for a while.
#[utoipa::path(post, path = "/tenants/{id}/api-keys/{key_id}/rotate", tag = "api keys", extensions(("x-permission" = json!("api_key:write")), ("x-tenant" = json!("path"))), params(("id" = String, Path), ("key_id" = String, Path)), request_body = RotateApiKeyBody, responses((status = 200, body = CreatedApiKey)))]
async fn rotate_api_key(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids((tenant, key)): Ids<(TenantId, ApiKeyId)>,
    JsonBody(body): JsonBody<RotateApiKeyBody>,
) -> Answer<CreatedApiKey> {
    let overlap_ms = body.overlap_seconds.map(|seconds| seconds.saturating_mul(1_000));
    let how = RotateApiKey { overlap_ms, force: body.force };
    let minted = engine.rotate_api_key(&cx, tenant, key, how).await?;
    Ok(Json(CreatedApiKey::new(minted, &engine)))
}

/// Ends the secret before the last rotation at once.
#[utoipa::path(delete, path = "/tenants/{id}/api-keys/{key_id}/previous", tag = "api keys", extensions(("x-permission" = json!("api_key:write")), ("x-tenant" = json!("path"))), params(("id" = String, Path), ("key_id" = String, Path)), responses((status = 200, body = ApiKeyView)))]
async fn end_previous_secret(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids((tenant, key)): Ids<(TenantId, ApiKeyId)>,
) -> Answer<ApiKeyView> {
    let key = engine.end_previous_secret(&cx, tenant, key).await?;
    Ok(Json(ApiKeyView::new(key, &engine)))
}

/// Revokes a key.
#[utoipa::path(post, path = "/tenants/{id}/api-keys/{key_id}/revoke", tag = "api keys", extensions(("x-permission" = json!("api_key:write")), ("x-tenant" = json!("path"))), params(("id" = String, Path), ("key_id" = String, Path)), responses((status = 200, body = ApiKeyView)))]
async fn revoke_api_key(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids((tenant, key)): Ids<(TenantId, ApiKeyId)>,
) -> Answer<ApiKeyView> {
    let key = engine.revoke_api_key(&cx, tenant, key).await?;
    Ok(Json(ApiKeyView::new(key, &engine)))
}
