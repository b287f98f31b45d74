//! Invitations: made by who looks after people, taken up by whoever holds the token.

use super::auth::{Door, SessionView, signed_in};
use super::{Answer, Page, time};
use crate::extract::{Asked, Ids, JsonBody};
use crate::failure::Failure;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use reeve_core::id::InvitationId;
use reeve_engine::Engine;
use reeve_engine::identity::{Accept, Invitation, Invite};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

/// Days an invitation is good for if nobody says otherwise.
const DAYS: u32 = 7;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_invitations, invite))
        .routes(routes!(revoke_invitation))
        .routes(routes!(look_at_invitation))
        .routes(routes!(accept_invitation))
}

/// An invitation that nobody has taken up.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitationView {
    id: String,
    email: String,
    /// The word of a built-in role, the id of another.
    role: String,
    role_name: String,
    created_at: String,
    expires_at: String,
}

impl InvitationView {
    fn of(invitation: &Invitation, engine: &Engine) -> Self {
        Self {
            id: invitation.id.to_string(),
            email: invitation.email.clone(),
            role: invitation.role.to_string(),
            role_name: engine.role_name(invitation.role),
            created_at: time(invitation.created_at),
            expires_at: time(invitation.expires_at),
        }
    }
}

/// A fresh invitation.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitedView {
    invitation: InvitationView,
    /// Takes it up, once. Shown this once; hand it over.
    token: String,
}

/// Whom to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InviteBody {
    email: String,
    /// The word of a built-in role, the id of another.
    role: String,
    /// Days that it is good for: 7 if absent, 30 at most.
    days: Option<u32>,
}

/// What was handed over.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationTokenBody {
    token: String,
}

/// Taking an invitation up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptInvitationBody {
    token: String,
    name: String,
    /// At least 15 characters.
    password: String,
}

/// Invitations that nobody has taken up, newest first.
#[utoipa::path(get, path = "/invitations", tag = "users", extensions(("x-permission" = json!("user:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = Page<InvitationView>)))]
async fn list_invitations(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<Page<InvitationView>> {
    let all = engine.invitations(&cx).await?;
    Ok(Json(Page { items: all.iter().map(|i| InvitationView::of(i, &engine)).collect(), next_cursor: None }))
}

/// Invites somebody. No mail is sent: hand the token over.
#[utoipa::path(post, path = "/invitations", tag = "users", extensions(("x-permission" = json!("user:write")), ("x-tenant" = json!("none"))), request_body = InviteBody, responses((status = 201, body = InvitedView)))]
async fn invite(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<InviteBody>,
) -> Result<(StatusCode, Json<InvitedView>), Failure> {
    let role = super::roles::role(&body.role)?;
    let invite = Invite { email: body.email, role, days: body.days.unwrap_or(DAYS) };
    let made = engine.invite(&cx, invite).await?;
    let view = InvitedView {
        invitation: InvitationView::of(&made.invitation, &engine),
        token: made.token.to_string(),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Takes an invitation back.
#[utoipa::path(delete, path = "/invitations/{id}", tag = "users", extensions(("x-permission" = json!("user:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 204)))]
async fn revoke_invitation(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(invitation): Ids<InvitationId>,
) -> Result<StatusCode, Failure> {
    engine.revoke_invitation(&cx, invitation).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What an invitation offers to whoever holds its token.
#[utoipa::path(post, path = "/auth/invitation", tag = "auth", request_body = InvitationTokenBody, responses((status = 200, body = InvitationView)))]
async fn look_at_invitation(
    State(engine): State<Engine>,
    JsonBody(body): JsonBody<InvitationTokenBody>,
) -> Answer<InvitationView> {
    let found = engine.invitation(&Zeroizing::new(body.token)).await?;
    Ok(Json(InvitationView::of(&found, &engine)))
}

/// Takes an invitation up, and signs in.
#[utoipa::path(post, path = "/auth/invitation/accept", tag = "auth", request_body = AcceptInvitationBody, responses((status = 200, body = SessionView)))]
async fn accept_invitation(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    door: Door,
    JsonBody(body): JsonBody<AcceptInvitationBody>,
) -> Result<Response, Failure> {
    let accept = Accept {
        token: Zeroizing::new(body.token),
        name: body.name,
        password: Zeroizing::new(body.password),
    };
    Ok(signed_in(&engine.accept_invitation(&cx, accept).await?, &engine, &door))
}
