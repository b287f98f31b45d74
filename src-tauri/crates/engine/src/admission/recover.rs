//! Building the state from the store: at start, and anew when the workspace's time zone changes.

use super::meter::Level;
use super::state::{Admission, TenantState};
use reeve_core::id::TenantId;
use reeve_core::money::NanoUsd;
use reeve_core::period::{Period, PeriodKind, Zone};
use reeve_core::time::Millis;
use reeve_store::table::holds::Hold;
use reeve_store::table::usage_slots::{Sums, UsageSlot};
use reeve_store::{Read, StoreError};
use std::collections::HashMap;

/// Sums of the current day and month, workspace and tenants, from one pass over the month's slots.
struct Spent {
    day: Period,
    workspace: [Sums; 2],
    tenants: HashMap<TenantId, [Sums; 2]>,
}

impl Spent {
    fn load(read: &Read<'_>, zone: Zone, now: Millis) -> Result<Self, StoreError> {
        let [day, month] = PeriodKind::ALL.map(|kind| Period::containing(kind, zone, now));
        let mut spent = Self { day, workspace: Default::default(), tenants: HashMap::new() };
        read.usage_slots().visit(None, month.start, month.end, |slot| spent.add(slot))?;
        Ok(spent)
    }

    fn add(&mut self, slot: &UsageSlot) {
        let tenant = self.tenants.entry(slot.tenant_id).or_default();
        let today = self.day.contains(slot.start());
        for sums in [&mut self.workspace, tenant] {
            let [day, month] = sums;
            month.add(&slot.sums);
            if today {
                day.add(&slot.sums);
            }
        }
    }
}

fn fill(level: &mut Level, sums: [Sums; 2], on_way: (NanoUsd, NanoUsd)) {
    let (open, undurable) = on_way;
    for (meter, sums) in level.meters.iter_mut().zip(sums) {
        meter.meter.spent = sums.cost + undurable;
        meter.meter.reserved = open;
        meter.requests = sums.requests;
    }
}

impl Admission {
    /// Builds everything from the store, in `zone`. Calls on their way keep their reservations.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn rebuild(&self, read: &Read<'_>, zone: Zone, now: Millis) -> Result<(), StoreError> {
        let spent = Spent::load(read, zone, now)?;
        let (tenants, overrides) = (read.tenants().all()?, read.quota_overrides().all()?);
        let (budgets, holds, keys) = (read.budgets().all()?, read.holds().open()?, read.api_keys().live()?);
        let mut overrides: HashMap<_, _> = overrides.into_iter().collect();
        let mut state = self.lock();
        let mut before = std::mem::take(&mut state.tenants);
        let (mut open, mut undurable) = (NanoUsd::ZERO, NanoUsd::ZERO);
        for tenant in tenants {
            let id = tenant.id;
            let mut fresh = TenantState::new(tenant, overrides.remove(&id), zone, now);
            if let Some(old) = before.remove(&id) {
                (fresh.open, fresh.undurable, fresh.concurrent) = (old.open, old.undurable, old.concurrent);
                (fresh.bound, fresh.writing) = (old.bound, old.writing);
            }
            let sums = spent.tenants.get(&id).copied().unwrap_or_default();
            fill(&mut fresh.level, sums, (fresh.open, fresh.undurable));
            let own_day = read.usage_slots().sums(Some(id), fresh.quota_day.start, now.plus(1))?;
            fresh.requests_today = own_day.requests + fresh.concurrent;
            open += fresh.open;
            undurable += fresh.undurable;
            state.tenants.insert(id, fresh);
        }
        state.zone = zone;
        state.epoch += 1;
        state.workspace = Level::new(zone, now);
        fill(&mut state.workspace, spent.workspace, (open, undurable));
        for key in &keys {
            state.keys.insert(key);
        }
        drop(state);
        for budget in &budgets {
            self.put_budget(budget);
        }
        self.put_holds(&holds, now);
        Ok(())
    }

    /// Sets what every meter holds to the sum of the holds that count to its period.
    pub fn put_holds(&self, holds: &[Hold], now: Millis) {
        let mut state = self.lock();
        let zone = state.zone;
        let of = |tenant: Option<TenantId>, period: Period| -> NanoUsd {
            let counted =
                holds.iter().filter(|h| tenant.is_none_or(|t| h.tenant_id == t) && period.contains(h.at));
            counted.map(|h| h.amount).sum()
        };
        state.workspace.roll(zone, now);
        for meter in &mut state.workspace.meters {
            meter.hold(of(None, meter.period));
        }
        for (id, tenant) in &mut state.tenants {
            tenant.level.roll(zone, now);
            for meter in &mut tenant.level.meters {
                meter.hold(of(Some(*id), meter.period));
            }
        }
    }
}
