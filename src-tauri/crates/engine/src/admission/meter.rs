//! Period meters: what is spent, reserved and held in the current day and month of one level.

use super::reserve::Reservation;
use reeve_core::budget::{InForce, Limit, LimitOverride, Meter, in_force};
use reeve_core::id::{BudgetId, OverrideId};
use reeve_core::money::NanoUsd;
use reeve_core::period::{Period, PeriodKind, Zone};
use reeve_core::time::Millis;
use reeve_store::table::budgets::Budget;
use std::sync::Arc;

/// A budget as its meter knows it.
#[derive(Clone, Debug)]
pub struct Metered {
    /// Which budget.
    pub id: BudgetId,
    /// The limit in force now.
    pub limit: Limit,
    /// The override it comes from, if it is not the budget's own.
    pub from: Option<OverrideId>,
    own: NanoUsd,
    overrides: Arc<[LimitOverride]>,
    // The limit stays until then.
    until: Millis,
    thresholds: Arc<[u32]>,
    // How many of the thresholds were passed in this period.
    passed: usize,
}

impl Metered {
    /// A budget with the overrides that hold or will.
    pub fn new(budget: &Budget, overrides: &[LimitOverride]) -> Self {
        Self {
            id: budget.id,
            limit: budget.limit,
            from: None,
            own: budget.limit.amount,
            overrides: overrides.into(),
            until: Millis(i64::MIN),
            thresholds: budget.thresholds.as_slice().into(),
            passed: 0,
        }
    }

    fn refresh(&mut self, now: Millis) {
        let InForce { amount, from, until } = in_force(self.own, &self.overrides, now);
        (self.limit.amount, self.from, self.until) = (amount, from, until);
    }
}

/// A budget's threshold that was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// Which budget.
    pub budget: BudgetId,
    /// In which period.
    pub period: Period,
    /// In percent.
    pub threshold: u32,
    /// Spent and held by then.
    pub used: NanoUsd,
    /// The limit then.
    pub limit: NanoUsd,
}

/// A meter over the current period, and the budget on it if there is one.
#[derive(Clone, Debug)]
pub struct PeriodMeter {
    /// Day or month.
    pub kind: PeriodKind,
    /// The current one.
    pub period: Period,
    /// What has been used of it.
    pub meter: Meter,
    /// Settled calls in it.
    pub requests: u64,
    /// The budget, if the level has one for this kind.
    pub budget: Option<Metered>,
    // The sum of the holds that count to it; the meter's own is cut at the room.
    on_hold: NanoUsd,
    // The tick it was counted at, unless it has begun a new period since.
    built: Option<u64>,
}

impl PeriodMeter {
    /// An unused meter for the period that holds `now`.
    pub fn new(kind: PeriodKind, zone: Zone, now: Millis) -> Self {
        Self {
            kind,
            period: Period::containing(kind, zone, now),
            meter: Meter::default(),
            requests: 0,
            budget: None,
            on_hold: NanoUsd::ZERO,
            built: None,
        }
    }

    /// Takes over sums counted at `tick`: `spent`, and `open` for every call that may be on its way to it.
    pub(super) fn fill(&mut self, (spent, requests): (NanoUsd, u64), open: NanoUsd, tick: u64) {
        self.meter = Meter { spent, reserved: open, held: NanoUsd::ZERO };
        (self.requests, self.built) = (requests, Some(tick));
        self.cut_hold();
    }

    /// Begins the next period if the current one is over, and follows the overrides. Calls still on their way count to
    /// the period they began in.
    pub fn roll(&mut self, zone: Zone, now: Millis) {
        if now >= self.period.end {
            let mut budget = self.budget.take();
            if let Some(budget) = &mut budget {
                budget.passed = 0;
            }
            *self = Self { budget, ..Self::new(self.kind, zone, now) };
        }
        if self.budget.as_ref().is_some_and(|b| b.until <= now) {
            if let Some(budget) = &mut self.budget {
                budget.refresh(now);
            }
            self.cut_hold();
        }
    }

    /// Sets the budget, or takes it away.
    pub(super) fn set(&mut self, budget: Option<Metered>, now: Millis) {
        self.budget = budget.map(|mut budget| {
            budget.refresh(now);
            budget
        });
        self.cut_hold();
    }

    /// Whether `amount` more fits under the budget.
    pub fn admits(&self, amount: NanoUsd) -> bool {
        self.budget.as_ref().is_none_or(|budget| self.meter.admits(amount, budget.limit))
    }

    /// Whether the meter's reserved sum includes `reservation`; `is_its` says whether the level is one of its own. What
    /// was on its way when the meter was counted was taken in whole, whether it is the level's own or not.
    pub(super) fn counts(&self, reservation: &Reservation, is_its: bool) -> bool {
        match self.built {
            Some(tick) if reservation.tick < tick => true,
            _ => is_its && self.period.start == reservation.start_of(self.kind),
        }
    }

    /// The thresholds that are passed and were not told yet.
    pub(super) fn cross(&mut self, crossed: &mut Vec<Crossing>) {
        let used = self.meter.spent + self.meter.held;
        let Some(budget) = &mut self.budget else { return };
        while let Some(threshold) = budget.thresholds.get(budget.passed).copied() {
            let limit = budget.limit.amount;
            if i128::from(used.0) * 100 < i128::from(limit.0) * i128::from(threshold) {
                break;
            }
            budget.passed += 1;
            crossed.push(Crossing { budget: budget.id, period: self.period, threshold, used, limit });
        }
    }

    /// Sets the sum of the holds that count to it.
    pub fn hold(&mut self, amount: NanoUsd) {
        self.on_hold = amount;
        self.cut_hold();
    }

    /// A bound may be higher than what was really on its way, and that never was more than a hard budget's room.
    fn cut_hold(&mut self) {
        use reeve_core::budget::BudgetKind::Hard;
        self.meter.held = match &self.budget {
            Some(Metered { limit: Limit { amount, kind: Hard }, .. }) => {
                self.on_hold.min(amount.minus_floor_zero(self.meter.spent))
            }
            _ => self.on_hold,
        };
    }
}

/// The meters of one level: day and month.
#[derive(Clone, Debug)]
pub struct Level {
    /// The current day and month.
    pub meters: [PeriodMeter; 2],
}

impl Level {
    /// Unused meters.
    pub fn new(zone: Zone, now: Millis) -> Self {
        Self { meters: PeriodKind::ALL.map(|kind| PeriodMeter::new(kind, zone, now)) }
    }

    /// Begins new periods where the current ones are over.
    pub fn roll(&mut self, zone: Zone, now: Millis) {
        self.meters.iter_mut().for_each(|m| m.roll(zone, now));
    }

    /// The meter of a kind.
    pub fn of(&self, kind: PeriodKind) -> &PeriodMeter {
        let [day, month] = &self.meters;
        match kind {
            PeriodKind::Day => day,
            PeriodKind::Month => month,
        }
    }

    /// Sets both budgets.
    pub(super) fn set(&mut self, budgets: &[(Budget, Vec<LimitOverride>)], now: Millis) {
        for meter in &mut self.meters {
            let of_kind = budgets.iter().find(|(budget, _)| budget.period == meter.kind);
            meter.set(of_kind.map(|(budget, overrides)| Metered::new(budget, overrides)), now);
        }
    }
}
