//! `/v1/responses`.

use super::{Outgoing, Shape, Way};
use crate::asked::{Asked, Incoming, most_anywhere};
use crate::error::not_understood;
use reeve_core::usage::{Unit, Usage};
use reeve_engine::{Engine, Error};
use reeve_providers::openai::ResponsesRequest;
use reeve_providers::tokens;

pub(super) fn read(engine: &Engine, incoming: &Incoming) -> Result<Asked, Error> {
    let request = ResponsesRequest::read(&incoming.body).map_err(|e| not_understood(&e))?;
    let count = |family| tokens::responses(family, &request);
    Ok(Asked {
        input_tokens: most_anywhere(engine, incoming.tenant, &request.model, count),
        stream: request.stream,
        max_output_tokens: request.max_tokens,
        others: Usage::new().with(Unit::WebSearch, request.searches),
        service_tier: request.service_tier.map(Into::into),
        user: request.user.map(Into::into),
        ..Asked::new(Shape::Responses, request.model.into())
    })
}

pub(super) fn outgoing(incoming: &Incoming, way: Way<'_>) -> Result<Outgoing, Error> {
    let body = if way.model.is_none() && way.cap.is_none() {
        incoming.body.clone()
    } else {
        let request = ResponsesRequest::read(&incoming.body).map_err(|e| not_understood(&e))?;
        request.upstream_body(way.model, way.cap)
    };
    Ok(Outgoing::json("/responses", incoming, way, body))
}
