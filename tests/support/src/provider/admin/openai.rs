//! OpenAI's administration of keys, as its API reference has it.

use super::fault::Step;
use super::keys::{AdminKey, Keys};
use super::serve::{Came, Done, No, serve};
use crate::provider::answer::error;
use crate::provider::record::State;
use axum::Router;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use axum::routing::{delete, get};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn routes() -> Router<Arc<State>> {
    let project = "/v1/organization/projects/{project}";
    Router::new()
        .route(&format!("{project}/service_accounts"), get(project_call).post(project_call))
        .route(&format!("{project}/service_accounts/{{id}}"), delete(project_call))
        .route(&format!("{project}/api_keys"), get(project_call))
        .route(&format!("{project}/api_keys/{{id}}"), delete(project_call))
        .route("/v1/organization/admin_api_keys", get(admin_call).post(admin_call))
        .route("/v1/organization/admin_api_keys/{id}", delete(admin_call))
}

async fn project_call(
    Shared(state): Shared<Arc<State>>,
    Path(at): Path<Vec<(String, String)>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let is_keys = uri.path().contains("/api_keys");
    let step = step_of(&method);
    let (project, id) = (at[0].1.clone(), at.get(1).map(|(_, id)| id.clone()).unwrap_or_default());
    let came = Came { method, uri, headers, body };
    let act = move |keys: &mut Keys, came: &Came| {
        admitted(keys, came)?;
        if !Keys::is_project(&project) {
            return Err(No::so(404, "No such project"));
        }
        match (step, is_keys) {
            (Step::List, true) => list_keys(keys, came),
            (Step::List, false) => list_accounts(keys, came),
            (Step::Create, _) => create(keys, came),
            (_, true) => delete_key(keys, &id),
            (_, false) => delete_account(keys, &id),
        }
    };
    serve(state, step, came, act, said_no).await
}

async fn admin_call(
    Shared(state): Shared<Arc<State>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let step = step_of(&method);
    let came = Came { method, uri, headers, body };
    let act = move |keys: &mut Keys, came: &Came| {
        admitted(keys, came)?;
        match step {
            Step::List => list_admin(keys, came),
            Step::Create => create_admin(keys, came),
            _ => {
                let id = came.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
                gone(keys, &id, true, "organization.admin_api_key.deleted")
            }
        }
    };
    let mut response = serve(state, step, came, act, said_no).await;
    response.headers_mut().insert("openai-organization", super::ORGANIZATION.parse().expect("a header"));
    response
}

fn step_of(method: &Method) -> Step {
    match *method {
        Method::GET => Step::List,
        Method::POST => Step::Create,
        _ => Step::Delete,
    }
}

pub(super) fn said_no(no: &No) -> Response {
    error(no.status, &no.message, "invalid_request_error")
}

/// An admin key that is alive, as a bearer.
pub(super) fn admitted(keys: &mut Keys, came: &Came) -> Result<(), No> {
    match came.header("authorization").strip_prefix("Bearer ") {
        Some(said) if keys.is_admin(said) => Ok(()),
        Some(_) => Err(No::so(401, "Incorrect API key provided.")),
        None => Err(No::wrong(401, "Missing bearer authentication in header")),
    }
}

fn create(keys: &mut Keys, came: &Came) -> Done {
    let body = came.fields(&["name"], &["create_service_account_only", "expires_in_seconds"])?;
    let name = body["name"].as_str().ok_or_else(|| No::wrong(400, "name is no text"))?;
    if !keys.has_room() {
        return Err(No::so(400, "This project has reached the maximum number of service accounts."));
    }
    let key = keys.made("svc_acct", name);
    let told = json!({
        "object": "organization.project.service_account", "id": key.id, "name": key.name, "role": "member",
        "created_at": key.created_at,
        "api_key": {
            "object": "organization.project.service_account.api_key", "id": key.key_id, "value": key.secret,
            "name": "Secret Key", "created_at": key.created_at, "expires_at": null,
        },
    });
    keys.add(key);
    Ok(told)
}

fn list_accounts(keys: &mut Keys, came: &Came) -> Done {
    came.only(&["limit", "after"])?;
    let mut accounts: Vec<AdminKey> = keys.listed(false);
    accounts.retain(|key| key.id.starts_with("svc_acct"));
    accounts.dedup_by(|a, b| a.id == b.id);
    accounts.sort_by(|a, b| a.id.cmp(&b.id));
    accounts.dedup_by(|a, b| a.id == b.id);
    let row = |key: &AdminKey| {
        json!({
            "object": "organization.project.service_account", "id": key.id, "name": key.name, "role": "member",
            "created_at": key.created_at,
        })
    };
    page(keys, came, accounts.iter().map(row).collect())
}

