//! Counts of what matches: in spans of unlike length, such as days of a zone, and by who did it.

use super::page::EntryFilter;
use super::{Bucket, Reads};
use crate::error::StoreError;
use crate::log::dict;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, params};
use std::collections::HashMap;

/// Who did what matches, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByActor {
    /// Pseudonyms and counts, the most first.
    pub counts: Vec<(String, u64)>,
    /// Entries that were looked at, the newest first; all that match, unless there are more than were asked for.
    pub looked_at: u64,
}

impl Reads<'_> {
    /// Counts of matching entries between each two of `edges`, which rise.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`], [`StoreError::Ledger`].
    pub fn count_in_spans(&self, filter: &EntryFilter, edges: &[Millis]) -> Result<Vec<Bucket>, StoreError> {
        let (Some(first), Some(last)) = (edges.first(), edges.last()) else { return Ok(Vec::new()) };
        let mut spans = vec![Bucket::default(); edges.len() - 1];
        let from = filter.from.map_or(*first, |from| from.max(*first));
        let to = filter.to.map_or(*last, |to| to.min(*last));
        let filter = EntryFilter { from: Some(from), to: Some(to), before: None, ..filter.clone() };
        // How many edges are behind a moment; it rises with time, so equal ends of a bundle mean that it lies within.
        let span = |t: i64| edges.partition_point(|edge| edge.0 <= t).checked_sub(1);
        self.count_by_time(&filter, span, |span, entries| {
            if let Some(bucket) = spans.get_mut(span) {
                bucket.count += entries.count;
                bucket.not_ok += entries.not_ok;
            }
        })?;
        Ok(spans)
    }

    /// Who did what matches: the newest `most` entries are looked at, each by its number.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`], [`StoreError::Ledger`].
    pub fn count_by_actor(&self, filter: &EntryFilter, most: u64) -> Result<ByActor, StoreError> {
        let filter = EntryFilter { before: None, ..filter.clone() };
        let (mut words, mut looked_at): (HashMap<i64, u64>, u64) = (HashMap::new(), 0);
        if let Some(matching) = self.matching(&filter)? {
            let times = filter.times();
            let mut who =
                self.conn.prepare_cached("SELECT who FROM entries WHERE id = ?1 AND t >= ?2 AND t < ?3")?;
            'parts: for part in matching.parts()? {
                for place in matching.places(part)?.descending() {
                    if looked_at == most {
                        break 'parts;
                    }
                    let id = filter.stream().entry_id(part * crate::log::places::PART + place);
                    let found = who.query_row(params![id, times.start, times.end], |r| r.get::<_, i64>(0));
                    if let Some(word) = found.optional()? {
                        *words.entry(word).or_default() += 1;
                        looked_at += 1;
                    }
                }
            }
        }
        let named = words.into_iter().map(|(word, count)| Ok((dict::word(self.conn, word)?, count)));
        let mut counts = named.collect::<Result<Vec<_>, StoreError>>()?;
        counts.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
        Ok(ByActor { counts, looked_at })
    }
}
