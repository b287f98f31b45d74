//! Control credentials: the admin keys that provider keys are made and retired with.

use super::credentials::CredentialView;
use super::{Answer, time, time_or_null};
use crate::extract::{Asked, Ids, JsonBody};
use crate::failure::Failure;
use crate::patch::Patch;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::{ControlCredentialId, CredentialId};
use reeve_engine::rotation::BeginRenewal;
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
        .routes(routes!(begin_renewal, end_renewal))
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
    /// The credential whose versions it is, where it is replaced by itself; null where people replace it.
    renewed_by: Option<String>,
    created_at: String,
    /// When the key itself was last replaced.
    changed_at: String,
    last_used_at: Option<String>,
}

impl ControlCredentialView {
    fn new(c: ControlCredential, used_by: Vec<String>, renewals: &Renewals) -> Self {
        let renewed_by = renewals.iter().find(|(id, _)| *id == c.id).map(|(_, by)| by.to_string());
        Self {
            id: c.id.to_string(),
            name: c.name,
            provider: c.provider,
            fingerprint: c.fingerprint,
            last4: c.last4,
            used_by,
            renewed_by,
            created_at: time(c.created_at),
            changed_at: time(c.changed_at),
            last_used_at: time_or_null(c.last_used_at),
        }
    }
}

type Renewals = [(ControlCredentialId, CredentialId)];

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
#[utoipa::path(get, path = "/control-credentials", tag = "credentials", extensions(("x-permission" = json!("credential:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = ControlCredentialsView)))]
async fn list_control_credentials(
    State(engine): State<Engine>,
    Asked(cx): Asked,
) -> Answer<ControlCredentialsView> {
    let all = engine.control_credentials(&cx).await?;
    let renewals = engine.renewals(&cx).await?;
    let view = |(one, used_by)| ControlCredentialView::new(one, used_by, &renewals);
    Ok(Json(ControlCredentialsView { items: all.into_iter().map(view).collect() }))
}

/// Adds an admin key. Needs a fresh sign-in.
#[utoipa::path(post, path = "/control-credentials", tag = "credentials", extensions(("x-permission" = json!("credential:write")), ("x-tenant" = json!("none"))), request_body = CreateControlCredentialBody, responses((status = 201, body = ControlCredentialView)))]
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
    Ok((StatusCode::CREATED, Json(ControlCredentialView::new(added, Vec::new(), &[]))))
}

/// Gives an admin key another name, or puts another key in its place. Needs a fresh sign-in.
#[utoipa::path(patch, path = "/control-credentials/{id}", tag = "credentials", extensions(("x-permission" = json!("credential:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = UpdateControlCredentialBody, responses((status = 200, body = ControlCredentialView)))]
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
    let renewals = engine.renewals(&cx).await?;
    Ok(Json(ControlCredentialView::new(changed, used_by.unwrap_or_default(), &renewals)))
}

/// Removes an admin key and shreds it. Needs a fresh sign-in.
#[utoipa::path(delete, path = "/control-credentials/{id}", tag = "credentials", extensions(("x-permission" = json!("credential:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 204)))]
async fn delete_control_credential(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<ControlCredentialId>,
) -> Result<StatusCode, Failure> {
    engine.remove_control_credential(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How an admin key is to replace itself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeginRenewalBody {
    /// How its provider is told about such keys: `openai_admin` or `aws_iam`, as in the rotation of a credential.
    #[schema(value_type = Object)]
    control: serde_json::Value,
    /// Days a key is in use; 90 where absent.
    period_days: Option<u32>,
}

/// Has an admin key replaced by itself. It is a credential then that serves no calls, rotated as any other. Needs a fresh sign-in.
#[utoipa::path(put, path = "/control-credentials/{id}/renewal", tag = "credentials", extensions(("x-permission" = json!("credential:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = BeginRenewalBody, responses((status = 200, body = CredentialView)))]
async fn begin_renewal(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<ControlCredentialId>,
    JsonBody(body): JsonBody<BeginRenewalBody>,
) -> Answer<CredentialView> {
    let asked = BeginRenewal { control: body.control, period_days: body.period_days };
    let renewing = engine.begin_renewal(&cx, id, asked).await?;
    Ok(Json(CredentialView::one(&engine, &cx, renewing).await?))
}

/// Leaves replacing an admin key to people again. The key in use stays the admin key. Needs a fresh sign-in.
#[utoipa::path(delete, path = "/control-credentials/{id}/renewal", tag = "credentials", extensions(("x-permission" = json!("credential:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 204)))]
async fn end_renewal(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<ControlCredentialId>,
) -> Result<StatusCode, Failure> {
    engine.end_renewal(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
