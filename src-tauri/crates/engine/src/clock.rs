//! The real clock.

use reeve_core::time::{Clock, Millis};
use std::sync::OnceLock;
use std::time::Instant;

/// The operating system's clocks: the one that people set, and the one that runs while the machine does.
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

    fn steady(&self) -> Millis {
        static BEGINNING: OnceLock<Instant> = OnceLock::new();
        let passed = BEGINNING.get_or_init(Instant::now).elapsed();
        Millis(i64::try_from(passed.as_millis()).unwrap_or(i64::MAX))
    }
}
