//! The admission state: keys, tenants, meters. Everything in it can be computed from the store.

use super::facets::Facets;
use super::keys::KeyTable;
use super::meter::{Crossing, Level, PeriodMeter};
use super::tree::Tree;
use crate::hot_map::HotMap;
use parking_lot::{Mutex, MutexGuard};
use reeve_core::budget::{BudgetLevel, BudgetScope, LimitOverride};
use reeve_core::id::TenantId;
use reeve_core::money::NanoUsd;
use reeve_core::period::{Period, PeriodKind, Zone};
use reeve_core::tenant::{Quota, QuotaOverride, TenantStatus};
use reeve_core::time::Millis;
use reeve_store::table::budgets::Budget;
use reeve_store::table::tenants::Tenant;

/// The admission state behind its lock. The lock is held for about a microsecond and never across an await.
pub struct Admission {
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) zone: Zone,
    // Rises whenever meters are counted from the store, so that a meter knows whether a reservation was made before.
    pub(crate) tick: u64,
    pub(crate) workspace: Level,
    pub(crate) tenants: HotMap<TenantId, TenantState>,
    // Levels below the tenants that have a budget.
    pub(crate) tree: Tree,
    pub(crate) keys: KeyTable,
    // Thresholds that were passed and are not told yet.
    pub(crate) crossed: Vec<Crossing>,
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
#[derive(Clone, Debug)]
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
        let (tenants, keys) = (HotMap::default(), KeyTable::default());
        let (tree, crossed) = (Tree::default(), Vec::new());
        Self { state: Mutex::new(State { zone, tick: 0, workspace, tenants, tree, keys, crossed }) }
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

    /// Takes over the budgets of a level, each with the overrides that hold or will. `false` for a level below the tenants
    /// that is not metered yet: it has to be counted first, see [`Admission::install_level`].
    pub fn set_budgets(
        &self,
        at: &BudgetLevel,
        budgets: &[(Budget, Vec<LimitOverride>)],
        now: Millis,
    ) -> bool {
        let mut state = self.lock();
        let State { zone, tree, crossed, workspace, tenants, .. } = &mut *state;
        let level = match at.scope {
            BudgetScope::Workspace => Some(workspace),
            BudgetScope::Tenant => at.tenant_id.and_then(|id| tenants.get_mut(&id)).map(|t| &mut t.level),
            _ => tree.get_mut(at).map(|node| &mut node.level),
        };
        let Some(level) = level else { return budgets.is_empty() };
        level.roll(*zone, now);
        level.set(budgets, now);
        level.meters.iter_mut().for_each(|m| m.cross(crossed));
        if at.is_fine() && budgets.is_empty() {
            tree.remove(at);
        }
        true
    }

    /// Whether a level is metered.
    pub fn is_metered(&self, at: &BudgetLevel) -> bool {
        !at.is_fine() || self.lock().tree.get_mut(at).is_some()
    }

    /// A level's meter of a kind at `now`; `None` if it is not metered.
    pub fn meter(&self, at: &BudgetLevel, kind: PeriodKind, now: Millis) -> Option<PeriodMeter> {
        let mut state = self.lock();
        let State { zone, tree, workspace, tenants, .. } = &mut *state;
        let level = match at.scope {
            BudgetScope::Workspace => workspace,
            BudgetScope::Tenant => &mut tenants.get_mut(&at.tenant_id?)?.level,
            _ => &mut tree.get_mut(at)?.level,
        };
        level.roll(*zone, now);
        Some(level.of(kind).clone())
    }

    /// Every budget above a call at `now`, from the workspace down, each with its level.
    pub fn above(
        &self,
        tenant: TenantId,
        facets: &Facets<'_>,
        now: Millis,
    ) -> Vec<(BudgetLevel, PeriodMeter)> {
        let mut state = self.lock();
        state.roll(tenant, now);
        let mut found = Vec::new();
        let State { zone, tree, workspace, tenants, .. } = &mut *state;
        let mut note = |at: &BudgetLevel, level: &Level| {
            let with_budget = level.meters.iter().filter(|m| m.budget.is_some());
            found.extend(with_budget.map(|m| (at.clone(), m.clone())));
        };
        note(&BudgetLevel::WORKSPACE, workspace);
        if let Some(t) = tenants.get(&tenant) {
            note(&BudgetLevel::tenant(tenant), &t.level);
        }
        let Ok(()) = tree.visit(tenant, facets, |node| {
            node.level.roll(*zone, now);
            note(&node.at, &node.level);
            Ok::<_, std::convert::Infallible>(())
        });
        found
    }

    /// The thresholds that were passed since this was last asked.
    pub fn take_crossed(&self) -> Vec<Crossing> {
        std::mem::take(&mut self.lock().crossed)
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
        Some(Limits { day: level.of(PeriodKind::Day).clone(), month: level.of(PeriodKind::Month).clone() })
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
