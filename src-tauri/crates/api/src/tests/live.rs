//! Over a real socket: the listener's bounds, its end, and live events.

use super::{Answer, Ask, House, credentials};
use crate::{ServeOptions, serve};
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

pub(super) struct Served {
    pub(super) address: SocketAddr,
    stop: oneshot::Sender<()>,
    tasks: JoinSet<std::io::Result<()>>,
}

pub(super) async fn served(house: &House) -> Served {
    served_with(house, ServeOptions::default()).await
}

pub(super) async fn served_with(house: &House, options: ServeOptions) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let mut tasks = JoinSet::new();
    let engine = house.engine.clone();
    tasks.spawn(serve(engine, listener, options, async move { _ = stopped.await }));
    Served { address, stop, tasks }
}

/// One exchange, byte for byte.
async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn it_answers_to_its_own_name_and_stops_when_asked() {
    let house = House::new().await;
    let mut served = served(&house).await;
    let ask = |host: &str| format!("GET /health/live HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let port = served.address.port();
    assert!(exchange(served.address, &ask(&format!("localhost:{port}"))).await.starts_with("HTTP/1.1 200"));
    assert!(exchange(served.address, &ask("localhost:1")).await.starts_with("HTTP/1.1 403"));
    assert!(
        exchange(served.address, &ask(&format!("evil.example:{port}"))).await.starts_with("HTTP/1.1 403")
    );
    let idle = TcpStream::connect(served.address).await.unwrap();
    let began = Instant::now();
    served.stop.send(()).unwrap();
    served.tasks.join_next().await.unwrap().unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "an idle connection does not hold it up");
    drop(idle);
    assert!(TcpStream::connect(served.address).await.is_err());
}

