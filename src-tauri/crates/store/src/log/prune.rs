//! Pruning: what may go below an index, the entry that says so, and the sweep that deletes it piece by piece.
//!
//! The index is moved in the transaction of the entry that says so; from then on nothing below it is read. The rows go later,
//! in short transactions, so that no write waits long. A crash between two of them leaves rows that the next sweep finds.
//!
//! Tiles from level 1 up are kept for ever, and of level 0 those whose tile of level 1 is not full yet: 32 bytes stand for
//! 256 entries, so that every later entry, and every checkpoint at a multiple of 256, stays provable.

use super::Stream;
use super::sets::part_id;
use super::stream::{load_tile, tile_id};
use super::words::{CHAPTER, full_chapters};
use crate::error::StoreError;
use crate::reader::Read;
use crate::sql::{signed, unsigned};
use crate::table::entries::EntryFilter;
use crate::table::legal_holds::LegalHold;
use crate::tx::{Recorded, Tx};
use reeve_core::retention::HoldScope;
use reeve_core::time::Millis;
use reeve_ledger::{Frontier, Hash, TILE_WIDTH};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::time::{Duration, Instant};

/// A transaction of the sweep begins no further bundle after this.
const PIECE: Duration = Duration::from_millis(6);
/// Sealed sections overwritten and tiles deleted at a time.
const AT_A_TIME: i64 = 64;
/// Free pages given back at a time: for each, the last page of the file moves into its place.
const GIVEN_BACK: i64 = 16;

/// What pruning would delete now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prunable {
    /// The first index that is kept now.
    pub from: u64,
    /// The first index that would be kept; a multiple of 256.
    pub to: u64,
    /// Sealed sections in between.
    pub sections: u64,
    /// The root of the tree of the first `to` entries.
    pub root: Hash,
    /// The standing hold that keeps the next bundle, if that is what ends it.
    pub held_by: Option<LegalHold>,
}

impl Prunable {
    /// How many entries.
    #[must_use]
    pub const fn entries(&self) -> u64 {
        self.to - self.from
    }
}

impl Read<'_> {
    /// What of a stream was written before `before` and is covered by none of `holds`: whole bundles of 256, from the oldest on.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`], [`StoreError::Ledger`].
    pub fn prunable(
        &self,
        stream: Stream,
        before: Millis,
        holds: &[LegalHold],
    ) -> Result<Prunable, StoreError> {
        let head = self.entries().head(stream)?;
        let whole = head.size / TILE_WIDTH;
        let first = head.min_index / TILE_WIDTH;
        let young = first_bundle(self.conn, stream, (first, whole), (before, Millis(i64::MAX)))?;
        let mut end = young.unwrap_or(whole).max(first);
        let mut held_by = None;
        for hold in holds {
            if let Some(held) = self.held(stream, (first, end), hold)? {
                end = held;
                held_by = Some(hold.clone());
            }
        }
        let to = end * TILE_WIDTH;
        let sections = self
            .conn
            .prepare_cached(
                "SELECT count(*) AS n FROM private_sections WHERE entry_id >= ?1 AND entry_id < ?2",
            )?
            .query_row([stream.entry_id(head.min_index), stream.entry_id(to)], |r| unsigned(r, "n"))?;
        Ok(Prunable {
            from: head.min_index,
            to,
            sections,
            root: frontier_at(self, stream, to)?.root(),
            held_by,
        })
    }

    /// The first of these bundles that a hold covers.
    fn held(
        &self,
        stream: Stream,
        (first, end): (u64, u64),
        hold: &LegalHold,
    ) -> Result<Option<u64>, StoreError> {
        let mut filter = EntryFilter {
            stream: Some(stream),
            since: Some(first * TILE_WIDTH),
            before: Some(end * TILE_WIDTH),
            ..EntryFilter::default()
        };
        match hold.scope {
            HoldScope::Workspace => return Ok((first < end).then_some(first)),
            HoldScope::Time => {
                let span = (hold.from.unwrap_or(Millis(i64::MIN)), hold.to.unwrap_or(Millis(i64::MAX)));
                return first_bundle(self.conn, stream, (first, end), span);
            }
            HoldScope::Tenant => filter.tenant = Some(hold.target.clone()),
            HoldScope::Subject => filter.who = Some(hold.target.clone()),
        }
        Ok(self.entries().oldest(&filter)?.map(|entry| entry / TILE_WIDTH))
    }

    /// The pseudonyms of who did something in a tenant.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn who_acted_in(&self, tenant: &str) -> Result<Vec<String>, StoreError> {
        let filter = EntryFilter { tenant: Some(tenant.to_owned()), ..EntryFilter::default() };
        let by_actor = self.entries().count_by_actor(&filter, u64::MAX)?;
        Ok(by_actor.counts.into_iter().map(|(who, _)| who).collect())
    }

    /// Whether rows are still to be deleted or overwritten.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn unswept(&self) -> Result<bool, StoreError> {
        for stream in Stream::ALL {
            if first_below(self.conn, stream, self.entries().head(stream)?.min_index)?.is_some() {
                return Ok(true);
            }
        }
        self.subject_keys().unswept()
    }
}

