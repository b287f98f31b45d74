//! Which entries match a filter, part by part, newest first: the sets of its words are intersected where they are stored, and
//! behind the last full part the entries' columns are looked at.

use super::found::Found;
use super::page::EntryFilter;
use crate::error::StoreError;
use crate::log::places::{PART, Places};
use crate::log::sets::{Filed, filed, noun, outcome_word, part_id};
use crate::log::words::{CHAPTER, chapter_id, full_chapters, parts_of};
use crate::log::{Namespace, Stream, dict};
use reeve_ledger::TILE_WIDTH;
use rusqlite::{Connection, params};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// One condition: an entry must have one of these words. They are of one column, so that no entry has two of them.
type AnyOf = Vec<i64>;

/// What is matched, in a range of indexes.
#[derive(Clone)]
pub(super) struct Matching<'c> {
    conn: &'c Connection,
    stream: Stream,
    all_of: Vec<AnyOf>,
    none_of: Vec<AnyOf>,
    /// The noun of the resource, and its word for where there are sets.
    noun: Option<(String, AnyOf)>,
    /// What somebody found, and the words of the actors with it.
    found: Option<(Arc<Found>, AnyOf)>,
    range: Range<u64>,
    /// Entries of the stream; the parts that they fill have sets.
    size: u64,
}

/// How many match in these chapters.
#[derive(Default)]
pub(super) struct Counted {
    chapters: Range<u64>,
    pub(super) count: u64,
}

impl Counted {
    pub(super) fn holds(&self, part: u64) -> bool {
        self.chapters.contains(&(part / CHAPTER))
    }
}

const NOT_OK: [i64; 3] = [outcome_word(1), outcome_word(2), outcome_word(3)];

