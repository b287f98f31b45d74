//! Which entries match a filter, part by part, newest first: the sets of its words are intersected where they are stored, and
//! behind the last full part the entries' columns are looked at.

use super::found::Found;
use super::page::EntryFilter;
use crate::error::StoreError;
use crate::log::places::{PART, Places};
use crate::log::sets::{Filed, filed, noun, outcome_word, part_id};
use crate::log::{Namespace, Stream, dict};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// One condition: an entry must have one of these words.
type AnyOf = Vec<i64>;

/// What is matched, in a range of indexes.
#[derive(Clone)]
pub(super) struct Matching<'c> {
    conn: &'c Connection,
    stream: Stream,
    all_of: Vec<AnyOf>,
    none_of: AnyOf,
    noun: Option<String>,
    /// What somebody found, and the words of the actors with it.
    found: Option<(Arc<Found>, AnyOf)>,
    range: Range<u64>,
    /// Entries of the stream; the parts that they fill have sets.
    size: u64,
}

const NOT_OK: [i64; 3] = [outcome_word(1), outcome_word(2), outcome_word(3)];

/// The words of those event types that occur at all.
fn words_of(conn: &Connection, kinds: &[String]) -> Result<AnyOf, StoreError> {
    let mut words = AnyOf::new();
    for kind in kinds {
        words.extend(dict::find(conn, Namespace::Kind, kind)?);
    }
    Ok(words)
}

impl<'c> Matching<'c> {
    /// `None` where a word occurs in no entry: nothing matches.
    pub(super) fn new(
        conn: &'c Connection,
        filter: &EntryFilter,
        range: Range<u64>,
        size: u64,
    ) -> Result<Option<Self>, StoreError> {
        let mut matching = Self {
            conn,
            stream: filter.stream.unwrap_or(Stream::Audit),
            all_of: Vec::new(),
            none_of: Vec::new(),
            noun: filter.noun.clone(),
            found: None,
            range: range.start..range.end.min(size),
            size,
        };
        for (namespace, text) in [
            (Namespace::Actor, &filter.who),
            (Namespace::Resource, &filter.res),
            (Namespace::Tenant, &filter.tenant),
        ] {
            let Some(text) = text else { continue };
            let Some(word) = dict::find(conn, namespace, text)? else { return Ok(None) };
            matching.all_of.push(vec![word]);
        }
        if !filter.kinds.is_empty() {
            let words = words_of(conn, &filter.kinds)?;
            if words.is_empty() {
                return Ok(None);
            }
            matching.all_of.push(words);
        }
        matching.none_of.extend(words_of(conn, &filter.not_kinds)?);
        match filter.ok {
            Some(0) => matching.none_of.extend(NOT_OK),
            Some(ok) => matching.all_of.push(vec![outcome_word(ok)]),
            None => {}
        }
        if let Some(found) = &filter.found {
            let mut actors = Vec::new();
            for actor in found.actors() {
                actors.extend(dict::find(conn, Namespace::Actor, actor)?);
            }
            matching.found = Some((Arc::clone(found), actors));
        }
        if filter.not_ok {
            matching.all_of.push(NOT_OK.to_vec());
        }
        Ok(Some(matching))
    }

    /// Those of them that are not a success.
    pub(super) fn not_ok(mut self) -> Self {
        self.all_of.push(NOT_OK.to_vec());
        self
    }

    /// The parts that the range touches, oldest first.
    pub(super) fn parts(&self) -> Range<u64> {
        self.range.start / PART..self.range.end.div_ceil(PART)
    }

    /// The newest part before part `end` with entries that match, and their places in it.
    pub(super) fn newest(&self, end: u64) -> Result<Option<(u64, Places)>, StoreError> {
        let parts = self.parts();
        let mut behind = end.min(parts.end);
        while behind > parts.start {
            let mut part = behind - 1;
            if !self.is_open(part) {
                let Some(candidate) = self.candidate(part)? else { return Ok(None) };
                part = candidate;
            }
            let places = self.places(part)?;
            if !places.is_empty() {
                return Ok(Some((part, places)));
            }
            behind = part;
        }
        Ok(None)
    }

    /// The places of a part that match.
    pub(super) fn places(&self, part: u64) -> Result<Places, StoreError> {
        let range = self.range_in(part);
        match self.is_open(part) {
            _ if self.is_everything() => Ok(Places::within(range)),
            true => self.looked_at(part, range),
            false => self.stored(part, range),
        }
    }

    const fn is_everything(&self) -> bool {
        self.all_of.is_empty() && self.none_of.is_empty() && self.noun.is_none() && self.found.is_none()
    }

    /// Whether the part is not full yet, and so has no sets.
    const fn is_open(&self, part: u64) -> bool {
        part == self.size / PART
    }

