//! A request ends: in a minute, without leaving a change half made, and without taking the process with it.

use crate::failure::Failure;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use reeve_engine::{Code, Engine, Error};
use std::any::Any;
use std::time::Duration;
use tokio::sync::oneshot;

const LONGEST: Duration = Duration::from_secs(60);

pub(super) async fn in_time(request: Request, next: Next) -> Response {
    let message = match request.method().is_safe() {
        true => "This took longer than a minute and was given up.",
        false => "This takes longer than a minute. It goes on all the same; look again in a while.",
    };
    let answer = tokio::time::timeout(LONGEST, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        Failure::with_status(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, message).into_response()
    })
}

/// A change that began is made, also where nobody waits for the answer any more: dropped between what it writes and what it
/// makes of that in memory, it would be half made.
pub(super) async fn carried_through(State(engine): State<Engine>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let (reply, answer) = oneshot::channel();
    engine.tasks().spawn(async move {
        let _ = reply.send(next.run(request).await);
    });
    answer.await.unwrap_or_else(|_| went_wrong())
}

/// A panic in a handler: a bug of ours, told as one. What it said is in the log, not in the answer.
pub(super) fn caught(panic: Box<dyn Any + Send>) -> Response {
    let said =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = said.unwrap_or("without a message"), "a handler panicked");
    went_wrong()
}

fn went_wrong() -> Response {
    Failure::from(Error::new(Code::Internal, "Something went wrong inside Reeve; the log says what."))
        .into_response()
}
