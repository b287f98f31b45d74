//! What was spent in the current day and month, read from the store: of everybody in one pass, or of one level.

use super::facets::Facets;
use super::tree::{Tree, is_in};
use reeve_core::budget::{BudgetLevel, BudgetScope};
use reeve_core::grant::Visible;
use reeve_core::id::{ApiKeyId, CredentialId, PoolId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::period::{Period, PeriodKind, Zone};
use reeve_core::time::Millis;
use reeve_store::table::charges::Charge;
use reeve_store::table::usage_facets::Facet;
use reeve_store::table::usage_slots::{Sums, UsageSlot};
use reeve_store::{Read, StoreError};
use std::collections::HashMap;

/// Sums of the current day and month.
#[derive(Default)]
pub(super) struct Spent {
    periods: Option<[Period; 2]>,
    pub(super) workspace: [Sums; 2],
    pub(super) tenants: HashMap<TenantId, [Sums; 2]>,
    pub(super) levels: HashMap<BudgetLevel, [Sums; 2]>,
}

/// The levels that are summed from slots: keys and models.
#[derive(Default)]
struct Wanted<'a> {
    keys: HashMap<ApiKeyId, &'a BudgetLevel>,
    models: HashMap<&'a str, Vec<&'a BudgetLevel>>,
}

impl<'a> Wanted<'a> {
    fn of(levels: &'a [BudgetLevel]) -> Self {
        let mut wanted = Self::default();
        for level in levels {
            match level.scope {
                BudgetScope::ApiKey => {
                    drop(level.target.parse().map(|id: ApiKeyId| wanted.keys.insert(id, level)));
                }
                BudgetScope::Model => wanted.models.entry(&level.target).or_default().push(level),
                _ => {}
            }
        }
        wanted
    }

    fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.models.is_empty()
    }

    /// The levels a slot counts to.
    fn hit(&self, slot: &UsageSlot) -> impl Iterator<Item = &'a BudgetLevel> {
        let key = slot.api_key_id.and_then(|id| self.keys.get(&id)).copied();
        let models = self.models.get(slot.model.as_str()).into_iter().flatten().copied();
        let tenant = slot.tenant_id;
        key.into_iter().chain(models).filter(move |level| level.tenant_id.is_none_or(|id| id == tenant))
    }
}

fn add(sums: &mut [Sums; 2], more: &Sums, today: bool) {
    let [day, month] = sums;
    month.add(more);
    if today {
        day.add(more);
    }
}

impl Spent {
    /// Nothing, in the periods that hold `now`.
    #[cfg(test)]
    pub(super) fn nothing(zone: Zone, now: Millis) -> Self {
        let periods = PeriodKind::ALL.map(|kind| Period::containing(kind, zone, now));
        Self { periods: Some(periods), ..Self::default() }
    }

    /// Of the workspace, every tenant and `levels`.
    pub(super) fn load(
        read: &Read<'_>,
        levels: &[BudgetLevel],
        zone: Zone,
        now: Millis,
    ) -> Result<Self, StoreError> {
        let periods = PeriodKind::ALL.map(|kind| Period::containing(kind, zone, now));
        let [day, month] = periods;
        let wanted = Wanted::of(levels);
        let mut spent = Self { periods: Some(periods), ..Self::default() };
        read.usage_slots().visit(&Visible::All, None, month.start, month.end, |slot| {
            let today = day.contains(slot.start());
            add(&mut spent.workspace, &slot.sums, today);
            add(spent.tenants.entry(slot.tenant_id).or_default(), &slot.sums, today);
            for level in wanted.hit(slot) {
                add(spent.levels.entry(level.clone()).or_default(), &slot.sums, today);
            }
        })?;
        spent.load_facets(read, levels)?;
        Ok(spent)
    }

    /// Of one level below the tenants.
    pub(super) fn of_level(
        read: &Read<'_>,
        level: &BudgetLevel,
        zone: Zone,
        now: Millis,
    ) -> Result<Self, StoreError> {
        let periods = PeriodKind::ALL.map(|kind| Period::containing(kind, zone, now));
        let [day, month] = periods;
        let levels = std::slice::from_ref(level);
        let wanted = Wanted::of(levels);
        let mut spent = Self { periods: Some(periods), ..Self::default() };
        if !wanted.is_empty() {
            read.usage_slots().visit(&Visible::All, level.tenant_id, month.start, month.end, |slot| {
                for level in wanted.hit(slot) {
                    let today = day.contains(slot.start());
                    add(spent.levels.entry(level.clone()).or_default(), &slot.sums, today);
                }
            })?;
        }
        spent.load_facets(read, levels)?;
        Ok(spent)
    }

    fn load_facets(&mut self, read: &Read<'_>, levels: &[BudgetLevel]) -> Result<(), StoreError> {
        let periods = self.periods.unwrap_or([Period { start: Millis(0), end: Millis(0) }; 2]);
        for level in levels {
            let (facet, values) = match level.scope {
                BudgetScope::User => (Facet::User, vec![level.target.clone()]),
                BudgetScope::Tag => (Facet::Tag, vec![level.target.clone()]),
                BudgetScope::Pool => {
                    let pool = level.target.parse::<PoolId>().ok();
                    let pool = pool.map(|id| read.pools().get(id)).transpose()?.flatten();
                    let credentials = pool.map(|pool| pool.credentials).unwrap_or_default();
                    (Facet::Credential, credentials.iter().map(CredentialId::to_string).collect())
                }
                _ => continue,
            };
            let mut sums = [Sums::default(); 2];
            for (sum, period) in sums.iter_mut().zip(periods) {
                for value in &values {
                    let of_value =
                        read.usage_facets().sums(facet, value, level.tenant_id, period.start, period.end)?;
                    sum.add(&of_value);
                }
            }
            self.levels.insert(level.clone(), sums);
        }
        Ok(())
    }

    /// Adds charges that are settled but not in the store yet.
    pub(super) fn add_undurable(&mut self, charges: &[Charge], levels: &[BudgetLevel], tree: &Tree) {
        let Some([day, month]) = self.periods else { return };
        for charge in charges.iter().filter(|c| month.contains(c.time)) {
            let (sums, today) = (Sums::of(charge), day.contains(charge.time));
            add(&mut self.workspace, &sums, today);
            add(self.tenants.entry(charge.tenant_id).or_default(), &sums, today);
            let facets = Facets::of(charge);
            let pool = tree.pool(&facets);
            for level in levels.iter().filter(|level| is_in(level, charge.tenant_id, &facets, pool)) {
                add(self.levels.entry(level.clone()).or_default(), &sums, today);
            }
        }
    }
}

/// Cost and calls of a sum.
pub(super) fn cost_and_calls(sums: &Sums) -> (NanoUsd, u64) {
    (sums.cost, sums.requests)
}
