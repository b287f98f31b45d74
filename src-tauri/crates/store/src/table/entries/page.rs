//! Filtered pages of the ledger, newest first, and counts.

use super::found::Found;
use super::matching::Matching;
use super::{Bucket, Entry, Reads, entry, from_row};
use crate::error::StoreError;
use crate::log::Stream;
use crate::log::places::{PART, Places};
use crate::sql::signed;
use reeve_core::time::Millis;
use reeve_ledger::TILE_WIDTH;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};
use std::ops::Range;
use std::sync::Arc;

/// Which entries; what is `None` does not filter.
#[derive(Clone, Debug, Default)]
pub struct EntryFilter {
    /// Stream; audit if `None`.
    pub stream: Option<Stream>,
    /// Event types, of which it is one; any if there are none.
    pub kinds: Vec<String>,
    /// Event types, of which it is none.
    pub not_kinds: Vec<String>,
    /// Pseudonymous actor id.
    pub who: Option<String>,
    /// Resource, `type:id`.
    pub res: Option<String>,
    /// Noun of the resource, such as `tenant`.
    pub noun: Option<String>,
    /// Tenant id.
    pub tenant: Option<String>,
    /// Outcome: 0 success, 1 denied, 2 error, 3 unknown.
    pub ok: Option<i64>,
    /// Any outcome but success.
    pub not_ok: bool,
    /// From this moment.
    pub from: Option<Millis>,
    /// Before this moment.
    pub to: Option<Millis>,
    /// Behind this index, in the order of the list.
    pub before: Option<u64>,
    /// From this index on.
    pub since: Option<u64>,
    /// Only these, which somebody has found.
    pub found: Option<Arc<Found>>,
}

impl EntryFilter {
    pub(super) fn stream(&self) -> Stream {
        self.stream.unwrap_or(Stream::Audit)
    }

    pub(super) fn times(&self) -> Range<i64> {
        self.from.map_or(i64::MIN, |t| t.0)..self.to.map_or(i64::MAX, |t| t.0)
    }
}

/// A page of entries.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The entries, newest first.
    pub entries: Vec<Entry>,
    /// Whether there are more behind the last.
    pub more: bool,
}

impl<'c> Reads<'c> {
    /// Matching entries, newest first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`], [`StoreError::Ledger`].
    pub fn page(&self, filter: &EntryFilter, limit: usize) -> Result<Page, StoreError> {
        self.matching(filter)?
            .map_or_else(|| Ok(Page::default()), |matching| self.page_of(&matching, filter, limit))
    }

    /// The first page, and how many entries match.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`], [`StoreError::Ledger`].
    pub fn first_page(&self, filter: &EntryFilter, limit: usize) -> Result<(Page, u64), StoreError> {
        let filter = EntryFilter { before: None, ..filter.clone() };
        let Some(matching) = self.matching(&filter)? else { return Ok((Page::default(), 0)) };
        if filter.from.is_some() || filter.to.is_some() {
            return Ok((self.page_of(&matching, &filter, limit)?, self.count_of(&matching, &filter)?));
        }
        // What is counted set by set is looked at once, for the page as well.
        let told = matching.told()?;
        let (mut page, mut count) = (Filling::new(self.conn, &filter, limit)?, told.count);
        for part in matching.parts()? {
            let (counts, shows) = (!told.holds(part), !page.is_full());
            if !counts && !shows {
                continue;
            }
            let places = matching.places(part)?;
            if counts {
                count += places.count();
            }
            if shows {
                page.take(part, &places)?;
            }
        }
        Ok((page.done(), count))
    }

    fn page_of(
        &self,
        matching: &Matching<'_>,
        filter: &EntryFilter,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let mut page = Filling::new(self.conn, filter, limit)?;
        for part in matching.parts()? {
            for places in matching.newest_first(part) {
                page.take(part, &places?)?;
                if page.is_full() {
                    return Ok(page.done());
                }
            }
        }
        Ok(page.done())
    }

    /// The index of the oldest entry that matches, without regard of times.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`], [`StoreError::Ledger`].
    pub(crate) fn oldest(&self, filter: &EntryFilter) -> Result<Option<u64>, StoreError> {
        let Some(matching) = self.matching(filter)? else { return Ok(None) };
        for part in matching.parts()?.into_iter().rev() {
            if let Some(place) = matching.places(part)?.first() {
                return Ok(Some(part * PART + place));
            }
        }
        Ok(None)
    }

