//! Budgets: the arithmetic of spent, reserved and left, and the rule that refuses.
//!
//! Invariant: at every level `spent + reserved <= limit` after every reservation that a hard budget admitted.

use crate::money::NanoUsd;
use crate::period::{Period, PeriodKind};
use crate::tenant::words;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

words! {
    /// What happens at the limit.
    BudgetKind {
        /// A call that does not fit is refused.
        Hard = "hard",
        /// Calls go on; people are told.
        Soft = "soft",
    }
}

words! {
    /// What a budget is for.
    BudgetScope {
        /// The whole workspace.
        Workspace = "workspace",
        /// One tenant.
        Tenant = "tenant",
    }
}

/// What a budget allows in a period.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limit {
    /// The most that may be spent.
    pub amount: NanoUsd,
    /// What happens there.
    pub kind: BudgetKind,
}

/// What has been used of a period.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Meter {
    /// Settled charges.
    pub spent: NanoUsd,
    /// The worst case of calls on their way.
    pub reserved: NanoUsd,
    /// Kept for calls whose outcome was lost in a crash.
    pub held: NanoUsd,
}

impl Meter {
    /// Everything that is spent or may be.
    #[must_use]
    pub fn committed(&self) -> NanoUsd {
        self.spent + self.reserved + self.held
    }

    /// What is left of `limit`, at least zero.
    #[must_use]
    pub fn remaining(&self, limit: NanoUsd) -> NanoUsd {
        limit.minus_floor_zero(self.committed())
    }

    /// Whether `amount` more fits under `limit`.
    #[must_use]
    pub fn admits(&self, amount: NanoUsd, limit: Limit) -> bool {
        match limit.kind {
            BudgetKind::Soft => true,
            // On i128: a sum that saturates must never look smaller than it is.
            BudgetKind::Hard => {
                let sum = [self.spent, self.reserved, self.held, amount]
                    .iter()
                    .map(|n| i128::from(n.0))
                    .sum::<i128>();
                sum <= i128::from(limit.amount.0)
            }
        }
    }
}

words! {
    /// How a budget stands.
    BudgetState {
        /// Under its first threshold.
        Ok = "ok",
        /// Past a threshold.
        Warning = "warning",
        /// Hard, and nothing is left.
        Refusing = "refusing",
        /// Soft, and past its limit.
        Over = "over",
    }
}

/// How `meter` stands against `limit` with `thresholds` in percent.
#[must_use]
pub fn state(meter: &Meter, limit: Limit, thresholds: &[u32]) -> BudgetState {
    let spent = i128::from((meter.spent + meter.held).0);
    let amount = i128::from(limit.amount.0);
    if spent >= amount {
        return match limit.kind {
            BudgetKind::Hard => BudgetState::Refusing,
            BudgetKind::Soft => BudgetState::Over,
        };
    }
    let first = thresholds.iter().copied().min().unwrap_or(100);
    if spent * 100 >= amount * i128::from(first) { BudgetState::Warning } else { BudgetState::Ok }
}

/// What will be spent by the end of `period` if the rest goes as fast as the part before `now`. `None` in the first
/// twentieth of the period, where a few calls would decide the figure.
#[must_use]
pub fn at_this_pace(spent: NanoUsd, period: Period, now: Millis) -> Option<NanoUsd> {
    let elapsed = i128::from(now.0.min(period.end.0) - period.start.0);
    let length = i128::from(period.length());
    if elapsed <= 0 || elapsed * 20 < length {
        return None;
    }
    let projected = i128::from(spent.0) * length / elapsed;
    Some(NanoUsd(i64::try_from(projected).unwrap_or(i64::MAX)))
}

/// Identifies a meter: whose spending, over which kind of period.
pub type MeterKind = (BudgetScope, PeriodKind);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hard(amount: i64) -> Limit {
        Limit { amount: NanoUsd(amount), kind: BudgetKind::Hard }
    }

    #[test]
    fn the_last_nano_dollar_fits_and_the_next_does_not() {
        let meter = Meter { spent: NanoUsd(60), reserved: NanoUsd(30), held: NanoUsd(5) };
        assert!(meter.admits(NanoUsd(5), hard(100)));
        assert!(!meter.admits(NanoUsd(6), hard(100)));
        assert_eq!(meter.remaining(NanoUsd(100)), NanoUsd(5));
    }

    #[test]
    fn states_follow_the_thresholds() {
        let at = |spent| state(&Meter { spent: NanoUsd(spent), ..Meter::default() }, hard(100), &[80, 100]);
        assert_eq!(at(79), BudgetState::Ok);
        assert_eq!(at(80), BudgetState::Warning);
        assert_eq!(at(100), BudgetState::Refusing);
    }

    #[test]
    fn pace_needs_a_twentieth_of_the_period() {
        let period = Period { start: Millis(0), end: Millis(1_000) };
        assert_eq!(at_this_pace(NanoUsd(10), period, Millis(49)), None);
        assert_eq!(at_this_pace(NanoUsd(10), period, Millis(500)), Some(NanoUsd(20)));
        assert_eq!(at_this_pace(NanoUsd(10), period, Millis(5_000)), Some(NanoUsd(10)));
    }

    proptest! {
        /// Any history of reserve, settle and release leaves spent + reserved + held <= limit.
        #[test]
        fn admitted_reservations_never_exceed_the_limit(
            limit in 0i64..1_000, held in 0i64..50, steps in prop::collection::vec((0u8..3, 0i64..200, 0i64..200), 0..60),
        ) {
            let limit = hard(limit.max(held));
            let mut meter = Meter { held: NanoUsd(held), ..Meter::default() };
            let mut open: Vec<NanoUsd> = Vec::new();
            for (step, amount, share) in steps {
                match step {
                    0 => if meter.admits(NanoUsd(amount), limit) {
                        meter.reserved += NanoUsd(amount);
                        open.push(NanoUsd(amount));
                    },
                    _ => if let Some(estimate) = open.pop() {
                        meter.reserved -= estimate;
                        // Settling costs at most the estimate; releasing costs nothing.
                        if step == 1 { meter.spent += NanoUsd(share.min(estimate.0)); }
                    },
                }
                prop_assert!(meter.committed() <= limit.amount);
            }
        }

        #[test]
        fn sums_beyond_64_bits_are_refused(a in (i64::MAX / 2)..i64::MAX, b in (i64::MAX / 2 + 1)..i64::MAX) {
            let meter = Meter { spent: NanoUsd(a), ..Meter::default() };
            prop_assert!(!meter.admits(NanoUsd(b), hard(i64::MAX)));
        }
    }
}
