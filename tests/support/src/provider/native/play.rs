//! Playing an answer, with what was scripted to go wrong.

use super::super::answer::{BEFORE_CUT, whole};
use super::super::fault::Fault;
use super::super::record::{Call, State};
use super::super::routes::Open;
use super::Made;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use reeve_core::usage::Usage;
use serde_json::Value;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// A request to one of the shapes.
pub(super) struct Asked {
    pub(super) state: Arc<State>,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) model: String,
    pub(super) streamed: bool,
    pub(super) takes_key: bool,
}

/// An event of a stream, and what is billed once it is sent.
pub(super) struct Sent {
    pub(super) bytes: Bytes,
    pub(super) due: Usage,
}

/// How one provider speaks.
pub(super) trait Shape {
    /// What the body of a stream is.
    const STREAM: &'static str;
    /// A refusal.
    fn error(status: u16, message: &str) -> Response;
    /// What a request makes.
    fn count(request: &Value) -> Made;
    /// A whole answer.
    fn answer(made: &Made, fault: Fault, model: &str) -> Value;
    /// A streamed answer of so many visible tokens.
    fn events(made: &Made, fault: Fault, model: &str, words: u64) -> Vec<Sent>;
    /// An event that is none.
    fn junk() -> Bytes;
}

/// Answers a call.
pub(super) async fn play<S: Shape>(asked: Asked) -> Response {
    let request: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let arrived = Call {
        path: asked.uri.path().to_owned(),
        headers: asked.headers,
        body: asked.body,
        model: asked.model.clone(),
        fault: Fault::None,
        status: 0,
        billed: Usage::new(),
    };
    let (fault, number) = asked.state.arrive(arrived);
    let open = Open::new(asked.state.clone(), number, asked.model.clone());
    let response = if asked.takes_key {
        respond::<S>(open, fault, asked.streamed, &S::count(&request)).await
    } else {
        S::error(401, "invalid x-api-key sk-scripted")
    };
    asked.state.answered(number, response.status().as_u16());
    response
}

async fn respond<S: Shape>(open: Open, fault: Fault, streamed: bool, made: &Made) -> Response {
    match fault {
        Fault::Hang => std::future::pending::<()>().await,
        Fault::FirstByteAfter(pause) | Fault::Slow(pause) => tokio::time::sleep(pause).await,
        Fault::Limited(seconds) => {
            let mut response = S::error(429, "Too many requests");
            response.headers_mut().insert("retry-after", seconds.into());
            return response;
        }
        Fault::Status(status) => return S::error(status, "The server is at fault"),
        Fault::WebPage => {
            return ([("content-type", "text/html")], "<html><body>Welcome</body></html>").into_response();
        }
        _ => {}
    }
    if !streamed {
        let answer = S::answer(made, fault, open.model());
        return whole(open, fault, made.due(made.counts.visible() * made.counts.n), answer);
    }
    let words = match fault {
        Fault::Huge(events) => events as u64,
        _ => made.counts.visible() * made.counts.n,
    };
    let mut events = S::events(made, fault, open.model(), words);
    if fault == Fault::MalformedJson && events.len() > 3 {
        events[3].bytes = S::junk();
    }
    let body = Body::from_stream(streaming(open, fault, events));
    ([("content-type", S::STREAM), ("request-id", "req_scripted")], body).into_response()
}

fn streaming(
    open: Open,
    fault: Fault,
    events: Vec<Sent>,
) -> impl futures_util::Stream<Item = Result<Bytes, io::Error>> {
    let cut = if let Fault::Cut(after) = fault { after } else { usize::MAX };
    stream::unfold((open, events.into_iter(), 0), move |(mut open, mut events, sent)| async move {
        if let Fault::Slow(pause) = fault {
            tokio::time::sleep(pause).await;
        }
        if sent == cut {
            // So that what was sent before leaves the house.
            tokio::time::sleep(BEFORE_CUT.max(Duration::from_millis(1))).await;
            return Some((Err(io::Error::other("cut")), (open, Vec::new().into_iter(), usize::MAX)));
        }
        let event = events.next()?;
        open.due = event.due;
        Some((Ok(event.bytes), (open, events, sent + 1)))
    })
}

/// A refusal with a JSON body.
pub(super) fn refusal(status: u16, body: Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, axum::Json(body)).into_response()
}
