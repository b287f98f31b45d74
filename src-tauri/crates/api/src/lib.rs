//! The control plane: one axum Router with its OpenAPI document, the mapping of errors to problems, and the UI's assets.
//!
//! The window asks the Router in this process, the server mounts it on TCP; both get the same answers. Each noun has a file
//! under `routes`: its views, its bodies, its handlers. A handler turns words of the wire into types of the core, calls one
//! use case of the engine, and turns the result into a view. It decides nothing.
//!
//! It must not know the store, the vault, the gateway or Tauri.
//! Start reading at [`router`], then `layers` (what every request passes) and `failure` (how it fails).

mod assets;
mod cursor;
mod document;
mod extract;
mod failure;
mod host;
mod layers;
mod patch;
mod routes;
mod serve;
#[cfg(test)]
mod tests;
mod words;

pub use document::openapi;
pub use host::Host;
pub use routes::EventsDoor;
pub use serve::{ServeOptions, serve};

use axum::Router;
use reeve_engine::Engine;

/// Where every path of the API begins.
const BASE: &str = "/api/v1";

/// Everything: the API under `/api/v1`, health under `/health`, and the UI for browsers.
///
/// A [`Host`] among the request's extensions says where it came from; without one it came over the network.
pub fn router(engine: Engine) -> Router {
    let (api, _) = routes::all().split_for_parts();
    let api = api.fallback(failure::no_such_path).method_not_allowed_fallback(failure::no_such_method);
    let api = layers::api(api, engine.clone());
    let rest = Router::new().nest(BASE, api).merge(routes::health::router()).fallback(assets::serve_file);
    layers::all(rest, engine.clone()).with_state(engine)
}
