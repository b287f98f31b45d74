//! A request ends: in a minute, and without taking the process with it.

use crate::failure::Failure;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use reeve_engine::{Code, Error};
use std::any::Any;
use std::time::Duration;

const LONGEST: Duration = Duration::from_secs(60);

pub(super) async fn in_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(LONGEST, next.run(request)).await.unwrap_or_else(|_| {
        let message = "This took longer than a minute and was given up.";
        Failure::with_status(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, message).into_response()
    })
}

/// A panic in a handler: a bug of ours, told as one. What it said is in the log, not in the answer.
pub(super) fn caught(panic: Box<dyn Any + Send>) -> Response {
    let said =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = said.unwrap_or("without a message"), "a handler panicked");
    Failure::from(Error::new(Code::Internal, "Something went wrong inside Reeve; the log says what."))
        .into_response()
}
