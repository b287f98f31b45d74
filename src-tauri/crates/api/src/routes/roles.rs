//! Roles: the built-in ones and those that people make, and what each lets its people do.

use super::{Answer, Page, time_or_null};
use crate::extract::{Asked, Ids, JsonBody};
use crate::failure::Failure;
use crate::patch::{Patch, Reading};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::RoleId;
use reeve_core::permission::Permission;
use reeve_core::role::{RoleError, RoleRef};
use reeve_core::scope::{Scope, ScopeError};
use reeve_engine::Engine;
use reeve_engine::identity::{ChangeRole, CreateRole, SeenRole};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(list_roles, create_role)).routes(routes!(update_role, delete_role))
}

/// A role, and what it lets its people do.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoleView {
    /// The word of a built-in role, the id of another.
    id: String,
    name: String,
    description: String,
    built_in: bool,
    /// What it allows, unless it is denied. A `*` stands for a whole part; what is sensitive is named.
    allowed: Vec<String>,
    /// What it denies, whatever is allowed.
    denied: Vec<String>,
    /// What comes of it.
    scopes: Vec<&'static str>,
    /// People who have it.
    people: usize,
    /// Null for a built-in one.
    created_at: Option<String>,
    updated_at: Option<String>,
}

impl From<SeenRole> for RoleView {
    fn from(role: SeenRole) -> Self {
        let texts = |scopes: &[Scope]| scopes.iter().map(Scope::to_string).collect();
        Self {
            id: role.role.to_string(),
            name: role.name,
            description: role.made.as_ref().map(|made| made.description.clone()).unwrap_or_default(),
            built_in: role.made.is_none(),
            allowed: texts(role.may.allowed()),
            denied: texts(role.may.denied()),
            scopes: role.may.permissions().iter().copied().map(Permission::as_str).collect(),
            people: role.people,
            created_at: time_or_null(role.made.as_ref().map(|made| made.created_at)),
            updated_at: time_or_null(role.made.as_ref().map(|made| made.updated_at)),
        }
    }
}

/// A new role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateRoleBody {
    name: String,
    /// What it is for.
    description: Option<String>,
    /// Scopes such as `budget:read` or `*:read`. Nobody allows what they may not do themselves.
    allowed: Vec<String>,
    /// Scopes that are kept from its people, whatever is allowed.
    denied: Option<Vec<String>>,
}

/// A change of a role: absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateRoleBody {
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    name: Patch<String>,
    /// Null clears.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    description: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Vec<String>, required = false)]
    allowed: Patch<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Vec<String>, required = false)]
    denied: Patch<Vec<String>>,
}

/// Reads the role of a body.
pub(super) fn role(text: &str) -> Result<RoleRef, Failure> {
    text.parse().map_err(|e: RoleError| Failure::field("role", e.to_string()))
}

fn scopes(texts: &[String]) -> Result<Vec<Scope>, String> {
    let read = |text: &String| {
        let shown = || text.chars().take(80).collect::<String>();
        text.parse().map_err(|e: ScopeError| format!("holds \"{}\", which {e}", shown()))
    };
    texts.iter().map(read).collect()
}

/// Every role: the built-in ones, then the others by name.
#[utoipa::path(get, path = "/roles", tag = "users", extensions(("x-permission" = json!("user:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = Page<RoleView>)))]
async fn list_roles(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<Page<RoleView>> {
    let items = engine.roles(&cx).await?.into_iter().map(RoleView::from).collect();
    Ok(Json(Page { items, next_cursor: None }))
}

/// Makes a role.
#[utoipa::path(post, path = "/roles", tag = "users", extensions(("x-permission" = json!("user:write")), ("x-tenant" = json!("none"))), request_body = CreateRoleBody, responses((status = 201, body = RoleView)))]
async fn create_role(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<CreateRoleBody>,
) -> Result<(StatusCode, Json<RoleView>), Failure> {
    let mut reading = Reading::default();
    let allowed = reading.read("allowed", scopes(&body.allowed));
    let denied = reading.read("denied", scopes(&body.denied.unwrap_or_default()));
    reading.done()?;
    let new = CreateRole {
        name: body.name,
        description: body.description.unwrap_or_default(),
        allowed: allowed.unwrap_or_default(),
        denied: denied.unwrap_or_default(),
    };
    Ok((StatusCode::CREATED, Json(engine.create_role(&cx, new).await?.into())))
}

/// Changes a role. Whoever has it may from now on what it says.
#[utoipa::path(patch, path = "/roles/{id}", tag = "users", extensions(("x-permission" = json!("user:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = UpdateRoleBody, responses((status = 200, body = RoleView)))]
async fn update_role(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<RoleId>,
    JsonBody(body): JsonBody<UpdateRoleBody>,
) -> Answer<RoleView> {
    let change = ChangeRole {
        name: body.name.required("name")?,
        description: body.description.nullable().map(Option::unwrap_or_default),
        allowed: body.allowed.try_map("allowed", |texts| scopes(&texts))?.required("allowed")?,
        denied: body.denied.try_map("denied", |texts| scopes(&texts))?.required("denied")?,
    };
    Ok(Json(engine.change_role(&cx, id, change).await?.into()))
}

/// Removes a role that nobody has.
#[utoipa::path(delete, path = "/roles/{id}", tag = "users", extensions(("x-permission" = json!("user:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 204)))]
async fn delete_role(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<RoleId>,
) -> Result<StatusCode, Failure> {
    engine.remove_role(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
