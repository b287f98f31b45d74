//! `/v1/audio/transcriptions` and `/v1/audio/translations`.

use super::{Outgoing, Shape, Way};
use crate::asked::{Asked, Incoming};
use crate::error::not_understood;
use reeve_core::usage::{Unit, Usage};
use reeve_engine::Error;
use reeve_engine::gateway::Billing;
use reeve_providers::openai::TranscriptionRequest;

/// The most tokens of what is said in a second.
const TOKENS_PER_SECOND: u64 = 12;

fn request(incoming: &Incoming) -> Result<TranscriptionRequest<'_>, Error> {
    let request = TranscriptionRequest::read(&incoming.body, incoming.kind(), incoming.model.as_deref());
    request.map_err(|e| not_understood(&e))
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
    let body = match incoming.renamed(way) {
        None => incoming.body.clone(),
        model => request(incoming)?.upstream_body(model),
    };
    Ok(Outgoing::form(path, incoming, way, body))
}
