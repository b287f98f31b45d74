//! Live events for browsers and programs: a WebSocket of hints to ask again. The window has a channel of its own.

use crate::extract::{Asked, Params};
use crate::failure::Failure;
use crate::words::EventKind;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, ORIGIN};
use http::{HeaderMap, StatusCode};
use reeve_core::principal::Principal;
use reeve_engine::identity::{Connected, Entrance};
use reeve_engine::{Code, Cx, Engine, Event};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

/// Close code of a connection that is not let in, or whose session has ended.
const REFUSED: u16 = 4_001;
/// Close code of a connection that somebody cut.
const CUT: u16 = 4_002;
/// Close code of a connection whose other side takes too long to read.
const SLOW: u16 = 4_008;
/// Close code of a server that stops (RFC 6455, 7.4.1).
const GOING_AWAY: u16 = 1_001;
/// How often the session is looked at and the other side pinged.
const LOOK: Duration = Duration::from_secs(30);
/// How long the other side may take to make room for one event.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 10 });
/// How long the reason of an end may take to be sent.
const PARTING: Duration = Duration::from_secs(1);

/// Who is let in besides those with a ticket or a header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventsDoor {
    /// Whoever has an access token or an API key in the address. Addresses end in logs.
    pub token_in_query: bool,
    /// Anybody; they hear that something changed, and not what.
    pub anonymous: bool,
}

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
    ticket: Option<String>,
    /// An access token or an API key, where the server allows it here.
    access_token: Option<String>,
}

/// Live events over a WebSocket; frames are EventView as JSON. Who asks is told by the `Authorization` header, else by a ticket.
/// Closes with 4001 for who is not let in or no longer signed in, with 4008 for who reads too slowly.
#[utoipa::path(get, path = "/events", tag = "events", params(EventsQuery), responses((status = 101)))]
async fn listen(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    door: Option<Extension<EventsDoor>>,
    headers: HeaderMap,
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
    let door = door.map(|door| door.0).unwrap_or_default();
    // A browser is told nothing about an upgrade that was refused, but it sees the code of a close.
    let listener = match let_in(&engine, cx, door, &headers, query).await {
        Ok(listener) => listener,
        Err(reason) => {
            return upgrade.on_upgrade(move |socket| close(socket, REFUSED, reason));
        }
    };
    upgrade.max_message_size(1_024).on_upgrade(|socket| listener.run(socket))
}

/// Finds out who asks, and opens the connection; a refusal is an entry.
async fn let_in(
    engine: &Engine,
    cx: Cx,
    door: EventsDoor,
    headers: &HeaderMap,
    query: EventsQuery,
) -> Result<Listener, &'static str> {
    let (principal, entrance) = match who(engine, &cx, door, headers, query).await {
        Ok(found) => found,
        Err(reason) => {
            engine.refuse_connection(&cx, reason).await;
            return Err(reason);
        }
    };
    let cx = Cx { principal, ..cx };
    // It listens from here on, so that whoever was told that the connection stands misses nothing.
    let (events, changes) = (engine.events().listen(), engine.sign_in_changes());
    match engine.connect(&cx, entrance).await {
        Ok(connected) => Ok(Listener { stopping: engine.tasks().stopping(), connected, events, changes }),
        Err(error) => {
            let reason = match error.code {
                Code::RateLimited => "too many connections",
                Code::Unauthenticated => "nothing to hear",
                _ => "try again",
            };
            engine.refuse_connection(&cx, reason).await;
            Err(reason)
        }
    }
}

