//! `/v1/audio/transcriptions` and `/v1/audio/translations`.

use super::{Outgoing, Shape, Way};
use crate::asked::{Asked, Incoming};
use crate::error::not_understood;
use http::HeaderValue;
use reeve_core::usage::{Unit, Usage};
use reeve_engine::Error;
use reeve_engine::gateway::Billing;
use reeve_providers::openai::{RequestError, TranscriptionRequest};

/// The most tokens of what is said in a second.
const TOKENS_PER_SECOND: u64 = 12;

fn request(incoming: &Incoming) -> Result<TranscriptionRequest<'_>, Error> {
    let content_type = incoming.content_type.as_ref().and_then(|v| v.to_str().ok()).unwrap_or_default();
    TranscriptionRequest::read(&incoming.body, content_type).map_err(|e: RequestError| not_understood(&e))
}

pub(super) fn read(shape: Shape, incoming: &Incoming) -> Result<Asked, Error> {
    let request = request(incoming)?;
    Ok(Asked {
        input_tokens: request.most_tokens(),
        max_output_tokens: Some(request.most_seconds * TOKENS_PER_SECOND + 64),
        stream: request.stream,
        others: Usage::new().with(Unit::SecondIn, request.most_seconds),
        billing: Billing::ByPrice,
        ..Asked::new(shape, request.model.to_owned())
    })
}

pub(super) fn outgoing(path: &'static str, incoming: &Incoming, way: Way<'_>) -> Result<Outgoing, Error> {
    let content_type =
        incoming.content_type.clone().unwrap_or(HeaderValue::from_static("multipart/form-data"));
    let body = match way.model {
        None => incoming.body.clone(),
        model => request(incoming)?.upstream_body(model),
    };
    Ok(Outgoing { body, ..Outgoing::to(path, incoming, way, content_type) })
}
