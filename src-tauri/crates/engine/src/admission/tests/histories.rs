//! Random histories of the whole tree against a simple model: lists of charges, of open calls and of calls a crash lost.

use super::{START, budget, tenant};
use crate::admission::recover::WithOverrides;
use crate::admission::spent::Spent;
use crate::admission::tree::is_in;
use crate::admission::*;
use proptest::prelude::*;
use reeve_core::budget::{BudgetKind, BudgetLevel, BudgetScope, LimitOverride, in_force};
use reeve_core::id::{ApiKeyId, ChargeId, CredentialId, HoldId, OverrideId, PoolId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::period::{Period, PeriodKind, Zone};
use reeve_core::tenant::Tier;
use reeve_core::time::Millis;
use reeve_store::table::charges::Charge;
use reeve_store::table::holds::Hold;
use std::collections::HashMap;
use uuid::Uuid;

const USERS: [&str; 2] = ["ann", "bob"];
const MODELS: [&str; 2] = ["small", "large"];
const TAGS: [&str; 2] = ["batch", "chat"];
const ZONES: [&str; 3] = ["UTC", "Europe/Berlin", "Pacific/Chatham"];

/// Which call: an index into each facet.
#[derive(Clone, Copy, Debug)]
struct Shape {
    tenant: u8,
    user: u8,
    model: u8,
    tags: u8,
    credential: u8,
}

fn shape() -> impl Strategy<Value = Shape> {
    (0u8..2, 0u8..3, 0u8..2, 0u8..4, 0u8..4).prop_map(|(tenant, user, model, tags, credential)| Shape {
        tenant,
        user,
        model,
        tags,
        credential,
    })
}

fn id(n: impl Into<u128>) -> Uuid {
    Uuid::from_u128(n.into())
}

fn tenant_id(n: u8) -> TenantId {
    TenantId(id(n + 1))
}

impl Shape {
    fn caller(self) -> Caller {
        Caller { key: ApiKeyId(id(self.tenant + 50)), tenant: tenant_id(self.tenant) }
    }

    fn charge(self, n: u128, cost: NanoUsd, at: Millis) -> Charge {
        let tags = TAGS.iter().enumerate().filter(|(i, _)| self.tags & (1 << i) != 0);
        Charge {
            seq: 0,
            id: ChargeId(id(n)),
            time: at,
            tenant_id: tenant_id(self.tenant),
            api_key_id: Some(self.caller().key),
            user: USERS.get(usize::from(self.user)).map(ToString::to_string),
            provider: "p".to_owned(),
            model: MODELS[usize::from(self.model)].to_owned(),
            operation: "chat".to_owned(),
            source: "gateway".to_owned(),
            outcome: "success".to_owned(),
            status: None,
            usage: Default::default(),
            cost: Some(cost),
            pricing: "priced".to_owned(),
            unpriced_reason: None,
            price: None,
            latency_ms: None,
            first_byte_ms: None,
            stream: false,
            trace_id: None,
            request_id: None,
            import_id: None,
            dedupe: None,
            credential_id: Some(CredentialId(id(self.credential))),
            tags: tags.map(|(_, tag)| (*tag).to_owned()).collect(),
            attempts: 1,
            trail: Default::default(),
        }
    }
}

/// Two keys in the first pool, one in the second, one in none.
fn pools() -> HashMap<CredentialId, PoolId> {
    [(0u8, 0u8), (1, 0), (2, 1)].into_iter().map(|(c, p)| (CredentialId(id(c)), PoolId(id(p)))).collect()
}

/// Every level of the small world.
fn levels() -> Vec<BudgetLevel> {
    use BudgetScope::{ApiKey, Model, Pool, Tag, User};
    let at = |scope, tenant_id, target: String| BudgetLevel { scope, tenant_id, target };
    let mut all = vec![BudgetLevel::WORKSPACE];
    for n in 0..2u8 {
        all.push(BudgetLevel::tenant(tenant_id(n)));
        all.push(at(ApiKey, Some(tenant_id(n)), ApiKeyId(id(n + 50)).to_string()));
        all.push(at(Pool, None, PoolId(id(n)).to_string()));
        for whose in [None, Some(tenant_id(n))] {
            for (scope, names) in [(User, USERS), (Model, MODELS), (Tag, TAGS)] {
                all.push(at(scope, whose, names[usize::from(n)].to_owned()));
            }
        }
    }
    all
}

#[derive(Clone, Debug)]
enum Step {
    Reserve { shape: Shape, amount: i64 },
    Settle { which: usize, share: i64 },
    Release { which: usize },
    Rebook { which: usize, credential: u8, model: u8, amount: i64 },
    Wait { minutes: i64 },
    Budget { level: usize, month: bool, hard: bool, amount: i64 },
    Remove { level: usize },
    Override { level: usize, amount: i64, from: i64, minutes: i64 },
    Rezone { zone: usize },
    Crash,
    ReleaseHolds,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (shape(), 0i64..400).prop_map(|(shape, amount)| Step::Reserve { shape, amount }),
        6 => (0usize..12, 0i64..=100).prop_map(|(which, share)| Step::Settle { which, share }),
        2 => (0usize..12).prop_map(|which| Step::Release { which }),
        3 => (0usize..12, 0u8..4, 0u8..2, 0i64..400).prop_map(|(which, credential, model, amount)| Step::Rebook { which, credential, model, amount }),
        2 => (1i64..3_000).prop_map(|minutes| Step::Wait { minutes }),
        5 => (0usize..30, any::<bool>(), prop::bool::weighted(0.8), 0i64..2_000)
            .prop_map(|(level, month, hard, amount)| Step::Budget { level, month, hard, amount }),
        1 => (0usize..30).prop_map(|level| Step::Remove { level }),
        2 => (0usize..30, 0i64..2_000, 0i64..200, 1i64..600)
            .prop_map(|(level, amount, from, minutes)| Step::Override { level, amount, from, minutes }),
        1 => (0usize..ZONES.len()).prop_map(|zone| Step::Rezone { zone }),
        1 => Just(Step::Crash),
        1 => Just(Step::ReleaseHolds),
    ]
}

