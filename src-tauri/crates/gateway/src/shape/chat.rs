//! `/v1/chat/completions`.

use super::{Outgoing, Shape, Way};
use crate::asked::{Asked, Incoming, most_anywhere};
use crate::error::not_understood;
use reeve_engine::{Engine, Error};
use reeve_providers::openai::{ChatRequest, Edits, max_tokens_field};
use reeve_providers::tokens;

pub(super) fn read(engine: &Engine, incoming: &Incoming) -> Result<Asked, Error> {
    let request =
        ChatRequest::read_as(&incoming.body, incoming.model.as_deref()).map_err(|e| not_understood(&e))?;
    let count = |family| tokens::chat(family, &request);
    Ok(Asked {
        kinds: tokens::kinds(&request),
        input_tokens: most_anywhere(engine, incoming.tenant, &request.model, count),
        stream: request.stream,
        include_usage: request.include_usage,
        max_output_tokens: request.max_tokens,
        choices: request.n,
        service_tier: request.service_tier.map(Into::into),
        user: request.user.map(Into::into),
        ..Asked::new(Shape::Chat, request.model.into())
    })
}

pub(super) fn outgoing(asked: &Asked, incoming: &Incoming, way: Way<'_>) -> Result<Outgoing, Error> {
    let include_usage = asked.stream && !asked.include_usage;
    let model = incoming.renamed(way);
    let body = if include_usage || way.cap.is_some() || model.is_some() {
        let named = incoming.model.as_deref();
        let request = ChatRequest::read_as(&incoming.body, named).map_err(|e| not_understood(&e))?;
        let max_tokens = way.cap.map(|cap| (max_tokens_field(way.provider), cap));
        request.upstream_body(&Edits { model, include_usage, max_tokens })
    } else {
        incoming.body.clone()
    };
    Ok(Outgoing::json("/chat/completions", incoming, way, body))
}
