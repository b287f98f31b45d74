//! The buckets in use. One short lock guards them all, so that the limits of a call are taken together or not at all.
//!
//! A subject without an entry has full buckets. So entries that are full again are forgotten, and the table stays small: it
//! holds those who called in about the last minute. Where even those are too many, further ones share a bucket: memory is
//! bounded, and nobody's own bucket is refilled by a flood of others.

use super::entry::Entry;
use super::refused::Refused;
use super::rules::Rules;
use super::standing::{Standing, Standings};
use super::subject::{Asker, Subject};
use crate::hot_map::HotMap;
use parking_lot::Mutex;
use reeve_core::limit::{LimitScope, RateLimit};
use reeve_core::time::Millis;
use reeve_store::table::limits::Limit;

/// Entries of one scope.
pub(super) const MOST: usize = 50_000;
/// Between two sweeps of a table that is full, in ms.
const SWEEP_EVERY: i64 = Millis::SECOND;

/// The limits and the buckets in use.
#[derive(Default)]
pub(crate) struct Limits(Mutex<State>);

#[derive(Default)]
struct State {
    rules: Rules,
    /// Rises with every change of the rules.
    version: u64,
    entries: HotMap<Subject, Entry>,
    /// Entries by scope.
    counts: [usize; LimitScope::ALL.len()],
    swept: Millis,
}

/// What a call took of its limits. It must be settled once.
#[derive(Debug)]
#[must_use]
pub(crate) struct Grant {
    from: Vec<Subject>,
    tokens: u64,
}

/// An entry for people.
pub(super) struct InUse {
    pub(super) subject: Subject,
    pub(super) entry: Entry,
}

impl State {
    /// Whose bucket counts for `subject`: its own, if it has one or there is room for it.
    fn place(&mut self, subject: &Subject, now: Millis) -> Subject {
        let scope = subject.scope();
        if self.count(scope) >= MOST && !self.entries.contains_key(subject) {
            if now.0.saturating_sub(self.swept.0) >= SWEEP_EVERY || now < self.swept {
                self.sweep(now);
            }
            if self.count(scope) >= MOST {
                return Subject::Rest(scope, subject.tenant());
            }
        }
        subject.clone()
    }

    fn count(&self, scope: LimitScope) -> usize {
        self.counts.get(scope as usize).copied().unwrap_or(0)
    }

    /// The buckets of a subject at `now`; `None` where nothing limits it.
    fn view(&self, subject: &Subject, now: Millis) -> Option<Entry> {
        let known = self.entries.get(subject);
        if let Some(entry) = known.filter(|entry| entry.version == self.version) {
            return Some(entry.at(now));
        }
        let numbers = self.rules.of(subject);
        match known {
            Some(entry) => Some(entry.at_numbers(&numbers, self.version, now)),
            None if numbers.is_none() => None,
            None => Some(Entry::new(&numbers, self.version, now)),
        }
    }

    fn put(&mut self, subject: Subject, entry: Entry) {
        let scope = subject.scope();
        if self.entries.insert(subject, entry).is_none()
            && let Some(count) = self.counts.get_mut(scope as usize)
        {
            *count += 1;
        }
    }

    fn sweep(&mut self, now: Millis) -> usize {
        let before = self.entries.len();
        self.entries.retain(|_, entry| !entry.at(now).is_idle());
        if self.entries.len() * 4 < self.entries.capacity() {
            self.entries.shrink_to_fit();
        }
        self.counts = Default::default();
        for subject in self.entries.keys() {
            if let Some(count) = self.counts.get_mut(subject.scope() as usize) {
                *count += 1;
            }
        }
        self.swept = now;
        before - self.entries.len()
    }

    /// The places a request draws on with what is in them, or why it does not fit: of several reasons the longest.
    fn fitting(&mut self, asker: &Asker, tokens: u64, now: Millis) -> Result<Vec<(Subject, Entry)>, Refused> {
        let mut places = Vec::with_capacity(asker.0.len());
        let mut refused: Option<Refused> = None;
        for subject in &asker.0 {
            let place = self.place(subject, now);
            let Some(entry) = self.view(&place, now) else { continue };
            if let Some(reason) = entry.refusal(subject, tokens)
                && refused.as_ref().is_none_or(|r| r.wait() < reason.wait())
            {
                refused = Some(reason);
            }
            places.push((place, entry));
        }
        refused.map_or(Ok(places), Err)
    }
}

impl Limits {
    /// Takes a request without tokens, or nothing.
    ///
    /// # Errors
    /// The [`Refused`] limit.
    pub(crate) fn hit(&self, asker: &Asker, now: Millis) -> Result<(), Refused> {
        let mut state = self.0.lock();
        for (place, mut entry) in state.fitting(asker, 0, now)? {
            entry.take(0);
            state.put(place, entry);
        }
        Ok(())
    }