async fn who(
    engine: &Engine,
    cx: &Cx,
    door: EventsDoor,
    headers: &HeaderMap,
    query: EventsQuery,
) -> Result<(Principal, Entrance), &'static str> {
    const SIGN_IN: &str = "sign in again";
    if headers.contains_key(AUTHORIZATION) {
        // A wrong key was answered before; a wrong token left nobody.
        let known = cx.principal != Principal::Anonymous;
        return if known { Ok((cx.principal.clone(), Entrance::Header)) } else { Err(SIGN_IN) };
    }
    if let Some(ticket) = query.ticket {
        let found = engine.redeem_ticket(&ticket, origin(headers));
        return found.map(|who| (who, Entrance::Ticket)).map_err(|_| SIGN_IN);
    }
    if let Some(token) = query.access_token.map(Zeroizing::new) {
        if !door.token_in_query {
            return Err("no tokens in addresses");
        }
        let found = engine.bearer_principal(cx, &token).await;
        return found.map(|who| (who, Entrance::Query)).map_err(|_| SIGN_IN);
    }
    if door.anonymous { Ok((Principal::Anonymous, Entrance::Anonymous)) } else { Err(SIGN_IN) }
}

/// The page that asks, where a browser says which.
pub(super) fn origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(ORIGIN)?.to_str().ok()
}

/// Says why it ends, to whoever still listens.
async fn close(mut socket: WebSocket, code: u16, reason: &'static str) {
    let frame = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
    let _ = tokio::time::timeout(PARTING, socket.send(frame)).await;
}

/// How a connection goes on.
enum Next {
    Listen,
    /// The other side is gone.
    Gone,
    /// It is ended, and told why.
    End(u16, &'static str),
}

struct Listener {
    connected: Connected,
    events: Receiver<Event>,
    changes: watch::Receiver<()>,
    stopping: CancellationToken,
}

impl Listener {
    async fn run(mut self, mut socket: WebSocket) {
        let (mut look, cut) = (tokio::time::interval(LOOK), self.connected.cut());
        loop {
            let next = tokio::select! {
                () = self.stopping.cancelled() => Next::End(GOING_AWAY, "the server stops"),
                () = cut.cancelled() => Next::End(CUT, "cut by an administrator"),
                event = self.events.recv() => match event {
                    Ok(event) => self.pass_on(&mut socket, event).await,
                    // Whoever fell behind asks for everything again.
                    Err(RecvError::Lagged(_)) => self.catch_up(&mut socket).await,
                    Err(RecvError::Closed) => Next::Gone,
                },
                // Whoever is signed out is cut off at once; the sender lives as long as the engine.
                _ = self.changes.changed() => self.look_again(),
                _ = look.tick() => match self.look_again() {
                    Next::Listen => self.send(&mut socket, Message::Ping(Bytes::new())).await,
                    end => end,
                },
                // Nothing is expected from the other side but an end.
                message = socket.recv() => match message {
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Text(_) | Message::Binary(_))) => Next::Listen,
                    _ => Next::Gone,
                },
            };
            match next {
                Next::Listen => {}
                Next::Gone => return,
                Next::End(code, reason) => {
                    if code == SLOW {
                        self.connected.was_too_slow().await;
                    }
                    return close(socket, code, reason).await;
                }
            }
        }
    }

    /// Whether the person is still signed in; from here on they hear what they may by now.
    fn look_again(&mut self) -> Next {
        if self.connected.look_again() { Next::Listen } else { Next::End(REFUSED, "sign in again") }
    }

    async fn pass_on(&self, socket: &mut WebSocket, event: Event) -> Next {
        let Some(event) = self.connected.heard(event) else { return Next::Listen };
        let text = serde_json::to_string(&EventView::from(event)).unwrap_or_default();
        self.send(socket, Message::text(text)).await
    }

    /// Whoever does not read holds up nobody but themselves, and that not for long.
    async fn send(&self, socket: &mut WebSocket, message: Message) -> Next {
        match tokio::time::timeout(PATIENCE, socket.send(message)).await {
            Ok(Ok(())) => Next::Listen,
            Ok(Err(_)) => Next::Gone,
            Err(_) => Next::End(SLOW, "too slow: connect again and ask for everything"),
        }
    }

    async fn catch_up(&self, socket: &mut WebSocket) -> Next {
        for kind in reeve_engine::EventKind::ALL {
            let event = Event { kind, sequence: None, id: None, tenant: None };
            match self.pass_on(socket, event).await {
                Next::Listen => {}
                end => return end,
            }
        }
        Next::Listen
    }
}
