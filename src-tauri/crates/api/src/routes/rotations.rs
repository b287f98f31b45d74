//! Rotations of provider keys: begun, looked at, and gone on with where they wait for a person.

use super::{Answer, Page, time, time_or_null};
use crate::cursor;
use crate::extract::{Asked, Ids, JsonBody, Params};
use crate::failure::Failure;
use crate::words::{RotationCause, RotationState, VersionState};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::{CredentialId, RotationId};
use reeve_engine::credentials::Credential;
use reeve_engine::rotation::{BeginRotation, KeyVersion, Resolution, Rotation, SeenKey};
use reeve_engine::{Engine, Secret};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(rotate_credential))
        .routes(routes!(list_key_versions))
        .routes(routes!(list_rotations))
        .routes(routes!(get_rotation))
        .routes(routes!(paste_rotated_key))
        .routes(routes!(resolve_rotation))
}

/// A version of a provider key. The key itself is never shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyVersionView {
    version: u32,
    state: VersionState,
    /// Its id at the provider, where that is known.
    provider_key_id: Option<String>,
    /// Empty where the key was never seen.
    fingerprint: String,
    last4: String,
    created_at: String,
    /// Since when calls go, or went, out with it.
    promoted_at: Option<String>,
    /// Since when they do not any more.
    retired_at: Option<String>,
    /// Until when they still may, where the one behind it is refused.
    grace_until: Option<String>,
    revoked_at: Option<String>,
    /// When the provider ends it by itself.
    expires_at: Option<String>,
    last_used_at: Option<String>,
    /// Calls that went out with it, at least.
    calls: u64,
}

impl From<KeyVersion> for KeyVersionView {
    fn from(v: KeyVersion) -> Self {
        Self {
            version: v.version,
            state: v.state.into(),
            provider_key_id: v.provider_key_id,
            fingerprint: v.fingerprint,
            last4: v.last4,
            created_at: time(v.created_at),
            promoted_at: time_or_null(v.promoted_at),
            retired_at: time_or_null(v.retired_at),
            grace_until: time_or_null(v.grace_until),
            revoked_at: time_or_null(v.revoked_at),
            expires_at: time_or_null(v.expires_at),
            last_used_at: time_or_null(v.last_used_at),
            calls: v.calls,
        }
    }
}

/// A rotation.
#[derive(Serialize, ToSchema)]
pub(crate) struct RotationView {
    id: String,
    credential_id: String,
    credential_name: String,
    provider: String,
    state: RotationState,
    /// Where it goes on once a person has done their part.
    resumes: Option<RotationState>,
    cause: RotationCause,
    /// What is replaced.
    from_version: u32,
    /// What replaces it, once it is there.
    to_version: Option<u32>,
    started_at: String,
    updated_at: String,
    promoted_at: Option<String>,
    /// Until when the old key may still serve.
    grace_until: Option<String>,
    /// Until when the old key could come back.
    soak_until: Option<String>,
    /// When it goes on by itself.
    next_at: Option<String>,
    ended_at: Option<String>,
    /// Failures in a row of the step it is at.
    attempts: u32,
    /// Whether the grace was extended.
    extended: bool,
    /// What went wrong last, or what is waited for, by class: `limit`, `unauthorized`, `in_use`, `delete` …
    error_class: Option<String>,
    error: Option<String>,
}

impl RotationView {
    pub(crate) fn new(r: Rotation, credential: &Credential) -> Self {
        Self {
            id: r.id.to_string(),
            credential_id: r.credential_id.to_string(),
            credential_name: credential.name.clone(),
            provider: credential.provider.clone(),
            state: r.state.into(),
            resumes: r.resumes.map(Into::into),
            cause: r.cause.into(),
            from_version: r.from_version,
            to_version: r.to_version,
            started_at: time(r.started_at),
            updated_at: time(r.updated_at),
            promoted_at: time_or_null(r.promoted_at),
            grace_until: time_or_null(r.grace_until),
            soak_until: time_or_null(r.soak_until),
            next_at: time_or_null(r.next_at),
            ended_at: time_or_null(r.ended_at),
            attempts: r.attempts,
            extended: r.extensions > 0,
            error_class: r.error_class,
            error: r.error,
        }
    }
}

