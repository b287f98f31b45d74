//! People: their roles, whether they may sign in, their sessions.

use super::auth::sessions::OpenSessionView;
use super::{Answer, Page, time, time_or_null};
use crate::extract::{Asked, Ids, JsonBody};
use crate::failure::Failure;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::{SessionId, UserId};
use reeve_engine::Engine;
use reeve_engine::identity::Person;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_users))
        .routes(routes!(update_user))
        .routes(routes!(disable_user))
        .routes(routes!(enable_user))
        .routes(routes!(reset_second_factor))
        .routes(routes!(list_user_sessions, end_user_sessions))
        .routes(routes!(end_user_session))
}

/// A person as a list shows them.
#[derive(Serialize, ToSchema)]
pub(crate) struct PersonView {
    id: String,
    name: String,
    email: String,
    /// The word of a built-in role, the id of another.
    role: String,
    role_name: String,
    /// Whether a code is asked for at sign-in.
    second_factor: bool,
    /// Since when that person may not sign in; null if they may.
    disabled_at: Option<String>,
    created_at: String,
    /// Sessions that are open.
    sessions: u64,
    /// When one of them was last renewed.
    last_seen: Option<String>,
}

impl PersonView {
    fn of(person: &Person, engine: &Engine) -> Self {
        let user = &person.user;
        Self {
            id: user.id.to_string(),
            name: user.name.clone(),
            email: user.email.clone(),
            role: user.role.to_string(),
            role_name: engine.role_name(user.role),
            second_factor: user.second_factor,
            disabled_at: time_or_null(user.disabled_at),
            created_at: time(user.created_at),
            sessions: person.sessions,
            last_seen: time_or_null(person.last_seen),
        }
    }
}

/// Another role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateUserBody {
    /// The word of a built-in role, the id of another.
    role: String,
}

/// Everybody, oldest first.
#[utoipa::path(get, path = "/users", tag = "users", extensions(("x-permission" = json!("user:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = Page<PersonView>)))]
async fn list_users(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<Page<PersonView>> {
    let people = engine.users(&cx).await?;
    Ok(Json(Page { items: people.iter().map(|p| PersonView::of(p, &engine)).collect(), next_cursor: None }))
}

/// Gives somebody another role. The last administrator stays one.
#[utoipa::path(patch, path = "/users/{id}", tag = "users", extensions(("x-permission" = json!("user:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = UpdateUserBody, responses((status = 204)))]
async fn update_user(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(user): Ids<UserId>,
    JsonBody(body): JsonBody<UpdateUserBody>,
) -> Result<StatusCode, Failure> {
    engine.set_role(&cx, user, super::roles::role(&body.role)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keeps somebody from signing in, and ends their sessions at once.
#[utoipa::path(post, path = "/users/{id}/disable", tag = "users", extensions(("x-permission" = json!("user:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 204)))]
async fn disable_user(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(user): Ids<UserId>,
) -> Result<StatusCode, Failure> {
    engine.disable_user(&cx, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets somebody sign in again.
#[utoipa::path(post, path = "/users/{id}/enable", tag = "users", extensions(("x-permission" = json!("user:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 204)))]
async fn enable_user(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(user): Ids<UserId>,
) -> Result<StatusCode, Failure> {
    engine.enable_user(&cx, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Turns two-step sign-in off for somebody who has neither the app nor a recovery code.
#[utoipa::path(delete, path = "/users/{id}/second-factor", tag = "users", extensions(("x-permission" = json!("user:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 204)))]
async fn reset_second_factor(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(user): Ids<UserId>,
) -> Result<StatusCode, Failure> {
    engine.take_second_factor_off(&cx, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Somebody's open sessions, newest first.
#[utoipa::path(get, path = "/users/{id}/sessions", tag = "users", extensions(("x-permission" = json!("user:read")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = Page<OpenSessionView>)))]
async fn list_user_sessions(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(user): Ids<UserId>,
) -> Answer<Page<OpenSessionView>> {
    let open = engine.sessions(&cx, Some(user)).await?;
    Ok(Json(Page { items: open.iter().map(OpenSessionView::from).collect(), next_cursor: None }))
}

/// Ends every session of somebody, but the one that asks.
#[utoipa::path(delete, path = "/users/{id}/sessions", tag = "users", extensions(("x-permission" = json!("session:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 204)))]
async fn end_user_sessions(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(user): Ids<UserId>,
) -> Result<StatusCode, Failure> {
    engine.end_sessions(&cx, Some(user), None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a session of somebody.
#[utoipa::path(delete, path = "/users/{id}/sessions/{session_id}", tag = "users", extensions(("x-permission" = json!("session:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path), ("session_id" = String, Path)), responses((status = 204)))]
async fn end_user_session(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids((user, session)): Ids<(UserId, SessionId)>,
) -> Result<StatusCode, Failure> {
    engine.end_sessions(&cx, Some(user), Some(session)).await?;
    Ok(StatusCode::NO_CONTENT)
}
