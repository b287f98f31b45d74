//! `/v1/completions`.

use super::{Outgoing, Shape, Way};
use crate::asked::{Asked, Incoming, most_anywhere};
use crate::error::not_understood;
use reeve_engine::{Engine, Error};
use reeve_providers::openai::CompletionsRequest;
use reeve_providers::tokens;

pub(super) fn read(engine: &Engine, incoming: &Incoming) -> Result<Asked, Error> {
    let request = CompletionsRequest::read(&incoming.body).map_err(|e| not_understood(&e))?;
    let count = |family| tokens::completions(family, &request);
    Ok(Asked {
        input_tokens: most_anywhere(engine, incoming.tenant, &request.model, count),
        stream: request.stream,
        include_usage: request.include_usage,
        max_output_tokens: Some(request.max_tokens),
        choices: request.choices,
        service_tier: request.service_tier.map(Into::into),
        user: request.user.map(Into::into),
        ..Asked::new(Shape::Completions, request.model.into())
    })
}

pub(super) fn outgoing(asked: &Asked, incoming: &Incoming, way: Way<'_>) -> Result<Outgoing, Error> {
    let include_usage = asked.stream && !asked.include_usage;
    let request = CompletionsRequest::read(&incoming.body).map_err(|e| not_understood(&e))?;
    let body = request.upstream_body(way.model, include_usage);
    Ok(Outgoing::json("/completions", incoming, way, body))
}
