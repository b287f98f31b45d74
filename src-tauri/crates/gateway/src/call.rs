//! The way of one call.

use crate::asked::{Asked, Incoming, understand};
use crate::auth;
use crate::body;
use crate::detached::{Abandoned, Detached};
use crate::error::Failure;
use crate::exchange::Exchange;
use crate::headers;
use crate::router::{Gateway, Request};
use crate::shape::{Shape, Way};
use crate::watch::{Watch, content_type, harmless};
use axum::response::Response;
use http::{HeaderMap, header};
use hyper::body::Incoming as Arriving;
use reeve_engine::admission::Caller;
use reeve_engine::gateway::{Call, Origin};
use reeve_engine::limits::Asker;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Answers a call, whatever comes of it. `model` is what the address names.
pub(crate) async fn answer(
    gateway: &Gateway,
    shape: Shape,
    model: Option<String>,
    request: Request,
    origin: Origin,
) -> Response {
    let mut asker = Asker::stranger(origin.ip);
    let outcome = run(gateway, shape, model, request, origin, &mut asker).await;
    let mut response = outcome.unwrap_or_else(|failure| failure.told(shape.dialect()));
    headers::stamp(&mut response, &gateway.engine.limit_standings(&asker), origin.request_id);
    shape.dialect().name_request(&mut response);
    response
}

async fn run(
    gateway: &Gateway,
    shape: Shape,
    model: Option<String>,
    request: Request,
    origin: Origin,
    asker: &mut Asker,
) -> Result<Response, Failure> {
    let (arrived, engine) = (Instant::now(), &gateway.engine);
    let (head, body) = request.into_parts();
    let key = auth::key_of(&head, shape.dialect());
    let identified = engine.identify(key, origin).await;
    let caller = identified.map_err(|error| auth::explained(error, key, &head.headers))?;
    *asker = Asker::caller(caller);
    engine.check_limits(caller, origin).await?;
    let query = head.uri.query().map(str::to_owned);
    let taken = match read(gateway, caller, shape, model, query, &head.headers, body).await {
        Ok(read) => read,
        Err(Unread::Malformed(error)) => {
            return Err(engine.refuse_request(caller, origin, error).await.into());
        }
        Err(Unread::Failed(failure)) => {
            Box::pin(engine.refuse_request(caller, origin, failure.to_error())).await;
            return Err(failure);
        }
    };
    let call = Arc::new(call(origin, &head.headers, &taken.asked));
    *asker = Asker::call(caller, call.user.as_deref(), &call.model);
    exchange(gateway, caller, call, taken, head.headers, arrived).await
}

async fn exchange(
    gateway: &Gateway,
    caller: Caller,
    call: Arc<Call>,
    taken: Taken,
    headers: HeaderMap,
    arrived: Instant,
) -> Result<Response, Failure> {
    let engine = &gateway.engine;
    let Taken { asked, incoming, share, reading } = taken;
    let admitted = engine.admit(caller, call).await?;
    let outgoing = asked.outgoing(&incoming, Way::of(&admitted, engine.now())).await?;
    let capture = admitted.capture().map(|mut capture| {
        capture.request(content_type(&headers), harmless(&headers), &incoming.body);
        capture
    });
    let watch = Watch::new(reading, capture);
    let abandoned = Abandoned::default();
    let exchange = Box::new(Exchange {
        engine: engine.clone(),
        admitted,
        asked,
        arrived,
        watch,
        abandoned: abandoned.clone(),
    });
    let taken = (incoming, share);
    // From here on the provider may work, so the rest goes on even when the client leaves.
    Ok(Detached::new(engine.tasks().clone(), abandoned, exchange.run(headers, outgoing, taken)).await)
}

/// A request that was read to its end.
struct Taken {
    asked: Asked,
    incoming: Incoming,
    share: body::Share,
    /// How long it was waited for.
    reading: Duration,
}

enum Unread {
    Malformed(reeve_engine::Error),
    Failed(Failure),
}

async fn read(
    gateway: &Gateway,
    caller: Caller,
    shape: Shape,
    model: Option<String>,
    query: Option<String>,
    headers: &HeaderMap,
    body: Arriving,
) -> Result<Taken, Unread> {
    let began = Instant::now();
    let body::Held { bytes, share } = body::read(&gateway.memory, body).await.map_err(Unread::Failed)?;
    let reading = began.elapsed();
    let content_type = headers.get(header::CONTENT_TYPE).cloned();
    let incoming = Incoming { body: bytes, model, query, content_type, tenant: caller.tenant };
    let mut asked = understand(&gateway.engine, shape, &incoming).await.map_err(Unread::Malformed)?;
    asked.user = headers::user(headers, asked.user.take()).map_err(Unread::Malformed)?;
    asked.tags = headers::tags(headers).map_err(Unread::Malformed)?;
    Ok(Taken { asked, incoming, share, reading })
}

fn call(origin: Origin, headers: &HeaderMap, asked: &Asked) -> Call {
    Call {
        request_id: origin.request_id,
        ip: origin.ip,
        trace_id: headers::trace_id(headers),
        operation: asked.shape.word(),
        model: asked.model.clone(),
        provider: asked.shape.dialect().provider(),
        user: asked.user.clone(),
        tags: asked.tags.clone(),
        stream: asked.stream,
        input_tokens: asked.input_tokens,
        max_output_tokens: asked.max_output_tokens,
        choices: asked.choices,
        service_tier: asked.service_tier.clone(),
        others: asked.others.clone(),
        billing: asked.billing,
        kinds: asked.kinds,
    }
}
