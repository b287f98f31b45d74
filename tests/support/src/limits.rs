//! Load that is not about rate limits has room under them.

use reeve_core::limit::{LimitScope, RateLimit};
use reeve_engine::{Cx, Engine, Error};

/// Raises the defaults of all scopes beyond what any load here asks for.
///
/// # Errors
/// If they cannot be written.
pub async fn make_room(engine: &Engine) -> Result<(), Error> {
    let most = Some(RateLimit::MOST);
    for scope in LimitScope::ALL {
        // An address without a key uses no tokens.
        let tokens_per_minute = most.filter(|_| *scope != LimitScope::Ip);
        let numbers = RateLimit { requests_per_minute: most, tokens_per_minute, ..RateLimit::default() };
        engine.set_limit_default(&Cx::system(), *scope, Some(numbers)).await?;
    }
    Ok(())
}
