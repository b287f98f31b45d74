//! What a re-rating changes, model by model.

use super::Again;
use reeve_core::id::ReratingId;
use reeve_core::money::NanoUsd;
use reeve_store::table::charges::Charge;
use std::collections::BTreeMap;

/// What a re-rating changes for one model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RerateLine {
    /// Provider's catalogue name.
    pub provider: String,
    /// Model.
    pub model: String,
    /// Calls that were looked at.
    pub calls: u64,
    /// Those that cost something else now.
    pub changed: u64,
    /// Those that cannot be rated: what they used is not known, or nobody says what they cost.
    pub unknown: u64,
    /// What all of them cost before.
    pub old: NanoUsd,
    /// What they cost now.
    pub new: NanoUsd,
}

/// What a re-rating changed, or would change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RerateReport {
    /// Its id, where it was carried out.
    pub id: Option<ReratingId>,
    /// By provider and model.
    pub lines: Vec<RerateLine>,
}

impl RerateReport {
    /// Everything together, under no name.
    #[must_use]
    pub fn total(&self) -> RerateLine {
        let none = RerateLine::new("", "");
        self.lines.iter().fold(none, |sum, line| RerateLine {
            calls: sum.calls + line.calls,
            changed: sum.changed + line.changed,
            unknown: sum.unknown + line.unknown,
            old: sum.old + line.old,
            new: sum.new + line.new,
            ..sum
        })
    }
}

impl RerateLine {
    fn new(provider: &str, model: &str) -> Self {
        let (provider, model) = (provider.to_owned(), model.to_owned());
        Self { provider, model, calls: 0, changed: 0, unknown: 0, old: NanoUsd::ZERO, new: NanoUsd::ZERO }
    }
}

/// A report in the making.
#[derive(Default)]
pub(super) struct Tally(BTreeMap<(String, String), RerateLine>);

impl Tally {
    pub(super) fn add(&mut self, charge: &Charge, adjusted: NanoUsd, again: &Again) {
        let key = (charge.provider.clone(), charge.model.clone());
        let line = self.0.entry(key).or_insert_with(|| RerateLine::new(&charge.provider, &charge.model));
        let old = charge.cost.unwrap_or_default() + adjusted;
        line.calls += 1;
        line.old += old;
        line.new += match again {
            Again::Differs { cost, .. } => cost.total,
            Again::Same | Again::Unknown => old,
        };
        line.changed += u64::from(matches!(again, Again::Differs { .. }));
        line.unknown += u64::from(matches!(again, Again::Unknown));
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (key, line) in other.0 {
            let sum = self.0.entry(key).or_insert_with(|| RerateLine::new(&line.provider, &line.model));
            sum.calls += line.calls;
            sum.changed += line.changed;
            sum.unknown += line.unknown;
            sum.old += line.old;
            sum.new += line.new;
        }
    }

    pub(super) fn report(self, id: Option<ReratingId>) -> RerateReport {
        let mut lines: Vec<_> = self.0.into_values().collect();
        lines.sort_by_key(|line| std::cmp::Reverse((line.new.0 - line.old.0).abs()));
        RerateReport { id, lines }
    }
}