/// A key as the provider listed it.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeenKeyView {
    id: String,
    name: Option<String>,
    /// What the provider shows of it.
    hint: Option<String>,
    active: bool,
    created_at: Option<String>,
    last_used_at: Option<String>,
    last_used_by: Option<String>,
    /// The version of ours that it is.
    version: Option<u32>,
}

/// A rotation with the keys it is about.
#[derive(Serialize, ToSchema)]
pub(crate) struct RotationDetailView {
    rotation: RotationView,
    /// What our keys of this rotation are called at the provider.
    tag: String,
    versions: Vec<KeyVersionView>,
    /// Keys at the provider before a new one was asked for.
    keys_at_provider: Vec<SeenKeyView>,
    /// Whether new keys are made without a person.
    can_create: bool,
    /// Whether keys are deleted without a person.
    can_delete: bool,
}

/// Who was served with an older key.
#[derive(Serialize, ToSchema)]
pub(crate) struct FallbackView {
    version: u32,
    tenant_id: String,
    tenant_name: Option<String>,
    api_key_id: String,
    api_key_name: Option<String>,
    calls: u64,
    last_at: String,
}

/// The keys of a credential.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyVersionsView {
    /// Newest first.
    versions: Vec<KeyVersionView>,
    /// Who was served with an older key, the last first; 100 at most.
    fallbacks: Vec<FallbackView>,
}

/// A rotation that is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateBody {
    /// The key is known to others: the old one ends as soon as the new one is in use.
    compromised: bool,
    /// Days the old key is kept for calls that the new one is refused for; the credential's own where null.
    grace_days: Option<u32>,
    /// The last four characters of the key in use; needed where it is compromised.
    last4: Option<String>,
}

/// The key that a person made at the provider.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasteKeyBody {
    /// Sealed on the way in, never shown again.
    api_key: String,
    /// Its id at the provider, so that it can be retired there later.
    provider_key_id: Option<String>,
}

/// What a person decides about a rotation.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decision {
    /// Try again from where it stopped.
    Retry,
    /// Give it up: the old key stays.
    GiveUp,
    /// Retire the old key now, whoever still uses it.
    Retire,
    /// The old key is deleted at the provider.
    Deleted,
    /// Delete a key at the provider, to make room or to clear up.
    DeleteKey,
}

/// What a person decides about a rotation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResolveBody {
    decision: Decision,
    /// With `retire`: the last four characters of the old key.
    last4: Option<String>,
    /// With `delete_key`: which one.
    provider_key_id: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RotationsQuery {
    credential_id: Option<String>,
    /// 100 if absent, 1,000 at most.
    limit: Option<u32>,
    cursor: Option<String>,
}

async fn viewed(engine: &Engine, cx: &reeve_engine::Cx, rotation: Rotation) -> Result<RotationView, Failure> {
    let detail = engine.rotation(cx, rotation.id).await?;
    Ok(RotationView::new(rotation, &detail.credential))
}

/// Begins a rotation now. Needs a fresh sign-in.
#[utoipa::path(post, path = "/credentials/{id}/rotate", tag = "credentials", extensions(("x-permission" = json!("credential:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = RotateBody, responses((status = 201, body = RotationView)))]
async fn rotate_credential(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<CredentialId>,
    JsonBody(body): JsonBody<RotateBody>,
) -> Result<(StatusCode, Json<RotationView>), Failure> {
    let asked =
        BeginRotation { compromised: body.compromised, grace_days: body.grace_days, last4: body.last4 };
    let begun = engine.begin_rotation(&cx, id, asked).await?;
    Ok((StatusCode::CREATED, Json(viewed(&engine, &cx, begun).await?)))
}

/// The versions of a credential's key, and who still uses older ones.
#[utoipa::path(get, path = "/credentials/{id}/versions", tag = "credentials", extensions(("x-permission" = json!("credential:read")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = KeyVersionsView)))]
async fn list_key_versions(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<CredentialId>,
) -> Answer<KeyVersionsView> {
    let used = engine.key_versions(&cx, id).await?;
    let fallbacks = used.fallbacks.into_iter().map(|(f, tenant_name, api_key_name)| FallbackView {
        version: f.version,
        tenant_id: f.tenant_id.to_string(),
        tenant_name,
        api_key_id: f.api_key_id.to_string(),
        api_key_name,
        calls: f.calls,
        last_at: time(f.last_at),
    });
    Ok(Json(KeyVersionsView {
        fallbacks: fallbacks.collect(),
        versions: used.versions.into_iter().map(KeyVersionView::from).collect(),
    }))
}

