//! Where a test may have rotations break off. Not in release builds.
//!
//! With `REEVE_CRASH_AT` the process dies there, as a kill does: nothing is flushed and nothing runs. With
//! [`Engine::break_off_rotations_at`] rotations alone stop there and stay so until the data folder is opened again, which is what
//! a kill looks like to them, and takes a hundredth of the time.

use crate::Engine;
use parking_lot::Mutex;
use reeve_core::rotation::RotationState;
use std::sync::atomic::{AtomicBool, Ordering};

/// The point where the rotations of one engine break off, and whether they have.
#[derive(Default)]
pub(super) struct Failpoint {
    at: Mutex<Option<String>>,
    broke_off: AtomicBool,
}

impl Engine {
    /// Has rotations break off at `point`, such as `called:minting`: `before` an act, once it was `called`, `after` it was written
    /// down.
    pub fn break_off_rotations_at(&self, point: &str) {
        *self.inner.rotations.failpoint.at.lock() = Some(point.to_owned());
    }

    /// Whether rotations have come to the point where they break off.
    #[must_use]
    pub fn rotations_broke_off(&self) -> bool {
        self.inner.rotations.failpoint.broke_off.load(Ordering::SeqCst)
    }

    /// Whether it ends here. The process may.
    pub(super) fn ends_at(&self, when: &str, state: RotationState) -> bool {
        let point = format!("{when}:{}", state.as_str());
        if std::env::var("REEVE_CRASH_AT").is_ok_and(|at| at == point) {
            std::process::abort();
        }
        let failpoint = &self.inner.rotations.failpoint;
        if failpoint.at.lock().as_deref() == Some(&point) {
            failpoint.broke_off.store(true, Ordering::SeqCst);
        }
        self.rotations_broke_off()
    }
}
