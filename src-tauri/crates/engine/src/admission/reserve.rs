//! Reserving: quotas, then every budget level at once, or a refusal that names what refused.

use super::facets::Facets;
use super::keys::Caller;
use super::meter::PeriodMeter;
use super::state::{Admission, State, is_active};
use super::tree::is_in;
use reeve_core::budget::{BudgetKind, BudgetLevel};
use reeve_core::id::{BudgetId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::period::PeriodKind;
use reeve_core::tenant::TenantStatus;
use reeve_core::time::Millis;
use reeve_store::table::charges::Decisions;

/// What a call asks for.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Who calls.
    pub caller: Caller,
    /// Which levels it belongs to below its tenant.
    pub facets: Facets<'a>,
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
        level: BudgetLevel,
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
    pub(super) tick: u64,
    /// Starts of the day and month it counts to.
    pub(super) periods: [Millis; 2],
}

impl Reservation {
    pub(super) const fn start_of(&self, kind: PeriodKind) -> Millis {
        let [day, month] = self.periods;
        match kind {
            PeriodKind::Day => day,
            PeriodKind::Month => month,
        }
    }
}

impl Admission {
    /// Reserves the worst case of a call at all levels, or says why not. With the reservation comes whether the tenant's
    /// durable exposure bound must be raised before the call goes out.
    ///
    /// # Errors
    /// The first [`Refusal`], in the order: tenant, tokens, day, concurrency, budgets from the workspace down.
    pub fn reserve(&self, ask: &Ask<'_>, now: Millis) -> Result<(Reservation, bool), Refusal> {
        self.admit(ask, now).map(|(reservation, raise, _)| (reservation, raise))
    }

    /// As [`Admission::reserve`], with what the call was measured against.
    ///
    /// # Errors
    /// As [`Admission::reserve`].
    pub fn admit(&self, ask: &Ask<'_>, now: Millis) -> Result<(Reservation, bool, Decisions), Refusal> {
        let mut state = self.lock();
        let tenant = ask.caller.tenant;
        state.roll(tenant, now);
        state.check_quota(ask, now)?;
        state.check_budgets(tenant, &ask.facets, ask.worst_case, now)?;
        if let Some(t) = state.tenants.get_mut(&tenant) {
            t.concurrent += 1;
            t.requests_today += 1;
        }
        let reservation = state.book(ask, now);
        let raise = state.must_raise(tenant);
        Ok((reservation, raise, state.decisions(tenant, &ask.facets, now)))
    }

    /// Moves an open reservation to what `ask` says: to another credential's pool, to another model, to another amount;
    /// at all levels, or not at all. `from` is what it was made with. The call keeps its place among the tenant's calls;
    /// its charge counts to `now`. Says whether the exposure bound must be raised before the call goes out again.
    ///
    /// # Errors
    /// The budget that has no room. The reservation is then as it was.
    pub fn rebook(
        &self,
        reservation: &mut Reservation,
        from: &Facets<'_>,
        ask: &Ask<'_>,
        now: Millis,
    ) -> Result<bool, Refusal> {
        let mut state = self.lock();
        let tenant = reservation.tenant;
        state.roll(tenant, now);
        let amount = reservation.amount;
        state.on_reserved(reservation, from, |m| m.meter.reserved -= amount);
        if let Err(refusal) = state.check_budgets(tenant, &ask.facets, ask.worst_case, now) {
            state.on_reserved(reservation, from, |m| m.meter.reserved += amount);
            return Err(refusal);
        }
        if let Some(t) = state.tenants.get_mut(&tenant) {
            t.open -= amount;
        }
        *reservation = state.book(ask, now);
        Ok(state.must_raise(tenant))
    }

    /// Reserves the next attempt of a call whose last one was settled. As [`Admission::reserve`], but it is still the same
    /// call of the day.
    ///
    /// # Errors
    /// The first [`Refusal`], as there.
    pub fn reserve_again(&self, ask: &Ask<'_>, now: Millis) -> Result<(Reservation, bool), Refusal> {
        let mut state = self.lock();
        let tenant = ask.caller.tenant;
        state.roll(tenant, now);
        state.check_quota_again(ask, now)?;
        state.check_budgets(tenant, &ask.facets, ask.worst_case, now)?;
        if let Some(t) = state.tenants.get_mut(&tenant) {
            t.concurrent += 1;
        }
        let reservation = state.book(ask, now);
        Ok((reservation, state.must_raise(tenant)))
    }

    /// What would refuse `amount` now, without reserving.
    pub fn check(
        &self,
        tenant: TenantId,
        facets: &Facets<'_>,
        amount: NanoUsd,
        now: Millis,
    ) -> Result<(), Refusal> {
        let mut state = self.lock();
        state.roll(tenant, now);
        state.check_budgets(tenant, facets, amount, now)
    }

    /// Takes back a reservation whose call never reached the provider.
    pub fn release(&self, reservation: &Reservation, facets: &Facets<'_>) {
        let mut state = self.lock();
        state.close(reservation, facets);
        if let Some(t) = state.tenants.get_mut(&reservation.tenant) {
            t.requests_today = t.requests_today.saturating_sub(1);
        }
    }

    /// What is left of the tightest hard budget above a call; `None` without one.
    pub fn tightest(&self, tenant: TenantId, facets: &Facets<'_>) -> Option<NanoUsd> {
        let mut state = self.lock();
        let mut least: Option<NanoUsd> = None;
        let State { workspace, tenants, tree, .. } = &mut *state;
        let mut note = |meters: &[PeriodMeter; 2]| {
            for meter in meters {
                if let Some(budget) = meter.budget.as_ref().filter(|b| b.limit.kind == BudgetKind::Hard) {
                    let left = meter.meter.remaining(budget.limit.amount);
                    least = Some(least.map_or(left, |least| least.min(left)));
                }
            }
        };
        note(&workspace.meters);
        if let Some(t) = tenants.get(&tenant) {
            note(&t.level.meters);
        }
        let Ok(()) = tree.visit(tenant, facets, |node| {
            note(&node.level.meters);
            Ok::<_, std::convert::Infallible>(())
        });
        least
    }
}