/// Rotations, newest first.
#[utoipa::path(get, path = "/rotations", tag = "credentials", extensions(("x-permission" = json!("credential:read")), ("x-tenant" = json!("none"))), params(RotationsQuery), responses((status = 200, body = Page<RotationView>)))]
async fn list_rotations(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<RotationsQuery>,
) -> Answer<Page<RotationView>> {
    let of = query.credential_id.map(|id| id.parse::<CredentialId>()).transpose();
    let of = of.map_err(|e| Failure::field("credential_id", e.to_string()))?;
    let before = cursor::read::<RotationId>(query.cursor.as_deref())?;
    let (rotations, more) = engine.rotations(&cx, of, before, cursor::limit(query.limit)?).await?;
    let next_cursor = rotations.last().filter(|_| more).and_then(|(last, _)| cursor::write(&last.id));
    let items = rotations.into_iter().map(|(r, credential)| RotationView::new(r, &credential)).collect();
    Ok(Json(Page { items, next_cursor }))
}

/// A rotation with the keys it is about.
#[utoipa::path(get, path = "/rotations/{id}", tag = "credentials", extensions(("x-permission" = json!("credential:read")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = RotationDetailView)))]
async fn get_rotation(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<RotationId>,
) -> Answer<RotationDetailView> {
    let detail = engine.rotation(&cx, id).await?;
    let version_of = |key: &SeenKey| {
        let found = detail.versions.iter().find(|v| key.is(v));
        found.map(|v| v.version)
    };
    let keys = detail.snapshot.iter().map(|key| SeenKeyView {
        version: version_of(key),
        id: key.id.clone(),
        name: key.name.clone(),
        hint: key.hint.clone(),
        active: key.active,
        created_at: time_or_null(key.created_at),
        last_used_at: time_or_null(key.last_used_at),
        last_used_by: key.last_used_by.clone(),
    });
    let keys_at_provider = keys.collect();
    Ok(Json(RotationDetailView {
        keys_at_provider,
        tag: detail.rotation.tag.clone(),
        rotation: RotationView::new(detail.rotation, &detail.credential),
        versions: detail.versions.into_iter().map(KeyVersionView::from).collect(),
        can_create: detail.abilities.create,
        can_delete: detail.abilities.delete,
    }))
}

/// Takes the key that a person made at the provider. Needs a fresh sign-in.
#[utoipa::path(post, path = "/rotations/{id}/key", tag = "credentials", extensions(("x-permission" = json!("credential:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = PasteKeyBody, responses((status = 200, body = RotationView)))]
async fn paste_rotated_key(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<RotationId>,
    JsonBody(body): JsonBody<PasteKeyBody>,
) -> Answer<RotationView> {
    let key = Secret::new(body.api_key.into_bytes());
    let rotation = engine.paste_rotated_key(&cx, id, key, body.provider_key_id).await?;
    Ok(Json(viewed(&engine, &cx, rotation).await?))
}

/// Goes on with a rotation as a person decides. Needs a fresh sign-in.
#[utoipa::path(post, path = "/rotations/{id}/resolve", tag = "credentials", extensions(("x-permission" = json!("credential:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = ResolveBody, responses((status = 200, body = RotationView)))]
async fn resolve_rotation(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<RotationId>,
    JsonBody(body): JsonBody<ResolveBody>,
) -> Answer<RotationView> {
    let resolution = match body.decision {
        Decision::Retry => Resolution::Retry,
        Decision::GiveUp => Resolution::GiveUp,
        Decision::Retire => Resolution::Retire(body.last4),
        Decision::Deleted => Resolution::Deleted,
        Decision::DeleteKey => {
            let key = body.provider_key_id.filter(|id| !id.is_empty());
            Resolution::DeleteKey(key.ok_or_else(|| Failure::field("provider_key_id", "is needed"))?)
        }
    };
    let rotation = engine.resolve_rotation(&cx, id, resolution).await?;
    Ok(Json(viewed(&engine, &cx, rotation).await?))
}