/// The words of those event types that occur at all.
fn words_of(conn: &Connection, kinds: &[String]) -> Result<AnyOf, StoreError> {
    let mut words = AnyOf::new();
    for kind in kinds {
        words.extend(dict::find(conn, Namespace::Kind, kind)?);
    }
    words.sort_unstable();
    words.dedup();
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
            noun: None,
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
        if !filter.not_kinds.is_empty() {
            matching.none_of.push(words_of(conn, &filter.not_kinds)?);
        }
        if let Some(noun) = &filter.noun {
            let word = dict::find(conn, Namespace::Noun, noun)?.into_iter().collect();
            matching.noun = Some((noun.clone(), word));
        }
        match filter.ok {
            Some(0) => matching.none_of.push(NOT_OK.to_vec()),
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

    /// The parts in which something may match, newest first.
    pub(super) fn parts(&self) -> Result<Vec<u64>, StoreError> {
        let touched = self.range.start / PART..self.range.end.div_ceil(PART);
        // How many of the conditions a part has agreed to; those of the chapter that is not full are not asked.
        let mut agreed = vec![0; usize::try_from(touched.end - touched.start).unwrap_or(0)];
        let mut asked = 0;
        let mut agree = |parts: &[u64]| {
            for part in parts {
                let place = usize::try_from(part - touched.start).unwrap_or(usize::MAX);
                if let Some(so_far) = agreed.get_mut(place).filter(|so_far| **so_far == asked) {
                    *so_far += 1;
                }
            }
            asked += 1;
        };
        for any_of in self.conditions() {
            agree(&self.parts_with(any_of, &touched)?);
        }
        if let Some((found, actors)) = &self.found {
            let mut parts = self.parts_with(actors, &touched)?;
            parts.extend(found.parts(touched.clone()));
            agree(&parts);
        }
        let unasked = full_chapters(self.size) * CHAPTER;
        let may = |(part, agreed): &(u64, usize)| *agreed == asked || *part >= unasked;
        let mut parts: Vec<u64> = touched.zip(agreed).filter(may).map(|(part, _)| part).collect();
        parts.reverse();
        Ok(parts)
    }

    /// The parts among these, of full chapters, with one of the words.
    fn parts_with(&self, any_of: &AnyOf, among: &Range<u64>) -> Result<Vec<u64>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT chapter, parts FROM entry_words WHERE word = ?1 AND chapter >= ?2 AND chapter < ?3",
        )?;
        let zero = chapter_id(self.stream, 0);
        let first = chapter_id(self.stream, among.start / CHAPTER);
        let end = chapter_id(self.stream, among.end.div_ceil(CHAPTER));
        let mut parts = Vec::new();
        for word in any_of {
            let mut rows = rows.query([*word, first, end])?;
            while let Some(row) = rows.next()? {
                let chapter = u64::try_from(row.get::<_, i64>("chapter")? - zero).unwrap_or(0);
                let has: i64 = row.get("parts")?;
                parts
                    .extend(parts_of(chapter).filter(|p| has >> (p % CHAPTER) & 1 == 1 && among.contains(p)));
            }
        }
        Ok(parts)
    }

    /// How many entries match.
    pub(super) fn count(&self) -> Result<u64, StoreError> {
        let told = self.told()?;
        self.parts()?
            .into_iter()
            .filter(|part| !told.holds(*part))
            .try_fold(told.count, |sum, part| Ok(sum + self.places(part)?.count()))
    }

    /// What is known of the number without looking at sets.
    pub(super) fn told(&self) -> Result<Counted, StoreError> {
        let whole = self.range.start.div_ceil(PART * CHAPTER)..full_chapters(self.range.end);
        let count = if whole.is_empty() { None } else { self.counted(&whole)? };
        Ok(count.map_or_else(Counted::default, |count| Counted { chapters: whole, count }))
    }

    /// How many match in full chapters where there is one condition: a sum of what is told of the words.
    fn counted(&self, chapters: &Range<u64>) -> Result<Option<u64>, StoreError> {
        if self.found.is_some() {
            return Ok(None);
        }
        let entries = (chapters.end - chapters.start) * CHAPTER * PART;
        let mut conditions = self.conditions();
        Ok(match (conditions.next(), conditions.next(), self.none_of.as_slice()) {
            (None, None, []) => Some(entries),
            (Some(any_of), None, []) => Some(self.sum(any_of, chapters)?),
            (None, None, [none_of]) => Some(entries - self.sum(none_of, chapters)?),
            _ => None,
        })
    }

    fn sum(&self, any_of: &AnyOf, chapters: &Range<u64>) -> Result<u64, StoreError> {
        let mut sum = self.conn.prepare_cached(
            "SELECT coalesce(sum(n), 0) AS n FROM entry_words WHERE word = ?1 AND chapter >= ?2 AND chapter < ?3",
        )?;
        let (first, end) = (chapter_id(self.stream, chapters.start), chapter_id(self.stream, chapters.end));
        any_of.iter().try_fold(0, |total, word| {
            Ok(total + sum.query_row([*word, first, end], |r| crate::sql::unsigned(r, "n"))?)
        })
    }

    /// The places of a part that match, in pieces, newest first. Where entries are looked at, that is bundle by bundle: whoever
    /// has enough need not look at all.
    pub(super) fn newest_first(&self, part: u64) -> impl Iterator<Item = Result<Places, StoreError>> {
        let range = self.range_in(part);
        let width = if self.is_open(part) { TILE_WIDTH } else { PART };
        (range.start / width..range.end.div_ceil(width)).rev().map(move |piece| {
            let piece = (piece * width).max(range.start)..((piece + 1) * width).min(range.end);
            self.places_in(part, piece)
        })
    }

    /// The places of a part that match.
    pub(super) fn places(&self, part: u64) -> Result<Places, StoreError> {
        self.places_in(part, self.range_in(part))
    }

    fn places_in(&self, part: u64, range: Range<u64>) -> Result<Places, StoreError> {
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
    fn conditions(&self) -> impl Iterator<Item = &AnyOf> {
        self.all_of.iter().chain(self.noun.iter().map(|(_, word)| word))
    }

    fn stored(&self, part: u64, range: Range<u64>) -> Result<Places, StoreError> {
        let mut places = Places::within(range);
        if let Some((found, actors)) = &self.found {
            let mut meant = found.places(part);
            meant.unite(&self.united(actors, part)?);
            places.intersect(&meant);
        }
        for any_of in self.conditions() {
            places.intersect(&self.united(any_of, part)?);
            if places.is_empty() {
                return Ok(places);
            }
        }
        for none_of in &self.none_of {
            places.subtract(&self.united(none_of, part)?);
        }
        Ok(places)
    }

    fn united(&self, any_of: &AnyOf, part: u64) -> Result<Places, StoreError> {
        let mut rows =
            self.conn.prepare_cached("SELECT places FROM entry_sets WHERE word = ?1 AND part = ?2")?;
        let mut united: Option<Places> = None;
        for word in any_of {
            let mut row = rows.query(params![word, part_id(self.stream, part)])?;
            let Some(row) = row.next()? else { continue };
            let bytes = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
            let damaged = || StoreError::Ledger {
                what: format!("{} log: the index of part {part} is damaged", self.stream.as_str()),
            };
            let places = Places::decode(bytes).ok_or_else(damaged)?;
            match &mut united {
                Some(united) => united.unite(&places),
                None => united = Some(places),
            }
        }
        Ok(united.unwrap_or_else(Places::none))
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
            && !self.none_of.iter().flatten().any(|word| words.contains(word))
    }

    fn is_of_noun(&self, filed: &Filed, known: &mut HashMap<i64, bool>) -> Result<bool, StoreError> {
        let Some((wanted, _)) = &self.noun else { return Ok(true) };
        if let Some(fits) = known.get(&filed.res) {
            return Ok(*fits);
        }
        let fits = noun(&dict::word(self.conn, filed.res)?) == wanted;
        known.insert(filed.res, fits);
        Ok(fits)
    }
}
