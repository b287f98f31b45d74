//! Provider credentials.

use super::routing::breaker;
use super::{Answer, Page, time, time_or_null};
use crate::cursor;
use crate::extract::{Asked, Ids, JsonBody, Params};
use crate::failure::Failure;
use crate::patch::Patch;
use crate::words::{BreakerState, CredentialState};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::CredentialId;
use reeve_engine::credentials::{AddCredential, ChangeCredential, Credential};
use reeve_engine::{Engine, Secret};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_credentials, create_credential))
        .routes(routes!(update_credential))
        .routes(routes!(revoke_credential))
        .routes(routes!(probe_credential))
        .routes(routes!(list_providers))
}

/// A provider credential. The key itself is never shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct CredentialView {
    id: String,
    name: String,
    provider: String,
    base_url: String,
    /// Models it serves; empty serves all.
    models: Vec<String>,
    /// Its share of the calls, against other keys of the same priority.
    weight: u32,
    /// Keys with a lower number go first.
    priority: u32,
    /// What its circuit breaker does with calls.
    #[schema(value_type = BreakerState)]
    breaker: &'static str,
    /// Why calls are kept from it, if they are.
    breaker_reason: Option<String>,
    /// Recognises the key without giving it away.
    fingerprint: String,
    last4: String,
    #[schema(value_type = CredentialState)]
    state: &'static str,
    created_at: String,
    last_used_at: Option<String>,
    revoked_at: Option<String>,
}

impl CredentialView {
    fn new(credential: Credential, engine: &Engine) -> Self {
        let (breaker, breaker_reason) = breaker(engine.breaker_of(&credential));
        Self {
            weight: credential.weight,
            priority: credential.priority,
            breaker,
            breaker_reason,
            id: credential.id.to_string(),
            name: credential.name,
            provider: credential.provider,
            base_url: credential.base_url,
            models: credential.models,
            fingerprint: credential.fingerprint,
            last4: credential.last4,
            state: if credential.revoked_at.is_some() { "revoked" } else { "current" },
            created_at: time(credential.created_at),
            last_used_at: time_or_null(credential.last_used_at),
            revoked_at: time_or_null(credential.revoked_at),
        }
    }
}

/// A new credential.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateCredentialBody {
    name: String,
    /// One of `GET /providers`, or `custom`.
    provider: String,
    /// The provider's own where null; needed for `custom`.
    base_url: Option<String>,
    /// Null serves all.
    models: Option<Vec<String>>,
    /// Its share of the calls, from 1 to 1,000; 100 where null.
    weight: Option<u32>,
    /// Keys with a lower number go first, from 1 to 100; 1 where null.
    priority: Option<u32>,
    /// Sealed on the way in, never shown again.
    api_key: String,
}

/// A change of what calls a credential takes: absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateCredentialBody {
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    name: Patch<String>,
    /// Null serves all.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, required = false)]
    models: Patch<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = u32, required = false)]
    weight: Patch<u32>,
    #[serde(default)]
    #[schema(value_type = u32, required = false)]
    priority: Patch<u32>,
}

/// What a test of a credential found.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProbeView {
    ok: bool,
    /// Status of the provider's answer, if it answered.
    status: Option<u16>,
    message: String,
    models_count: Option<u64>,
}

/// A provider that a credential may be for.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProviderView {
    id: String,
    name: String,
    /// Empty where every customer has an address of their own.
    base_url: String,
    priced_models: u64,
}

/// The providers: few, so not paged.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProvidersView {
    items: Vec<ProviderView>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CredentialsQuery {
    /// 100 if absent, 1,000 at most.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Credentials, oldest first.
#[utoipa::path(get, path = "/credentials", tag = "credentials", params(CredentialsQuery), responses((status = 200, body = Page<CredentialView>)))]
async fn list_credentials(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<CredentialsQuery>,
) -> Answer<Page<CredentialView>> {
    let after = cursor::read::<CredentialId>(query.cursor.as_deref())?;
    let (credentials, more) = engine.credentials(&cx, after, cursor::limit(query.limit)?).await?;
    let next_cursor = credentials.last().filter(|_| more).and_then(|last| cursor::write(&last.id));
    Ok(Json(Page {
        items: credentials.into_iter().map(|c| CredentialView::new(c, &engine)).collect(),
        next_cursor,
    }))
}

/// Adds a credential.
#[utoipa::path(post, path = "/credentials", tag = "credentials", request_body = CreateCredentialBody, responses((status = 201, body = CredentialView)))]
async fn create_credential(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<CreateCredentialBody>,
) -> Result<(StatusCode, Json<CredentialView>), Failure> {
    let new = AddCredential {
        name: body.name,
        provider: body.provider,
        base_url: body.base_url,
        models: body.models.unwrap_or_default(),
        weight: body.weight,
        priority: body.priority,
        api_key: Secret::new(body.api_key.into_bytes()),
    };
    let added = engine.add_credential(&cx, new).await?;
    Ok((StatusCode::CREATED, Json(CredentialView::new(added, &engine))))
}

/// Changes what calls a credential takes. The key itself stays.
#[utoipa::path(patch, path = "/credentials/{id}", tag = "credentials", params(("id" = String, Path)), request_body = UpdateCredentialBody, responses((status = 200, body = CredentialView)))]
async fn update_credential(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<CredentialId>,
    JsonBody(body): JsonBody<UpdateCredentialBody>,
) -> Answer<CredentialView> {
    let change = ChangeCredential {
        name: body.name.required("name")?,
        models: body.models.nullable().map(Option::unwrap_or_default),
        weight: body.weight.required("weight")?,
        priority: body.priority.required("priority")?,
    };
    Ok(Json(CredentialView::new(engine.change_credential(&cx, id, change).await?, &engine)))
}

/// Revokes a credential and shreds its key.
#[utoipa::path(post, path = "/credentials/{id}/revoke", tag = "credentials", params(("id" = String, Path)), responses((status = 200, body = CredentialView)))]
async fn revoke_credential(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<CredentialId>,
) -> Answer<CredentialView> {
    Ok(Json(CredentialView::new(engine.revoke_credential(&cx, id).await?, &engine)))
}

/// Tests a credential at its provider.
#[utoipa::path(post, path = "/credentials/{id}/probe", tag = "credentials", params(("id" = String, Path)), responses((status = 200, body = ProbeView)))]
async fn probe_credential(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<CredentialId>,
) -> Answer<ProbeView> {
    let probed = engine.probe_credential(&cx, id).await?;
    Ok(Json(ProbeView {
        ok: probed.ok,
        status: probed.status,
        message: probed.message,
        models_count: probed.models,
    }))
}

/// The providers that a credential may be for.
#[utoipa::path(get, path = "/providers", tag = "credentials", responses((status = 200, body = ProvidersView)))]
async fn list_providers(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<ProvidersView> {
    let items = engine.providers(&cx).await?.into_iter().map(|provider| ProviderView {
        id: provider.id.to_owned(),
        name: provider.name.to_owned(),
        base_url: provider.base_url.unwrap_or_default().to_owned(),
        priced_models: provider.priced_models as u64,
    });
    Ok(Json(ProvidersView { items: items.collect() }))
}
