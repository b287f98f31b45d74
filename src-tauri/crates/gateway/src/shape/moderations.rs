//! `/v1/moderations`.

use super::{Outgoing, Shape, Way};
use crate::asked::{Asked, Incoming, most_anywhere};
use crate::error::not_understood;
use reeve_engine::{Engine, Error};
use reeve_providers::openai::ModerationsRequest;
use reeve_providers::tokens;

pub(super) fn read(engine: &Engine, incoming: &Incoming) -> Result<Asked, Error> {
    let request = ModerationsRequest::read(&incoming.body).map_err(|e| not_understood(&e))?;
    let count = |family| tokens::moderations(family, &request);
    Ok(Asked {
        input_tokens: most_anywhere(engine, incoming.tenant, &request.model, count),
        max_output_tokens: Some(0),
        ..Asked::new(Shape::Moderations, request.model.into())
    })
}

pub(super) fn outgoing(incoming: &Incoming, way: Way<'_>) -> Result<Outgoing, Error> {
    let request = ModerationsRequest::read(&incoming.body).map_err(|e| not_understood(&e))?;
    // What a provider takes for its default is its own affair; what was priced is what is asked for.
    let model = way.model.or_else(|| (!request.names_model).then_some(way.sent));
    Ok(Outgoing::json("/moderations", incoming, way, request.upstream_body(model)))
}