/// The books, kept the simple way.
struct World {
    admission: Admission,
    now: Millis,
    zone: Zone,
    next: u128,
    budgets: HashMap<BudgetLevel, Vec<WithOverrides>>,
    charges: Vec<Charge>,
    /// Reservation and what it was made with: a charge of its worst case.
    open: Vec<(Reservation, Shape, Charge)>,
    /// Worst cases of calls whose outcome a crash lost, until their hold is released.
    lost: Vec<Charge>,
    holds: Vec<Hold>,
}

impl World {
    fn new() -> Self {
        let world = Self {
            admission: Admission::new(Zone::UTC, START),
            now: START,
            zone: Zone::UTC,
            next: 1_000,
            budgets: HashMap::new(),
            charges: Vec::new(),
            open: Vec::new(),
            lost: Vec::new(),
            holds: Vec::new(),
        };
        world.rebuild();
        world
    }

    fn id(&mut self) -> u128 {
        self.next += 1;
        self.next
    }

    fn unended(&self, budgets: &[WithOverrides]) -> Vec<WithOverrides> {
        let live = |o: &LimitOverride| o.ends_at > self.now;
        budgets.iter().map(|(b, o)| (b.clone(), o.iter().copied().filter(live).collect())).collect()
    }

    fn rebuild(&self) {
        let tenants = (0..2u8).map(|n| (tenant(u128::from(n) + 1, Tier::Enterprise), None, 0)).collect();
        let levels = self.budgets.iter().map(|(level, b)| (level.clone(), self.unended(b))).collect();
        let snapshot = Snapshot {
            zone: self.zone,
            spent: Spent::nothing(self.zone, self.now),
            tenants,
            levels,
            pool_of: pools(),
            holds: self.holds.clone(),
            keys: Vec::new(),
        };
        self.admission.install(snapshot, &self.charges, self.now);
    }

    fn load(&self, level: &BudgetLevel) {
        let budgets = self.unended(self.budgets.get(level).map(Vec::as_slice).unwrap_or_default());
        if self.admission.is_metered(level) {
            self.admission.set_budgets(level, &budgets, self.now);
            return;
        }
        let snapshot = LevelSnapshot {
            level: level.clone(),
            spent: Spent::nothing(self.zone, self.now),
            budgets,
            pool_of: pools(),
            holds: self.holds.clone(),
        };
        self.admission.install_level(snapshot, &self.charges, self.now);
    }

