//! Reserving: quotas, then every budget level at once, or a refusal that names what refused.

use super::keys::Caller;
use super::state::{Admission, State, is_active};
use reeve_core::budget::BudgetScope;
use reeve_core::id::{BudgetId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::period::PeriodKind;
use reeve_core::tenant::TenantStatus;
use reeve_core::time::Millis;
use reeve_store::table::charges::Decisions;

/// What a call asks for.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Who calls.
    pub caller: Caller,
    /// Prompt tokens and the most it may generate, together.
    pub tokens: u64,
    /// The most it may cost.
    pub worst_case: NanoUsd,
}

/// Why a call is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The tenant is gone.
    UnknownTenant,
    /// The tenant is suspended or archived.
    Inactive(TenantStatus),
    /// More tokens than one call may have.
    Tokens {
        /// The most.
        limit: u64,
        /// What was asked.
        asked: u64,
    },
    /// The day's calls are used up.
    RequestsPerDay {
        /// The most.
        limit: u64,
        /// When the day ends.
        resets_at: Millis,
    },
    /// Too many calls at the same time.
    Concurrent {
        /// The most.
        limit: u64,
    },
    /// A hard budget has no room.
    Budget {
        /// Which.
        budget: BudgetId,
        /// On which level.
        scope: BudgetScope,
        /// Day or month.
        period: PeriodKind,
        /// What is left.
        remaining: NanoUsd,
        /// What it allows.
        limit: NanoUsd,
        /// When its period ends.
        resets_at: Millis,
    },
}

/// A reservation at every level. It must be settled or released; [`crate::gateway::Admitted`] sees to that.
#[derive(Clone, Copy, Debug)]
pub struct Reservation {
    /// Whose.
    pub tenant: TenantId,
    /// The most the call may cost.
    pub amount: NanoUsd,
    /// When it was made: the moment the charge counts to.
    pub at: Millis,
    pub(super) epoch: u64,
    /// Starts of the day and month it counts to.
    pub(super) periods: [Millis; 2],
}

impl Admission {
    /// Reserves the worst case of a call at all levels, or says why not. With the reservation comes whether the tenant's
    /// durable exposure bound must be raised before the call goes out.
    ///
    /// # Errors
    /// The first [`Refusal`], in the order: tenant, tokens, day, concurrency, budgets from the workspace down.
    pub fn reserve(&self, ask: &Ask, now: Millis) -> Result<(Reservation, bool), Refusal> {
        self.admit(ask, now).map(|(reservation, raise, _)| (reservation, raise))
    }

    /// As [`Admission::reserve`], with what the call was measured against.
    ///
    /// # Errors
    /// As [`Admission::reserve`].
    pub fn admit(&self, ask: &Ask, now: Millis) -> Result<(Reservation, bool, Decisions), Refusal> {
        let mut state = self.lock();
        state.roll(ask.caller.tenant, now);
        state.check_quota(ask, now)?;
        state.check_budgets(ask)?;
        let (reservation, raise) = state.take(ask, now);
        Ok((reservation, raise, state.decisions(ask.caller.tenant, now)))
    }

    /// Reserves the next attempt of a call whose last one was settled. As [`Admission::reserve`], but it is still the same
    /// call of the day.
    ///
    /// # Errors
    /// The first [`Refusal`], as there.
    pub fn reserve_again(&self, ask: &Ask, now: Millis) -> Result<(Reservation, bool), Refusal> {
        let mut state = self.lock();
        state.roll(ask.caller.tenant, now);
        let uncount = |state: &mut State| {
            if let Some(t) = state.tenants.get_mut(&ask.caller.tenant) {
                t.requests_today = t.requests_today.saturating_sub(1);
            }
        };
        state.check_quota_again(ask, now)?;
        state.check_budgets(ask)?;
        let taken = state.take(ask, now);
        uncount(&mut state);
        Ok(taken)
    }

    /// Makes a reservation cover another worst case: at every level, or at none. With it comes whether the tenant's bound
    /// must be raised.
    ///
    /// # Errors
    /// The first [`Refusal`]; the reservation then stays as it was.
    pub fn change(&self, reservation: &mut Reservation, ask: &Ask) -> Result<bool, Refusal> {
        let mut state = self.lock();
        let before = reservation.amount;
        state.on_meters(reservation, |m| m.meter.reserved -= before);
        let checked = state.check_budgets(ask);
        let amount = if checked.is_ok() { ask.worst_case } else { before };
        state.on_meters(reservation, |m| m.meter.reserved += amount);
        checked?;
        reservation.amount = amount;
        let Some(t) = state.tenants.get_mut(&reservation.tenant) else { return Ok(false) };
        t.open = t.open - before + amount;
        Ok(t.exposure() > t.bound)
    }

    /// What would refuse `amount` now, without reserving.
    pub fn check(&self, tenant: TenantId, amount: NanoUsd, now: Millis) -> Result<(), Refusal> {
        let mut state = self.lock();
        state.roll(tenant, now);
        state.levels(tenant).try_for_each(|(scope, meter)| admits(scope, meter, amount))
    }

    /// Takes back a reservation whose call never reached the provider.
    pub fn release(&self, reservation: &Reservation) {
        let mut state = self.lock();
        state.close(reservation);
        if let Some(t) = state.tenants.get_mut(&reservation.tenant) {
            t.requests_today = t.requests_today.saturating_sub(1);
        }
    }
}

