//! Building the state from the store: at start, anew when the workspace's time zone changes, and one level at a time when
//! it gets its first budget.
//!
//! What is read is a snapshot; charges that settle meanwhile are handed in beside it, so that none is missed or counted
//! twice. Calls on their way are taken in whole.

use super::meter::Level;
use super::spent::{Spent, cost_and_calls};
use super::state::{Admission, State, TenantState};
use super::tree::Node;
use reeve_core::budget::{BudgetLevel, LimitOverride};
use reeve_core::grant::Visible;
use reeve_core::id::{CredentialId, PoolId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::period::{Period, PeriodKind, Zone};
use reeve_core::tenant::QuotaOverride;
use reeve_core::time::Millis;
use reeve_store::table::api_keys::ApiKey;
use reeve_store::table::budgets::Budget;
use reeve_store::table::charges::Charge;
use reeve_store::table::holds::Hold;
use reeve_store::table::tenants::Tenant;
use reeve_store::table::usage_slots::Sums;
use reeve_store::{Read, StoreError};
use std::collections::HashMap;

pub(super) type WithOverrides = (Budget, Vec<LimitOverride>);

/// Everything, as the store has it.
pub struct Snapshot {
    pub(super) zone: Zone,
    pub(super) spent: Spent,
    // With the calls of the day in the tenant's own zone.
    pub(super) tenants: Vec<(Tenant, Option<QuotaOverride>, u64)>,
    pub(super) levels: Vec<(BudgetLevel, Vec<WithOverrides>)>,
    pub(super) pool_of: HashMap<CredentialId, PoolId>,
    pub(super) holds: Vec<Hold>,
    pub(super) keys: Vec<ApiKey>,
}

/// One level below the tenants, as the store has it.
pub struct LevelSnapshot {
    pub(super) level: BudgetLevel,
    pub(super) spent: Spent,
    pub(super) budgets: Vec<WithOverrides>,
    pub(super) pool_of: HashMap<CredentialId, PoolId>,
    pub(super) holds: Vec<Hold>,
}

fn with_overrides(read: &Read<'_>, budget: Budget, now: Millis) -> Result<WithOverrides, StoreError> {
    let overrides = read.budget_overrides().unended(budget.id, now)?;
    Ok((budget, overrides))
}

fn pools(read: &Read<'_>) -> Result<HashMap<CredentialId, PoolId>, StoreError> {
    let pools = read.pools().all()?;
    Ok(pools.into_iter().flat_map(|p| p.credentials.into_iter().map(move |c| (c, p.id))).collect())
}

/// The budgets of a level, with their overrides.
pub(crate) fn budgets_of(
    read: &Read<'_>,
    level: &BudgetLevel,
    now: Millis,
) -> Result<Vec<WithOverrides>, StoreError> {
    read.budgets().of_level(level)?.into_iter().map(|b| with_overrides(read, b, now)).collect()
}

impl Snapshot {
    /// Reads it.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn load(read: &Read<'_>, zone: Zone, now: Millis) -> Result<Self, StoreError> {
        let mut levels: HashMap<BudgetLevel, Vec<WithOverrides>> = HashMap::new();
        for budget in read.budgets().all()? {
            let level = budget.level.clone();
            levels.entry(level).or_default().push(with_overrides(read, budget, now)?);
        }
        let levels: Vec<_> = levels.into_iter().collect();
        let fine: Vec<_> = levels.iter().map(|(level, _)| level.clone()).filter(|l| l.is_fine()).collect();
        let spent = Spent::load(read, &fine, zone, now)?;
        let mut overrides: HashMap<_, _> = read.quota_overrides().all()?.into_iter().collect();
        let tenants = read.tenants().all()?.into_iter().map(|tenant| {
            let day = Period::containing(PeriodKind::Day, tenant.time_zone, now);
            let today =
                read.usage_slots().sums(&Visible::All, Some(tenant.id), day.start, now.plus(1))?.requests;
            let over = overrides.remove(&tenant.id);
            Ok((tenant, over, today))
        });
        let tenants = tenants.collect::<Result<_, StoreError>>()?;
        let (holds, keys) = (read.holds().open(&Visible::All)?, read.api_keys().live()?);
        Ok(Self { zone, spent, tenants, levels, pool_of: pools(read)?, holds, keys })
    }
}

impl LevelSnapshot {
    /// Reads it.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn load(read: &Read<'_>, level: BudgetLevel, zone: Zone, now: Millis) -> Result<Self, StoreError> {
        let budgets = budgets_of(read, &level, now)?;
        let spent = Spent::of_level(read, &level, zone, now)?;
        Ok(Self { level, spent, budgets, pool_of: pools(read)?, holds: read.holds().open(&Visible::All)? })
    }
}

fn fill(level: &mut Level, sums: [Sums; 2], open: NanoUsd, tick: u64) {
    for (meter, sums) in level.meters.iter_mut().zip(sums) {
        meter.fill(cost_and_calls(&sums), open, tick);
    }
}

