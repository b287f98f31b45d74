//! Both sides of each day and model, read from the store.

use super::reconcile::{LedgerSide, ProviderSide, Side};
use crate::error::Error;
use reeve_core::time::Millis;
use reeve_core::usage::Unit;
use reeve_providers::bills::family;
use reeve_store::Read;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Days and models whose cached tokens are looked up; of more the causes are coarser.
const MOST_LOOKUPS: usize = 500;

/// All that a reconciliation is made of.
pub(super) struct Sides {
    pub(super) sides: Vec<Side>,
    pub(super) days: u64,
    pub(super) imported_at: Option<Millis>,
    pub(super) knows_keys: bool,
}

/// A day, newest first, and a model or a line that is for none.
type Place = (std::cmp::Reverse<Millis>, bool, String);

pub(super) fn read(r: &Read<'_>, provider: &str, from: Millis, to: Millis) -> Result<Sides, Error> {
    let bills = r.bills();
    // The newest import that took each day.
    let mut taken = BTreeMap::<Millis, Millis>::new();
    for import in bills.taken(provider, from, to)? {
        let first = import.from.max(from);
        let days = (first.0..import.to.min(to).0).step_by(usize::try_from(Millis::DAY).unwrap_or(1));
        for day in days {
            let at = taken.entry(Millis(day)).or_insert(import.at);
            *at = import.at.max(*at);
        }
    }
    let own: HashSet<String> = bills.own_keys(provider)?.into_iter().collect();
    let is_other = |key: &str| !own.is_empty() && !key.is_empty() && !own.contains(key);
    let mut sides = BTreeMap::<Place, Side>::new();
    let mut names = BTreeMap::<(Millis, String), BTreeSet<String>>::new();
    let mut side = |day: Millis, is_model: bool, name: String, change: &mut dyn FnMut(&mut Side)| {
        let Some(at) = taken.get(&day) else { return };
        let place = (std::cmp::Reverse(day), !is_model, name.clone());
        let new = || Side { day, name, is_model, moving: day.plus(2 * Millis::DAY) > *at, ..Side::default() };
        change(sides.entry(place).or_insert_with(new));
    };
    for c in bills.costs(provider, from, to)? {
        let name = c.model.as_deref().map_or_else(|| unnamed(&c.line), family);
        side(c.day, c.model.is_some(), name, &mut |side| {
            side.billed += c.amount;
            if is_other(&c.key) {
                side.billed_others += c.amount;
            }
            side.by_key |= !c.key.is_empty();
        });
    }
    for u in bills.usage(provider, from, to)?.into_iter().filter(|u| !u.model.is_empty()) {
        let tokens = u.usage.input_tokens() + u.usage.output_tokens();
        side(u.day, true, family(&u.model), &mut |side| {
            let p = side.provider.get_or_insert_with(ProviderSide::default);
            p.tokens += tokens;
            p.cached += u.usage.get(Unit::CacheRead);
            p.others += if is_other(&u.key) { tokens } else { 0 };
            p.priority += if u.tier == "priority" { tokens } else { 0 };
        });
    }
    for l in bills.ledger(provider, from, to)? {
        let of = names.entry((l.day, family(&l.model))).or_default();
        of.insert(l.model.clone());
        side(l.day, true, family(&l.model), &mut |side| {
            let own = side.ledger.get_or_insert_with(LedgerSide::default);
            own.cost += l.cost;
            own.requests += l.requests;
            own.unpriced += l.unpriced;
            own.tokens += l.input_tokens + l.output_tokens;
        });
    }
    let mut sides: Vec<Side> = sides.into_values().collect();
    let asked = sides.iter_mut().filter(|side| side.needs_cached()).take(MOST_LOOKUPS);
    for side in asked {
        let mut cached = 0;
        for model in names.get(&(side.day, side.name.clone())).into_iter().flatten() {
            cached += bills.cached(provider, model, side.day)?;
        }
        if let Some(own) = &mut side.ledger {
            own.cached = Some(cached);
        }
    }
    let imported_at = taken.values().max().copied();
    Ok(Sides { sides, days: taken.len() as u64, imported_at, knows_keys: !own.is_empty() })
}

/// What is billed by no model goes by its line, one that says nothing by a word for that.
fn unnamed(line: &str) -> String {
    if line.trim().is_empty() { "other".to_owned() } else { line.to_owned() }
}