impl State {
    pub(super) fn roll(&mut self, tenant: TenantId, now: Millis) {
        let zone = self.zone;
        self.workspace.roll(zone, now);
        if let Some(t) = self.tenants.get_mut(&tenant) {
            t.roll(zone, now);
        }
    }

    fn check_quota(&self, ask: &Ask<'_>, now: Millis) -> Result<(), Refusal> {
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
    fn check_quota_again(&self, ask: &Ask<'_>, now: Millis) -> Result<(), Refusal> {
        match self.check_quota(ask, now) {
            Err(Refusal::RequestsPerDay { .. }) => Ok(()),
            checked => checked,
        }
    }

    fn check_budgets(
        &mut self,
        tenant: TenantId,
        facets: &Facets<'_>,
        amount: NanoUsd,
        now: Millis,
    ) -> Result<(), Refusal> {
        let zone = self.zone;
        for meter in &self.workspace.meters {
            admits(&BudgetLevel::WORKSPACE, meter, amount)?;
        }
        if let Some(t) = self.tenants.get(&tenant) {
            for meter in &t.level.meters {
                admits(&BudgetLevel::tenant(tenant), meter, amount)?;
            }
        }
        self.tree.visit(tenant, facets, |node| {
            node.level.roll(zone, now);
            node.level.meters.iter().try_for_each(|meter| admits(&node.at, meter, amount))
        })
    }

    /// Takes the worst case at every level. What it fits under was checked under the same lock.
    fn book(&mut self, ask: &Ask<'_>, now: Millis) -> Reservation {
        let (tenant, amount) = (ask.caller.tenant, ask.worst_case);
        let periods = PeriodKind::ALL.map(|kind| self.workspace.of(kind).period.start);
        let take = |m: &mut PeriodMeter| m.meter.reserved += amount;
        self.workspace.meters.iter_mut().for_each(take);
        if let Some(t) = self.tenants.get_mut(&tenant) {
            t.level.meters.iter_mut().for_each(take);
            t.open += amount;
        }
        let Ok(()) = self.tree.visit(tenant, &ask.facets, |node| {
            node.level.meters.iter_mut().for_each(take);
            Ok::<_, std::convert::Infallible>(())
        });
        Reservation { tenant, amount, at: now, tick: self.tick, periods }
    }

    fn must_raise(&self, tenant: TenantId) -> bool {
        self.tenants.get(&tenant).is_some_and(|t| t.exposure() > t.bound)
    }

    /// Frees what a reservation took: its part of the meters, its place among the concurrent calls.
    pub(super) fn close(&mut self, reservation: &Reservation, facets: &Facets<'_>) {
        let amount = reservation.amount;
        self.on_reserved(reservation, facets, |m| m.meter.reserved -= amount);
        if let Some(t) = self.tenants.get_mut(&reservation.tenant) {
            t.open -= amount;
            t.concurrent = t.concurrent.saturating_sub(1);
        }
    }

    /// Runs `change` on the meters whose reserved sum includes the reservation.
    fn on_reserved(
        &mut self,
        reservation: &Reservation,
        facets: &Facets<'_>,
        mut change: impl FnMut(&mut PeriodMeter),
    ) {
        let tenant = reservation.tenant;
        let mut change_if = |meters: &mut [PeriodMeter; 2], is_its: bool| {
            meters.iter_mut().filter(|m| m.counts(reservation, is_its)).for_each(&mut change);
        };
        change_if(&mut self.workspace.meters, true);
        if let Some(t) = self.tenants.get_mut(&tenant) {
            change_if(&mut t.level.meters, true);
        }
        if reservation.tick < self.tree.counted_at {
            // Meters that were counted since took in whatever was on its way.
            let pool = self.tree.pool(facets);
            for node in self.tree.all().filter(|n| n.at.tenant_id.is_none_or(|id| id == tenant)) {
                let is_its = is_in(&node.at, tenant, facets, pool);
                change_if(&mut node.level.meters, is_its);
            }
            return;
        }
        let Ok(()) = self.tree.visit(tenant, facets, |node| {
            change_if(&mut node.level.meters, true);
            Ok::<_, std::convert::Infallible>(())
        });
    }

    /// Runs `change` on the meters of every level the call belongs to.
    pub(super) fn on_own(
        &mut self,
        tenant: TenantId,
        facets: &Facets<'_>,
        mut change: impl FnMut(&mut PeriodMeter),
    ) {
        self.workspace.meters.iter_mut().for_each(&mut change);
        if let Some(t) = self.tenants.get_mut(&tenant) {
            t.level.meters.iter_mut().for_each(&mut change);
        }
        let Ok(()) = self.tree.visit(tenant, facets, |node| {
            node.level.meters.iter_mut().for_each(&mut change);
            Ok::<_, std::convert::Infallible>(())
        });
    }
}

fn admits(level: &BudgetLevel, meter: &PeriodMeter, amount: NanoUsd) -> Result<(), Refusal> {
    let Some(budget) = meter.budget.as_ref().filter(|_| !meter.admits(amount)) else { return Ok(()) };
    Err(Refusal::Budget {
        budget: budget.id,
        level: level.clone(),
        period: meter.kind,
        remaining: meter.meter.remaining(budget.limit.amount),
        limit: budget.limit.amount,
        resets_at: meter.period.end,
    })
}
