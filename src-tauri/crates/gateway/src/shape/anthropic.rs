//! `/anthropic/v1/messages` and `/anthropic/v1/messages/count_tokens`.

use super::{Outgoing, Shape, Way};
use crate::asked::{Asked, Incoming, most};
use crate::error::{Dialect, not_understood};
use reeve_core::usage::{Unit, Usage};
use reeve_engine::{Engine, Error};
use reeve_providers::anthropic::{CountRequest, MessagesRequest, SEARCHES, bound};
use reeve_providers::upstream::Auth;

pub(super) fn read(engine: &Engine, incoming: &Incoming) -> Result<Asked, Error> {
    let request = MessagesRequest::read(&incoming.body).map_err(|e| not_understood(&e))?;
    Ok(Asked {
        input_tokens: most(engine, bound(&request), Dialect::Anthropic.provider(), &request.model),
        stream: request.stream,
        max_output_tokens: Some(request.max_tokens),
        user: request.user.as_deref().map(str::to_owned),
        // A tier that is asked for is one that was paid for beforehand, and has no price of its own.
        others: Usage::new().with(Unit::WebSearch, request.searches.unwrap_or(SEARCHES)),
        ..Asked::new(Shape::Messages, request.model.into())
    })
}

pub(super) fn read_count(incoming: &Incoming) -> Result<Asked, Error> {
    let request = CountRequest::read(&incoming.body).map_err(|e| not_understood(&e))?;
    Ok(Asked { max_output_tokens: Some(0), ..Asked::new(Shape::CountMessages, request.model.into()) })
}

pub(super) fn outgoing(incoming: &Incoming, way: Way<'_>) -> Result<Outgoing, Error> {
    let request = MessagesRequest::read(&incoming.body).map_err(|e| not_understood(&e))?;
    let body = request.upstream_body(way.model);
    Ok(Outgoing { auth: Auth::XApiKey, ..Outgoing::json("/messages", incoming, way, body) })
}

pub(super) fn outgoing_count(incoming: &Incoming, way: Way<'_>) -> Outgoing {
    let body = incoming.body.clone();
    Outgoing { auth: Auth::XApiKey, ..Outgoing::json("/messages/count_tokens", incoming, way, body) }
}
