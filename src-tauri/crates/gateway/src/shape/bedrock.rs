//! `/bedrock/model/{id}/converse` and `/bedrock/model/{id}/converse-stream`.

use super::{Outgoing, Shape, Way};
use crate::asked::{Asked, Incoming, most};
use crate::error::{Dialect, not_understood};
use reeve_engine::{Code, Engine, Error};
use reeve_providers::bedrock::{ConverseRequest, Method, Path, bound, price_name};
use reeve_providers::upstream::Auth;

pub(super) fn read(engine: &Engine, method: Method, incoming: &Incoming) -> Result<Asked, Error> {
    let request = ConverseRequest::read(&incoming.body).map_err(|e| not_understood(&e))?;
    let model = price_name(incoming.model.as_deref().unwrap_or_default());
    Ok(Asked {
        input_tokens: most(engine, bound(&request), Dialect::Bedrock.provider(), model),
        max_output_tokens: request.max_tokens,
        stream: method == Method::ConverseStream,
        service_tier: request.service_tier.as_deref().map(str::to_owned),
        user: request.user.as_deref().map(str::to_owned),
        ..Asked::new(Shape::Bedrock(method), model.to_owned())
    })
}

pub(super) fn outgoing(method: Method, incoming: &Incoming, way: Way<'_>) -> Result<Outgoing, Error> {
    let body = match way.cap {
        Some(cap) => {
            let request = ConverseRequest::read(&incoming.body).map_err(|e| not_understood(&e))?;
            request.upstream_body(Some(cap))
        }
        None => incoming.body.clone(),
    };
    let id = way.model.or(incoming.model.as_deref()).unwrap_or_default();
    let path = Path::read(id, method)
        .ok_or_else(|| Error::new(Code::NotFound, "The model's name has letters that no id of AWS's has."))?;
    let bare = Outgoing::json("", incoming, way, body);
    Ok(Outgoing { auth: Auth::Aws { at: way.at }, path: path.upstream().into(), ..bare })
}
