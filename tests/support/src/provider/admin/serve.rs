//! One call: looked at, met by what is scripted, done, answered, kept.

use super::fault::{AdminFault, Step};
use super::keys::{Asked, Keys};
use crate::provider::record::State;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};
use std::io;
use std::sync::Arc;

/// A call as it came.
#[derive(Debug, Clone)]
pub(super) struct Came {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Came {
    /// The text of a header.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// What the query says, in order.
    pub(super) fn query(&self) -> Vec<(String, String)> {
        let text = self.uri.query().unwrap_or_default();
        let url = reqwest::Url::parse(&format!("http://x/?{text}")).expect("a query");
        url.query_pairs().into_owned().collect()
    }

    /// The value of a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        self.query().into_iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// The body, which must be an object of these fields and no others.
    pub(super) fn fields(&self, required: &[&str], optional: &[&str]) -> Result<Value, No> {
        if self.header("content-type") != "application/json" {
            return Err(No::wrong(415, "the body is not said to be JSON"));
        }
        let body: Value =
            serde_json::from_slice(&self.body).map_err(|_| No::wrong(400, "the body is no JSON"))?;
        let Some(object) = body.as_object() else { return Err(No::wrong(400, "the body is no object")) };
        let odd = object.keys().find(|name| ![required, optional].concat().contains(&name.as_str()));
        let missing = required.iter().find(|name| !object.contains_key(**name));
        match (odd, missing) {
            (Some(name), _) => Err(No::wrong(400, &format!("unknown parameter {name}"))),
            (_, Some(name)) => Err(No::wrong(400, &format!("missing parameter {name}"))),
            _ => Ok(body),
        }
    }

    /// The query may name nothing else.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), No> {
        match self.query().into_iter().find(|(name, _)| !names.contains(&name.as_str())) {
            Some((name, _)) => Err(No::wrong(400, &format!("unknown parameter {name}"))),
            None => Ok(()),
        }
    }
}

/// Why not.
#[derive(Debug, Clone)]
pub(super) struct No {
    pub(super) status: u16,
    pub(super) message: String,
    /// Whether the caller did what the reference does not allow, rather than met a state of things.
    pub(super) wrong: bool,
}

impl No {
    pub(super) fn wrong(status: u16, message: &str) -> Self {
        Self { status, message: message.to_owned(), wrong: true }
    }

    pub(super) fn so(status: u16, message: &str) -> Self {
        Self { status, message: message.to_owned(), wrong: false }
    }
}

/// What is done: the answer of the provider.
pub(super) type Done = Result<Value, No>;

/// Serves a call of this kind. `act` looks at it and does it; it is run on a copy that is thrown away where it must not happen.
pub(super) async fn serve(
    state: Arc<State>,
    step: Step,
    came: Came,
    act: impl FnOnce(&mut Keys, &Came) -> Done,
    said_no: fn(&No) -> Response,
) -> Response {
    let (fault, done, number) = {
        let mut keys = state.admin.inner.lock();
        let fault = keys.fault(step);
        let number = keys.asked.len();
        keys.asked.push(Asked {
            method: came.method.to_string(),
            path: came.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            body: String::from_utf8_lossy(&came.body).into_owned(),
            status: 0,
        });
        let done = match fault {
            Some(fault) if !fault.happens() => Err(No::so(0, "")),
            _ => act(&mut keys, &came),
        };
        if let Err(no) = done.as_ref().map_err(Clone::clone)
            && no.wrong
        {
            keys.complaints.push(format!("{} {}: {}", came.method, came.uri, no.message));
        }
        (fault, done, number)
    };
    let answer = match &done {
        Ok(value) => axum::Json(value.clone()).into_response(),
        Err(no) => said_no(no),
    };
    let response = match fault {
        None => answer,
        Some(AdminFault::Echo) => {
            let said = came.headers.get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default();
            said_no(&No::so(401, &format!("Incorrect API key provided: {said}.")))
        }
        Some(fault) => instead(fault, answer, said_no).await,
    };
    state.admin.inner.lock().asked[number].status = response.status().as_u16();
    response
}

async fn instead(fault: AdminFault, answer: Response, said_no: fn(&No) -> Response) -> Response {
    match fault {
        AdminFault::HangAfter | AdminFault::HangBefore => std::future::pending().await,
        AdminFault::CutAfter => cut(answer),
        AdminFault::Limited(seconds) => {
            let mut response = said_no(&No::so(429, "Rate limit reached for requests"));
            response.headers_mut().insert("retry-after", seconds.into());
            response
        }
        AdminFault::Echo => answer,
        AdminFault::StatusBefore(status) | AdminFault::StatusAfter(status) => {
            said_no(&No::so(status, "The server had an error while processing your request."))
        }
        AdminFault::Redirect => (
            axum::http::StatusCode::TEMPORARY_REDIRECT,
            [("location", "http://elsewhere.example/v1/organization")],
        )
            .into_response(),
        AdminFault::WebPage => {
            ([("content-type", "text/html")], "<html><body>Welcome</body></html>").into_response()
        }
        AdminFault::OtherShape => axum::Json(json!({"result": {"items": []}})).into_response(),
    }
}

/// The head of an answer, and a connection that breaks behind the first bytes of the body.
fn cut(answer: Response) -> Response {
    let (parts, _) = answer.into_parts();
    let pieces = stream::iter([Ok(Bytes::from_static(b"{\"id\": \"")), Err(io::Error::other("cut"))]);
    let mut response = Response::new(Body::from_stream(pieces));
    *response.status_mut() = parts.status;
    response
}
