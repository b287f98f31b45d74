//! `GET /v1/models`: what the caller may ask for.

use crate::auth;
use crate::error::Failure;
use crate::headers;
use crate::router::Gateway;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use reeve_engine::Error;
use reeve_engine::admission::Caller;
use reeve_engine::gateway::Origin;
use reeve_engine::limits::Asker;
use reeve_providers::catalogue::Catalogue;
use serde::Serialize;

#[derive(Serialize)]
struct List {
    object: &'static str,
    data: Vec<Model>,
}

#[derive(Serialize)]
struct Model {
    id: String,
    object: &'static str,
    /// Seconds since 1970. Nobody lists when a model was made; this is from when its price holds.
    created: i64,
    owned_by: String,
}

/// The list, for whoever has a key.
pub(crate) async fn list(gateway: &Gateway, request_headers: &HeaderMap, origin: Origin) -> Response {
    let mut asker = Asker::stranger(origin.ip);
    let mut response = match identified(gateway, request_headers, origin, &mut asker).await {
        Ok(caller) => Json(List { object: "list", data: served(gateway, caller) }).into_response(),
        Err(error) => Failure::from(error).into_response(),
    };
    headers::stamp(&mut response, &gateway.engine.limit_standings(&asker), origin.request_id);
    response
}

async fn identified(
    gateway: &Gateway,
    headers: &HeaderMap,
    origin: Origin,
    asker: &mut Asker,
) -> Result<Caller, Error> {
    let caller = gateway.engine.identify(auth::key(headers), origin).await?;
    *asker = Asker::caller(caller);
    gateway.engine.admit_plain(caller, origin).await?;
    Ok(caller)
}

/// What the caller may name: what keys and routes name, and all that is priced of the providers whose key serves the rest.
fn served(gateway: &Gateway, caller: Caller) -> Vec<Model> {
    let created = Catalogue::builtin().effective_from().0 / 1_000;
    let models = gateway.engine.served_models(caller.tenant);
    let model = |(id, owned_by)| Model { id, object: "model", created, owned_by };
    models.into_iter().map(model).collect()
}
