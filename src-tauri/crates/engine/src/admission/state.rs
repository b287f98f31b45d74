//! The admission state: keys, tenants, meters. Everything in it can be computed from the store.

use super::keys::KeyTable;
use super::meter::{Level, PeriodMeter};
use parking_lot::{Mutex, MutexGuard};
use reeve_core::id::TenantId;
use reeve_core::money::NanoUsd;
use reeve_core::period::{Period, PeriodKind, Zone};
use reeve_core::tenant::{Quota, QuotaOverride, TenantStatus};
use reeve_core::time::Millis;
use reeve_store::table::budgets::Budget;
use reeve_store::table::tenants::Tenant;
use std::collections::HashMap;

/// The admission state behind its lock. The lock is held for about a microsecond and never across an await.
pub struct Admission {
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) zone: Zone,
    // Rises when the meters are built anew, so that a reservation made before knows it was counted again.
    pub(crate) epoch: u64,
    pub(crate) workspace: Level,
    pub(crate) tenants: HashMap<TenantId, TenantState>,
    pub(crate) keys: KeyTable,
}

/// One tenant's part of the state.
pub(crate) struct TenantState {
    pub(crate) tenant: Tenant,
    pub(crate) over: Option<QuotaOverride>,
    pub(crate) level: Level,
    /// The current day in the tenant's own zone, and calls in it.
    pub(crate) quota_day: Period,
    pub(crate) requests_today: u64,
    pub(crate) concurrent: u64,
    /// Worst case of calls on their way.
    pub(crate) open: NanoUsd,
    /// Settled, but not yet in the ledger.
    pub(crate) undurable: NanoUsd,
    /// The durable bound on `open + undurable`.
    pub(crate) bound: NanoUsd,
    /// The bound that is being written; equal to `bound` when none is.
    pub(crate) writing: NanoUsd,
}

/// A tenant's quota and what is used of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TenantCounters {
    /// What it may use now.
    pub quota: Quota,
    /// Calls since midnight in its zone.
    pub requests_today: u64,
    /// Calls on their way.
    pub concurrent: u64,
    /// When the day ends.
    pub resets_at: Millis,
}

/// The meters of a level as people see them.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The current day.
    pub day: PeriodMeter,
    /// The current month.
    pub month: PeriodMeter,
}

impl TenantState {
    pub(crate) fn new(tenant: Tenant, over: Option<QuotaOverride>, zone: Zone, now: Millis) -> Self {
        let quota_day = Period::containing(PeriodKind::Day, tenant.time_zone, now);
        Self {
            tenant,
            over,
            level: Level::new(zone, now),
            quota_day,
            requests_today: 0,
            concurrent: 0,
            open: NanoUsd::ZERO,
            undurable: NanoUsd::ZERO,
            bound: NanoUsd::ZERO,
            writing: NanoUsd::ZERO,
        }
    }

    pub(crate) fn quota(&self, now: Millis) -> Quota {
        let base = self.tenant.tier.quota();
        self.over.as_ref().map_or(base, |over| over.apply(base, now))
    }

    pub(crate) fn roll(&mut self, zone: Zone, now: Millis) {
        self.level.roll(zone, now);
        if now >= self.quota_day.end {
            self.quota_day = Period::containing(PeriodKind::Day, self.tenant.time_zone, now);
            self.requests_today = 0;
        }
    }

    pub(crate) fn exposure(&self) -> NanoUsd {
        self.open + self.undurable
    }
}

impl Admission {
    /// An empty state in `zone`.
    #[must_use]
    pub fn new(zone: Zone, now: Millis) -> Self {
        let workspace = Level::new(zone, now);
        let (tenants, keys) = (HashMap::new(), KeyTable::default());
        Self { state: Mutex::new(State { zone, epoch: 0, workspace, tenants, keys }) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Takes over a new or changed tenant.
    pub fn put_tenant(&self, tenant: Tenant, now: Millis) {
        let mut state = self.lock();
        let zone = state.zone;
        match state.tenants.get_mut(&tenant.id) {
            Some(known) => {
                known.quota_day = Period::containing(PeriodKind::Day, tenant.time_zone, now);
                known.tenant = tenant;
            }
            None => {
                state.tenants.insert(tenant.id, TenantState::new(tenant, None, zone, now));
            }
        }
    }

    /// Forgets tenants that are gone.
    pub fn retain_tenants(&self, keep: impl Fn(&Tenant) -> bool) {
        let mut state = self.lock();
        state.tenants.retain(|_, t| keep(&t.tenant));
        let State { tenants, keys, .. } = &mut *state;
        keys.retain(|key| tenants.contains_key(&key.tenant));
    }

    /// Takes over a tenant's override, or its end.
    pub fn put_override(&self, tenant: TenantId, over: Option<QuotaOverride>) {
        if let Some(known) = self.lock().tenants.get_mut(&tenant) {
            known.over = over;
        }
    }

    /// Takes over a new or changed budget.
    pub fn put_budget(&self, budget: &Budget) {
        self.with_meter(budget, |meter| {
            meter.budget = Some((budget.id, budget.limit));
            meter.hold(meter.meter.held);
        });
    }

    /// Takes a budget away.
    pub fn remove_budget(&self, budget: &Budget) {
        self.with_meter(budget, |meter| meter.budget = None);
    }

    fn with_meter(&self, budget: &Budget, change: impl FnOnce(&mut PeriodMeter)) {
        let mut state = self.lock();
        let level = match budget.tenant_id {
            None => Some(&mut state.workspace),
            Some(id) => state.tenants.get_mut(&id).map(|t| &mut t.level),
        };
        if let Some(level) = level {
            change(level.of_mut(budget.period));
        }
    }

    /// The meters of the workspace (`None`) or of a tenant, at `now`.
    pub fn limits(&self, tenant: Option<TenantId>, now: Millis) -> Option<Limits> {
        let mut state = self.lock();
        let zone = state.zone;
        let level = match tenant {
            None => &mut state.workspace,
            Some(id) => &mut state.tenants.get_mut(&id)?.level,
        };
        level.roll(zone, now);
        Some(Limits { day: *level.of(PeriodKind::Day), month: *level.of(PeriodKind::Month) })
    }

    /// A tenant's quota and what is used of it, at `now`.
    pub fn counters(&self, tenant: TenantId, now: Millis) -> Option<TenantCounters> {
        let mut state = self.lock();
        let zone = state.zone;
        let t = state.tenants.get_mut(&tenant)?;
        t.roll(zone, now);
        let quota = t.quota(now);
        Some(TenantCounters {
            quota,
            requests_today: t.requests_today,
            concurrent: t.concurrent,
            resets_at: t.quota_day.end,
        })
    }

    /// A tenant's name, for messages.
    pub fn tenant_name(&self, tenant: TenantId) -> Option<String> {
        self.lock().tenants.get(&tenant).map(|t| t.tenant.name.clone())
    }

    /// The workspace's zone.
    pub fn zone(&self) -> Zone {
        self.lock().zone
    }
}

/// Whether a tenant's calls go through.
pub(crate) fn is_active(status: TenantStatus) -> bool {
    matches!(status, TenantStatus::Active)
}