    /// How many entries match, without regard of where a page of them begins.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`], [`StoreError::Ledger`].
    pub fn count(&self, filter: &EntryFilter) -> Result<u64, StoreError> {
        let filter = EntryFilter { before: None, ..filter.clone() };
        self.matching(&filter)?.map_or(Ok(0), |matching| self.count_of(&matching, &filter))
    }

    fn count_of(&self, matching: &Matching<'_>, filter: &EntryFilter) -> Result<u64, StoreError> {
        if filter.from.is_none() && filter.to.is_none() {
            return matching.count();
        }
        let mut count = 0;
        self.count_matching(matching, filter, |_| Some(0), |_, entries| count += entries.count)?;
        Ok(count)
    }

    /// Counts of matching entries in `count` equal spans of `[from, to)`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`], [`StoreError::Ledger`].
    pub fn histogram(
        &self,
        filter: &EntryFilter,
        from: Millis,
        to: Millis,
        count: usize,
    ) -> Result<Vec<Bucket>, StoreError> {
        let mut buckets = vec![Bucket::default(); count];
        let filter = EntryFilter { from: Some(from), to: Some(to), before: None, ..filter.clone() };
        let spans = i64::try_from(count).unwrap_or(1).max(1);
        let width = ((to.0 - from.0 + spans - 1) / spans).max(1);
        let span = |t: i64| usize::try_from((t - from.0) / width).ok();
        self.count_by_time(&filter, span, |span, entries| {
            if let Some(bucket) = buckets.get_mut(span) {
                bucket.count += entries.count;
                bucket.not_ok += entries.not_ok;
            }
        })?;
        Ok(buckets)
    }