    fn range_in(&self, part: u64) -> Range<u64> {
        let base = part * PART;
        let within = |n: u64| n.clamp(base, base + PART) - base;
        within(self.range.start)..within(self.range.end)
    }

    /// The conditions on full parts.
    fn conditions(&self) -> Result<Vec<AnyOf>, StoreError> {
        let mut all_of = self.all_of.clone();
        if let Some(noun) = &self.noun {
            all_of.push(dict::find(self.conn, Namespace::Noun, noun)?.into_iter().collect());
        }
        Ok(all_of)
    }

    /// The newest full part up to `part` that has a word of every condition: rare words lead past parts without them.
    fn candidate(&self, mut part: u64) -> Result<Option<u64>, StoreError> {
        let all_of = self.conditions()?;
        let mut agreed = false;
        while !agreed {
            agreed = true;
            for any_of in &all_of {
                let Some(newest) = self.newest_with(any_of, part)? else { return Ok(None) };
                agreed &= newest == part;
                part = newest;
            }
            if let Some((found, actors)) = &self.found {
                let newest = found.newest(part).max(self.newest_with(actors, part)?);
                let Some(newest) = newest.filter(|newest| *newest >= self.parts().start) else {
                    return Ok(None);
                };
                agreed &= newest == part;
                part = newest;
            }
        }
        Ok(Some(part))
    }

    /// The newest full part of the range up to `part` with one of these words.
    fn newest_with(&self, any_of: &AnyOf, part: u64) -> Result<Option<u64>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT part FROM entry_sets WHERE word = ?1 AND part >= ?2 AND part <= ?3 ORDER BY part DESC LIMIT 1",
        )?;
        let (first, last) = (part_id(self.stream, self.parts().start), part_id(self.stream, part));
        let mut newest: Option<i64> = None;
        for word in any_of {
            newest = newest.max(rows.query_row([*word, first, last], |r| r.get("part")).optional()?);
        }
        let zero = part_id(self.stream, 0);
        Ok(newest.map(|newest| u64::try_from(newest - zero).unwrap_or(0)))
    }

    fn stored(&self, part: u64, range: Range<u64>) -> Result<Places, StoreError> {
        let mut places = Places::within(range);
        if let Some((found, actors)) = &self.found {
            let mut meant = found.places(part);
            meant.unite(&self.united(actors, part)?);
            places.intersect(&meant);
        }
        for any_of in self.conditions()? {
            places.intersect(&self.united(&any_of, part)?);
            if places.is_empty() {
                return Ok(places);
            }
        }
        if !self.none_of.is_empty() {
            places.subtract(&self.united(&self.none_of, part)?);
        }
        Ok(places)
    }

    fn united(&self, any_of: &AnyOf, part: u64) -> Result<Places, StoreError> {
        let mut rows =
            self.conn.prepare_cached("SELECT places FROM entry_sets WHERE word = ?1 AND part = ?2")?;
        let mut united = Places::none();
        for word in any_of {
            let bytes = rows
                .query_row(params![word, part_id(self.stream, part)], |r| r.get::<_, Vec<u8>>("places"))
                .optional()?;
            let Some(bytes) = bytes else { continue };
            let damaged = || StoreError::Ledger {
                what: format!("{} log: the index of part {part} is damaged", self.stream.as_str()),
            };
            united.unite(&Places::decode(&bytes).ok_or_else(damaged)?);
        }
        Ok(united)
    }

    fn looked_at(&self, part: u64, range: Range<u64>) -> Result<Places, StoreError> {
        let (base, mut places) = (part * PART, Places::none());
        let found = self.found.as_ref().map(|(found, actors)| (found.places(part), actors));
        let is_found = |filed: &Filed| {
            found.as_ref().is_none_or(|(places, actors)| {
                places.contains(u64::from(filed.place)) || actors.contains(&filed.who)
            })
        };
        let mut nouns: HashMap<i64, bool> = HashMap::new();
        for filed in filed(self.conn, self.stream, base + range.start..base + range.end)? {
            if self.matches(&filed) && is_found(&filed) && self.is_of_noun(&filed, &mut nouns)? {
                places.insert(u64::from(filed.place));
            }
        }
        Ok(places)
    }

    fn matches(&self, filed: &Filed) -> bool {
        let words = filed.words();
        self.all_of.iter().all(|any_of| any_of.iter().any(|word| words.contains(word)))
            && !self.none_of.iter().any(|word| words.contains(word))
    }

    fn is_of_noun(&self, filed: &Filed, known: &mut HashMap<i64, bool>) -> Result<bool, StoreError> {
        let Some(wanted) = &self.noun else { return Ok(true) };
        if let Some(fits) = known.get(&filed.res) {
            return Ok(*fits);
        }
        let fits = noun(&dict::word(self.conn, filed.res)?) == wanted;
        known.insert(filed.res, fits);
        Ok(fits)
    }
}
