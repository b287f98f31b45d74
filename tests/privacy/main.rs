//! What is personal in the audit trail: where it may stand, and how it goes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

mod erasures;
mod leaves;
mod retention;

use reeve_tests::console::{Console, Door, Reply};
use serde_json::{Value, json};

const PASSWORD: &str = "a long enough passphrase 1";

/// A console whose one person is `name` with `email`.
async fn console(name: &str, email: &str) -> Console {
    let mut console = Console::start().await;
    let admin = json!({"workspace_name": "Meridian", "time_zone": "UTC", "name": name, "email": email, "password": PASSWORD});
    let session = console.ask(Door::Server, "POST", "/auth/register", Some(admin)).await;
    assert_eq!(session.status, 200, "{}", session.body);
    console.sign(&session.body);
    console
}

async fn did(console: &Console, method: &str, path: &str, body: Option<Value>) -> Reply {
    let reply = console.ask(Door::Server, method, path, body).await;
    assert!(reply.status < 300, "{method} {path}: {} {}", reply.status, reply.body);
    reply
}

/// An id of an answer.
fn id(reply: &Reply) -> String {
    reply.body["id"].as_str().unwrap().to_owned()
}

/// Somebody at the door whom nobody knows.
async fn stranger(console: &Console, email: &str) {
    let body = json!({"email": email, "password": "wrong, wrong, wrong"}).to_string();
    let url = format!("http://{}/api/v1/auth/login", console.address);
    let request = console.client().post(url).header("content-type", "application/json").body(body);
    assert_eq!(request.send().await.unwrap().status(), 401);
}