fn list_keys(keys: &mut Keys, came: &Came) -> Done {
    came.only(&["limit", "after", "owner_project_access"])?;
    let access = came.parameter("owner_project_access");
    if access.as_deref() != Some("any") {
        return Err(No::wrong(400, "without owner_project_access=any some keys are not listed"));
    }
    let row = |key: &AdminKey| {
        let account = json!({
            "object": "organization.project.service_account", "id": key.id, "name": key.name, "role": "member",
            "created_at": key.created_at,
        });
        let person = json!({
            "object": "organization.project.user", "id": "user_0", "name": "", "email": "", "role": "owner",
            "created_at": 0,
        });
        let owner = match key.id.starts_with("svc_acct") {
            true => json!({"type": "service_account", "service_account": account}),
            false => json!({"type": "user", "user": person}),
        };
        json!({
            "object": "organization.project.api_key", "id": key.key_id, "name": key.name,
            "redacted_value": key.redacted(), "created_at": key.created_at, "last_used_at": key.last_used_at,
            "owner": owner, "owner_project_access": "active",
        })
    };
    let rows = keys.listed(false).iter().map(row).collect();
    page(keys, came, rows)
}

fn delete_account(keys: &mut Keys, id: &str) -> Done {
    gone(keys, id, false, "organization.project.service_account.deleted")
}

fn delete_key(keys: &mut Keys, id: &str) -> Done {
    let owned = keys.keys.iter().any(|key| key.key_id == id && key.id.starts_with("svc_acct"));
    if owned {
        return Err(No::wrong(400, "a key of a service account cannot be deleted"));
    }
    gone(keys, id, false, "organization.project.api_key.deleted")
}

fn gone(keys: &mut Keys, id: &str, admin: bool, object: &str) -> Done {
    let there = keys.keys.iter().any(|key| key.id == id && key.admin == admin && !key.deleted);
    if !there {
        return Err(No::so(404, "No such object"));
    }
    keys.kill(id);
    Ok(json!({"object": object, "id": id, "deleted": true}))
}

fn list_admin(keys: &mut Keys, came: &Came) -> Done {
    came.only(&["limit", "after", "order"])?;
    let row = |key: &AdminKey| admin_key(key);
    let rows = keys.listed(true).iter().map(row).collect();
    page(keys, came, rows)
}

fn admin_key(key: &AdminKey) -> Value {
    json!({
        "object": "organization.admin_api_key", "id": key.id, "name": key.name,
        "redacted_value": key.redacted(), "created_at": key.created_at, "last_used_at": key.last_used_at,
        "expires_at": key.expires_at,
        "owner": {"type": "user", "object": "organization.user", "id": "user_0", "name": "", "created_at": 0, "role": "owner"},
    })
}

fn create_admin(keys: &mut Keys, came: &Came) -> Done {
    let body = came.fields(&["name"], &["expires_in_seconds"])?;
    let name = body["name"].as_str().ok_or_else(|| No::wrong(400, "name is no text"))?;
    let lasts = body["expires_in_seconds"].as_i64();
    if lasts.is_some_and(|seconds| !(1..=31_536_000).contains(&seconds)) {
        return Err(No::wrong(400, "expires_in_seconds is out of range"));
    }
    let mut key = keys.made("key_admin", name);
    (key.admin, key.expires_at) = (true, lasts.map(|seconds| keys.now + seconds));
    key.secret = key.secret.replace("svcacct", "admin");
    let mut told = admin_key(&key);
    told["value"] = json!(key.secret);
    keys.add(key);
    Ok(told)
}

/// One page of a list.
fn page(keys: &Keys, came: &Came, rows: Vec<Value>) -> Done {
    let limit = came.parameter("limit").map_or(Ok(20), |n| n.parse::<usize>());
    let limit = limit.ok().filter(|n| (1..=100).contains(n)).ok_or_else(|| No::wrong(400, "limit"))?;
    let from = match came.parameter("after") {
        None => 0,
        Some(after) => {
            let at = rows.iter().position(|row| row["id"] == after.as_str());
            at.ok_or_else(|| No::wrong(400, "after names nothing"))? + 1
        }
    };
    let rest = &rows[from..];
    let shown = &rest[..rest.len().min(limit).min(keys.page)];
    let id = |row: Option<&Value>| row.map_or(Value::Null, |row| row["id"].clone());
    Ok(json!({
        "object": "list", "data": shown, "first_id": id(shown.first()), "last_id": id(shown.last()),
        "has_more": shown.len() < rest.len(),
    }))
}
