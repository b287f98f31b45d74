//! One's own open sessions.

use crate::extract::{Asked, Ids};
use crate::failure::Failure;
use crate::routes::{Answer, Page, time};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::SessionId;
use reeve_engine::Engine;
use reeve_engine::identity::OpenSession;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(list_sessions, end_other_sessions)).routes(routes!(end_session))
}

/// A session that is open.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenSessionView {
    id: String,
    /// Whether it is the one that asks.
    current: bool,
    /// What called itself so at sign-in.
    program: Option<String>,
    created_at: String,
    /// When it was last renewed.
    last_seen: String,
    /// When it ends whatever happens.
    expires_at: String,
}

impl From<&OpenSession> for OpenSessionView {
    fn from(open: &OpenSession) -> Self {
        let session = &open.session;
        Self {
            id: session.id.to_string(),
            current: open.current,
            program: session.program.clone(),
            created_at: time(session.created_at),
            last_seen: time(session.refreshed_at),
            expires_at: time(session.expires_at),
        }
    }
}

/// One's own open sessions, newest first.
#[utoipa::path(get, path = "/auth/sessions", tag = "auth", responses((status = 200, body = Page<OpenSessionView>)))]
async fn list_sessions(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<Page<OpenSessionView>> {
    let open = engine.sessions(&cx, None).await?;
    Ok(Json(Page { items: open.iter().map(OpenSessionView::from).collect(), next_cursor: None }))
}

/// Ends one's own sessions, but for the one that asks.
#[utoipa::path(delete, path = "/auth/sessions", tag = "auth", responses((status = 204)))]
async fn end_other_sessions(State(engine): State<Engine>, Asked(cx): Asked) -> Result<StatusCode, Failure> {
    engine.end_sessions(&cx, None, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one of one's own sessions.
#[utoipa::path(delete, path = "/auth/sessions/{id}", tag = "auth", params(("id" = String, Path)), responses((status = 204)))]
async fn end_session(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(session): Ids<SessionId>,
) -> Result<StatusCode, Failure> {
    engine.end_sessions(&cx, None, Some(session)).await?;
    Ok(StatusCode::NO_CONTENT)
}
