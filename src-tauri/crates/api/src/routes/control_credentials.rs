//! Control credentials: the admin keys that provider keys are made and retired with.

use super::{Answer, time, time_or_null};
use crate::extract::{Asked, Ids, JsonBody};
use crate::failure::Failure;
use crate::patch::Patch;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::ControlCredentialId;
use reeve_engine::rotation::control::{AddControlCredential, ChangeControlCredential, ControlCredential};
use reeve_engine::{Engine, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_control_credentials, create_control_credential))
        .routes(routes!(update_control_credential, delete_control_credential))
}

/// An admin key of a provider. The key itself is never shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct ControlCredentialView {
    id: String,
    name: String,
    provider: String,
    /// Recognises the key without giving it away.
    fingerprint: String,
    last4: String,
    /// Names of the credentials that are rotated with it.
    used_by: Vec<String>,
    created_at: String,
    /// When the key itself was last replaced.
    changed_at: String,
    last_used_at: Option<String>,
}

impl ControlCredentialView {
    fn new(c: ControlCredential, used_by: Vec<String>) -> Self {
        Self {
            id: c.id.to_string(),
            name: c.name,
            provider: c.provider,
            fingerprint: c.fingerprint,
            last4: c.last4,
            used_by,
            created_at: time(c.created_at),
            changed_at: time(c.changed_at),
            last_used_at: time_or_null(c.last_used_at),
        }
    }
}

/// The admin keys: few, so not paged.
#[derive(Serialize, ToSchema)]
pub(crate) struct ControlCredentialsView {
    items: Vec<ControlCredentialView>,
}

/// A new admin key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateControlCredentialBody {
    name: String,
    /// One of `GET /providers`, or `custom`.
    provider: String,
    /// Sealed on the way in, never shown again.
    secret: String,
}

/// A change of an admin key: absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateControlCredentialBody {
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    name: Patch<String>,
    /// Another key in its place.
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    secret: Patch<String>,
}

/// Admin keys, oldest first.
#[utoipa::path(get, path = "/control-credentials", tag = "credentials", responses((status = 200, body = ControlCredentialsView)))]
async fn list_control_credentials(
    State(engine): State<Engine>,
    Asked(cx): Asked,
) -> Answer<ControlCredentialsView> {
    let all = engine.control_credentials(&cx).await?;
    let items = all.into_iter().map(|(one, used_by)| ControlCredentialView::new(one, used_by)).collect();
    Ok(Json(ControlCredentialsView { items }))
}

/// Adds an admin key. Needs a fresh sign-in.
#[utoipa::path(post, path = "/control-credentials", tag = "credentials", request_body = CreateControlCredentialBody, responses((status = 201, body = ControlCredentialView)))]
async fn create_control_credential(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<CreateControlCredentialBody>,
) -> Result<(StatusCode, Json<ControlCredentialView>), Failure> {
    let new = AddControlCredential {
        name: body.name,
        provider: body.provider,
        secret: Secret::new(body.secret.into_bytes()),
    };
    let added = engine.add_control_credential(&cx, new).await?;
    Ok((StatusCode::CREATED, Json(ControlCredentialView::new(added, Vec::new()))))
}

/// Gives an admin key another name, or puts another key in its place. Needs a fresh sign-in.
#[utoipa::path(patch, path = "/control-credentials/{id}", tag = "credentials", params(("id" = String, Path)), request_body = UpdateControlCredentialBody, responses((status = 200, body = ControlCredentialView)))]
async fn update_control_credential(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<ControlCredentialId>,
    JsonBody(body): JsonBody<UpdateControlCredentialBody>,
) -> Answer<ControlCredentialView> {
    let change = ChangeControlCredential {
        name: body.name.required("name")?,
        secret: body.secret.required("secret")?.map(|text| Secret::new(text.into_bytes())),
    };
    let changed = engine.change_control_credential(&cx, id, change).await?;
    let all = engine.control_credentials(&cx).await?;
    let used_by = all.into_iter().find(|(one, _)| one.id == id).map(|(_, used_by)| used_by);
    Ok(Json(ControlCredentialView::new(changed, used_by.unwrap_or_default())))
}

/// Removes an admin key and shreds it. Needs a fresh sign-in.
#[utoipa::path(delete, path = "/control-credentials/{id}", tag = "credentials", params(("id" = String, Path)), responses((status = 204)))]
async fn delete_control_credential(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<ControlCredentialId>,
) -> Result<StatusCode, Failure> {
    engine.remove_control_credential(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
