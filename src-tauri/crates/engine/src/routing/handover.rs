//! How the hand-over from one version of a key to the next goes: how much each is used, and whether the new one is refused
//! while the old one still serves.

use parking_lot::Mutex;
use reeve_core::id::{ApiKeyId, TenantId};
use reeve_core::time::Millis;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};

/// So many calls the old key had to serve within [`WITHIN_MS`] take the new one out of use.
const MOST: usize = 3;
const WITHIN_MS: i64 = 60 * Millis::SECOND;

/// The use of a version since it came into use, or since this process began.
#[derive(Default)]
pub(crate) struct Handover {
    /// Calls that went out with it and were not written down yet.
    calls: AtomicU64,
    /// Touched only by calls that it was refused for.
    fallbacks: Mutex<Fallbacks>,
}

#[derive(Default)]
struct Fallbacks {
    recent: VecDeque<Millis>,
    demoted: bool,
    /// Calls that the key before it served, and were not written down yet.
    pending: HashMap<(TenantId, ApiKeyId), (u64, Millis)>,
}

impl Handover {
    /// Counts a call.
    pub(crate) fn count(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// The calls since this was last asked.
    pub(crate) fn take_calls(&self) -> u64 {
        self.calls.swap(0, Ordering::Relaxed)
    }

    /// Notes that the old key served a call that this one was refused for. `true` once: when that is enough to give it up.
    pub(crate) fn fell_back(&self, tenant: TenantId, key: ApiKeyId, now: Millis) -> bool {
        let mut all = self.fallbacks.lock();
        let pending = all.pending.entry((tenant, key)).or_insert((0, now));
        *pending = (pending.0 + 1, now);
        all.recent.push_back(now);
        while all.recent.front().is_some_and(|at| now.0 - at.0 > WITHIN_MS) {
            all.recent.pop_front();
        }
        let enough = all.recent.len() >= MOST && !all.demoted;
        all.demoted |= enough;
        enough
    }

    /// Who was served with the old key since this was last asked.
    pub(crate) fn take_fallbacks(&self) -> Vec<(TenantId, ApiKeyId, u64, Millis)> {
        let mut all = self.fallbacks.lock();
        all.pending.drain().map(|((tenant, key), (calls, at))| (tenant, key, calls, at)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn three_within_a_minute_are_enough_and_told_once() {
        let (tenant, key) = (TenantId(Uuid::nil()), ApiKeyId(Uuid::nil()));
        let handover = Handover::default();
        let at = |s: i64| Millis(s * Millis::SECOND);
        assert!(!handover.fell_back(tenant, key, at(0)));
        assert!(!handover.fell_back(tenant, key, at(50)));
        assert!(!handover.fell_back(tenant, key, at(70)), "the first is more than a minute ago");
        assert!(handover.fell_back(tenant, key, at(80)));
        assert!(!handover.fell_back(tenant, key, at(81)), "told once");
        assert_eq!(handover.take_fallbacks(), [(tenant, key, 5, at(81))]);
        assert_eq!(handover.take_fallbacks(), []);
    }
}
