//! Open connections for live events, of everybody.

use crate::extract::{Asked, Ids, Params};
use crate::failure::Failure;
use crate::routes::{Answer, Page, time};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::ConnectionId;
use reeve_core::principal::Principal;
use reeve_engine::Engine;
use reeve_engine::identity::Connection;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(list_connections)).routes(routes!(cut_connection))
}

/// Somebody who listens to live events.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConnectionView {
    id: String,
    /// The person; null for an API key, and for nobody.
    user_id: Option<String>,
    /// Their session; null for an API key, for nobody, and in the window of an owner without a password.
    session_id: Option<String>,
    /// The API key; null for a person, and for nobody.
    api_key_id: Option<String>,
    /// Scopes it hears by. Without any it hears that something changed, and not what.
    scopes: Vec<String>,
    since: String,
    /// Address it comes from.
    ip: Option<String>,
    /// What calls itself so.
    program: Option<String>,
}

impl From<&Connection> for ConnectionView {
    fn from(connection: &Connection) -> Self {
        let (user_id, session_id, api_key_id) = match &connection.who {
            Principal::User { id, session, .. } => {
                (Some(id.to_string()), session.map(|session| session.to_string()), None)
            }
            Principal::ApiKey { id, .. } => (None, None, Some(id.to_string())),
            Principal::Anonymous | Principal::System => (None, None, None),
        };
        Self {
            id: connection.id.to_string(),
            user_id,
            session_id,
            api_key_id,
            scopes: connection.hears.scopes().into_iter().map(str::to_owned).collect(),
            since: time(connection.since),
            ip: connection.ip.clone(),
            program: connection.program.clone(),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ConnectionsQuery {
    /// Those of this person or API key, by id.
    who: Option<String>,
    /// Those that hear by this scope, such as audit:read.
    scope: Option<String>,
}

/// Who listens to live events, the oldest connection first.
#[utoipa::path(get, path = "/connections", tag = "users", extensions(("x-permission" = json!("user:read")), ("x-tenant" = json!("none"))), params(ConnectionsQuery), responses((status = 200, body = Page<ConnectionView>)))]
async fn list_connections(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<ConnectionsQuery>,
) -> Answer<Page<ConnectionView>> {
    let open = engine.connections(&cx, query.who.as_deref(), query.scope.as_deref()).await?;
    Ok(Json(Page { items: open.iter().map(ConnectionView::from).collect(), next_cursor: None }))
}

/// Cuts a connection. Whoever had it may open another; to keep them out, end their session.
#[utoipa::path(delete, path = "/connections/{id}", tag = "users", extensions(("x-permission" = json!("session:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 204)))]
async fn cut_connection(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(connection): Ids<ConnectionId>,
) -> Result<StatusCode, Failure> {
    engine.cut_connection(&cx, connection).await?;
    Ok(StatusCode::NO_CONTENT)
}
