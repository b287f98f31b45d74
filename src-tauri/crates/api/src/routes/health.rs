//! Health: for machines that start and stop this one. Says nothing that is not for everybody.

use crate::failure::Failure;
use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use reeve_engine::{Code, Engine, Error};
use serde_json::{Value, json};

pub(crate) fn router() -> Router<Engine> {
    Router::new().route("/health/live", get(live)).route("/health/ready", get(ready))
}

/// The process answers.
async fn live() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// It can do its work: not while it shuts down, and not with the vault locked, because then no provider can be called.
async fn ready(State(engine): State<Engine>) -> Result<Json<Value>, Failure> {
    if engine.tasks().stopping().is_cancelled() {
        return Err(Error::new(Code::Unavailable, "Reeve is shutting down.").into());
    }
    match engine.vault_locked() {
        None => Ok(Json(json!({ "status": "ok" }))),
        Some(_) => Err(Error::new(Code::Unavailable, "The vault is locked.").into()),
    }
}
