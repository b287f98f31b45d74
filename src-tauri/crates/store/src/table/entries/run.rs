//! Runs of entries, for exports: byte for byte, oldest first, a page at a time.

use super::{Hashes, Reads};
use crate::error::StoreError;
use crate::log::Stream;
use crate::log::stream::load_tile;
use crate::sql::unsigned;
use reeve_core::time::Millis;
use reeve_ledger::{Hash, HashSource, TILE_WIDTH};
use rusqlite::{OptionalExtension as _, params};
use std::cell::RefCell;
use std::collections::HashMap;

/// The bits of a row's id that are the entry's index.
const INDEX: i64 = 0xffff_ffff_ffff;

/// The index of an entry, and its bytes.
pub type Line = (u64, Vec<u8>);

impl Reads<'_> {
    /// The entries of `[first, end)` in their order, as they stand in the file, at most `limit`. An entry that is missing is
    /// left out: whoever exports must look.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn lines(&self, stream: Stream, first: u64, end: u64, limit: usize) -> Result<Vec<Line>, StoreError> {
        let mut rows = self
            .conn
            .prepare_cached("SELECT id, leaf FROM entries WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3")?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = rows.query_map(params![stream.entry_id(first), stream.entry_id(end), limit], |r| {
            let index = r.get::<_, i64>("id")? & INDEX;
            Ok((u64::try_from(index).unwrap_or(0), r.get("leaf")?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The hash of each of these entries as its tile holds it: noted when the entry was written, so that one that was changed in
    /// the file since then does not fit it. Right of the last full tile there is no note, and the hash is computed.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn noted_hashes(&self, stream: Stream, lines: &[Line]) -> Result<Vec<Hash>, StoreError> {
        let mut tile: (u64, Option<Vec<Hash>>) = (u64::MAX, None);
        let mut noted = |(n, bytes): &Line| {
            let index = n / TILE_WIDTH;
            if tile.0 != index {
                tile = match load_tile(self.conn, stream, 0, index) {
                    Ok(hashes) => (index, Some(hashes)),
                    Err(StoreError::Ledger { .. }) => (index, None),
                    Err(other) => return Err(other),
                };
            }
            let place = usize::try_from(n % TILE_WIDTH).unwrap_or(0);
            let hash = tile.1.as_ref().and_then(|hashes| hashes.get(place).copied());
            Ok(hash.unwrap_or_else(|| reeve_ledger::leaf_hash(bytes)))
        };
        lines.iter().map(&mut noted).collect()
    }

    /// The bytes that the entries of `[first, end)` take together.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn bytes(&self, stream: Stream, first: u64, end: u64) -> Result<u64, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT coalesce(sum(length(leaf)), 0) AS bytes FROM entries WHERE id >= ?1 AND id < ?2",
        )?;
        Ok(rows.query_row(params![stream.entry_id(first), stream.entry_id(end)], |r| unsigned(r, "bytes"))?)
    }

    /// The shortest run that holds every entry written from `from` up to, but without, `to`: index of its first, and behind its
    /// last. A clock that was set back may put others between them. `None` if there is no such entry.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn run_of(&self, stream: Stream, from: Millis, to: Millis) -> Result<Option<(u64, u64)>, StoreError> {
        let kept = self.head(stream)?.min_index;
        let (lowest, highest) = (stream.entry_id(kept) >> 8, stream.entry_id(1 << 47) >> 8);
        let bundles = self
            .conn
            .prepare_cached(
                "SELECT min(id) AS first, max(id) AS last FROM bundles WHERE id >= ?1 AND id < ?2 AND t_max >= ?3 AND t_min < ?4",
            )?
            .query_row([lowest, highest, from.0, to.0], |r| {
                Ok((r.get::<_, Option<i64>>("first")?, r.get::<_, Option<i64>>("last")?))
            })?;
        let (Some(first), Some(last)) = bundles else { return Ok(None) };
        let mut found = [None, None];
        for (place, statement) in found.iter_mut().zip([
            "SELECT id FROM entries NOT INDEXED WHERE id >= ?1 AND id < ?2 AND t >= ?3 AND t < ?4 ORDER BY id LIMIT 1",
            "SELECT id FROM entries NOT INDEXED WHERE id >= ?1 AND id < ?2 AND t >= ?3 AND t < ?4 ORDER BY id DESC LIMIT 1",
        ]) {
            *place = self
                .conn
                .prepare_cached(statement)?
                .query_row([first << 8, (last + 1) << 8, from.0, to.0], |r| r.get::<_, i64>("id"))
                .optional()?;
        }
        let index = |id: i64| u64::try_from(id & INDEX).unwrap_or(0);
        let [Some(first), Some(last)] = found else { return Ok(None) };
        Ok(Some((index(first), index(last) + 1)))
    }

    /// Proofs that these entries are in the tree of `size` entries. What they share is computed once.
    ///
    /// # Errors
    /// [`StoreError::Ledger`] if hashes are missing.
    pub fn inclusion_proofs(
        &self,
        stream: Stream,
        numbers: &[u64],
        size: u64,
    ) -> Result<Vec<Vec<Hash>>, StoreError> {
        let source = Remembered { hashes: Hashes { reads: self, stream }, known: RefCell::default() };
        numbers.iter().map(|n| reeve_ledger::inclusion_proof(&source, *n, size)).collect()
    }

    /// The root that the tree had when it had `size` entries, from the hashes that the file keeps.
    ///
    /// # Errors
    /// [`StoreError::Ledger`] if hashes are missing.
    pub fn root_at(&self, stream: Stream, size: u64) -> Result<Hash, StoreError> {
        reeve_ledger::root_at(&Hashes { reads: self, stream }, size)
    }

    /// Proof that the tree of `size` entries grew out of that of `earlier` entries.
    ///
    /// # Errors
    /// [`StoreError::Ledger`] if hashes are missing.
    pub fn consistency_proof(
        &self,
        stream: Stream,
        earlier: u64,
        size: u64,
    ) -> Result<Vec<Hash>, StoreError> {
        reeve_ledger::consistency_proof(&Hashes { reads: self, stream }, earlier, size)
    }

    /// Hands every private section of a stream that is not erased to `visit`: the index of its entry, its place in it, its key's
    /// id, that key as it is wrapped, and the sealed text.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`], and whatever `visit` says.
    pub fn visit_sections(
        &self,
        stream: Stream,
        mut visit: impl FnMut(u64, usize, &str, &[u8], &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT p.entry_id AS id, p.i AS i, p.key_id AS key_id, k.wrapped AS wrapped, p.sealed AS sealed
             FROM private_sections p JOIN subject_keys k ON k.id = p.key_id
             WHERE p.entry_id >= ?1 AND p.entry_id < ?2 AND p.sealed IS NOT NULL",
        )?;
        let mut rows = rows.query(params![stream.entry_id(0), stream.entry_id(1 << 47)])?;
        while let Some(row) = rows.next()? {
            let n = u64::try_from(row.get::<_, i64>("id")? & INDEX).unwrap_or(0);
            let i = usize::try_from(row.get::<_, i64>("i")?).unwrap_or(usize::MAX);
            let (key, wrapped, sealed): (String, Vec<u8>, Vec<u8>) =
                (row.get("key_id")?, row.get("wrapped")?, row.get("sealed")?);
            visit(n, i, &key, &wrapped, &sealed)?;
        }
        Ok(())
    }

    /// The kept head of exactly this size, as it was signed.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn kept_head(&self, stream: Stream, size: u64) -> Result<Option<String>, StoreError> {
        let mut rows =
            self.conn.prepare_cached("SELECT note FROM checkpoints WHERE stream = ?1 AND size = ?2")?;
        Ok(rows
            .query_row(params![stream.number(), crate::sql::signed(size)], |r| r.get("note"))
            .optional()?)
    }

    /// The root of a full subtree: 2^`level` entries from entry `index` · 2^`level`.
    ///
    /// # Errors
    /// [`StoreError::Ledger`] if hashes are missing.
    pub fn subtree(&self, stream: Stream, level: u32, index: u64) -> Result<Hash, StoreError> {
        Hashes { reads: self, stream }.subtree(level, index)
    }
}

/// Subtree roots that were computed before: those near the root are in every proof, and the dearest.
struct Remembered<'r, 'c> {
    hashes: Hashes<'r, 'c>,
    known: RefCell<HashMap<(u32, u64), Hash>>,
}

impl HashSource for Remembered<'_, '_> {
    type Error = StoreError;

    fn subtree(&self, level: u32, index: u64) -> Result<Hash, StoreError> {
        if let Some(known) = self.known.borrow().get(&(level, index)) {
            return Ok(*known);
        }
        let hash = self.hashes.subtree(level, index)?;
        self.known.borrow_mut().insert((level, index), hash);
        Ok(hash)
    }
}