    pub(super) fn matching(&self, filter: &EntryFilter) -> Result<Option<Matching<'c>>, StoreError> {
        let head = self.head(filter.stream())?;
        let kept = self.indexes(filter, head.min_index..head.size)?;
        Matching::new(self.conn, filter, kept, head.size)
    }

    /// The indexes that may lie in the span of time, by the bundles' times, and before the cursor.
    fn indexes(&self, filter: &EntryFilter, kept: Range<u64>) -> Result<Range<u64>, StoreError> {
        let mut first = kept.start.max(filter.since.unwrap_or(0));
        let mut end = filter.before.map_or(kept.end, |before| before.min(kept.end));
        if filter.from.is_some() || filter.to.is_some() {
            let (stream, times) = (filter.stream(), filter.times());
            let zero = stream.entry_id(0) >> 8;
            let mut rows = self.conn.prepare_cached(
                "SELECT min(id) AS first, max(id) AS last FROM bundles WHERE id >= ?1 AND id < ?2 AND t_max >= ?3 AND t_min < ?4",
            )?;
            let found = rows
                .query_row([zero, stream.entry_id(1 << 47) >> 8, times.start, times.end], |r| {
                    Ok((r.get::<_, Option<i64>>("first")?, r.get::<_, Option<i64>>("last")?))
                })?;
            let (Some(lowest), Some(highest)) = found else { return Ok(0..0) };
            let bundle = |id: i64| u64::try_from(id - zero).unwrap_or(0) * TILE_WIDTH;
            first = first.max(bundle(lowest));
            end = end.min(bundle(highest + 1));
        }
        Ok(first..end.max(first))
    }

    /// Counts what matches by what `span` makes of its time. A bundle that lies in one span is counted as a whole; only where
    /// spans meet are entries looked at.
    pub(super) fn count_by_time(
        &self,
        filter: &EntryFilter,
        span: impl Fn(i64) -> Option<usize>,
        add: impl FnMut(usize, Bucket),
    ) -> Result<(), StoreError> {
        self.matching(filter)?.map_or(Ok(()), |matching| self.count_matching(&matching, filter, span, add))
    }

    fn count_matching(
        &self,
        matching: &Matching<'_>,
        filter: &EntryFilter,
        span: impl Fn(i64) -> Option<usize>,
        mut add: impl FnMut(usize, Bucket),
    ) -> Result<(), StoreError> {
        let (times, not_ok) = (filter.times(), matching.clone().not_ok());
        for part in matching.parts()? {
            let places = matching.places(part)?;
            if places.is_empty() {
                continue;
            }
            let bad = not_ok.places(part)?;
            let whole = places.count_by_bundle().zip(bad.count_by_bundle());
            for (bundle, (count, not_ok)) in self.bundles(filter.stream(), part)?.into_iter().zip(whole) {
                let Some(Bundle { id, low, high }) = bundle.filter(|_| count > 0) else { continue };
                if times.contains(&low) && times.contains(&high) && span(low) == span(high) {
                    span(low).into_iter().for_each(|s| add(s, Bucket { count, not_ok }));
                } else {
                    self.count_one_by_one(id, &places, &times, |t, one| {
                        span(t).into_iter().for_each(|s| add(s, one));
                    })?;
                }
            }
        }
        Ok(())
    }

    /// The bundles of a part, each at its place.
    fn bundles(&self, stream: Stream, part: u64) -> Result<Vec<Option<Bundle>>, StoreError> {
        let mut bundles = vec![None; usize::try_from(PART / TILE_WIDTH).unwrap_or(0)];
        let first = stream.entry_id(part * PART) >> 8;
        let end = stream.entry_id((part + 1) * PART) >> 8;
        let mut rows =
            self.conn.prepare_cached("SELECT id, t_min, t_max FROM bundles WHERE id >= ?1 AND id < ?2")?;
        let mut rows = rows.query([first, end])?;
        while let Some(row) = rows.next()? {
            let bundle = Bundle { id: row.get("id")?, low: row.get("t_min")?, high: row.get("t_max")? };
            if let Some(place) = usize::try_from(bundle.id - first).ok().and_then(|i| bundles.get_mut(i)) {
                *place = Some(bundle);
            }
        }
        Ok(bundles)
    }

    fn count_one_by_one(
        &self,
        bundle: i64,
        places: &Places,
        times: &Range<i64>,
        mut add: impl FnMut(i64, Bucket),
    ) -> Result<(), StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT id, t, ok FROM entries WHERE id >= ?1 AND id < ?2 AND t >= ?3 AND t < ?4",
        )?;
        let mut rows = rows.query([bundle << 8, (bundle + 1) << 8, times.start, times.end])?;
        while let Some(row) = rows.next()? {
            let place = row.get::<_, i64>("id")? & (signed(PART) - 1);
            if u64::try_from(place).is_ok_and(|place| places.contains(place)) {
                add(row.get("t")?, Bucket { count: 1, not_ok: u64::from(row.get::<_, i64>("ok")? != 0) });
            }
        }
        Ok(())
    }
}

/// A page while it is filled.
struct Filling<'c> {
    rows: CachedStatement<'c>,
    stream: Stream,
    times: Range<i64>,
    limit: usize,
    entries: Vec<Entry>,
}

impl<'c> Filling<'c> {
    fn new(conn: &'c Connection, filter: &EntryFilter, limit: usize) -> Result<Self, StoreError> {
        let sql = "SELECT id, leaf FROM entries WHERE id = ?1 AND t >= ?2 AND t < ?3";
        let (stream, times) = (filter.stream(), filter.times());
        Ok(Self { rows: conn.prepare_cached(sql)?, stream, times, limit, entries: Vec::new() })
    }

    /// One more than fits is taken, to know whether there are more.
    fn is_full(&self) -> bool {
        self.entries.len() > self.limit
    }

    /// Adds entries of a part, newest first, as long as there is room.
    fn take(&mut self, part: u64, places: &Places) -> Result<(), StoreError> {
        for place in places.descending() {
            let id = self.stream.entry_id(part * PART + place);
            // The range is whole bundles: at its ends are entries of another time, too.
            let times = &self.times;
            let found = self.rows.query_row(params![id, times.start, times.end], from_row).optional()?;
            self.entries.extend(found.map(entry).transpose()?);
            if self.is_full() {
                break;
            }
        }
        Ok(())
    }

    fn done(mut self) -> Page {
        let more = self.is_full();
        self.entries.truncate(self.limit);
        Page { entries: self.entries, more }
    }
}

/// 256 entries and the span of their times.
#[derive(Clone)]
struct Bundle {
    id: i64,
    low: i64,
    high: i64,
}
