//! Provider credentials.

use super::rotations::{KeyVersionView, RotationView};
use super::routing::breaker;
use super::{Answer, Page, time, time_or_null};
use crate::cursor;
use crate::extract::{Asked, Ids, JsonBody, Params};
use crate::failure::Failure;
use crate::patch::Patch;
use crate::words::{BreakerState, CredentialState, RotationCause};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::{ControlCredentialId, CredentialId};
use reeve_engine::credentials::{AddCredential, ChangeCredential, Credential};
use reeve_engine::rotation::{KeyVersion, Rotation, SetRotation};
use reeve_engine::{Cx, Engine, Secret};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_credentials, create_credential))
        .routes(routes!(update_credential))
        .routes(routes!(revoke_credential))
        .routes(routes!(update_credential_rotation))
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
    /// Of the key in use.
    version: u32,
    /// Since when that key is in use.
    promoted_at: String,
    /// When the provider ends that key by itself.
    expires_at: Option<String>,
    /// How its keys are rotated.
    policy: RotationPolicyView,
    /// The admin key that its keys are, one after the other; null: they serve calls.
    renews_id: Option<String>,
    /// When its key is to be replaced, and why; null where nothing says so.
    due: Option<RotationDueView>,
    /// Its keys, newest first, 20 at most.
    versions: Vec<KeyVersionView>,
    /// The rotation that is not over.
    rotation: Option<RotationView>,
    created_at: String,
    last_used_at: Option<String>,
    revoked_at: Option<String>,
}

/// How the keys of a credential are rotated.
#[derive(Serialize, ToSchema)]
pub(crate) struct RotationPolicyView {
    /// Days a key is in use before it is replaced; 0: never by itself.
    period_days: u32,
    /// Days the key before is kept for calls that the new one is refused for.
    grace_days: u32,
    /// Hours between disabling a key and deleting it.
    soak_hours: u32,
    /// How the provider is told about keys, as settings of its admin API; null: by hand.
    #[schema(value_type = Option<Object>)]
    control: Option<serde_json::Value>,
    /// The admin key that this is done with.
    control_credential_id: Option<String>,
    /// Whether new keys are made without a person.
    automatic: bool,
}

/// When a key is to be replaced.
#[derive(Serialize, ToSchema)]
pub(crate) struct RotationDueView {
    at: String,
    cause: RotationCause,
}

/// Keys shown with a credential at most.
const VERSIONS: usize = 20;

impl CredentialView {
    fn new(
        credential: Credential,
        (versions, rotation): (Vec<KeyVersion>, Option<Rotation>),
        engine: &Engine,
    ) -> Self {
        let (breaker, breaker_reason) = breaker(engine.breaker_of(&credential));
        let due = engine.rotation_due(&credential);
        Self {
            weight: credential.weight,
            priority: credential.priority,
            breaker,
            breaker_reason,
            policy: RotationPolicyView {
                period_days: credential.policy.period_days,
                grace_days: credential.policy.grace_days,
                soak_hours: credential.policy.soak_hours,
                control: credential.control.as_deref().and_then(|json| serde_json::from_str(json).ok()),
                control_credential_id: credential.control_credential.map(|id| id.to_string()),
                automatic: engine.rotation_abilities(&credential).create,
            },
            renews_id: credential.renews.map(|id| id.to_string()),
            due: due.map(|(at, cause)| RotationDueView { at: time(at), cause: cause.into() }),
            rotation: rotation.map(|r| RotationView::new(r, &credential)),
            versions: versions.into_iter().take(VERSIONS).map(KeyVersionView::from).collect(),
            id: credential.id.to_string(),
            name: credential.name,
            provider: credential.provider,
            base_url: credential.base_url,
            models: credential.models,
            fingerprint: credential.fingerprint,
            last4: credential.last4,
            state: if credential.revoked_at.is_some() { "revoked" } else { "current" },
            version: credential.version,
            promoted_at: time(credential.promoted_at),
            expires_at: time_or_null(credential.expires_at),
            created_at: time(credential.created_at),
            last_used_at: time_or_null(credential.last_used_at),
            revoked_at: time_or_null(credential.revoked_at),
        }
    }

