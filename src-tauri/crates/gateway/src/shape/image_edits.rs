//! `/v1/images/edits`.

use super::images::made;
use super::{Outgoing, Shape, Way};
use crate::asked::{Asked, Incoming, family};
use crate::error::not_understood;
use reeve_core::usage::Unit;
use reeve_engine::gateway::Billing;
use reeve_engine::{Engine, Error};
use reeve_providers::openai::ImageEditRequest;
use reeve_providers::tokens;

fn request(incoming: &Incoming) -> Result<ImageEditRequest<'_>, Error> {
    let request = ImageEditRequest::read(&incoming.body, incoming.kind(), incoming.model.as_deref());
    request.map_err(|e| not_understood(&e))
}

pub(super) fn read(engine: &Engine, incoming: &Incoming) -> Result<Asked, Error> {
    let request = request(incoming)?;
    let provider = engine.provider_of(request.model);
    let prompt = tokens::prompt(family(provider.as_deref(), request.model), request.prompt);
    let mut others = made(request.n, request.pixels_each);
    others.add(Unit::ImageRead, request.pictures);
    Ok(Asked {
        input_tokens: prompt + request.read_tokens(),
        max_output_tokens: Some(request.tokens_each),
        choices: request.n,
        others,
        billing: Billing::ByPrice,
        user: request.user.map(Into::into),
        ..Asked::new(Shape::ImageEdits, request.model.to_owned())
    })
}

pub(super) fn outgoing(incoming: &Incoming, way: Way<'_>) -> Result<Outgoing, Error> {
    let body = match incoming.renamed(way) {
        None => incoming.body.clone(),
        model => request(incoming)?.upstream_body(model),
    };
    Ok(Outgoing::form("/images/edits", incoming, way, body))
}
