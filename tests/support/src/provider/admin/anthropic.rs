//! Anthropic's administration of keys: there is no way to make one.

use super::fault::Step;
use super::keys::{AdminKey, Keys};
use super::serve::{Came, Done, No, serve};
use crate::provider::answer::error;
use crate::provider::record::State;
use axum::Router;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/v1/organizations/api_keys", get(call))
        .route("/v1/organizations/api_keys/{id}", post(call))
}

async fn call(
    Shared(state): Shared<Arc<State>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let step = if method == Method::GET { Step::List } else { Step::Switch };
    let came = Came { method, uri, headers, body };
    let act = |keys: &mut Keys, came: &Came| {
        if came.header("anthropic-version") != "2023-06-01" {
            return Err(No::wrong(400, "anthropic-version: header is required"));
        }
        if !keys.is_admin(came.header("x-api-key")) {
            return Err(No::so(401, "invalid x-api-key"));
        }
        if step == Step::List { list(keys, came) } else { change(keys, came) }
    };
    serve(state, step, came, act, |no| error(no.status, &no.message, "invalid_request_error")).await
}

fn row(key: &AdminKey) -> Value {
    let status = match (key.deleted, key.disabled) {
        (true, _) => "archived",
        (_, true) => "inactive",
        _ => "active",
    };
    let at = reeve_core::time::Millis(key.created_at * 1_000).to_string();
    json!({
        "type": "api_key", "id": key.id, "name": key.name, "partial_key_hint": key.redacted(), "status": status,
        "workspace_id": null, "created_at": at, "created_by": {"id": "user_0", "type": "user"},
    })
}

fn list(keys: &mut Keys, came: &Came) -> Done {
    came.only(&["limit", "after_id", "before_id", "status", "workspace_id", "created_by_user_id"])?;
    let limit = came.parameter("limit").map_or(Ok(20), |n| n.parse::<usize>());
    let limit = limit.ok().filter(|n| (1..=1_000).contains(n)).ok_or_else(|| No::wrong(400, "limit"))?;
    let rows: Vec<Value> = keys.keys.iter().filter(|key| !key.admin).map(row).collect();
    let from = match came.parameter("after_id") {
        None => 0,
        Some(after) => {
            let at = rows.iter().position(|row| row["id"] == after.as_str());
            at.ok_or_else(|| No::wrong(400, "after_id names nothing"))? + 1
        }
    };
    let rest = &rows[from..];
    let shown = &rest[..rest.len().min(limit).min(keys.page)];
    let id = |row: Option<&Value>| row.map_or(Value::Null, |row| row["id"].clone());
    Ok(json!({
        "data": shown, "has_more": shown.len() < rest.len(), "first_id": id(shown.first()), "last_id": id(shown.last()),
    }))
}

fn change(keys: &mut Keys, came: &Came) -> Done {
    let id = came.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
    let body = came.fields(&[], &["name", "status"])?;
    let key = keys.keys.iter_mut().find(|key| key.id == id && !key.admin);
    let key = key.ok_or_else(|| No::so(404, "Not found"))?;
    if key.deleted {
        return Err(No::so(400, "An archived key cannot be changed."));
    }
    match body["status"].as_str() {
        Some("active") => key.disabled = false,
        Some("inactive") => key.disabled = true,
        Some("archived") => key.deleted = true,
        Some(_) => return Err(No::wrong(400, "status: Input should be 'active', 'inactive' or 'archived'")),
        None => {}
    }
    Ok(row(key))
}
