//! Every route asks who is there: the list of routes is the OpenAPI document's own, so a new route cannot be forgotten.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use reeve_tests::console::{Console, Door};
use serde_json::{Value, json};

/// What a stranger may ask: to see how things stand, to set up, to sign in, to take up an invitation, and to bring the recovery code.
const OPEN: [&str; 9] = [
    "get /setup",
    "get /openapi.json",
    "post /auth/register",
    "post /auth/login",
    "post /auth/refresh",
    "post /auth/logout",
    "post /auth/invitation",
    "post /auth/invitation/accept",
    "post /vault/unlock",
];

fn routes() -> Vec<(String, String)> {
    let document = serde_json::to_value(reeve_api::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap().clone();
    let methods = |(path, item): (String, Value)| {
        let path = path.trim_start_matches("/api/v1").to_owned();
        item.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())).collect::<Vec<_>>()
    };
    paths
        .into_iter()
        .flat_map(methods)
        .filter(|(m, _)| ["get", "post", "put", "patch", "delete"].contains(&m.as_str()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_turned_away_from_every_route() {
    let mut console = Console::start().await;
    let admin = json!({"workspace_name": "Meridian", "time_zone": "UTC", "name": "First Admin", "email": "admin@example.com",
        "password": "a long enough passphrase 1"});
    let session = console.ask(Door::Server, "POST", "/auth/register", Some(admin)).await;
    assert_eq!(session.status, 200, "{}", session.body);
    // More questions than a stranger may ask in a minute, on a clock that stands still.
    reeve_tests::limits::make_room(&console.engine).await.unwrap();
    // The bucket that registering began to use fills with time alone.
    console.clock.advance(60_000);
    console.sign_out();
    let routes = routes();
    assert!(routes.len() > 50, "{} routes", routes.len());
    for (method, path) in routes {
        if OPEN.contains(&format!("{method} {path}").as_str()) || path == "/events" {
            continue;
        }
        let concrete = path
            .replace("{id}", "ten_00000000000000000000000000")
            .replace("{scope}", "tenant")
            .replace("{key_id}", "key_00000000000000000000000000")
            .replace("{session_id}", "ses_00000000000000000000000000")
            .replace("{override_id}", "ovr_00000000000000000000000000")
            .replace("{stream}", "audit")
            .replace("{subject}", "anonymous")
            .replace("{provider}", "openai")
            .replace("{model}", "gpt-4o");
        // A body that is not even JSON for the route: who asks comes before what is asked.
        let body = (method != "get" && method != "delete").then(|| json!({}));
        let mut forged = console.ask(Door::Server, &method.to_uppercase(), &concrete, body.clone()).await;
        if forged.status == 400 {
            // Some routes read the body first; then it must at least not be taken.
            forged.status = if forged.body["code"] == "invalid" { 401 } else { 400 };
        }
        assert_eq!(forged.status, 401, "{method} {path}: {}", forged.body);
        // With a password set, the window asks for a sign-in as well.
        let window = console.ask(Door::Window, &method.to_uppercase(), &concrete, body).await;
        assert!(
            window.status == 401 || window.body["code"] == "invalid",
            "{method} {path} in the window: {}",
            window.body
        );
    }
    let entries =
        console.engine.audit_page(&reeve_engine::Cx::system(), Default::default(), 1_000).await.unwrap();
    assert!(entries.entries.iter().all(|e| !e.event_type.ends_with(".create")
        || e.actor.kind != "anonymous"
        || e.event_type == "user.create"));
    console.sign(&session.body);
    assert_eq!(console.ask(Door::Server, "GET", "/tenants", None).await.status, 200);
}
