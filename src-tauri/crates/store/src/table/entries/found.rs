//! Entries that a search found elsewhere, to be filtered, paged and counted as all others.

use crate::log::places::{PART, Places};
use std::collections::BTreeMap;
use std::ops::Range;

/// Entries by their indexes, and with them everything that some actors did.
#[derive(Clone, Debug, Default)]
pub struct Found {
    parts: BTreeMap<u64, Places>,
    actors: Vec<String>,
}

impl Found {
    /// Nothing but what these actors did.
    #[must_use]
    pub fn of_actors(actors: Vec<String>) -> Self {
        Self { parts: BTreeMap::new(), actors }
    }

    /// Adds entries by their indexes.
    pub fn add(&mut self, entries: &[u64]) {
        for n in entries {
            self.parts.entry(n / PART).or_insert_with(Places::none).insert(n % PART);
        }
    }

    pub(super) fn actors(&self) -> &[String] {
        &self.actors
    }

    pub(super) fn places(&self, part: u64) -> Places {
        self.parts.get(&part).cloned().unwrap_or_else(Places::none)
    }

    /// The parts among these that have any of them.
    pub(super) fn parts(&self, among: Range<u64>) -> impl Iterator<Item = u64> {
        self.parts.range(among).map(|(part, _)| *part)
    }
}
