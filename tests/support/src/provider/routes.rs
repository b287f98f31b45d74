//! Its paths.

use super::admin;
use super::answer::{self, error};
use super::counts::Counts;
use super::fault::Fault;
use super::native;
use super::openai;
use super::record::{Call, State};
use super::stream;
use super::tools;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State as Shared};
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::middleware::map_response_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use reeve_core::usage::Usage;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(super) fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/v1/embeddings", post(embeddings))
        .route("/openai/deployments/{deployment}/chat/completions", post(chat))
        .route("/openai/deployments/{deployment}/embeddings", post(embeddings))
        .merge(openai::routes())
        .merge(admin::routes())
        .route("/v1/models", get(models))
        .route("/totals", get(totals))
        .merge(native::routes())
        .layer(DefaultBodyLimit::max(64 * 1024 * 1024))
        .layer(map_response_with_state(state.clone(), ends))
        .with_state(state)
}

/// Ends the connection with the answer, where that was asked for.
async fn ends(Shared(state): Shared<Arc<State>>, mut response: Response) -> Response {
    if state.closes.load(Ordering::SeqCst) {
        response.headers_mut().insert("connection", HeaderValue::from_static("close"));
    }
    response
}

/// A call that is being answered; bills when it is over, however it ends.
#[derive(Debug)]
pub(super) struct Open {
    state: Arc<State>,
    number: usize,
    model: String,
    /// What to bill when it is over.
    pub(super) due: Usage,
}

impl Open {
    pub(super) fn new(state: Arc<State>, number: usize, model: String) -> Self {
        state.open.fetch_add(1, Ordering::SeqCst);
        Self { state, number, model, due: Usage::new() }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.state.bill(self.number, &self.model, &self.due);
        self.state.open.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn chat(Shared(state): Shared<Arc<State>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    call(state, uri, headers, body, Counts::of_chat).await
}

async fn embeddings(
    Shared(state): Shared<Arc<State>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    call(state, uri, headers, body, Counts::of_embeddings).await
}

async fn models(Shared(state): Shared<Arc<State>>, headers: HeaderMap) -> Response {
    let has_list = state.has_list.load(Ordering::SeqCst);
    if !has_list && !state.looks_at_keys.load(Ordering::SeqCst) {
        return error(404, "Not found", "not_found");
    }
    if !state.takes_key(&headers) {
        return error(401, "Incorrect API key provided.", "invalid_api_key");
    }
    if !has_list {
        return error(404, "Not found", "not_found");
    }
    let models = ["gpt-4o", "gpt-4o-mini", "text-embedding-3-small"];
    let (seen, organization) = state.admin.seen_by(&headers);
    let models =
        models.into_iter().filter(|id| seen.as_ref().is_none_or(|seen| seen.iter().any(|s| s == id)));
    let list: Vec<_> =
        models.map(|id| json!({"id": id, "object": "model", "created": 0, "owned_by": "system"})).collect();
    let headers = [("openai-organization", organization), ("openai-project", admin::PROJECT.to_owned())];
    (headers, axum::Json(json!({"object": "list", "data": list}))).into_response()
}

/// What was billed, for tests in another process.
async fn totals(Shared(state): Shared<Arc<State>>) -> Response {
    axum::Json(state.totals()).into_response()
}

async fn call(
    state: Arc<State>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    count: fn(&Value) -> Counts,
) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let model = deployment(&uri).or_else(|| request["model"].as_str()).unwrap_or_default().to_owned();
    let takes_key = state.takes_key(&headers);
    let arrived = Call {
        path: uri.path().to_owned(),
        headers,
        body,
        model: model.clone(),
        fault: Fault::None,
        status: 0,
        billed: Usage::new(),
    };
    let said =
        arrived.headers.get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let (fault, number) = state.arrive(arrived);
    if let Fault::Echo(status) = fault {
        state.answered(number, status);
        return error(status, &format!("Incorrect API key provided: {said}."), "invalid_api_key");
    }
    let open = Open::new(state.clone(), number, model.clone());
    let response = if !takes_key {
        error(401, "Incorrect API key provided.", "invalid_api_key")
    } else if model.is_empty() {
        error(400, "you must provide a model parameter", "invalid_request_error")
    } else {
        respond(open, fault, &request, count(&request), uri.path().ends_with("/embeddings")).await
    };
    state.answered(number, response.status().as_u16());
    response
}

/// The deployment an address of Azure's names.
pub(super) fn deployment(uri: &Uri) -> Option<&str> {
    uri.path().strip_prefix("/openai/deployments/").and_then(|rest| rest.split('/').next())
}

async fn respond(open: Open, fault: Fault, request: &Value, counts: Counts, is_embeddings: bool) -> Response {
    if let Some(instead) = instead(fault).await {
        return instead;
    }
    let tool = tools::wanted(request);
    if request["stream"] == true && !is_embeddings {
        let wants_usage = request["stream_options"]["include_usage"] == true;
        return event_stream(stream::body(open, fault, counts, wants_usage, tool.as_deref()));
    }
    let whole = if is_embeddings {
        answer::embeddings(request, counts, fault)
    } else {
        answer::chat(counts, fault, &open.model, tool.as_deref())
    };
    answer::whole(open, fault, counts.usage(), whole)
}

/// What comes instead of an answer, if the fault is of that kind; a pause is taken here.
pub(super) async fn instead(fault: Fault) -> Option<Response> {
    match fault {
        Fault::Hang => std::future::pending().await,
        Fault::FirstByteAfter(pause) | Fault::Slow(pause) => {
            tokio::time::sleep(pause).await;
            None
        }
        Fault::Limited(seconds) => {
            let mut response = error(429, "Rate limit reached for requests", "rate_limit_exceeded");
            response.headers_mut().insert("retry-after", seconds.into());
            Some(response)
        }
        Fault::Status(status) => {
            Some(error(status, "The server had an error while processing your request.", "server_error"))
        }
        Fault::WebPage => {
            Some(([("content-type", "text/html")], "<html><body>Welcome</body></html>").into_response())
        }
        _ => None,
    }
}

pub(super) fn event_stream(body: Body) -> Response {
    ([("content-type", "text/event-stream"), ("x-request-id", "req_scripted")], body).into_response()
}

impl Open {
    /// The model asked for.
    pub(super) fn model(&self) -> &str {
        &self.model
    }
}