/// The first of these bundles with times in the span.
fn first_bundle(
    conn: &Connection,
    stream: Stream,
    (first, end): (u64, u64),
    (from, to): (Millis, Millis),
) -> Result<Option<u64>, StoreError> {
    let base = stream.entry_id(0) >> 8;
    let found = conn
        .prepare_cached("SELECT id FROM bundles WHERE id >= ?1 AND id < ?2 AND t_max >= ?3 AND t_min < ?4 ORDER BY id LIMIT 1")?
        .query_row([base + signed(first), base + signed(end), from.0, to.0], |r| r.get::<_, i64>("id"))
        .optional()?;
    Ok(found.and_then(|id| u64::try_from(id - base).ok()))
}

/// The first entry that is pruned and still there. Those that name a key stay: without them nobody can follow the keys.
fn first_below(conn: &Connection, stream: Stream, min_index: u64) -> Result<Option<i64>, StoreError> {
    let mut rows = conn.prepare_cached(
        "SELECT id FROM entries WHERE id >= ?1 AND id < ?2
           AND id NOT IN (SELECT ?1 + from_size - 1 FROM log_keys WHERE stream = ?3 AND from_size > 0) ORDER BY id LIMIT 1",
    )?;
    let range = (stream.entry_id(0), stream.entry_id(min_index));
    Ok(rows.query_row(params![range.0, range.1, stream.number()], |r| r.get("id")).optional()?)
}

/// The frontier of the tree of the first `size` entries, from full subtrees. Where `size` is no multiple of 256, the tile of leaves in
/// which it ends must be there: it is where a key handed over.
pub(crate) fn frontier_at(read: &Read<'_>, stream: Stream, size: u64) -> Result<Frontier, StoreError> {
    let mut frontier = Frontier::new();
    let damaged =
        |_| StoreError::Ledger { what: format!("{} log: its tiles do not fit together", stream.as_str()) };
    for level in (8..53).rev().filter(|level| size >> level & 1 == 1) {
        let root = read.entries().subtree(stream, level, frontier.size() >> level)?;
        frontier.push_subtree(level, root).map_err(damaged)?;
    }
    let rest = usize::try_from(size % TILE_WIDTH).unwrap_or(0);
    if rest > 0 {
        load_tile(read.conn, stream, 0, size / TILE_WIDTH)?
            .into_iter()
            .take(rest)
            .for_each(|hash| frontier.push(hash));
    }
    Ok(frontier)
}

impl Tx<'_> {
    /// From now on nothing of the stream below `to` is read, because of the entry of `said`. [`crate::Store::sweep`] deletes it.
    /// Checkpoints and cosignatures below that are not at a multiple of 256 can no longer be proven, and
    /// go; heads at which a key handed over stay.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; [`StoreError::Ledger`] if `to` is not the beginning of a bundle of the stream, or lies back.
    pub fn prune(&mut self, said: &Recorded<'_>, stream: Stream, to: u64) -> Result<(), StoreError> {
        let moved = self
            .conn
            .prepare_cached(
                "UPDATE log_state SET min_index = ?2, pruned_by = ?3, pruned_at = ?4
                 WHERE stream = ?1 AND min_index <= ?2 AND ?2 <= size AND ?2 % 256 = 0",
            )?
            .execute(params![stream.number(), signed(to), signed(said.sequence()), said.now().0])?;
        if moved != 1 {
            return Err(StoreError::Ledger {
                what: format!("{} log: it cannot be pruned to {to}", stream.as_str()),
            });
        }
        self.conn
            .prepare_cached("DELETE FROM cosignatures WHERE stream = ?1 AND size < ?2 AND size % 256 <> 0")?
            .execute([stream.number(), signed(to)])?;
        self.log.drop_heads(self.conn, stream, to)
    }
}

/// What one piece of a sweep did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Swept {
    /// Entries deleted.
    pub entries: u64,
    /// Sealed sections deleted or overwritten.
    pub sections: u64,
    /// Whether there is more to do.
    pub more: bool,
}

/// One piece of the sweep: as many small steps as fit in its time.
pub(crate) fn sweep(conn: &Connection) -> Result<Swept, StoreError> {
    let until = Instant::now() + PIECE;
    let mut swept = Swept { more: true, ..Swept::default() };
    while swept.more && Instant::now() < until {
        swept.more = step(conn, &mut swept)?;
    }
    Ok(swept)
}

