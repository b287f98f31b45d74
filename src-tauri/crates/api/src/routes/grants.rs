//! Grants: the roles that somebody holds for single tenants.

use super::{Answer, Page, time};
use crate::extract::{Asked, Ids, JsonBody};
use crate::failure::Failure;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::{TenantId, UserId};
use reeve_core::permission::Permission;
use reeve_engine::Engine;
use reeve_engine::identity::HeldGrant;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_grants))
        .routes(routes!(list_tenant_grants))
        .routes(routes!(put_grant, delete_grant))
}

/// A role that somebody holds for a tenant.
#[derive(Serialize, ToSchema)]
pub(crate) struct GrantView {
    user_id: String,
    user_name: String,
    tenant_id: String,
    tenant_name: String,
    /// The word of a built-in role, the id of another.
    role: String,
    role_name: String,
    /// What it lets its holder do with the tenant: of what the role allows, that which can be held for one.
    scopes: Vec<&'static str>,
    created_at: String,
}

impl From<HeldGrant> for GrantView {
    fn from(held: HeldGrant) -> Self {
        Self {
            user_id: held.grant.user_id.to_string(),
            user_name: held.user_name,
            tenant_id: held.grant.tenant_id.to_string(),
            tenant_name: held.tenant_name,
            role: held.grant.role.to_string(),
            role_name: held.role_name,
            scopes: held.may.into_iter().map(Permission::as_str).collect(),
            created_at: time(held.grant.created_at),
        }
    }
}

/// All of them: they are given by hand, and few.
fn page(held: Vec<HeldGrant>) -> Json<Page<GrantView>> {
    Json(Page { items: held.into_iter().map(GrantView::from).collect(), next_cursor: None })
}

/// A role for a tenant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantBody {
    /// The word of a built-in role, the id of another. Nobody gives one that may what they may not do themselves.
    role: String,
}

/// What somebody holds for single tenants.
#[utoipa::path(get, path = "/users/{id}/grants", tag = "users", extensions(("x-permission" = json!("user:read")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = Page<GrantView>)))]
async fn list_grants(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(user): Ids<UserId>,
) -> Answer<Page<GrantView>> {
    Ok(page(engine.grants(&cx, user).await?))
}

/// Who holds a role for a tenant, beside those whose role is of the whole workspace.
#[utoipa::path(get, path = "/tenants/{id}/grants", tag = "users", extensions(("x-permission" = json!("user:read")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = Page<GrantView>)))]
async fn list_tenant_grants(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(tenant): Ids<TenantId>,
) -> Answer<Page<GrantView>> {
    Ok(page(engine.tenant_grants(&cx, tenant).await?))
}

/// Gives somebody a role for a tenant, in the place of the one they hold for it. It counts at once.
#[utoipa::path(put, path = "/users/{id}/grants/{tenant_id}", tag = "users", extensions(("x-permission" = json!("user:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path), ("tenant_id" = String, Path)), request_body = GrantBody, responses((status = 200, body = GrantView)))]
async fn put_grant(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids((user, tenant)): Ids<(UserId, TenantId)>,
    JsonBody(body): JsonBody<GrantBody>,
) -> Answer<GrantView> {
    let role = super::roles::role(&body.role)?;
    Ok(Json(engine.grant(&cx, user, tenant, role).await?.into()))
}

/// Takes somebody's role for a tenant away, at once.
#[utoipa::path(delete, path = "/users/{id}/grants/{tenant_id}", tag = "users", extensions(("x-permission" = json!("user:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path), ("tenant_id" = String, Path)), responses((status = 204)))]
async fn delete_grant(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids((user, tenant)): Ids<(UserId, TenantId)>,
) -> Result<StatusCode, Failure> {
    engine.take_grant(&cx, user, tenant).await?;
    Ok(StatusCode::NO_CONTENT)
}
