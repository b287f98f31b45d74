//! Refusals by a limit that are not written down yet. The first of a second are entries of their own; the rest is gathered
//! and written as one with a number, so that nobody fills the ledger by being refused.

use parking_lot::Mutex;
use reeve_core::id::TenantId;
use reeve_core::limit::{LimitScope, Metric};
use reeve_core::time::Millis;
use std::collections::HashMap;

/// Entries of one kind written in a second before they are gathered.
const EACH_SECOND: u32 = 10;

/// Gathered together. There are few: a subject that anybody can make up is no part of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Kind {
    pub(super) scope: LimitScope,
    pub(super) metric: Metric,
    pub(super) tenant: Option<TenantId>,
    pub(super) via: crate::cx::Via,
}

#[derive(Default)]
struct Flood {
    second: i64,
    written: u32,
    gathered: u64,
}

/// Refusals that wait.
#[derive(Default)]
pub(crate) struct Floods(Mutex<HashMap<Kind, Flood>>);

impl Floods {
    /// Whether this one is written by itself; else it is gathered.
    pub(super) fn write_now(&self, kind: Kind, now: Millis) -> bool {
        let mut kinds = self.0.lock();
        let flood = kinds.entry(kind).or_default();
        let second = now.0.div_euclid(Millis::SECOND);
        if flood.second != second {
            (flood.second, flood.written) = (second, 0);
        }
        if flood.written < EACH_SECOND {
            flood.written += 1;
            return true;
        }
        flood.gathered += 1;
        false
    }

    /// What was gathered, to be written now. The counts of the current second stay, so that a flood over many takings
    /// writes no more than one of a single taking.
    pub(super) fn take(&self, now: Millis) -> Vec<(Kind, u64)> {
        let mut kinds = self.0.lock();
        let gathered = kinds
            .iter_mut()
            .filter(|(_, flood)| flood.gathered > 0)
            .map(|(kind, flood)| (*kind, std::mem::take(&mut flood.gathered)))
            .collect();
        kinds.retain(|_, flood| flood.second == now.0.div_euclid(Millis::SECOND));
        gathered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_a_second_are_written_and_the_rest_counted() {
        let floods = Floods::default();
        let kind =
            Kind { scope: LimitScope::Ip, metric: Metric::Requests, tenant: None, via: crate::Via::Gateway };
        let written = (0..1_000).filter(|_| floods.write_now(kind, Millis(5_000))).count();
        assert_eq!(written, 10);
        assert_eq!(floods.take(Millis(5_500)), [(kind, 990)]);
        assert!(!floods.write_now(kind, Millis(5_900)), "still the same second");
        assert!(floods.write_now(kind, Millis(6_000)));
        assert_eq!(floods.take(Millis(7_000)), [(kind, 1)]);
        assert!(floods.0.lock().is_empty(), "nothing is kept of a flood that is over");
    }
}
