//! Rate limits of the API itself: of people by their sign-in, of strangers by their address. Answers say how they stand.

use crate::failure::Failure;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue};
use reeve_engine::limits::{Asker, Standings};
use reeve_engine::{Cx, Engine};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

pub(super) async fn within(State(engine): State<Engine>, request: Request, next: Next) -> Response {
    // Who asks is found out before; see the order of layers.
    let Some(cx) = request.extensions().get::<Cx>().cloned() else { return next.run(request).await };
    let mut response = match engine.admit_request(&cx).await {
        Ok(()) => next.run(request).await,
        Err(error) => Failure::from(error).into_response(),
    };
    put(&mut response, &engine.limit_standings(&Asker::of(&cx)));
    response
}

/// The tightest limit: how many at once, how many are left, and in which second since 1970 it is full again.
fn put(response: &mut Response, standings: &Standings) {
    let Some(tightest) = standings.tightest() else { return };
    let full_at = standings.at.plus(tightest.full_in_ms).0.saturating_add(999).div_euclid(1_000);
    let headers = response.headers_mut();
    headers.insert(LIMIT, HeaderValue::from(tightest.limit));
    headers.insert(REMAINING, HeaderValue::from(tightest.remaining));
    headers.insert(RESET, HeaderValue::from(full_at));
}
