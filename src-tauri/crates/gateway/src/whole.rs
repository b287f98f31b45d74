//! A whole answer: read to its end, settled, and passed on unchanged.

use crate::asked::inline_if_short;
use crate::exchange::{Exchange, ms_since};
use crate::metered::{metered, service_tier};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use reeve_engine::gateway::{CallEnd, Ended};
use reeve_providers::openai::usage::Answer;
use reeve_providers::upstream;
use std::time::Instant;

/// The longest answer, in bytes: two thousand long embeddings take about as much.
const MAX_BYTES: usize = 128 * 1024 * 1024;

/// Brings back a whole answer.
pub(crate) async fn answer(mut exchange: Box<Exchange>, mut response: upstream::Response) -> Response {
    let (status, headers) = (response.status, std::mem::take(&mut response.headers));
    let head_ms = ms_since(exchange.arrived);
    exchange.watch.answered(&headers, false);
    let began = Instant::now();
    let collected = response.collect(MAX_BYTES).await;
    exchange.watch.waited(began);
    let body = match collected {
        Ok(body) => body,
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                provider = exchange.admitted.credential().provider,
                "an answer broke off"
            );
            exchange.admitted.broke_off(&error.to_string());
            // It was made, so it will be billed; what for is lost with the rest of it.
            let ended = exchange.ended(CallEnd::Failure, None, None);
            let ended = Ended { status: Some(status.as_u16()), first_byte_ms: Some(head_ms), ..ended };
            let told = exchange.told(&error);
            return exchange.settled(ended, told);
        }
    };
    exchange.watch.body(&body);
    let (reading, shape) = (body.clone(), exchange.asked.shape);
    let read = inline_if_short(body.len(), move || shape.answer(&reading)).await;
    let ended = match &read {
        Ok(answer) => told(&exchange, answer),
        Err(_) => exchange.ended(CallEnd::Success, None, None),
    };
    let ended = Ended { status: Some(status.as_u16()), first_byte_ms: Some(head_ms), ..ended };
    exchange.settled(ended, passed_on(status, headers, body))
}

/// A provider's answer as it stands, in the map of its own headers, which has room for ours.
pub(crate) fn passed_on(status: StatusCode, mut headers: HeaderMap, body: Bytes) -> Response {
    headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/octet-stream"));
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn told(exchange: &Exchange, answer: &Answer) -> Ended {
    let metered = metered(answer, &exchange.asked, &exchange.admitted);
    let end = if answer.is_error { CallEnd::Failure } else { CallEnd::Success };
    Ended {
        service_tier: service_tier(answer, &exchange.asked),
        ..exchange.ended(end, metered.usage, metered.flag)
    }
}
