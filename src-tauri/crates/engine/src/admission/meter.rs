//! Period meters: what is spent, reserved and held in the current day and month of one level.

use reeve_core::budget::{Limit, Meter};
use reeve_core::id::BudgetId;
use reeve_core::money::NanoUsd;
use reeve_core::period::{Period, PeriodKind, Zone};
use reeve_core::time::Millis;

/// A meter over the current period, and the budget on it if there is one.
#[derive(Clone, Copy, Debug)]
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
    pub budget: Option<(BudgetId, Limit)>,
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
        }
    }

    /// Begins the next period if the current one is over. Calls still on their way count to the period they began in.
    pub fn roll(&mut self, zone: Zone, now: Millis) {
        if now >= self.period.end {
            *self = Self { budget: self.budget, ..Self::new(self.kind, zone, now) };
        }
    }

    /// Whether `amount` more fits under the budget.
    pub fn admits(&self, amount: NanoUsd) -> bool {
        self.budget.is_none_or(|(_, limit)| self.meter.admits(amount, limit))
    }

    /// Sets what is held, no more than the budget has room for: a bound may be higher than what was really on its way,
    /// and that never was more than the room.
    pub fn hold(&mut self, amount: NanoUsd) {
        self.meter.held = match self.budget {
            Some((_, limit)) => amount.min(limit.amount.minus_floor_zero(self.meter.spent)),
            None => amount,
        };
    }
}

/// The meters of one level: day and month.
#[derive(Clone, Copy, Debug)]
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

    /// The meter of a kind, to change.
    pub fn of_mut(&mut self, kind: PeriodKind) -> &mut PeriodMeter {
        let [day, month] = &mut self.meters;
        match kind {
            PeriodKind::Day => day,
            PeriodKind::Month => month,
        }
    }
}
