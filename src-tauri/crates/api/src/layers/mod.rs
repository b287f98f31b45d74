//! What every request passes, outermost first: headers for browsers, problems written out, a time limit, changes carried
//! through, panics caught, the listener's policy, and who asks.

mod identify;
mod limits;
mod policy;
mod problems;
mod rates;
mod security_headers;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use reeve_engine::Engine;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

/// Bytes a body may have, where a route does not say otherwise.
const BODY_LIMIT: usize = 2 * 1024 * 1024;

/// Around the API alone.
pub(crate) fn api(router: Router<Engine>, engine: Engine) -> Router<Engine> {
    router.layer(
        ServiceBuilder::new()
            .layer(from_fn_with_state(engine.clone(), policy::refuse_foreign))
            .layer(from_fn_with_state(engine.clone(), identify::who_asks))
            .layer(from_fn_with_state(engine, rates::within))
            .layer(DefaultBodyLimit::max(BODY_LIMIT)),
    )
}

/// Around everything.
pub(crate) fn all(router: Router<Engine>, engine: Engine) -> Router<Engine> {
    router.layer(
        ServiceBuilder::new()
            .layer(CompressionLayer::new())
            .layer(from_fn(security_headers::add))
            .layer(from_fn_with_state(engine.clone(), problems::write_out))
            .layer(from_fn(limits::in_time))
            .layer(from_fn_with_state(engine.clone(), limits::carried_through))
            .layer(CatchPanicLayer::custom(limits::caught))
            .layer(from_fn_with_state(engine, policy::refuse_other_names)),
    )
}
