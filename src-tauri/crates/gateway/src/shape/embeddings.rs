//! `/v1/embeddings`.

use super::{Outgoing, Shape, Way};
use crate::asked::{Asked, Incoming, most_anywhere};
use crate::error::not_understood;
use reeve_engine::{Engine, Error};
use reeve_providers::openai::EmbeddingsRequest;
use reeve_providers::tokens;

pub(super) fn read(engine: &Engine, incoming: &Incoming) -> Result<Asked, Error> {
    let request = EmbeddingsRequest::read(&incoming.body).map_err(|e| not_understood(&e))?;
    let count = |family| tokens::embeddings(family, &request);
    Ok(Asked {
        input_tokens: most_anywhere(engine, incoming.tenant, &request.model, count),
        max_output_tokens: Some(0),
        user: request.user.map(Into::into),
        ..Asked::new(Shape::Embeddings, request.model.into())
    })
}

pub(super) fn outgoing(incoming: &Incoming, way: Way<'_>) -> Result<Outgoing, Error> {
    let body = match way.model {
        None => incoming.body.clone(),
        named => {
            EmbeddingsRequest::read(&incoming.body).map_err(|e| not_understood(&e))?.upstream_body(named)
        }
    };
    Ok(Outgoing::json("/embeddings", way, body))
}
