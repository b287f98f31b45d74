//! Google's API Keys API v2, and the place where an assertion becomes an access token. Operations are done at the second look.

use super::fault::Step;
use super::keys::{AdminKey, Keys};
use super::serve::{Came, Done, No, serve};
use crate::provider::record::State;
use axum::Router;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;

/// The access token it takes.
pub const GOOGLE_TOKEN: &str = "ya29.scripted-access-token";
/// The project it has.
pub const GOOGLE_PROJECT: &str = "scripted-project";
/// The service account keys are bound to.
pub const GOOGLE_ACCOUNT: &str = "gemini@scripted-project.iam.gserviceaccount.com";

pub(super) fn routes() -> Router<Arc<State>> {
    let keys = "/v2/projects/{project}/locations/global/keys";
    Router::new()
        .route(keys, get(call).post(call))
        .route(&format!("{keys}/{{id}}"), axum::routing::delete(call))
        .route(&format!("{keys}/{{id}}/keyString"), get(call))
        .route("/v2/keys:lookupKey", get(call))
        .route("/v2/operations/{id}", get(call))
        .route("/oauth2/token", post(token))
}

async fn token(Shared(state): Shared<Arc<State>>, headers: HeaderMap, body: Bytes) -> Response {
    let came = Came { method: Method::POST, uri: Uri::from_static("/oauth2/token"), headers, body };
    let form =
        reqwest::Url::parse(&format!("http://x/?{}", String::from_utf8_lossy(&came.body))).expect("a form");
    let get = |name: &str| {
        form.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned()).unwrap_or_default()
    };
    let good = get("grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        && state.admin.inner.lock().assertion_is_good(&get("assertion"));
    if good {
        axum::Json(json!({"access_token": GOOGLE_TOKEN, "expires_in": 3599, "token_type": "Bearer"}))
            .into_response()
    } else {
        let no = axum::Json(json!({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}));
        (axum::http::StatusCode::BAD_REQUEST, no).into_response()
    }
}

async fn call(
    Shared(state): Shared<Arc<State>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().to_owned();
    let step = match method {
        Method::POST => Step::Create,
        Method::DELETE => Step::Delete,
        _ => Step::List,
    };
    let came = Came { method, uri, headers, body };
    let act = move |keys: &mut Keys, came: &Came| {
        if came.header("authorization") != format!("Bearer {GOOGLE_TOKEN}") {
            return Err(No::so(401, "Request had invalid authentication credentials."));
        }
        if let Some(id) = path.strip_prefix("/v2/operations/") {
            return operation(keys, id);
        }
        if path == "/v2/keys:lookupKey" {
            return lookup(keys, came);
        }
        let under = format!("/v2/projects/{GOOGLE_PROJECT}/locations/global/keys");
        let rest = path.strip_prefix(&under).ok_or_else(|| No::so(404, "Project not found."))?;
        let id = rest.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
        match (step, rest.ends_with("/keyString")) {
            (Step::Create, _) => create(keys, came),
            (Step::Delete, _) => delete(keys, &id),
            (_, true) => {
                let key = keys.keys.iter().find(|key| key.id == id && !key.deleted);
                let key = key.ok_or_else(|| No::so(404, "Requested entity was not found."))?;
                Ok(json!({"keyString": key.secret}))
            }
            _ => list(keys, came),
        }
    };
    serve(state, step, came, act, said_no).await
}

fn said_no(no: &No) -> Response {
    let body = axum::Json(json!({"error": {"code": no.status, "message": no.message, "status": "FAILED"}}));
    let status = axum::http::StatusCode::from_u16(no.status).unwrap_or_default();
    (status, body).into_response()
}

fn name(id: &str) -> String {
    format!("projects/123456789/locations/global/keys/{id}")
}

