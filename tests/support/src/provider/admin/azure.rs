//! The two keys of an Azure AI account, and the place that gives tokens to applications.

use super::fault::Step;
use super::keys::Keys;
use super::serve::{Came, Done, No, serve};
use crate::provider::record::State;
use axum::Router;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use serde_json::json;
use std::sync::Arc;

/// The application's secret.
pub const AZURE_SECRET: &str = "az8Q~scripted.client-secret";
/// Directory, application, subscription, resource group and account.
pub const AZURE: [&str; 5] = ["dir-1", "app-1", "sub-1", "group-1", "account-1"];
const TOKEN: &str = "eyJ.scripted.azure-token";

pub(super) fn routes() -> Router<Arc<State>> {
    let account = "/subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.CognitiveServices/accounts/{a}";
    Router::new()
        .route("/{directory}/oauth2/v2.0/token", post(token))
        .route(&format!("{account}/listKeys"), post(call))
        .route(&format!("{account}/regenerateKey"), post(call))
}

async fn token(uri: Uri, body: Bytes) -> Response {
    let form = reqwest::Url::parse(&format!("http://x/?{}", String::from_utf8_lossy(&body))).expect("a form");
    let get = |name: &str| {
        form.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned()).unwrap_or_default()
    };
    let good = uri.path().starts_with(&format!("/{}/", AZURE[0]))
        && get("grant_type") == "client_credentials"
        && get("client_id") == AZURE[1]
        && get("client_secret") == AZURE_SECRET
        && get("scope") == "https://management.azure.com/.default";
    if good {
        return axum::Json(json!({"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN}))
            .into_response();
    }
    let no = json!({"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."});
    (StatusCode::UNAUTHORIZED, axum::Json(no)).into_response()
}

async fn call(
    Shared(state): Shared<Arc<State>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let regenerates = uri.path().ends_with("/regenerateKey");
    let step = if regenerates { Step::Create } else { Step::List };
    let came = Came { method, uri, headers, body };
    let act = move |keys: &mut Keys, came: &Came| {
        if came.header("authorization") != format!("Bearer {TOKEN}") {
            return Err(No::so(401, "The access token is invalid."));
        }
        came.only(&["api-version"])?;
        if came.parameter("api-version").as_deref() != Some("2024-10-01") {
            return Err(No::wrong(400, "api-version"));
        }
        let under = format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.CognitiveServices/accounts/{}/",
            AZURE[2], AZURE[3], AZURE[4]
        );
        if !came.uri.path().starts_with(&under) {
            return Err(No::so(404, "The resource was not found."));
        }
        both(keys);
        if regenerates { regenerate(keys, came) } else { Ok(pair(keys)) }
    };
    serve(state, step, came, act, |no| {
        let body = axum::Json(json!({"error": {"code": "Failed", "message": no.message}}));
        (StatusCode::from_u16(no.status).unwrap_or_default(), body).into_response()
    })
    .await
}

/// There are always two.
pub(super) fn both(keys: &mut Keys) {
    for id in ["Key1", "Key2"] {
        if !keys.keys.iter().any(|key| key.id == id) {
            let mut key = keys.made("Key", id);
            (key.id, key.secret) = (id.to_owned(), format!("azurescripted{id}000000000000000000"));
            keys.keys.push(key);
        }
    }
}

fn pair(keys: &Keys) -> serde_json::Value {
    let of =
        |id: &str| keys.keys.iter().find(|key| key.id == id && !key.deleted).map(|key| key.secret.clone());
    json!({"key1": of("Key1"), "key2": of("Key2")})
}

fn regenerate(keys: &mut Keys, came: &Came) -> Done {
    let body = came.fields(&["keyName"], &[])?;
    let id = body["keyName"].as_str().unwrap_or_default().to_owned();
    keys.changes += 1;
    let number = keys.changes;
    let key = keys.keys.iter_mut().find(|key| key.id == id);
    let key = key.ok_or_else(|| No::wrong(400, "keyName must be Key1 or Key2"))?;
    key.secret = format!("azurescripted{id}{number:018}");
    Ok(pair(keys))
}
