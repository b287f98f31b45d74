//! An application of a tenant, with a key to write entries with.

use reeve_tests::console::{Console, Door, Raw};
use serde_json::{Value, json};

/// A console with a tenant whose application may write.
pub(crate) struct Application {
    pub(crate) console: Console,
    pub(crate) tenant: String,
    pub(crate) key: String,
    pub(crate) key_id: String,
}

impl Application {
    pub(crate) async fn start() -> Self {
        let mut console = Console::start().await;
        let admin = json!({"workspace_name": "Meridian", "time_zone": "UTC", "name": "First Admin",
            "email": "admin@example.com", "password": "a long enough passphrase 1"});
        let session = console.ask(Door::Server, "POST", "/auth/register", Some(admin)).await;
        assert_eq!(session.status, 200, "{}", session.body);
        console.sign(&session.body);
        reeve_tests::limits::make_room(&console.engine).await.unwrap();
        let (tenant, key_id, key) = tenant(&console, "Northwind", json!(["audit:write"])).await;
        Self { console, tenant, key, key_id }
    }

    /// Writes with the key.
    pub(crate) async fn write(&self, body: &Value) -> Raw {
        self.write_with(&self.key, &[], body).await
    }

    pub(crate) async fn write_with(&self, key: &str, more: &[(&str, &str)], body: &Value) -> Raw {
        self.write_bytes(key, more, body.to_string().into_bytes()).await
    }

    pub(crate) async fn write_bytes(&self, key: &str, more: &[(&str, &str)], body: Vec<u8>) -> Raw {
        let bearer = format!("Bearer {key}");
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend_from_slice(more);
        self.console.send("POST", "/audit/logs", &headers, body).await
    }

    /// Reads as the administrator.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let reply = self.console.ask(Door::Server, "GET", path, None).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.body
    }

    /// Entries in the audit stream.
    pub(crate) async fn size(&self) -> u64 {
        self.read("/audit/checkpoint").await["size"].as_u64().unwrap()
    }
}

/// A tenant with a key of these scopes: the tenant's id, the key's id and the key.
pub(crate) async fn tenant(console: &Console, name: &str, scopes: Value) -> (String, String, String) {
    let made =
        console.ask(Door::Server, "POST", "/tenants", Some(json!({"name": name, "tier": "free"}))).await;
    let tenant = made.body["id"].as_str().unwrap().to_owned();
    let (id, key) = key(console, &tenant, scopes).await;
    (tenant, id, key)
}

/// Another key of a tenant.
pub(crate) async fn key(console: &Console, tenant: &str, scopes: Value) -> (String, String) {
    let body = json!({"name": "application", "expires_at": null, "scopes": scopes});
    let made = console.ask(Door::Server, "POST", &format!("/tenants/{tenant}/api-keys"), Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&made.body["api_key"]["id"]), text(&made.body["secret"]))
}

/// An entry about a project.
pub(crate) fn about(id: &str) -> Value {
    json!({"action": "CREATE", "resource": {"type": "PROJECT", "id": id}})
}
