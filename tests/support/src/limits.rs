//! Load that is not about rate limits goes without them.

use reeve_core::limit::{LimitScope, RateLimit};
use reeve_engine::{Cx, Engine, Error};

/// Takes away the defaults of all scopes.
///
/// # Errors
/// If they cannot be written.
pub async fn without_limits(engine: &Engine) -> Result<(), Error> {
    for scope in LimitScope::ALL {
        engine.set_limit_default(&Cx::system(), *scope, Some(RateLimit::default())).await?;
    }
    Ok(())
}
