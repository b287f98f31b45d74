//! The source of ids: UUIDv7 from the engine's clock, rising within the process.

use parking_lot::Mutex;
use reeve_core::time::Clock;
use std::sync::Arc;
use uuid::{ContextV7, Timestamp, Uuid};

/// Makes ids.
pub struct Ids {
    clock: Arc<dyn Clock>,
    context: Mutex<ContextV7>,
}

impl Ids {
    /// Ids whose time is that of `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, context: Mutex::new(ContextV7::new()) }
    }

    /// The next id, greater than those before it.
    pub fn next(&self) -> Uuid {
        let now = u64::try_from(self.clock.now().0).unwrap_or(0);
        let nanos = u32::try_from(now % 1_000 * 1_000_000).unwrap_or(0);
        let context = self.context.lock();
        Uuid::new_v7(Timestamp::from_unix(&*context, now / 1_000, nanos))
    }
}