    pub(crate) async fn one(engine: &Engine, cx: &Cx, credential: Credential) -> Result<Self, Failure> {
        let mut histories = engine.key_histories(cx, vec![credential.id]).await?;
        Ok(Self::new(credential, histories.pop().unwrap_or_default(), engine))
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
#[utoipa::path(get, path = "/credentials", tag = "credentials", extensions(("x-permission" = json!("credential:read")), ("x-tenant" = json!("none"))), params(CredentialsQuery), responses((status = 200, body = Page<CredentialView>)))]
async fn list_credentials(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<CredentialsQuery>,
) -> Answer<Page<CredentialView>> {
    let after = cursor::read::<CredentialId>(query.cursor.as_deref())?;
    let (credentials, more) = engine.credentials(&cx, after, cursor::limit(query.limit)?).await?;
    let next_cursor = credentials.last().filter(|_| more).and_then(|last| cursor::write(&last.id));
    let histories = engine.key_histories(&cx, credentials.iter().map(|c| c.id).collect()).await?;
    let views =
        credentials.into_iter().zip(histories).map(|(c, history)| CredentialView::new(c, history, &engine));
    Ok(Json(Page { items: views.collect(), next_cursor }))
}

/// Adds a credential.
#[utoipa::path(post, path = "/credentials", tag = "credentials", extensions(("x-permission" = json!("credential:write")), ("x-tenant" = json!("none"))), request_body = CreateCredentialBody, responses((status = 201, body = CredentialView)))]
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
    Ok((StatusCode::CREATED, Json(CredentialView::one(&engine, &cx, added).await?)))
}

/// Changes what calls a credential takes. The key itself stays.
#[utoipa::path(patch, path = "/credentials/{id}", tag = "credentials", extensions(("x-permission" = json!("credential:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = UpdateCredentialBody, responses((status = 200, body = CredentialView)))]
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
    let changed = engine.change_credential(&cx, id, change).await?;
    Ok(Json(CredentialView::one(&engine, &cx, changed).await?))
}

/// Which key is to be revoked, typed by a person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeCredentialBody {
    /// The last four characters of the key in use.
    last4: String,
}

/// Revokes a credential and shreds its keys; those that Reeve had made are deleted at the provider too. Needs a fresh sign-in.
#[utoipa::path(post, path = "/credentials/{id}/revoke", tag = "credentials", extensions(("x-permission" = json!("credential:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = RevokeCredentialBody, responses((status = 200, body = CredentialView)))]
async fn revoke_credential(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<CredentialId>,
    JsonBody(body): JsonBody<RevokeCredentialBody>,
) -> Answer<CredentialView> {
    let revoked = engine.revoke_credential(&cx, id, Some(&body.last4)).await?;
    Ok(Json(CredentialView::one(&engine, &cx, revoked).await?))
}

/// A change of how keys are rotated: absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateRotationBody {
    /// From 0, never by itself, to 3,650.
    #[serde(default)]
    #[schema(value_type = u32, required = false)]
    period_days: Patch<u32>,
    /// From 0 to 90.
    #[serde(default)]
    #[schema(value_type = u32, required = false)]
    grace_days: Patch<u32>,
    /// From 0 to 720.
    #[serde(default)]
    #[schema(value_type = u32, required = false)]
    soak_hours: Patch<u32>,
    /// Settings of the provider's admin API, such as `{"kind": "openai", "project": "proj_abc"}`; null: by hand.
    #[serde(default)]
    #[schema(value_type = Option<Object>, required = false)]
    control: Patch<serde_json::Value>,
    /// The admin key that this is done with.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    control_credential_id: Patch<String>,
}

/// Changes how the keys of a credential are rotated. What is about admin keys needs a fresh sign-in.
#[utoipa::path(patch, path = "/credentials/{id}/rotation", tag = "credentials", extensions(("x-permission" = json!("credential:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = UpdateRotationBody, responses((status = 200, body = CredentialView)))]
async fn update_credential_rotation(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<CredentialId>,
    JsonBody(body): JsonBody<UpdateRotationBody>,
) -> Answer<CredentialView> {
    let with = body
        .control_credential_id
        .try_map("control_credential_id", |id| id.parse::<ControlCredentialId>())?;
    let set = SetRotation {
        period_days: body.period_days.required("period_days")?,
        grace_days: body.grace_days.required("grace_days")?,
        soak_hours: body.soak_hours.required("soak_hours")?,
        control: body.control.nullable(),
        control_credential: with.nullable(),
    };
    let changed = engine.set_rotation(&cx, id, set).await?;
    Ok(Json(CredentialView::one(&engine, &cx, changed).await?))
}

/// Tests a credential at its provider.
#[utoipa::path(post, path = "/credentials/{id}/probe", tag = "credentials", extensions(("x-permission" = json!("credential:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = ProbeView)))]
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
#[utoipa::path(get, path = "/providers", tag = "credentials", extensions(("x-permission" = json!("credential:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = ProvidersView)))]
async fn list_providers(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<ProvidersView> {
    let items = engine.providers(&cx).await?.into_iter().map(|provider| ProviderView {
        id: provider.id.to_owned(),
        name: provider.name.to_owned(),
        base_url: provider.base_url.unwrap_or_default().to_owned(),
        priced_models: provider.priced_models as u64,
    });
    Ok(Json(ProvidersView { items: items.collect() }))
}
