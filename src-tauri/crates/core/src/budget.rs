//! Budgets: the arithmetic of spent, reserved and left, and the rule that refuses.
//!
//! Invariant: at every level `spent + reserved + held <= limit` after every reservation that a hard budget admitted.

use crate::id::{OverrideId, TenantId};
use crate::money::NanoUsd;
use crate::period::Period;
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
        /// One API key of a tenant.
        ApiKey = "api_key",
        /// One end user, as callers name them: of one tenant, or of all.
        User = "user",
        /// One model, whoever serves it: of one tenant, or of all.
        Model = "model",
        /// One label of calls: of one tenant, or of all.
        Tag = "tag",
        /// Provider credentials that share an account.
        Pool = "pool",
    }
}

/// What a budget stands on: its place in the tree.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct BudgetLevel {
    /// Of what kind.
    pub scope: BudgetScope,
    /// Whose calls count; `None` for those of all tenants.
    pub tenant_id: Option<TenantId>,
    /// Which key, user, model, tag or pool; empty for the workspace and for a tenant.
    pub target: String,
}

impl BudgetLevel {
    /// The whole workspace.
    pub const WORKSPACE: Self =
        Self { scope: BudgetScope::Workspace, tenant_id: None, target: String::new() };

    /// One tenant.
    #[must_use]
    pub const fn tenant(id: TenantId) -> Self {
        Self { scope: BudgetScope::Tenant, tenant_id: Some(id), target: String::new() }
    }

    /// Whether it is below the workspace and its tenants: metered only while it has a budget.
    #[must_use]
    pub const fn is_fine(&self) -> bool {
        !matches!(self.scope, BudgetScope::Workspace | BudgetScope::Tenant)
    }
}

/// Another limit for a while.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LimitOverride {
    /// Which.
    pub id: OverrideId,
    /// The limit while it holds.
    pub amount: NanoUsd,
    /// First moment.
    pub starts_at: Millis,
    /// First moment after it.
    pub ends_at: Millis,
}

/// The limit in force at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InForce {
    /// How much.
    pub amount: NanoUsd,
    /// The override it comes from, if it is not the budget's own.
    pub from: Option<OverrideId>,
    /// Until when at least; the end of time where nothing is to change.
    pub until: Millis,
}

/// The limit in force at `now`: the budget's own, or that of the newest override that holds.
#[must_use]
pub fn in_force(own: NanoUsd, overrides: &[LimitOverride], now: Millis) -> InForce {
    let holding = overrides.iter().filter(|o| o.starts_at <= now && now < o.ends_at).max_by_key(|o| o.id);
    let bounds = overrides.iter().flat_map(|o| [o.starts_at, o.ends_at]);
    let until = bounds.filter(|at| *at > now).min().unwrap_or(Millis(i64::MAX));
    InForce { amount: holding.map_or(own, |o| o.amount), from: holding.map(|o| o.id), until }
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

    #[test]
    fn the_newest_override_that_holds_wins_and_ends_by_itself() {
        let over = |id: u128, amount, from, to| LimitOverride {
            id: OverrideId(uuid::Uuid::from_u128(id)),
            amount: NanoUsd(amount),
            starts_at: Millis(from),
            ends_at: Millis(to),
        };
        let list = [over(1, 500, 10, 40), over(2, 50, 20, 30)];
        let at = |now| in_force(NanoUsd(100), &list, Millis(now));
        let amounts: Vec<i64> = [9, 10, 19, 20, 29, 30, 39, 40].map(|t| at(t).amount.0).to_vec();
        assert_eq!(amounts, [100, 500, 500, 50, 50, 500, 500, 100]);
        let until: Vec<i64> = [0, 10, 20, 30, 40].map(|t| at(t).until.0).to_vec();
        assert_eq!(until, [10, 20, 30, 40, i64::MAX]);
        assert_eq!((at(25).from, at(45).from), (Some(list[1].id), None));
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
