//! Live events for browsers: a WebSocket of hints to ask again. The window has a channel of its own.

use crate::extract::Params;
use crate::failure::Failure;
use crate::words::EventKind;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use reeve_core::permission::Permission;
use reeve_core::principal::Principal;
use reeve_engine::{Code, Engine, Event};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Close code of a connection whose ticket is not good, or whose session has ended.
const REFUSED: u16 = 4_001;
/// Close code of a server that stops (RFC 6455, 7.4.1).
const GOING_AWAY: u16 = 1_001;
/// How often the session is looked at and the other side pinged.
const LOOK: Duration = Duration::from_secs(30);

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(listen))
}

/// Something changed: a hint to ask again.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventView {
    #[serde(rename = "type")]
    #[schema(value_type = EventKind)]
    kind: reeve_engine::EventKind,
    /// Index of the ledger entry, where there is one.
    sequence: Option<u64>,
    /// Id of the thing, where there is one.
    id: Option<String>,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        Self { kind: event.kind, sequence: event.sequence, id: event.id }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EventsQuery {
    /// From `POST /auth/ws-tickets`.
    ticket: String,
}

/// Live events over a WebSocket; frames are EventView as JSON. Closes with 4001 if the ticket is not good.
#[utoipa::path(get, path = "/events", tag = "events", params(EventsQuery), responses((status = 101)))]
async fn listen(
    State(engine): State<Engine>,
    Params(query): Params<EventsQuery>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            let failure =
                Failure::with_status(StatusCode::UPGRADE_REQUIRED, Code::Invalid, rejection.body_text());
            return failure.into_response();
        }
    };
    // A browser is told nothing about an upgrade that was refused, but it sees the code of a close.
    let listener =
        engine.redeem_ticket(&query.ticket).ok().and_then(|principal| Listener::new(engine, principal));
    upgrade.max_message_size(1_024).on_upgrade(|socket| async move {
        match listener {
            Some(listener) => listener.run(socket).await,
            None => close(socket, REFUSED, "sign in again").await,
        }
    })
}

async fn close(mut socket: WebSocket, code: u16, reason: &'static str) {
    // The other side may be gone already.
    let _ = socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
}

struct Listener {
    engine: Engine,
    principal: Principal,
    events: Receiver<Event>,
    changes: watch::Receiver<()>,
}

impl Listener {
    /// `None` for somebody who may see nothing of what events are about. It listens from here on, so that
    /// whoever was told that the connection stands misses nothing.
    fn new(engine: Engine, principal: Principal) -> Option<Self> {
        let may = principal.may(Permission::AuditRead) || principal.may(Permission::UsageRead);
        may.then(|| Self {
            events: engine.events().listen(),
            changes: engine.sign_in_changes(),
            engine,
            principal,
        })
    }

    async fn run(mut self, mut socket: WebSocket) {
        let stopping = self.engine.tasks().stopping();
        let mut look = tokio::time::interval(LOOK);
        loop {
            let alive = tokio::select! {
                () = stopping.cancelled() => return close(socket, GOING_AWAY, "the server stops").await,
                event = self.events.recv() => match event {
                    Ok(event) => self.pass_on(&mut socket, event).await,
                    // Whoever fell behind asks for everything again.
                    Err(RecvError::Lagged(_)) => self.catch_up(&mut socket).await,
                    Err(RecvError::Closed) => false,
                },
                // Whoever is signed out is cut off at once; the sender lives as long as the engine.
                _ = self.changes.changed() => {
                    if !self.look_again() {
                        return close(socket, REFUSED, "sign in again").await;
                    }
                    true
                }
                _ = look.tick() => {
                    if !self.look_again() {
                        return close(socket, REFUSED, "sign in again").await;
                    }
                    socket.send(Message::Ping(Bytes::new())).await.is_ok()
                }
                // Nothing is expected from the other side but an end.
                message = socket.recv() => matches!(message, Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Text(_) | Message::Binary(_)))),
            };
            if !alive {
                return;
            }
        }
    }

    /// Whether the person is still signed in; from here on with the role they have by now.
    fn look_again(&mut self) -> bool {
        match self.engine.as_of_now(&self.principal) {
            Some(now) => self.principal = now,
            None => return false,
        }
        true
    }

    fn may_see(&self, kind: reeve_engine::EventKind) -> bool {
        use reeve_engine::EventKind as Kind;
        self.principal.may(match kind {
            Kind::Charge => Permission::UsageRead,
            Kind::Audit | Kind::Ledger => Permission::AuditRead,
            Kind::Tenant => Permission::TenantRead,
            Kind::Budget => Permission::BudgetRead,
            Kind::Limit => Permission::LimitRead,
            Kind::Credential => Permission::CredentialRead,
            Kind::Route => Permission::RouteRead,
            Kind::Settings => Permission::SettingsRead,
            Kind::Privacy => Permission::PrivacyRead,
        })
    }

    async fn pass_on(&self, socket: &mut WebSocket, event: Event) -> bool {
        if !self.may_see(event.kind) {
            return true;
        }
        let text = serde_json::to_string(&EventView::from(event)).unwrap_or_default();
        socket.send(Message::text(text)).await.is_ok()
    }

    async fn catch_up(&self, socket: &mut WebSocket) -> bool {
        use reeve_engine::EventKind as Kind;
        let nouns = [Kind::Tenant, Kind::Budget, Kind::Credential, Kind::Route, Kind::Settings];
        for kind in [Kind::Audit, Kind::Charge, Kind::Ledger].into_iter().chain(nouns) {
            if !self.pass_on(socket, Event { kind, sequence: None, id: None }).await {
                return false;
            }
        }
        true
    }
}
