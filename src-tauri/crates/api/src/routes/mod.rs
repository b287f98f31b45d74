//! One file per noun: its views, its bodies, its handlers.

pub(crate) mod api_keys;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod backup;
pub(crate) mod bills;
pub(crate) mod breaker;
pub(crate) mod budgets;
pub(crate) mod captures;
pub(crate) mod connections;
pub(crate) mod control_credentials;
pub(crate) mod credentials;
pub(crate) mod erasures;
pub(crate) mod events;
pub(crate) mod grants;
pub(crate) mod health;
pub(crate) mod holds;
pub(crate) mod imports;
pub(crate) mod invitations;
pub(crate) mod legal_holds;
pub(crate) mod limits;
pub(crate) mod listeners;
pub(crate) mod model_rules;
pub(crate) mod overview;
pub(crate) mod own_prices;
pub(crate) mod pools;
pub(crate) mod price_lists;
pub(crate) mod prices;
pub(crate) mod quotas;
pub(crate) mod requests;
pub(crate) mod reratings;
pub(crate) mod retention;
pub(crate) mod roles;
pub(crate) mod rotations;
pub(crate) mod routing;
pub(crate) mod sample;
pub(crate) mod settings;
pub(crate) mod setup;
pub(crate) mod tenants;
pub(crate) mod usage;
pub(crate) mod users;
pub(crate) mod vault;
pub(crate) mod witnesses;

pub use events::EventsDoor;

use crate::failure::Failure;
use axum::Json;
use reeve_core::time::Millis;
use reeve_engine::Engine;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// What a handler answers: a view, or how it failed.
type Answer<T> = Result<Json<T>, Failure>;

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct Page<T> {
    items: Vec<T>,
    /// Ask with it for the next page; null on the last.
    next_cursor: Option<String>,
}

/// Every route under `/api/v1`.
pub(crate) fn all() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .merge(setup::router())
        .merge(auth::router())
        .merge(events::router())
        .merge(connections::router())
        .merge(users::router())
        .merge(grants::router())
        .merge(roles::router())
        .merge(invitations::router())
        .merge(tenants::router())
        .merge(quotas::router())
        .merge(api_keys::router())
        .merge(budgets::router())
        .merge(holds::router())
        .merge(pools::router())
        .merge(limits::router())
        .merge(credentials::router())
        .merge(control_credentials::router())
        .merge(rotations::router())
        .merge(model_rules::router())
        .merge(routing::router())
        .merge(breaker::router())
        .merge(usage::router())
        .merge(requests::router())
        .merge(captures::router())
        .merge(imports::router())
        .merge(bills::router())
        .merge(prices::router())
        .merge(own_prices::router())
        .merge(price_lists::router())
        .merge(reratings::router())
        .merge(audit::router())
        .merge(listeners::router())
        .merge(witnesses::router())
        .merge(erasures::router())
        .merge(legal_holds::router())
        .merge(retention::router())
        .merge(overview::router())
        .merge(settings::router())
        .merge(sample::router())
        .merge(vault::router())
        .merge(backup::router())
}

/// A time on the wire.
fn time(time: Millis) -> String {
    time.to_string()
}

/// A time that may be missing, on the wire.
fn time_or_null(time: Option<Millis>) -> Option<String> {
    time.map(|t| t.to_string())
}

/// Reads a time of the query.
fn moment(field: &str, text: Option<&str>) -> Result<Option<Millis>, Failure> {
    text.map(|t| t.parse().map_err(|e: reeve_core::time::TimeError| Failure::field(field, e.to_string())))
        .transpose()
}

/// Reads an id of the query.
fn id<T: std::str::FromStr<Err = reeve_core::id::IdError>>(
    field: &str,
    text: Option<&str>,
) -> Result<Option<T>, Failure> {
    text.map(|t| t.parse().map_err(|e: reeve_core::id::IdError| Failure::field(field, e.to_string())))
        .transpose()
}
