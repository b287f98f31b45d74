//! OpenRouter's administration of keys. It lies below `/openrouter`, where nothing of another provider is.

use super::fault::Step;
use super::keys::{AdminKey, Keys};
use super::openai::{admitted, said_no};
use super::serve::{Came, Done, No, serve};
use crate::provider::record::State;
use axum::Router;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use axum::routing::{get, patch};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/openrouter/api/v1/keys", get(call).post(call))
        .route("/openrouter/api/v1/keys/{hash}", patch(call).delete(call))
}

async fn call(
    Shared(state): Shared<Arc<State>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let step = match method {
        Method::GET => Step::List,
        Method::POST => Step::Create,
        Method::PATCH => Step::Switch,
        _ => Step::Delete,
    };
    let came = Came { method, uri, headers, body };
    let act = |keys: &mut Keys, came: &Came| {
        admitted(keys, came)?;
        let hash = came.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
        match step {
            Step::List => list(keys, came),
            Step::Create => create(keys, came),
            Step::Switch => switch(keys, came, &hash),
            _ => {
                if !keys.keys.iter().any(|key| key.id == hash && !key.deleted) {
                    return Err(No::so(404, "API key not found"));
                }
                keys.kill(&hash);
                Ok(json!({"deleted": true}))
            }
        }
    };
    serve(state, step, came, act, said_no).await
}

fn row(key: &AdminKey) -> Value {
    let at = reeve_core::time::Millis(key.created_at * 1_000).to_string();
    json!({
        "hash": key.id, "name": key.name, "label": key.redacted(), "disabled": key.disabled, "limit": null,
        "limit_remaining": null, "limit_reset": null, "usage": 0.0, "created_at": at, "updated_at": null, "expires_at": null,
    })
}

fn list(keys: &mut Keys, came: &Came) -> Done {
    came.only(&["include_disabled", "offset"])?;
    let offset = came.parameter("offset").map_or(Ok(0), |n| n.parse::<usize>());
    let offset = offset.map_err(|_| No::wrong(400, "offset"))?;
    let disabled = came.parameter("include_disabled").as_deref() == Some("true");
    let most = keys.page;
    let all: Vec<Value> =
        keys.listed(false).iter().filter(|key| disabled || !key.disabled).map(row).collect();
    let shown: Vec<Value> = all.into_iter().skip(offset).take(most).collect();
    Ok(json!({"data": shown}))
}

fn create(keys: &mut Keys, came: &Came) -> Done {
    let optional = ["limit", "limit_reset", "include_byok_in_limit", "expires_at"];
    let body = came.fields(&["name"], &optional)?;
    let name = body["name"].as_str().ok_or_else(|| No::wrong(400, "name is no text"))?;
    if !keys.has_room() {
        return Err(No::so(400, "You have reached the maximum number of API keys."));
    }
    let mut key = keys.made("hash", name);
    key.secret = key.secret.replace("sk-svcacct", "sk-or-v1");
    let told = json!({"data": row(&key), "key": key.secret});
    keys.add(key);
    Ok(told)
}

fn switch(keys: &mut Keys, came: &Came, hash: &str) -> Done {
    let body = came.fields(&[], &["name", "disabled", "limit", "limit_reset", "include_byok_in_limit"])?;
    let key = keys.keys.iter_mut().find(|key| key.id == hash && !key.deleted);
    let key = key.ok_or_else(|| No::so(404, "API key not found"))?;
    if let Some(disabled) = body["disabled"].as_bool() {
        key.disabled = disabled;
    }
    Ok(json!({"data": row(key)}))
}