    /// Takes a call of `tokens` from all its limits, or from none.
    ///
    /// # Errors
    /// The [`Refused`] limit.
    pub(crate) fn take(&self, asker: &Asker, tokens: u64, now: Millis) -> Result<Grant, Refused> {
        let mut state = self.0.lock();
        let fitting = state.fitting(asker, tokens, now)?;
        let mut from = Vec::with_capacity(fitting.len());
        for (place, mut entry) in fitting {
            entry.take(tokens);
            entry.open += 1;
            state.put(place.clone(), entry);
            from.push(place);
        }
        Ok(Grant { from, tokens })
    }

    /// Whether a request would fit. Takes nothing, and nobody becomes known by it.
    ///
    /// # Errors
    /// The [`Refused`] limit.
    pub(crate) fn check(&self, asker: &Asker, now: Millis) -> Result<(), Refused> {
        self.0.lock().fitting(asker, 0, now).map(drop)
    }

    /// The call has ended: its estimate is replaced by what it `used`, where that is known. The request itself stays
    /// taken, whatever became of it.
    pub(crate) fn settle(&self, grant: Grant, used: Option<u64>, now: Millis) {
        let mut state = self.0.lock();
        for place in &grant.from {
            // Entries with open requests are never swept.
            if let Some(entry) = state.entries.get_mut(place) {
                *entry = entry.at(now);
                entry.open = entry.open.saturating_sub(1);
                entry.correct(grant.tokens, used.unwrap_or(grant.tokens));
            }
        }
    }

    /// The most tokens one call of `asker` may ever take at once; `None` without a limit.
    pub(crate) fn most_tokens(&self, asker: &Asker, now: Millis) -> Option<u64> {
        let state = self.0.lock();
        let entries = asker.0.iter().filter_map(|subject| state.view(subject, now));
        entries.filter_map(|entry| entry.tokens.map(|bucket| bucket.rate().capacity())).min()
    }

    /// How the limits of `asker` stand.
    pub(crate) fn standings(&self, asker: &Asker, now: Millis) -> Standings {
        let state = self.0.lock();
        let mut standings = Standings::at(now);
        for subject in &asker.0 {
            let Some(entry) = state.view(subject, now) else { continue };
            standings.add(entry.requests.map(Standing::of), entry.tokens.map(Standing::of));
        }
        standings
    }

    /// Forgets who is idle. Returns how many.
    pub(crate) fn sweep(&self, now: Millis) -> usize {
        self.0.lock().sweep(now)
    }

    /// Takes over a new or changed limit.
    pub(crate) fn put(&self, limit: &Limit) {
        let mut state = self.0.lock();
        state.rules.put(limit);
        state.version += 1;
    }

    /// Takes a limit away.
    pub(crate) fn remove(&self, scope: LimitScope, subject: Option<&str>) {
        let mut state = self.0.lock();
        state.rules.remove(scope, subject);
        state.version += 1;
    }

    /// Replaces all limits.
    pub(crate) fn load(&self, limits: &[Limit]) {
        let mut state = self.0.lock();
        state.rules = Rules::default();
        limits.iter().for_each(|limit| state.rules.put(limit));
        state.version += 1;
    }

    /// The default of a scope.
    pub(crate) fn default_of(&self, scope: LimitScope) -> RateLimit {
        self.0.lock().rules.default_of(scope)
    }

    /// What holds for a subject.
    pub(super) fn numbers(&self, subject: &Subject) -> RateLimit {
        self.0.lock().rules.of(subject)
    }

    /// The `most` busiest subjects that `wanted` picks, busiest first.
    pub(super) fn busiest(&self, wanted: impl Fn(&Subject) -> bool, most: usize, now: Millis) -> Vec<InUse> {
        let state = self.0.lock();
        let mut found: Vec<(u64, &Subject, Entry)> = state
            .entries
            .keys()
            .filter(|subject| wanted(subject))
            .filter_map(|subject| Some((subject, state.view(subject, now)?)))
            .filter(|(_, entry)| !entry.is_idle())
            .map(|(subject, entry)| (super::standing::room(&entry), subject, entry))
            .collect();
        if found.len() > most {
            found.select_nth_unstable_by_key(most, |(room, ..)| *room);
            found.truncate(most);
        }
        found.sort_by_key(|(room, ..)| *room);
        found.into_iter().map(|(_, subject, entry)| InUse { subject: subject.clone(), entry }).collect()
    }

    /// Subjects with buckets.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().entries.len()
    }
}
