//! Signing up, in and out.
//!
//! The access token goes to the page, which keeps it in memory. The refresh token goes into a cookie that no script reads
//! and that is sent to these paths alone.

mod cookie;
pub(super) mod second_factor;
pub(super) mod sessions;
mod signing_key;

use super::events::origin;
use super::grants::GrantView;
use super::{Answer, time};
use crate::extract::{Asked, JsonBody};
use crate::failure::Failure;
use crate::host::Listener;
use crate::patch::Reading;
use crate::words::SignedInVia;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::{HeaderMap, StatusCode};
use reeve_core::period::Zone;
use reeve_core::permission::Permission;
use reeve_core::principal::Principal;
use reeve_core::time::Millis;
use reeve_engine::identity::{ACCESS_SECONDS, ChangePassword, Login, Register, SignedIn, StepUp, User};
use reeve_engine::{Code, Engine};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(logout))
        .routes(routes!(get_me))
        .routes(routes!(set_password))
        .routes(routes!(step_up))
        .routes(routes!(make_ws_ticket))
        .merge(second_factor::router())
        .merge(sessions::router())
        .merge(signing_key::router())
}

/// A person.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserView {
    id: String,
    name: String,
    email: String,
    /// The word of a built-in role, the id of another.
    role: String,
    role_name: String,
    has_password: bool,
    /// Whether a code is asked for at sign-in.
    second_factor: bool,
    created_at: String,
}

impl UserView {
    fn of(user: &User, engine: &Engine) -> Self {
        Self {
            id: user.id.to_string(),
            name: user.name.clone(),
            email: user.email.clone(),
            role: user.role.to_string(),
            role_name: engine.role_name(user.role),
            has_password: user.password_hash.is_some(),
            second_factor: user.second_factor,
            created_at: time(user.created_at),
        }
    }
}

/// An open session.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    /// Seconds it is good for.
    expires_in: i64,
    user: UserView,
}

/// The one who asks.
#[derive(Serialize, ToSchema)]
pub(crate) struct MeView {
    user: UserView,
    /// What that person may do, in the whole workspace.
    scopes: Vec<&'static str>,
    /// What that person may do with single tenants beside that.
    grants: Vec<GrantView>,
    #[schema(value_type = SignedInVia)]
    via: &'static str,
    /// Seconds unused after which the session ends; absent in the window of an owner without a password.
    idle_seconds: Option<i64>,
}

/// A new workspace and its first person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterBody {
    workspace_name: String,
    /// IANA name, such as Europe/Berlin.
    time_zone: String,
    name: String,
    email: String,
    /// At least 15 characters; null only in the app's window.
    password: Option<String>,
}

/// A sign-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginBody {
    email: String,
    password: String,
    /// What the authenticator app shows, or a recovery code. Needed once the answer was `second_factor_required`.
    code: Option<String>,
}

/// A new password for an old one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordBody {
    /// Null where none was set.
    current_password: Option<String>,
    new_password: String,
}

/// One's own password, once more; where two-step sign-in is on, a code instead.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepUpBody {
    password: Option<String>,
    /// What the authenticator app shows, or a recovery code.
    code: Option<String>,
}

/// A ticket for one WebSocket.
#[derive(Serialize, ToSchema)]
pub(crate) struct TicketView {
    /// Good once, for 30 s.
    ticket: String,
}

/// The listener a request came through, if it came through one.
pub(super) type Door = Option<Extension<Listener>>;

pub(super) fn signed_in(signed_in: &SignedIn, engine: &Engine, door: &Door) -> Response {
    let left = (signed_in.expires_at.0 - engine.now().0) / 1_000;
    let tls = is_over_tls(door);
    let view = SessionView {
        access_token: signed_in.access_token.to_string(),
        expires_in: ACCESS_SECONDS,
        user: UserView::of(&signed_in.user, engine),
    };
    match &signed_in.refresh_token {
        Some(token) => ([cookie::keep(token, left, tls)], Json(view)).into_response(),
        None => Json(view).into_response(),
    }
}

fn is_over_tls(door: &Door) -> bool {
    door.as_ref().is_some_and(|door| door.tls)
}

