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

fn request(incoming: &Incoming) -> Result<ImagesRequest<'_>, Error> {
    ImagesRequest::read(&incoming.body, incoming.model.as_deref()).map_err(|e| not_understood(&e))
}

/// What `n` pictures of so many pixels may be billed as.
pub(super) fn made(n: u64, pixels: u64) -> Usage {
    let drawn = Usage::new().with(Unit::Image, n).with(Unit::ImageRead, n);
    drawn.with(Unit::PixelIn, n.saturating_mul(pixels))
}

pub(super) fn read(engine: &Engine, incoming: &Incoming) -> Result<Asked, Error> {
    let request = request(incoming)?;
    let provider = engine.provider_of(&request.model);
    Ok(Asked {
        input_tokens: tokens::prompt(family(provider.as_deref(), &request.model), &request.prompt),
        max_output_tokens: Some(request.tokens_each),
        choices: request.n,
        others: made(request.n, request.pixels_each),
        billing: Billing::ByPrice,
        user: request.user.map(Into::into),
        ..Asked::new(Shape::Images, request.model.into())
    })
}

pub(super) fn outgoing(incoming: &Incoming, way: Way<'_>) -> Result<Outgoing, Error> {
    let body = match incoming.renamed(way) {
        None => incoming.body.clone(),
        model => request(incoming)?.upstream_body(model),
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
