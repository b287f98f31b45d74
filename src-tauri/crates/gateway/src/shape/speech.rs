//! `/v1/audio/speech`.

use super::{Outgoing, Shape, Way};
use crate::asked::{Asked, Incoming, family};
use crate::error::not_understood;
use reeve_core::usage::{Unit, Usage};
use reeve_engine::gateway::Billing;
use reeve_engine::{Engine, Error};
use reeve_providers::openai::SpeechRequest;
use reeve_providers::tokens;

fn request(incoming: &Incoming) -> Result<SpeechRequest<'_>, Error> {
    SpeechRequest::read(&incoming.body, incoming.model.as_deref()).map_err(|e| not_understood(&e))
}

pub(super) fn read(engine: &Engine, incoming: &Incoming) -> Result<Asked, Error> {
    let request = request(incoming)?;
    let provider = engine.provider_of(&request.model);
    let family = family(provider.as_deref(), &request.model);
    let said = tokens::prompt(family, &request.input);
    let how = request.instructions.as_deref().map_or(0, |how| tokens::prompt(family, how));
    Ok(Asked {
        input_tokens: said + how,
        max_output_tokens: Some(request.most_tokens()),
        stream: request.events,
        others: Usage::new()
            .with(Unit::CharacterIn, request.characters())
            .with(Unit::SecondOut, request.most_seconds()),
        billing: Billing::ByPrice,
        sound: Some(request.format.into_owned()),
        ..Asked::new(Shape::Speech, request.model.into())
    })
}

pub(super) fn outgoing(incoming: &Incoming, way: Way<'_>) -> Result<Outgoing, Error> {
    let body = match incoming.renamed(way) {
        None => incoming.body.clone(),
        model => request(incoming)?.upstream_body(model),
    };
    Ok(Outgoing::json("/audio/speech", incoming, way, body))
}
