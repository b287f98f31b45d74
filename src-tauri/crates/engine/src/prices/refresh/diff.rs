//! What a new list changes against those in force.

use crate::prices::book::PriceBook;
use reeve_core::money::PicoUsd;
use reeve_core::price::{Price, departures};
use reeve_core::time::Millis;
use reeve_core::usage::Unit;
use std::collections::{BTreeSet, HashSet};

/// What happens to a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// It has no price yet.
    New,
    /// A rate changes.
    Changed,
    /// The list does not have it; it keeps the price it has.
    Removed,
    /// Nothing changes, but a second source contradicts its price.
    Disputed,
}

impl What {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Disputed => "disputed",
        }
    }
}

/// A rate before and after.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RateChange {
    /// Of what.
    pub unit: Unit,
    /// On which tier.
    pub tier: Option<String>,
    /// For calls with more input tokens than this.
    pub above_input_tokens: Option<u64>,
    /// What it is.
    pub before: Option<PicoUsd>,
    /// What it becomes.
    pub after: Option<PicoUsd>,
}

/// What happens to one model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListChange {
    /// Provider's catalogue name.
    pub provider: String,
    /// Model.
    pub model: String,
    /// What.
    pub what: What,
    /// Its rates that change; of a new one all, of one that is not listed none.
    pub rates: Vec<RateChange>,
    /// Whether a second source contradicts its new price.
    pub disputed: bool,
    /// Whether a rate changes more than ten times.
    pub unusual: bool,
}

/// How many models.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Without a price until now.
    pub new: u64,
    /// With a rate that changes.
    pub changed: u64,
    /// That the list does not have.
    pub removed: u64,
    /// With the very same rates.
    pub unchanged: u64,
    /// That a second source contradicts.
    pub disputed: u64,
    /// With a rate that changes more than ten times.
    pub unusual: u64,
}

/// What a new list changes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Diff {
    /// How many models.
    pub counts: Counts,
    /// Each that changes: the unusual first, then by provider and model.
    pub items: Vec<ListChange>,
}

type RateKey<'p> = (Unit, Option<&'p str>, Option<u64>);

fn rate_changes(old: Option<&Price>, new: &Price) -> Vec<RateChange> {
    let keys = |price: &'_ Price| -> Vec<(Unit, Option<String>, Option<u64>)> {
        price.rates.iter().map(|r| (r.unit, r.tier.clone(), r.above_input_tokens)).collect()
    };
    let all: BTreeSet<_> = old.into_iter().chain([new]).flat_map(keys).collect();
    let of = |price: &Price, (unit, tier, above): RateKey<'_>| {
        let same = |r: &&reeve_core::price::Rate| {
            (r.unit, r.tier.as_deref(), r.above_input_tokens) == (unit, tier, above)
        };
        price.rates.iter().find(same).map(|r| r.pico_usd)
    };
    let change = |(unit, tier, above): (Unit, Option<String>, Option<u64>)| {
        let key = (unit, tier.as_deref(), above);
        let (before, after) = (old.and_then(|old| of(old, key)), of(new, key));
        (before != after).then(|| RateChange {
            unit,
            tier: tier.clone(),
            above_input_tokens: above,
            before,
            after,
        })
    };
    all.into_iter().filter_map(change).collect()
}

/// What `new` changes against the lists of `book` at `moment`.
pub(super) fn diff(book: &PriceBook, new: &[Price], moment: Millis) -> Diff {
    let mut diff = Diff::default();
    for price in new {
        let old = book.listed_as(&price.provider, &price.model, moment);
        let rates = rate_changes(old.map(|p| &p.price), price);
        let disputed = price.agree == Some(false);
        let unusual = old.is_some_and(|old| !departures(price, old).is_empty());
        let what = match (old, rates.is_empty(), disputed) {
            (None, ..) => Some(What::New),
            (Some(_), false, _) => Some(What::Changed),
            (Some(_), true, true) => Some(What::Disputed),
            (Some(_), true, false) => None,
        };
        let counts = &mut diff.counts;
        counts.new += u64::from(what == Some(What::New));
        counts.changed += u64::from(what == Some(What::Changed));
        counts.unchanged += u64::from(old.is_some() && rates.is_empty());
        counts.disputed += u64::from(disputed);
        counts.unusual += u64::from(unusual);
        if let Some(what) = what {
            let (provider, model) = (price.provider.clone(), price.model.clone());
            diff.items.push(ListChange { provider, model, what, rates, disputed, unusual });
        }
    }
    let listed: HashSet<(&str, &str)> = new.iter().map(|p| (p.provider.as_str(), p.model.as_str())).collect();
    for (provider, model) in book.listed_models().filter(|key| !listed.contains(key)) {
        diff.counts.removed += 1;
        diff.items.push(ListChange {
            provider: provider.to_owned(),
            model: model.to_owned(),
            what: What::Removed,
            rates: Vec::new(),
            disputed: false,
            unusual: false,
        });
    }
    let order = |c: &ListChange| (!c.unusual, c.what == What::Removed, c.provider.clone(), c.model.clone());
    diff.items.sort_by_cached_key(order);
    diff
}
