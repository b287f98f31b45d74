//! The real clock.

use reeve_core::time::{Clock, Millis};

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the operating system for the time"
    )]
    fn now(&self) -> Millis {
        Millis(chrono::Utc::now().timestamp_millis())
    }
}
