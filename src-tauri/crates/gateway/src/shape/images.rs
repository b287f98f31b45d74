//! `/v1/images/generations`.

use super::{Outgoing, Shape, Way};
use crate::asked::{Asked, Incoming, family};
use crate::error::not_understood;
use reeve_core::usage::{Unit, Usage};
use reeve_engine::gateway::Billing;
use reeve_engine::{Engine, Error};
use reeve_providers::openai::ImagesRequest;
use reeve_providers::openai::images;
use reeve_providers::openai::usage::{Answer, Reading};
use reeve_providers::tokens;

pub(super) fn read(engine: &Engine, incoming: &Incoming) -> Result<Asked, Error> {
    let request = ImagesRequest::read(&incoming.body).map_err(|e| not_understood(&e))?;
    let provider = engine.provider_of(&request.model);
    let pictures = |pixels| {
        Usage::new()
            .with(Unit::Image, request.n)
            .with(Unit::ImageRead, request.n)
            .with(Unit::PixelIn, request.n.saturating_mul(pixels))
    };
    Ok(Asked {
        input_tokens: tokens::prompt(family(provider.as_deref(), &request.model), &request.prompt),
        max_output_tokens: Some(request.tokens_each),
        choices: request.n,
        others: pictures(request.pixels_each),
        billing: Billing::ByPrice,
        user: request.user.map(Into::into),
        ..Asked::new(Shape::Images, request.model.into())
    })
}

pub(super) fn outgoing(incoming: &Incoming, way: Way<'_>) -> Result<Outgoing, Error> {
    let body = match way.model {
        None => incoming.body.clone(),
        model => ImagesRequest::read(&incoming.body).map_err(|e| not_understood(&e))?.upstream_body(model),
    };
    Ok(Outgoing::json("/images/generations", incoming, way, body))
}

/// Where the provider counts no tokens, the pictures are counted.
pub(super) fn answer(body: &[u8]) -> Answer {
    let (answer, pictures) = images::read_answer(body);
    match answer.usage {
        Reading::Missing if pictures > 0 => {
            Answer { usage: Reading::Usage(Usage::new().with(Unit::Image, pictures)), ..answer }
        }
        _ => answer,
    }
}
