//! `/v1/embeddings`.

use super::{Outgoing, Shape, Way};
use crate::asked::{Asked, Incoming, most_anywhere};
use crate::error::not_understood;
use reeve_engine::{Engine, Error};
use reeve_providers::openai::EmbeddingsRequest;
use reeve_providers::tokens;

pub(super) fn read(engine: &Engine, incoming: &Incoming) -> Result<Asked, Error> {
    let request = EmbeddingsRequest::read_as(&incoming.body, incoming.model.as_deref())
        .map_err(|e| not_understood(&e))?;
    let count = |family| tokens::embeddings(family, &request);
    Ok(Asked {
        input_tokens: most_anywhere(engine, incoming.tenant, &request.model, count),
        max_output_tokens: Some(0),
        user: request.user.map(Into::into),
        ..Asked::new(Shape::Embeddings, request.model.into())
    })
}

pub(super) fn outgoing(incoming: &Incoming, way: Way<'_>) -> Result<Outgoing, Error> {
    let body = match incoming.renamed(way) {
        None => incoming.body.clone(),
        model => EmbeddingsRequest::read_as(&incoming.body, incoming.model.as_deref())
            .map_err(|e| not_understood(&e))?
            .upstream_body(model),
    };
    Ok(Outgoing::json("/embeddings", incoming, way, body))
}