fn hold(level: &mut Level, tenant: Option<TenantId>, holds: &[Hold]) {
    for meter in &mut level.meters {
        let counted =
            holds.iter().filter(|h| tenant.is_none_or(|id| h.tenant_id == id) && meter.period.contains(h.at));
        meter.hold(counted.map(|h| h.amount).sum());
    }
}

impl State {
    /// The worst case of all calls on their way that may belong to a level.
    fn open(&self, tenant: Option<TenantId>) -> NanoUsd {
        match tenant {
            Some(id) => self.tenants.get(&id).map_or(NanoUsd::ZERO, |t| t.open),
            None => self.tenants.values().map(|t| t.open).sum(),
        }
    }

    /// Meters a level below the tenants.
    fn count(
        &mut self,
        at: BudgetLevel,
        sums: [Sums; 2],
        budgets: &[WithOverrides],
        holds: &[Hold],
        now: Millis,
    ) {
        let mut level = Level::new(self.zone, now);
        fill(&mut level, sums, self.open(at.tenant_id), self.tick);
        level.set(budgets, now);
        hold(&mut level, at.tenant_id, holds);
        level.meters.iter_mut().for_each(|m| m.cross(&mut self.crossed));
        self.tree.insert(Node { at, level });
        self.tree.counted_at = self.tick;
    }

    fn put_tenants(
        &mut self,
        tenants: Vec<(Tenant, Option<QuotaOverride>, u64)>,
        spent: &Spent,
        now: Millis,
    ) {
        let mut before = std::mem::take(&mut self.tenants);
        for (tenant, over, today) in tenants {
            let id = tenant.id;
            let mut fresh = TenantState::new(tenant, over, self.zone, now);
            if let Some(old) = before.remove(&id) {
                (fresh.open, fresh.undurable, fresh.concurrent) = (old.open, old.undurable, old.concurrent);
                (fresh.bound, fresh.writing) = (old.bound, old.writing);
            }
            let sums = spent.tenants.get(&id).copied().unwrap_or_default();
            fill(&mut fresh.level, sums, fresh.open, self.tick);
            fresh.requests_today = today + fresh.concurrent;
            self.tenants.insert(id, fresh);
        }
    }
}

impl Admission {
    /// Takes over everything from the store. `undurable` are the charges that are settled but not in the snapshot; none may
    /// settle until this returns. Calls on their way keep their reservations.
    pub fn install(&self, snapshot: Snapshot, undurable: &[Charge], now: Millis) {
        let Snapshot { zone, mut spent, tenants, levels, pool_of, holds, keys } = snapshot;
        let fine: Vec<_> = levels.iter().map(|(level, _)| level.clone()).filter(|l| l.is_fine()).collect();
        let mut state = self.lock();
        state.zone = zone;
        state.tick += 1;
        state.tree.clear();
        state.tree.set_pools(pool_of);
        spent.add_undurable(undurable, &fine, &state.tree);
        state.put_tenants(tenants, &spent, now);
        state.workspace = Level::new(zone, now);
        let (open, tick) = (state.open(None), state.tick);
        fill(&mut state.workspace, spent.workspace, open, tick);
        for key in &keys {
            state.keys.insert(key);
        }
        for at in fine {
            let sums = spent.levels.get(&at).copied().unwrap_or_default();
            let budgets =
                levels.iter().find(|(level, _)| *level == at).map(|(_, budgets)| budgets.as_slice());
            state.count(at, sums, budgets.unwrap_or_default(), &holds, now);
        }
        drop(state);
        self.put_holds(&holds, now);
        for (level, budgets) in levels.iter().filter(|(level, _)| !level.is_fine()) {
            self.set_budgets(level, budgets, now);
        }
    }

    /// Takes over one level below the tenants: meters it, or forgets it if it has no budget. `undurable` as in
    /// [`Admission::install`].
    pub fn install_level(&self, snapshot: LevelSnapshot, undurable: &[Charge], now: Millis) {
        let LevelSnapshot { level, mut spent, budgets, pool_of, holds } = snapshot;
        let mut state = self.lock();
        state.tree.set_pools(pool_of);
        state.tree.remove(&level);
        if budgets.is_empty() {
            return;
        }
        spent.add_undurable(undurable, std::slice::from_ref(&level), &state.tree);
        let sums = spent.levels.get(&level).copied().unwrap_or_default();
        state.tick += 1;
        state.count(level, sums, &budgets, &holds, now);
    }

    /// Sets what every meter holds to the sum of the holds that count to its period. A hold knows its tenant only, so it
    /// counts at every level a lost call may have belonged to.
    pub fn put_holds(&self, holds: &[Hold], now: Millis) {
        let mut state = self.lock();
        let State { zone, workspace, tenants, tree, crossed, .. } = &mut *state;
        let tenants = tenants.iter_mut().map(|(id, t)| (Some(*id), &mut t.level));
        let fine = tree.all().map(|node| (node.at.tenant_id, &mut node.level));
        for (tenant, level) in std::iter::once((None, workspace)).chain(tenants).chain(fine) {
            level.roll(*zone, now);
            hold(level, tenant, holds);
            level.meters.iter_mut().for_each(|m| m.cross(crossed));
        }
    }
}
