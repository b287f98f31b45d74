//! `GET /v1/models`: what the live provider keys serve.

use crate::auth;
use crate::error::Failure;
use crate::headers;
use crate::router::Gateway;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use reeve_providers::catalogue::Catalogue;
use serde::Serialize;
use std::collections::BTreeMap;

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
pub(crate) async fn list(gateway: &Gateway, request_headers: HeaderMap) -> Response {
    let request_id = gateway.engine.new_request_id();
    let mut response = match gateway.engine.identify(auth::key(&request_headers), request_id).await {
        Ok(_) => Json(List { object: "list", data: served(gateway) }).into_response(),
        Err(error) => Failure::from(error).into_response(),
    };
    headers::stamp(&mut response, request_id);
    response
}

/// The models that keys name, and all that are priced of the provider whose key serves the rest.
fn served(gateway: &Gateway) -> Vec<Model> {
    let catalogue = Catalogue::builtin();
    let created = catalogue.effective_from().0 / 1_000;
    let (named, rest) = gateway.engine.served_models();
    let callable = |mode: &str| matches!(mode, "chat" | "embedding");
    let listed = catalogue.prices().iter().filter(|p| rest.contains(&p.provider) && callable(&p.mode));
    let listed = listed.map(|p| (p.model.clone(), p.provider.clone()));
    // A key that names a model goes before one that serves all.
    let models: BTreeMap<_, _> =
        listed.chain(named.into_iter().map(|(provider, model)| (model, provider))).collect();
    let model = |(id, owned_by)| Model { id, object: "model", created, owned_by };
    models.into_iter().map(model).collect()
}