fn list(keys: &mut Keys, came: &Came) -> Done {
    came.only(&["pageSize", "pageToken", "showDeleted"])?;
    let size = came.parameter("pageSize").and_then(|n| n.parse::<usize>().ok()).unwrap_or(50);
    let from = came.parameter("pageToken").map_or(Ok(0), |n| n.parse::<usize>());
    let from = from.map_err(|_| No::wrong(400, "pageToken"))?;
    let row = |key: &AdminKey| {
        let at = reeve_core::time::Millis(key.created_at * 1_000).to_string();
        json!({"name": name(&key.id), "uid": key.key_id, "displayName": key.name, "createTime": at, "updateTime": at,
            "etag": "W/\"e\"", "serviceAccountEmail": GOOGLE_ACCOUNT})
    };
    let most = size.min(keys.page);
    let all: Vec<Value> = keys.listed(false).iter().map(row).collect();
    let shown: Vec<Value> = all.iter().skip(from).take(most).cloned().collect();
    // Nothing is left out rather than said to be empty.
    let mut told = json!({});
    if !shown.is_empty() {
        told["keys"] = json!(shown);
    }
    if from + most < all.len() {
        told["nextPageToken"] = json!((from + most).to_string());
    }
    Ok(told)
}

fn create(keys: &mut Keys, came: &Came) -> Done {
    came.only(&["keyId"])?;
    let body = came.fields(&["displayName", "serviceAccountEmail", "restrictions"], &["annotations"])?;
    let id =
        came.parameter("keyId").ok_or_else(|| No::wrong(400, "without a keyId a lost answer is lost"))?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if id.len() > 63 || !id.starts_with(|c: char| c.is_ascii_lowercase()) || !id.bytes().all(plain) {
        return Err(No::wrong(400, "keyId"));
    }
    if body["serviceAccountEmail"] != GOOGLE_ACCOUNT {
        return Err(No::so(400, "Service account not found."));
    }
    if body["restrictions"]["apiTargets"][0]["service"] != "generativelanguage.googleapis.com" {
        return Err(No::wrong(400, "a key that may be used for anything"));
    }
    if keys.keys.iter().any(|key| key.id == id) {
        return Err(No::so(409, "Requested entity already exists."));
    }
    let mut key = keys.made("key", body["displayName"].as_str().unwrap_or_default());
    key.secret =
        format!("AQ.scripted-{:04x}-{:04x}", keys.keys.len(), 0x51a7 ^ (keys.keys.len() * 7_919) & 0xffff);
    key.id = id;
    keys.add(key);
    begun(keys)
}

fn delete(keys: &mut Keys, id: &str) -> Done {
    if !keys.keys.iter().any(|key| key.id == id && !key.deleted) {
        return Err(No::so(404, "Requested entity was not found."));
    }
    keys.kill(id);
    begun(keys)
}

fn begun(keys: &mut Keys) -> Done {
    keys.operations.push(0);
    Ok(json!({"name": format!("operations/akmf.{}", keys.operations.len() - 1)}))
}

fn operation(keys: &mut Keys, id: &str) -> Done {
    let number = id.strip_prefix("akmf.").and_then(|n| n.parse::<usize>().ok());
    let looks =
        number.and_then(|n| keys.operations.get_mut(n)).ok_or_else(|| No::wrong(404, "no such operation"))?;
    *looks += 1;
    match *looks > 1 {
        true => Ok(json!({"name": format!("operations/{id}"), "done": true, "response": {}})),
        false => Ok(json!({"name": format!("operations/{id}")})),
    }
}

fn lookup(keys: &mut Keys, came: &Came) -> Done {
    let said = came.parameter("keyString").ok_or_else(|| No::wrong(400, "keyString"))?;
    let key = keys.keys.iter().find(|key| key.secret == said);
    let key = key.ok_or_else(|| No::so(404, "Requested entity was not found."))?;
    Ok(json!({"parent": format!("{}/123456789/locations/global", "projects"), "name": name(&key.id)}))
}