/// The next step; whether there was anything to do.
fn step(conn: &Connection, swept: &mut Swept) -> Result<bool, StoreError> {
    for stream in Stream::ALL {
        let (min_index, size) = bounds(conn, stream)?;
        if let Some(id) = first_below(conn, stream, min_index)? {
            delete_bundle(conn, stream, id >> 8, swept)?;
            return Ok(true);
        }
        // Level 0 below the last full tile of level 1 that is pruned whole.
        let bound = (min_index / TILE_WIDTH).min(size / TILE_WIDTH / TILE_WIDTH * TILE_WIDTH);
        if delete_tiles(conn, stream, bound)? + delete_sets(conn, stream, full_chapters(min_index))? > 0 {
            return Ok(true);
        }
    }
    let overwritten = overwrite_sections(conn)?;
    swept.sections += overwritten;
    Ok(overwritten > 0 || give_back(conn)?)
}

fn bounds(conn: &Connection, stream: Stream) -> Result<(u64, u64), StoreError> {
    let mut rows = conn.prepare_cached("SELECT min_index, size FROM log_state WHERE stream = ?1")?;
    let found = rows.query_row([stream.number()], |r| Ok((unsigned(r, "min_index")?, unsigned(r, "size")?)));
    Ok(found.optional()?.unwrap_or_default())
}

fn delete_bundle(
    conn: &Connection,
    stream: Stream,
    bundle: i64,
    swept: &mut Swept,
) -> Result<(), StoreError> {
    let ids = [bundle << 8, (bundle + 1) << 8, stream.entry_id(0), stream.number()];
    swept.entries += conn
        .prepare_cached(
            "DELETE FROM entries WHERE id >= ?1 AND id < ?2
               AND id NOT IN (SELECT ?3 + from_size - 1 FROM log_keys WHERE stream = ?4 AND from_size > 0)",
        )?
        .execute(ids)? as u64;
    swept.sections += conn
        .prepare_cached("DELETE FROM private_sections WHERE entry_id >= ?1 AND entry_id < ?2")?
        .execute([ids[0], ids[1]])? as u64;
    conn.prepare_cached("DELETE FROM bundles WHERE id = ?1")?.execute([bundle])?;
    Ok(())
}

/// The tile of a bundle in which a key was named stays, too: that entry's proofs need it.
fn delete_tiles(conn: &Connection, stream: Stream, bound: u64) -> Result<usize, StoreError> {
    let mut delete = conn.prepare_cached(
        "DELETE FROM tiles WHERE id IN (SELECT id FROM tiles WHERE id >= ?1 AND id < ?2
           AND id NOT IN (SELECT ?1 + (from_size - 1) / 256 FROM log_keys WHERE stream = ?4 AND from_size > 0) ORDER BY id LIMIT ?3)",
    )?;
    Ok(delete.execute([tile_id(stream, 0, 0), tile_id(stream, 0, bound), AT_A_TIME, stream.number()])?)
}

/// The sets of chapters that are pruned whole, and what is told of their words. Of the chapter in which what is kept begins, all
/// stay: what is told of its words is told of the whole chapter.
fn delete_sets(conn: &Connection, stream: Stream, chapters: u64) -> Result<usize, StoreError> {
    let range = [part_id(stream, 0), part_id(stream, chapters * CHAPTER), AT_A_TIME];
    let next =
        "SELECT part, word FROM entry_sets WHERE part >= ?1 AND part < ?2 ORDER BY part, word LIMIT ?3";
    conn.prepare_cached(&format!(
        "DELETE FROM entry_words WHERE (word, chapter) IN (SELECT word, part >> {} FROM ({next}))",
        CHAPTER.ilog2()
    ))?
    .execute(range)?;
    let mut delete =
        conn.prepare_cached(&format!("DELETE FROM entry_sets WHERE (part, word) IN ({next})"))?;
    Ok(delete.execute(range)?)
}

/// Overwrites sealed sections whose key is destroyed. The rows stay: an entry's sections are counted.
fn overwrite_sections(conn: &Connection) -> Result<u64, StoreError> {
    let key = conn
        .prepare_cached("SELECT id FROM erased_keys ORDER BY id LIMIT 1")?
        .query_row([], |r| r.get::<_, String>("id"))
        .optional()?;
    let Some(key) = key else { return Ok(0) };
    let overwritten = conn
        .prepare_cached(
            "UPDATE private_sections SET sealed = NULL WHERE (entry_id, i) IN
               (SELECT entry_id, i FROM private_sections WHERE key_id = ?1 AND sealed IS NOT NULL LIMIT 256)",
        )?
        .execute([&key])?;
    if overwritten == 0 {
        conn.prepare_cached("DELETE FROM erased_keys WHERE id = ?1")?.execute([&key])?;
        return Ok(1);
    }
    Ok(overwritten as u64)
}

/// Gives free pages back to the file system. Whether there are more.
fn give_back(conn: &Connection) -> Result<bool, StoreError> {
    let free = || conn.pragma_query_value(None, "freelist_count", |r| r.get::<_, i64>(0));
    if free()? == 0 {
        return Ok(false);
    }
    conn.execute_batch(&format!("PRAGMA incremental_vacuum({GIVEN_BACK})"))
        .map_err(StoreError::sqlite("give pages back"))?;
    Ok(free()? > 0)
}