impl State {
    fn roll(&mut self, tenant: TenantId, now: Millis) {
        let zone = self.zone;
        self.workspace.roll(zone, now);
        if let Some(t) = self.tenants.get_mut(&tenant) {
            t.roll(zone, now);
        }
    }

    fn check_quota(&self, ask: &Ask, now: Millis) -> Result<(), Refusal> {
        let t = self.tenants.get(&ask.caller.tenant).ok_or(Refusal::UnknownTenant)?;
        if !is_active(t.tenant.status) {
            return Err(Refusal::Inactive(t.tenant.status));
        }
        let quota = t.quota(now);
        if ask.tokens > quota.tokens_per_request {
            return Err(Refusal::Tokens { limit: quota.tokens_per_request, asked: ask.tokens });
        }
        if t.requests_today >= quota.requests_per_day {
            return Err(Refusal::RequestsPerDay {
                limit: quota.requests_per_day,
                resets_at: t.quota_day.end,
            });
        }
        if t.concurrent >= quota.concurrent_requests {
            return Err(Refusal::Concurrent { limit: quota.concurrent_requests });
        }
        Ok(())
    }

    /// As [`State::check_quota`], for a call that was counted already.
    fn check_quota_again(&self, ask: &Ask, now: Millis) -> Result<(), Refusal> {
        match self.check_quota(ask, now) {
            Err(Refusal::RequestsPerDay { .. }) => Ok(()),
            checked => checked,
        }
    }

    pub(super) fn levels(
        &self,
        tenant: TenantId,
    ) -> impl Iterator<Item = (BudgetScope, &super::meter::PeriodMeter)> {
        let workspace = self.workspace.meters.iter().map(|m| (BudgetScope::Workspace, m));
        let tenant = self.tenants.get(&tenant).into_iter().flat_map(|t| t.level.meters.iter());
        workspace.chain(tenant.map(|m| (BudgetScope::Tenant, m)))
    }

    fn check_budgets(&self, ask: &Ask) -> Result<(), Refusal> {
        self.levels(ask.caller.tenant).try_for_each(|(scope, meter)| admits(scope, meter, ask.worst_case))
    }

    fn take(&mut self, ask: &Ask, now: Millis) -> (Reservation, bool) {
        let tenant = ask.caller.tenant;
        let periods = PeriodKind::ALL.map(|kind| self.workspace.of(kind).period.start);
        let amount = ask.worst_case;
        self.workspace.meters.iter_mut().for_each(|m| m.meter.reserved += amount);
        let mut raise = false;
        if let Some(t) = self.tenants.get_mut(&tenant) {
            t.level.meters.iter_mut().for_each(|m| m.meter.reserved += amount);
            t.open += amount;
            t.concurrent += 1;
            t.requests_today += 1;
            raise = t.exposure() > t.bound;
        }
        (Reservation { tenant, amount, at: now, epoch: self.epoch, periods }, raise)
    }

    /// Frees what a reservation took: its part of the meters of its own periods, its place among the concurrent calls.
    pub(super) fn close(&mut self, reservation: &Reservation) {
        self.on_meters(reservation, |m| m.meter.reserved -= reservation.amount);
        if let Some(t) = self.tenants.get_mut(&reservation.tenant) {
            t.open -= reservation.amount;
            t.concurrent = t.concurrent.saturating_sub(1);
        }
    }

    /// Runs `change` on the meters the reservation counts to. Meters that have begun a new period are left alone, unless
    /// they were built anew since: then the reservation was counted to the new one.
    pub(super) fn on_meters(
        &mut self,
        reservation: &Reservation,
        change: impl Fn(&mut super::meter::PeriodMeter),
    ) {
        let rebuilt = reservation.epoch != self.epoch;
        let tenant = self.tenants.get_mut(&reservation.tenant).map(|t| &mut t.level);
        for level in [Some(&mut self.workspace), tenant].into_iter().flatten() {
            for (meter, start) in level.meters.iter_mut().zip(reservation.periods) {
                if rebuilt || meter.period.start == start {
                    change(meter);
                }
            }
        }
    }
}

fn admits(scope: BudgetScope, meter: &super::meter::PeriodMeter, amount: NanoUsd) -> Result<(), Refusal> {
    let Some((budget, limit)) = meter.budget.filter(|_| !meter.admits(amount)) else { return Ok(()) };
    Err(Refusal::Budget {
        budget,
        scope,
        period: meter.kind,
        remaining: meter.meter.remaining(limit.amount),
        limit: limit.amount,
        resets_at: meter.period.end,
    })
}

impl Admission {
    /// What is left of the tightest hard budget above a tenant's calls; `None` without one.
    pub fn tightest(&self, tenant: TenantId) -> Option<NanoUsd> {
        let state = self.lock();
        let hard = state.levels(tenant).filter_map(|(_, m)| m.budget.map(|(_, limit)| (m, limit)));
        let hard = hard.filter(|(_, limit)| matches!(limit.kind, reeve_core::budget::BudgetKind::Hard));
        hard.map(|(m, limit)| m.meter.remaining(limit.amount)).min()
    }
}