#[tokio::test]
async fn heads_without_end_are_refused() {
    let house = House::new().await;
    let served = served(&house).await;
    let filler = "x".repeat(1 << 20);
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    // The listener may hang up before everything is sent.
    let _ = stream
        .write_all(format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Filler: {filler}\r\n\r\n").as_bytes())
        .await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await.unwrap();
    assert!(read.is_err() || answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
}

pub(super) type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<TcpStream>>;

async fn connect(address: SocketAddr, ticket: &str) -> Socket {
    let url = format!("ws://{address}/api/v1/events?ticket={ticket}");
    tokio_tungstenite::connect_async(url).await.unwrap().0
}

pub(super) async fn next(socket: &mut Socket) -> Message {
    tokio::time::timeout(Duration::from_secs(10), socket.next()).await.unwrap().unwrap().unwrap()
}

/// The last event of each of these kinds, as soon as there is one of each; others come between them.
async fn heard(socket: &mut Socket, kinds: &[&str]) -> HashMap<String, Value> {
    let mut heard = HashMap::new();
    while !kinds.iter().all(|kind| heard.contains_key(*kind)) {
        if let Message::Text(text) = next(socket).await {
            let event: Value = serde_json::from_str(&text).unwrap();
            heard.insert(event["type"].as_str().unwrap().to_owned(), event);
        }
    }
    heard
}

#[tokio::test]
async fn events_come_live_to_who_has_a_ticket() {
    let (house, session) = House::settled().await;
    let served = served(&house).await;
    let ticket = house.ask(Ask::post("/auth/ws-tickets", json!(null)).bearer(session.token())).await;
    let ticket = ticket.body["ticket"].as_str().unwrap();
    let mut socket = connect(served.address, ticket).await;
    let mut second = connect(served.address, ticket).await;
    let Message::Close(Some(frame)) = next(&mut second).await else { panic!("the ticket was used before") };
    assert_eq!(u16::from(frame.code), 4_001);

    let body = json!({ "name": "Aspen", "tier": "free" });
    assert_eq!(house.ask(Ask::post("/tenants", body).bearer(session.token())).await.status, 201);
    let heard = heard(&mut socket, &["audit", "tenant"]).await;
    assert!(heard["audit"]["sequence"].is_u64(), "{heard:?}");
    assert!(heard["tenant"]["sequence"].is_null(), "{heard:?}");
}

/// A connection of its own for each session.
pub(super) async fn connected(house: &House, served: &Served, session: &Answer) -> Socket {
    let ticket = house.ask(Ask::post("/auth/ws-tickets", json!(null)).bearer(session.token())).await;
    connect(served.address, ticket.body["ticket"].as_str().unwrap()).await
}

/// How a connection ends, and that it does so within a second.
pub(super) async fn cut_off(socket: &mut Socket) -> u16 {
    let cut = async {
        loop {
            if let Message::Close(Some(frame)) = next(socket).await {
                return u16::from(frame.code);
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(1), cut).await.expect("it is cut off at once")
}

#[tokio::test]
async fn a_connection_is_cut_off_when_its_session_is_ended_and_no_other_is() {
    let (house, session) = House::settled().await;
    let served = served(&house).await;
    let other = house.ask(Ask::post("/auth/login", credentials())).await;
    let (mut kept, mut ended) =
        (connected(&house, &served, &session).await, connected(&house, &served, &other).await);
    let open = house.ask(Ask::get("/auth/sessions").bearer(session.token())).await.body;
    let id = open["items"].as_array().unwrap().iter().find(|s| s["current"] == false).unwrap()["id"].clone();
    let path = format!("/auth/sessions/{}", id.as_str().unwrap());
    let end = house.ask(Ask::delete(&path).bearer(session.token())).await;
    assert_eq!(end.status, 204, "{}", end.body);
    assert_eq!(cut_off(&mut ended).await, 4_001);
    assert_eq!(house.ask(Ask::get("/auth/me").bearer(other.token())).await.status, 401);
    let body = json!({ "name": "Aspen", "tier": "free" });
    assert_eq!(house.ask(Ask::post("/tenants", body).bearer(session.token())).await.status, 201);
    heard(&mut kept, &["tenant"]).await;
}

#[tokio::test]
async fn an_open_connection_hears_what_its_role_comes_to_allow() {
    let (house, session) = House::settled().await;
    let served = served(&house).await;
    let ask = |ask: Ask| house.ask(ask.bearer(session.token()));
    let role = json!({ "name": "Lookers", "allowed": ["usage:read"] });
    let made = ask(Ask::post("/roles", role)).await;
    let invite = json!({ "email": "second@example.com", "role": made.body["id"] });
    let invited = ask(Ask::post("/invitations", invite)).await;
    assert_eq!(invited.body["invitation"]["role_name"], "Lookers", "{}", invited.body);
    let accept =
        json!({ "token": invited.body["token"], "name": "Second", "password": "seven brass doors hum" });
    let second = house.ask(Ask::post("/auth/invitation/accept", accept)).await;
    let mut socket = connected(&house, &served, &second).await;
    let change = json!({ "allowed": ["usage:read", "tenant:read"] });
    let changed = ask(Ask::patch(&format!("/roles/{}", made.body["id"].as_str().unwrap()), change)).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let body = json!({ "name": "Aspen", "tier": "free" });
    assert_eq!(ask(Ask::post("/tenants", body)).await.status, 201);
    heard(&mut socket, &["tenant"]).await;
    let me = house.ask(Ask::get("/auth/me").bearer(second.token())).await.body;
    assert_eq!(
        (&me["user"]["role_name"], &me["scopes"]),
        (&json!("Lookers"), &json!(["tenant:read", "usage:read"]))
    );
}

#[tokio::test]
async fn who_is_disabled_is_cut_off_and_who_may_less_hears_less() {
    let (house, session) = House::settled().await;
    let served = served(&house).await;
    let invite = json!({ "email": "second@example.com", "role": "operator" });
    let made = house.ask(Ask::post("/invitations", invite).bearer(session.token())).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let accept =
        json!({ "token": made.body["token"], "name": "Second", "password": "seven brass doors hum" });
    let second = house.ask(Ask::post("/auth/invitation/accept", accept)).await;
    assert_eq!(second.status, 200, "{}", second.body);
    let mut socket = connected(&house, &served, &second).await;
    let at = format!("/users/{}", second.body["user"]["id"].as_str().unwrap());
    let role = json!({ "role": "finance" });
    assert_eq!(house.ask(Ask::patch(&at, role).bearer(session.token())).await.status, 204);
    // The entry of that very change came before it counted; what comes now is for other ears.
    let body = json!({ "name": "Aspen", "tier": "free" });
    assert_eq!(house.ask(Ask::post("/tenants", body).bearer(session.token())).await.status, 201);
    let budget = json!({ "scope": "workspace", "tenant_id": null, "period": "month", "limit_usd": "5", "kind": "soft", "thresholds": null });
    assert_eq!(house.ask(Ask::post("/budgets", budget).bearer(session.token())).await.status, 201);
    let mut audit = 0;
    loop {
        let Message::Text(text) = next(&mut socket).await else { continue };
        let event: Value = serde_json::from_str(&text).unwrap();
        audit += usize::from(event["type"] == "audit");
        if event["type"] == "budget" {
            break;
        }
    }
    assert!(audit <= 1, "finance hears nothing of the audit trail");
    let disable = format!("{at}/disable");
    assert_eq!(house.ask(Ask::post(&disable, json!(null)).bearer(session.token())).await.status, 204);
    assert_eq!(cut_off(&mut socket).await, 4_001);
}