/// Makes the workspace and its first administrator.
#[utoipa::path(post, path = "/auth/register", tag = "auth", request_body = RegisterBody, responses((status = 200, body = SessionView)))]
async fn register(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    door: Door,
    JsonBody(body): JsonBody<RegisterBody>,
) -> Result<Response, Failure> {
    let mut reading = Reading::default();
    let zone = reading.read("time_zone", body.time_zone.parse::<Zone>());
    reading.done()?;
    let new = Register {
        workspace_name: body.workspace_name,
        time_zone: zone.unwrap_or(Zone::UTC),
        name: body.name,
        email: body.email,
        password: body.password.map(Zeroizing::new),
    };
    Ok(signed_in(&engine.register(&cx, new).await?, &engine, &door))
}

/// Signs in. Answers `second_factor_required` where the password is right and a code is needed as well.
#[utoipa::path(post, path = "/auth/login", tag = "auth", request_body = LoginBody, responses((status = 200, body = SessionView)))]
async fn login(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    door: Door,
    JsonBody(body): JsonBody<LoginBody>,
) -> Result<Response, Failure> {
    let code = body.code.map(Zeroizing::new);
    let login = Login { email: body.email, password: Zeroizing::new(body.password), code };
    Ok(signed_in(&engine.login(&cx, login).await?, &engine, &door))
}

/// Exchanges the refresh cookie for the next pair of tokens.
#[utoipa::path(post, path = "/auth/refresh", tag = "auth", responses((status = 200, body = SessionView)))]
async fn refresh(State(engine): State<Engine>, Asked(cx): Asked, door: Door, headers: HeaderMap) -> Response {
    let token = cookie::read(&headers, is_over_tls(&door)).unwrap_or_default();
    match engine.refresh(&cx, &token).await {
        Ok(session) => signed_in(&session, &engine, &door),
        Err(error) => {
            let over = error.code == Code::Unauthenticated;
            let failure = Failure::from(error);
            if over {
                ([cookie::remove(is_over_tls(&door))], failure).into_response()
            } else {
                failure.into_response()
            }
        }
    }
}

/// Signs out.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", responses((status = 204)))]
async fn logout(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    door: Door,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    engine.logout(&cx, cookie::read(&headers, is_over_tls(&door)).as_deref().map(String::as_str)).await?;
    Ok(([cookie::remove(is_over_tls(&door))], StatusCode::NO_CONTENT).into_response())
}

/// The one who asks.
#[utoipa::path(get, path = "/auth/me", tag = "auth", responses((status = 200, body = MeView)))]
async fn get_me(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<MeView> {
    let user = engine.me(&cx).await?;
    let via =
        if matches!(cx.principal, Principal::User { session: None, .. }) { "window" } else { "session" };
    let may = cx.principal.allowance();
    let scopes = may.permissions().iter().copied().map(Permission::as_str).collect();
    let grants = engine.own_grants(&cx).await?.into_iter().map(GrantView::from).collect();
    let idle_seconds = engine.lifetime(&cx).map(|lifetime| lifetime.idle / Millis::SECOND);
    Ok(Json(MeView { user: UserView::of(&user, &engine), scopes, grants, via, idle_seconds }))
}

/// Sets one's own password. Other sessions end.
#[utoipa::path(put, path = "/auth/password", tag = "auth", request_body = PasswordBody, responses((status = 204)))]
async fn set_password(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<PasswordBody>,
) -> Result<StatusCode, Failure> {
    let change = ChangePassword {
        current: body.current_password.map(Zeroizing::new),
        new: Zeroizing::new(body.new_password),
    };
    engine.set_password(&cx, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives one's own password, or a code, once more. For five minutes, what answers `step_up_required` is then done.
#[utoipa::path(post, path = "/auth/step-up", tag = "auth", request_body = StepUpBody, responses((status = 204)))]
async fn step_up(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<StepUpBody>,
) -> Result<StatusCode, Failure> {
    let given = match (body.password, body.code) {
        (Some(password), None) => StepUp::Password(Zeroizing::new(password)),
        (None, Some(code)) => StepUp::Code(Zeroizing::new(code)),
        _ => return Err(Failure::field("password", "or code: give one of the two")),
    };
    engine.step_up(&cx, given).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A ticket for `GET /events`, for a page of the same origin.
#[utoipa::path(post, path = "/auth/ws-tickets", tag = "auth", responses((status = 200, body = TicketView)))]
async fn make_ws_ticket(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    headers: HeaderMap,
) -> Answer<TicketView> {
    Ok(Json(TicketView { ticket: engine.make_ticket(&cx, origin(&headers))? }))
}
