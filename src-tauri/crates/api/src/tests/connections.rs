//! Who is let in to live events, who is seen there, and how a connection ends.

use super::live::{Served, Socket, connected, cut_off, next, served, served_with};
use super::{Answer, Ask, House};
use crate::{EventsDoor, ServeOptions};
use reeve_engine::EventKind;
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Opens a connection with that query and those headers.
async fn open(served: &Served, query: &str, headers: &[(&'static str, String)]) -> Socket {
    let mut request = format!("ws://{}/api/v1/events{query}", served.address).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    tokio_tungstenite::connect_async(request).await.unwrap().0
}

fn bearer(token: &str) -> [(&'static str, String); 1] {
    [("authorization", format!("Bearer {token}"))]
}

/// The code and reason that a connection is closed with at once.
async fn refusal(socket: &mut Socket) -> (u16, String) {
    match next(socket).await {
        Message::Close(Some(frame)) => (frame.code.into(), frame.reason.to_string()),
        other => panic!("let in: {other:?}"),
    }
}

/// The next event.
async fn event(socket: &mut Socket) -> Value {
    loop {
        match next(socket).await {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) => {}
            other => panic!("no event: {other:?}"),
        }
    }
}

/// A tenant, and a key of it with those scopes: its path, and the key.
async fn key(house: &House, session: &Answer, tenant: &str, scopes: &[&str]) -> (String, String) {
    let made = house
        .ask(Ask::post("/tenants", json!({ "name": tenant, "tier": "free" })).bearer(session.token()))
        .await;
    let path = format!("/tenants/{}/api-keys", made.body["id"].as_str().unwrap());
    let body = json!({ "name": "listener", "scopes": scopes });
    let minted = house.ask(Ask::post(&path, body).bearer(session.token())).await;
    assert_eq!(minted.status, 201, "{}", minted.body);
    let id = minted.body["api_key"]["id"].as_str().unwrap();
    (format!("{path}/{id}"), minted.body["secret"].as_str().unwrap().to_owned())
}

async fn list(house: &House, session: &Answer, query: &str) -> Vec<Value> {
    let listed = house.ask(Ask::get(&format!("/connections{query}")).bearer(session.token())).await;
    assert_eq!(listed.status, 200, "{}", listed.body);
    listed.body["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn only_who_shows_something_good_is_let_in() {
    let (house, session) = House::settled().await;
    let served = served(&house).await;
    let sign_in = (4_001, "sign in again".to_owned());
    assert_eq!(refusal(&mut open(&served, "", &[]).await).await, sign_in, "nobody");
    assert_eq!(refusal(&mut open(&served, "?ticket=made-up", &[]).await).await, sign_in);
    assert_eq!(refusal(&mut open(&served, "", &bearer("made.up.token")).await).await, sign_in);
    let query = format!("?access_token={}", session.token());
    let refused = refusal(&mut open(&served, &query, &[]).await).await;
    assert_eq!(refused, (4_001, "no tokens in addresses".to_owned()));
    let (_, deaf) = key(&house, &session, "Aspen", &["gateway:call"]).await;
    assert_eq!(refusal(&mut open(&served, "", &bearer(&deaf)).await).await.0, 4_001, "a key for calls alone");

    let mut by_header = open(&served, "", &bearer(session.token())).await;
    house.engine.events().tell(EventKind::Budget, None, None);
    while event(&mut by_header).await["type"] != "budget" {}
    let denied = house.ask(Ask::get("/audit/logs?event_type=auth.failed").bearer(session.token())).await;
    assert_eq!(denied.body["items"].as_array().unwrap().len(), 5, "{}", denied.body);
}

#[tokio::test]
async fn tokens_in_addresses_and_nobody_are_let_in_where_that_is_said() {
    let (house, session) = House::settled().await;
    let events = EventsDoor { token_in_query: true, anonymous: true };
    let served = served_with(&house, ServeOptions { events, ..ServeOptions::default() }).await;
    let mut nobody = open(&served, "", &[]).await;
    let mut person = open(&served, &format!("?access_token={}", session.token()), &[]).await;
    assert_eq!(refusal(&mut open(&served, "?access_token=made-up", &[]).await).await.0, 4_001);
    house.engine.events().tell(EventKind::Budget, Some(7), Some("bud_x".to_owned()));
    let hint = json!({ "type": "budget", "sequence": null, "id": null });
    while event(&mut nobody).await != hint {}
    let whole = json!({ "type": "budget", "sequence": 7, "id": "bud_x" });
    while event(&mut person).await != whole {}
    let open = list(&house, &session, "").await;
    assert_eq!(
        (open.len(), &open[0]["user_id"], &open[0]["scopes"]),
        (2, &Value::Null, &json!([])),
        "{open:?}"
    );
}

#[tokio::test]
async fn a_ticket_of_one_page_is_none_for_another() {
    let (house, session) = House::settled().await;
    let served = served(&house).await;
    let origin = format!("http://{}", served.address);
    // In this process there is no listener whose name it could be.
    let ask = Ask::post("/auth/ws-tickets", json!(null)).bearer(session.token());
    let ask = ask.header("host", &served.address.to_string()).header("origin", &origin);
    let ticket = house.ask(ask).await;
    let query = format!("?ticket={}", ticket.body["ticket"].as_str().unwrap());
    assert_eq!(refusal(&mut open(&served, &query, &[]).await).await.0, 4_001, "a program took it");
}

#[tokio::test]
async fn connections_are_listed_by_who_has_them_and_by_what_they_hear_and_cut() {
    let (house, session) = House::settled().await;
    let served = served(&house).await;
    let mut person = connected(&house, &served, &session).await;
    let (path, secret) = key(&house, &session, "Aspen", &["event:read"]).await;
    let mut program = open(&served, "", &bearer(&secret)).await;
    let user = session.body["user"]["id"].as_str().unwrap();
    let of_user = list(&house, &session, &format!("?who={user}")).await;
    assert_eq!(of_user.len(), 1);
    assert!(of_user[0]["session_id"].is_string() && of_user[0]["ip"] == "127.0.0.1", "{of_user:?}");
    let key_id = path.rsplit('/').next().unwrap();
    let of_key = list(&house, &session, "?scope=event:read").await;
    assert_eq!((of_key.len(), &of_key[0]["api_key_id"]), (1, &json!(key_id)));
    assert_eq!(list(&house, &session, "?scope=audit:read").await, of_user);
    assert!(list(&house, &session, "?scope=no:such").await.is_empty());

    let at = format!("/connections/{}", of_user[0]["id"].as_str().unwrap());
    assert_eq!(house.ask(Ask::delete(&at).bearer(session.token())).await.status, 204);
    assert_eq!(cut_off(&mut person).await, 4_002);
    assert_eq!(house.ask(Ask::delete(&at).bearer(session.token())).await.status, 404);
    let revoked = house.ask(Ask::post(&format!("{path}/revoke"), json!(null)).bearer(session.token())).await;
    assert!(revoked.status.is_success(), "{}", revoked.body);
    assert_eq!(cut_off(&mut program).await, 4_001, "a revoked key hears nothing more");
    assert!(list(&house, &session, "").await.is_empty());
}

#[tokio::test]
async fn a_key_hears_of_its_tenants_charges_alone() {
    let (house, session) = House::settled().await;
    let served = served(&house).await;
    let (_, secret) = key(&house, &session, "Aspen", &["event:read"]).await;
    let mut program = open(&served, "", &bearer(&secret)).await;
    for kind in EventKind::ALL {
        house.engine.events().tell(kind, Some(1), Some("of somebody else".to_owned()));
    }
    let heard = tokio::time::timeout(Duration::from_millis(300), event(&mut program)).await;
    assert!(heard.is_err(), "{heard:?}");
}

#[tokio::test]
async fn who_opens_ever_more_connections_is_refused() {
    let (house, session) = House::settled().await;
    let served = served(&house).await;
    let mut open_ones = Vec::new();
    for _ in 0..32 {
        open_ones.push(open(&served, "", &bearer(session.token())).await);
    }
    let refused = refusal(&mut open(&served, "", &bearer(session.token())).await).await;
    assert_eq!(refused, (4_001, "too many connections".to_owned()));
    drop(open_ones.pop());
    tokio::time::timeout(Duration::from_secs(10), async {
        while list(&house, &session, "").await.len() > 31 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn who_does_not_read_is_cut_off_with_a_reason() {
    let (house, session) = House::settled().await;
    let served = served(&house).await;
    let mut deaf = open(&served, "", &bearer(session.token())).await;
    let long = "x".repeat(60_000);
    let cut = async {
        while !list(&house, &session, "").await.is_empty() {
            for _ in 0..100 {
                house.engine.events().tell(EventKind::Budget, None, Some(long.clone()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), cut).await.expect("nobody waits for it for ever");
    let ends = house.ask(Ask::get("/audit/logs?event_type=connection.end").bearer(session.token())).await;
    assert_eq!(ends.body["items"].as_array().unwrap().len(), 1, "{}", ends.body);
    // What was sent before is still there to read; nothing is behind it but the end.
    while let Ok(message) =
        tokio::time::timeout(Duration::from_secs(10), futures_util::StreamExt::next(&mut deaf)).await
    {
        match message {
            Some(Ok(Message::Close(Some(frame)))) => {
                assert_eq!(u16::from(frame.code), 4_008);
                break;
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => break,
        }
    }
}
