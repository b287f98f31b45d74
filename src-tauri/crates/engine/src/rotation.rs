//! The rotation of provider keys: a new key is made, tried, taken into use, and the old one retired, each step written down
//! before it is taken, so that a crash anywhere leaves no key that nobody knows.
//!
//! Start reading at [`machine`] (what follows from what, without any effect), then [`drive`] (which does it), then [`commit`]
//! (how a step is written down).

mod commit;
pub mod control;
mod demote;
mod drive;
mod due;
#[cfg(debug_assertions)]
mod failpoint;
mod fallbacks;
mod machine;
mod pace;
mod perform;
mod probe;
mod reconcile;
mod renewal;
mod resolve;
mod revoke;
mod start;
mod sweep;
mod views;

pub use pace::Pace;
pub use reeve_store::table::key_versions::{Fallback, KeyVersion};
pub use reeve_store::table::rotations::Rotation;
pub use renewal::BeginRenewal;
pub use resolve::Resolution;
pub(crate) use start::typed_right;
pub use start::{BeginRotation, SetRotation};
pub use views::{CredentialUse, RotationDetail, SeenKey};

use parking_lot::{Mutex, RwLock};
use reeve_core::id::RotationId;
use reeve_core::time::Millis;
use std::collections::HashSet;
use std::sync::atomic::AtomicI64;

/// What this process knows of rotations beside the ledger of them.
pub(crate) struct Rotations {
    /// Those that are being driven right now: each by one task.
    driven: Mutex<HashSet<RotationId>>,
    pace: RwLock<Pace>,
    /// When to look at the ledger again.
    next_look: AtomicI64,
    /// When it was last asked which keys are due.
    last_check: AtomicI64,
    /// When the clock was last looked at: a gap means that the machine slept.
    last_tick: AtomicI64,
    #[cfg(debug_assertions)]
    failpoint: failpoint::Failpoint,
}

impl Default for Rotations {
    fn default() -> Self {
        Self {
            driven: Mutex::default(),
            pace: RwLock::new(Pace::default()),
            next_look: AtomicI64::new(0),
            last_check: AtomicI64::new(i64::MIN),
            last_tick: AtomicI64::new(i64::MAX),
            #[cfg(debug_assertions)]
            failpoint: failpoint::Failpoint::default(),
        }
    }
}

impl Rotations {
    pub(crate) fn pace(&self) -> Pace {
        *self.pace.read()
    }

    /// Somebody should look at the ledger soon.
    pub(crate) fn look_soon(&self) {
        self.next_look.store(0, std::sync::atomic::Ordering::Relaxed);
    }

    pub(crate) fn look_at(&self, at: Option<Millis>) {
        let at = at.map_or(i64::MAX, |at| at.0);
        self.next_look.store(at, std::sync::atomic::Ordering::Relaxed);
    }
}
