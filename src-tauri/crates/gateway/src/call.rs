//! The way of one call.

use crate::asked::{Asked, Operation, understand};
use crate::body;
use crate::detached::{Abandoned, Detached};
use crate::error::Failure;
use crate::exchange::Exchange;
use crate::router::Gateway;
use crate::{auth, headers};
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use reeve_core::id::RequestId;
use reeve_engine::admission::Caller;
use reeve_engine::gateway::Call;
use std::time::Instant;

/// Answers a call, whatever comes of it.
pub(crate) async fn answer(gateway: &Gateway, operation: Operation, request: Request) -> Response {
    let request_id = gateway.engine.new_request_id();
    let outcome = run(gateway, operation, request, request_id).await;
    let mut response = outcome.unwrap_or_else(Failure::into_response);
    headers::stamp(&mut response, request_id);
    response
}

async fn run(
    gateway: &Gateway,
    operation: Operation,
    request: Request,
    request_id: RequestId,
) -> Result<Response, Failure> {
    let (arrived, engine) = (Instant::now(), &gateway.engine);
    let (head, body) = request.into_parts();
    let caller = engine.identify(auth::key(&head.headers), request_id).await?;
    let (asked, body) = match read(gateway, operation, &head.headers, body).await {
        Ok(read) => read,
        Err(Unread::Malformed(error)) => {
            return Err(engine.refuse_request(caller, request_id, error).await.into());
        }
        Err(Unread::Failed(failure)) => {
            Box::pin(engine.refuse_request(caller, request_id, failure.to_error())).await;
            return Err(failure);
        }
    };
    let call = call(request_id, &head.headers, &asked);
    exchange(gateway, caller, call, asked, body, head.headers, arrived).await
}

async fn exchange(
    gateway: &Gateway,
    caller: Caller,
    call: Call,
    asked: Asked,
    body: body::Held,
    headers: HeaderMap,
    arrived: Instant,
) -> Result<Response, Failure> {
    let engine = &gateway.engine;
    let admitted = engine.admit(caller, call).await?;
    let bytes = asked.upstream_body(&body.bytes, &admitted.route().provider, admitted.output_cap()).await?;
    let abandoned = Abandoned::default();
    let exchange =
        Exchange { engine: engine.clone(), admitted, asked, arrived, abandoned: abandoned.clone() };
    // From here on the provider may work, so the rest goes on even when the client leaves.
    Ok(Detached::new(engine.tasks().clone(), abandoned, exchange.run(headers, bytes, body)).await)
}

enum Unread {
    Malformed(reeve_engine::Error),
    Failed(Failure),
}

async fn read(
    gateway: &Gateway,
    operation: Operation,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Asked, body::Held), Unread> {
    let body = body::read(&gateway.memory, body).await.map_err(Unread::Failed)?;
    let mut asked = understand(&gateway.engine, operation, &body.bytes).await.map_err(Unread::Malformed)?;
    asked.user = headers::user(headers, asked.user.take()).map_err(Unread::Malformed)?;
    asked.tags = headers::tags(headers).map_err(Unread::Malformed)?;
    Ok((asked, body))
}

fn call(request_id: RequestId, headers: &HeaderMap, asked: &Asked) -> Call {
    Call {
        request_id,
        trace_id: headers::trace_id(headers),
        operation: asked.operation.word(),
        model: asked.model.clone(),
        user: asked.user.clone(),
        tags: asked.tags.clone(),
        stream: asked.stream,
        input_tokens: asked.input_tokens,
        max_output_tokens: asked.max_output_tokens,
        choices: asked.choices,
        service_tier: asked.service_tier.clone(),
    }
}
