//! `/google/v1beta/models/{model}:{method}`.

use super::{Outgoing, Shape, Way};
use crate::asked::{Asked, Incoming, most};
use crate::error::{Dialect, not_understood};
use reeve_core::usage::{Unit, Usage};
use reeve_engine::{Engine, Error};
use reeve_providers::google::{
    CountRequest, EmbedRequest, GenerateRequest, Method, Path, bound, bound_embedding,
};
use reeve_providers::upstream::Auth;

/// What a request that may search is held to be billed for: nothing in it bounds how often.
const SEARCHES: u64 = 10;

pub(super) fn read(engine: &Engine, method: Method, incoming: &Incoming) -> Result<Asked, Error> {
    let (model, body) = (incoming.model.as_deref().unwrap_or_default(), &incoming.body);
    let bare = Asked { max_output_tokens: Some(0), ..Asked::new(Shape::Google(method), model.to_owned()) };
    let wrong = |e| not_understood(&e);
    match method {
        Method::CountTokens => {
            CountRequest::read(model, body).map_err(wrong)?;
            Ok(bare)
        }
        Method::EmbedContent | Method::BatchEmbedContents => {
            let request = EmbedRequest::read(model, body).map_err(wrong)?;
            Ok(Asked { input_tokens: most(engine, bound_embedding(&request), provider(), model), ..bare })
        }
        Method::StreamGenerateContent if !streams_events(incoming) => {
            let sentence = "Reeve streams events: add ?alt=sse to the address, as Google's own clients do.";
            Err(Error::field("alt", sentence))
        }
        Method::GenerateContent | Method::StreamGenerateContent => {
            let request = GenerateRequest::read(model, body).map_err(wrong)?;
            Ok(Asked {
                input_tokens: most(engine, bound(&request), provider(), model),
                max_output_tokens: request.max_tokens,
                choices: request.candidates,
                stream: method == Method::StreamGenerateContent,
                others: Usage::new().with(Unit::WebSearch, if request.searches { SEARCHES } else { 0 }),
                service_tier: request.service_tier,
                ..bare
            })
        }
    }
}

fn streams_events(incoming: &Incoming) -> bool {
    incoming.query.as_deref().is_some_and(|query| query.split('&').any(|pair| pair == "alt=sse"))
}

const fn provider() -> Option<&'static str> {
    Dialect::Google.provider()
}

pub(super) fn outgoing(method: Method, incoming: &Incoming, way: Way<'_>) -> Result<Outgoing, Error> {
    let asked = incoming.model.as_deref().unwrap_or_default();
    let generates = matches!(method, Method::GenerateContent | Method::StreamGenerateContent);
    let body = match way.cap.filter(|_| generates) {
        Some(cap) => {
            let request = GenerateRequest::read(asked, &incoming.body).map_err(|e| not_understood(&e))?;
            request.upstream_body(Some(cap))
        }
        None => incoming.body.clone(),
    };
    let path = Path { model: way.model.unwrap_or(asked), method }.upstream();
    let query = (method == Method::StreamGenerateContent).then(|| "alt=sse".to_owned());
    let bare = Outgoing::json("", incoming, way, body);
    Ok(Outgoing { auth: Auth::GoogleApiKey, path: path.into(), query, ..bare })
}