    fn sum<'c>(
        &self,
        charges: impl Iterator<Item = &'c Charge>,
        level: &BudgetLevel,
        kind: PeriodKind,
    ) -> NanoUsd {
        let period = Period::containing(kind, self.zone, self.now);
        let of = |c: &&Charge| {
            let facets = Facets::of(c);
            let pool = facets.credential.and_then(|id| pools().get(&id).copied());
            period.contains(c.time) && is_in(level, c.tenant_id, &facets, pool)
        };
        charges.filter(of).filter_map(|c| c.cost).sum()
    }

    /// What is spent, may be spent, and may have been spent.
    fn committed(&self, level: &BudgetLevel, kind: PeriodKind) -> NanoUsd {
        let open = self.open.iter().map(|(_, _, charge)| charge);
        self.sum(self.charges.iter().chain(open).chain(&self.lost), level, kind)
    }

    /// After a call was admitted: no hard budget above it is passed, by the model's books. A call that costs nothing may go
    /// out under a budget that was set below what was spent already: it adds nothing.
    fn assert_within(&self, call: &Charge) -> Result<(), TestCaseError> {
        if call.cost == Some(NanoUsd::ZERO) {
            return Ok(());
        }
        let facets = Facets::of(call);
        let pool = facets.credential.and_then(|id| pools().get(&id).copied());
        for (level, budgets) in &self.budgets {
            if !is_in(level, call.tenant_id, &facets, pool) {
                continue;
            }
            for (budget, overrides) in budgets.iter().filter(|(b, _)| b.limit.kind == BudgetKind::Hard) {
                let limit = in_force(budget.limit.amount, overrides, self.now).amount;
                let committed = self.committed(level, budget.period);
                prop_assert!(committed <= limit, "{level:?} {:?}: {committed} of {limit}", budget.period);
            }
        }
        Ok(())
    }

    /// At any moment: the meters say what the books say, and never less.
    fn assert_meters(&self) -> Result<(), TestCaseError> {
        for (level, budgets) in self.budgets.iter().filter(|(_, b)| !b.is_empty()) {
            for (budget, _) in budgets {
                let meter = self.admission.meter(level, budget.period, self.now).unwrap();
                let spent = self.sum(self.charges.iter(), level, budget.period);
                prop_assert_eq!(meter.meter.spent, spent, "{:?} {:?}", level, budget.period);
                let open = self.sum(self.open.iter().map(|(_, _, c)| c), level, budget.period);
                prop_assert!(meter.meter.reserved >= open, "{level:?}: {:?} for {open}", meter.meter);
                if self.open.is_empty() {
                    prop_assert_eq!(meter.meter.reserved, NanoUsd::ZERO, "{:?} leaks", level);
                }
            }
        }
        Ok(())
    }

    /// A refusal names a budget that has no room for the call.
    fn assert_refusal(&self, refusal: &Refusal, amount: NanoUsd, call: &Charge) -> Result<(), TestCaseError> {
        let Refusal::Budget { level, period, .. } = refusal else {
            return Err(TestCaseError::fail(format!("{refusal:?}")));
        };
        let facets = Facets::of(call);
        let pool = facets.credential.and_then(|id| pools().get(&id).copied());
        prop_assert!(is_in(level, call.tenant_id, &facets, pool), "{level:?} is none of the call's");
        let meter = self.admission.meter(level, *period, self.now).unwrap();
        let of_kind = self.budgets[level].iter().find(|(b, _)| b.period == *period).unwrap();
        let limit = in_force(of_kind.0.limit.amount, &of_kind.1, self.now).amount;
        prop_assert!(meter.meter.committed() + amount > limit, "refused with room");
        Ok(())
    }

    fn reserve(&mut self, shape: Shape, amount: i64) -> Result<(), TestCaseError> {
        let n = self.id();
        let call = shape.charge(n, NanoUsd(amount), self.now);
        let ask =
            Ask { caller: shape.caller(), facets: Facets::of(&call), tokens: 1, worst_case: NanoUsd(amount) };
        match self.admission.reserve(&ask, self.now) {
            Ok((reservation, _)) => {
                self.open.push((reservation, shape, call.clone()));
                self.assert_within(&call)
            }
            Err(refusal) => self.assert_refusal(&refusal, NanoUsd(amount), &call),
        }
    }

    fn rebook(&mut self, which: usize, credential: u8, model: u8, amount: i64) -> Result<(), TestCaseError> {
        let (mut reservation, shape, old) = self.open.swap_remove(which);
        let to = Shape { credential, model, ..shape };
        let n = self.id();
        let call = to.charge(n, NanoUsd(amount), self.now);
        let ask =
            Ask { caller: to.caller(), facets: Facets::of(&call), tokens: 1, worst_case: NanoUsd(amount) };
        match self.admission.rebook(&mut reservation, &Facets::of(&old), &ask, self.now) {
            Ok(_) => {
                self.open.push((reservation, to, call.clone()));
                self.assert_within(&call)
            }
            Err(_) => {
                self.open.push((reservation, shape, old));
                Ok(())
            }
        }
    }

    fn settle(&mut self, which: usize, share: i64) {
        let (reservation, shape, call) = self.open.swap_remove(which);
        let cost = NanoUsd(reservation.amount.0 * share / 100);
        self.admission.settle(&reservation, &Facets::of(&call), cost);
        let n = self.id();
        self.charges.push(shape.charge(n, cost, reservation.at));
    }

    /// The memory is gone; the store knows a bound of what was on its way.
    fn crash(&mut self) {
        let open = std::mem::take(&mut self.open);
        for n in 0..2u8 {
            let amount =
                open.iter().filter(|(_, s, _)| s.tenant == n).map(|(r, ..)| r.amount).sum::<NanoUsd>();
            if amount > NanoUsd::ZERO {
                let hold = HoldId(id(self.id()));
                let (opened_at, at) = (self.now, self.now);
                // The bound is up to twice what was on its way.
                let amount = NanoUsd(amount.0 * 3 / 2);
                self.holds.push(Hold {
                    id: hold,
                    tenant_id: tenant_id(n),
                    amount,
                    opened_at,
                    at,
                    reason: String::new(),
                });
            }
        }
        self.lost.extend(open.into_iter().map(|(_, _, charge)| charge));
        self.admission = Admission::new(self.zone, self.now);
        self.rebuild();
    }

    fn budget(&mut self, level: usize, month: bool, hard: bool, amount: i64) {
        let all = levels();
        let at = all[level % all.len()].clone();
        let period = if month { PeriodKind::Month } else { PeriodKind::Day };
        let mut new = budget(self.id(), at.clone(), period, amount);
        if !hard {
            new.limit.kind = BudgetKind::Soft;
        }
        let of_level = self.budgets.entry(at.clone()).or_default();
        match of_level.iter_mut().find(|(b, _)| b.period == period) {
            Some((known, _)) => known.limit = new.limit,
            None => of_level.push((new, Vec::new())),
        }
        self.load(&at);
    }

    fn step(&mut self, step: Step) -> Result<(), TestCaseError> {
        let all = levels();
        match step {
            Step::Reserve { shape, amount } => self.reserve(shape, amount)?,
            Step::Rebook { which, credential, model, amount } if which < self.open.len() => {
                self.rebook(which, credential, model, amount)?;
            }
            Step::Settle { which, share } if which < self.open.len() => self.settle(which, share),
            Step::Release { which } if which < self.open.len() => {
                let (reservation, _, call) = self.open.swap_remove(which);
                self.admission.release(&reservation, &Facets::of(&call));
            }
            Step::Wait { minutes } => self.now = self.now.plus(minutes * Millis::MINUTE),
            Step::Budget { level, month, hard, amount } => self.budget(level, month, hard, amount),
            Step::Remove { level } => {
                let at = &all[level % all.len()];
                self.budgets.remove(at);
                self.load(at);
            }
            Step::Override { level, amount, from, minutes } => {
                let at = &all[level % all.len()];
                let (over, starts_at) = (OverrideId(id(self.id())), self.now.plus(from * Millis::MINUTE));
                let ends_at = starts_at.plus(minutes * Millis::MINUTE);
                let over = LimitOverride { id: over, amount: NanoUsd(amount), starts_at, ends_at };
                if let Some((_, overrides)) = self.budgets.get_mut(at).and_then(|b| b.first_mut()) {
                    overrides.push(over);
                    self.load(at);
                }
            }
            Step::Rezone { zone } => {
                self.zone = ZONES[zone].parse().unwrap();
                self.rebuild();
            }
            Step::Crash => self.crash(),
            Step::ReleaseHolds => {
                // Whoever releases has seen on the bill what the lost calls cost.
                self.holds.clear();
                self.lost.clear();
                self.admission.put_holds(&[], self.now);
            }
            _ => {}
        }
        self.assert_meters()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Reserve, settle, release, move to another credential, new and changed budgets, overrides, new zones, crashes: what is
    /// spent, may be spent and may have been lost never passes a hard limit that admitted it; the meters say what the books
    /// say; nothing leaks.
    #[test]
    fn no_history_overspends(steps in prop::collection::vec(step(), 0..150)) {
        let mut world = World::new();
        for step in steps {
            world.step(step)?;
        }
        while !world.open.is_empty() {
            world.settle(0, 50);
        }
        world.assert_meters()?;
        prop_assert!((0..2).all(|n| world.admission.counters(tenant_id(n), world.now).unwrap().concurrent == 0));
    }
}
