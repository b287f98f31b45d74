//! Ledger entries, for reading. They are written by [`crate::Tx::record`] and [`crate::Tx::meter`] alone.

mod found;
mod matching;
mod page;
mod run;
mod sums;

pub use found::Found;
pub use page::{EntryFilter, Page};
pub use run::Line;
pub use sums::ByActor;

use crate::error::StoreError;
use crate::log::stream::load_tile;
use crate::log::{Namespace, Stream};
use crate::sql;
use reeve_core::time::Millis;
use reeve_ledger::{Frontier, Hash, HashSource, Leaf, TILE_WIDTH};
use rusqlite::{OptionalExtension, Row, params};

/// The entries of both streams, for reading.
pub struct Reads<'c> {
    pub(crate) conn: &'c rusqlite::Connection,
}

/// An entry as it stands in the ledger.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Stream.
    pub stream: Stream,
    /// The leaf, parsed.
    pub leaf: Leaf,
    /// The leaf, byte for byte.
    pub bytes: Vec<u8>,
}

/// The id of the key that seals a private section, and the sealed bytes; `None` once erased.
pub type SealedSection = (String, Option<Vec<u8>>);

/// The newest state of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Origin; empty until a signing key exists.
    pub origin: String,
    /// Verifier key that the log began with and is named after; empty until a signing key exists.
    pub vkey: String,
    /// How many entries.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
    /// Newest signed checkpoint; empty where the last commit had no key.
    pub note: String,
    /// The first index that is kept: what is below it was pruned. A multiple of 256.
    pub min_index: u64,
    /// Which entry of the audit stream says what was pruned, and when that was; `None` where nothing was.
    pub pruned: Option<(u64, Millis)>,
}

/// Counts in a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Bucket {
    /// Entries.
    pub count: u64,
    /// Entries whose outcome is not success.
    pub not_ok: u64,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<(i64, Vec<u8>)> {
    Ok((row.get("id")?, row.get("leaf")?))
}

fn entry((id, bytes): (i64, Vec<u8>)) -> Result<Entry, StoreError> {
    let stream = if id >> 48 == Stream::Audit.number() { Stream::Audit } else { Stream::Usage };
    let leaf = Leaf::parse(&bytes).map_err(|_| StoreError::Ledger {
        what: format!("{} entry {} is not in the ledger's format", stream.as_str(), id & 0xffff_ffff_ffff),
    })?;
    Ok(Entry { stream, leaf, bytes })
}

/// A checkpoint that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// How many entries it covers.
    pub size: u64,
    /// The signed note.
    pub note: String,
    /// Why it was kept.
    pub reason: String,
    /// When.
    pub at: Millis,
}

impl Reads<'_> {
    /// The checkpoints that were kept in `[from, to)`, oldest first, at most 1,000.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn checkpoints(
        &self,
        stream: Stream,
        from: Millis,
        to: Millis,
    ) -> Result<Vec<Checkpoint>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT size, note, reason, created_at FROM checkpoints WHERE stream = ?1 AND created_at >= ?2 AND created_at < ?3
             ORDER BY size LIMIT 1000",
        )?;
        let rows = rows.query_map(params![stream.number(), from.0, to.0], |r| {
            Ok(Checkpoint {
                size: sql::unsigned(r, "size")?,
                note: r.get("note")?,
                reason: r.get("reason")?,
                at: sql::millis(r, "created_at")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// An entry by stream and index.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; [`StoreError::Ledger`] if its bytes are not a leaf.
    pub fn get(&self, stream: Stream, n: u64) -> Result<Option<Entry>, StoreError> {
        let mut rows = self.conn.prepare_cached("SELECT id, leaf FROM entries WHERE id = ?1")?;
        rows.query_row([stream.entry_id(n)], from_row).optional()?.map(entry).transpose()
    }

    /// The newest state of a stream.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`], [`StoreError::Ledger`].
    pub fn head(&self, stream: Stream) -> Result<Head, StoreError> {
        let mut rows = self
            .conn
            .prepare_cached("SELECT origin, vkey, size, root, head, min_index, pruned_by, pruned_at FROM log_state WHERE stream = ?1")?;
        let head = rows.query_row([stream.number()], |r| {
            Ok(Head {
                origin: r.get("origin")?,
                vkey: r.get("vkey")?,
                size: sql::unsigned(r, "size")?,
                root: r.get("root")?,
                note: r.get("head")?,
                min_index: sql::unsigned(r, "min_index")?,
                pruned: sql::unsigned_opt(r, "pruned_by")?.zip(sql::millis_opt(r, "pruned_at")?),
            })
        });
        let empty = Head {
            origin: String::new(),
            vkey: String::new(),
            size: 0,
            root: Frontier::new().root(),
            note: String::new(),
            min_index: 0,
            pruned: None,
        };
        Ok(head.optional()?.unwrap_or(empty))
    }

    /// The keys that sign the stream's heads, each with the size from which it does, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn keys(&self, stream: Stream) -> Result<Vec<crate::LogKey>, StoreError> {
        crate::log::keys::all(self.conn, stream)
    }

    /// The sealed private sections of an entry, with the ids of their keys.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn private(&self, stream: Stream, n: u64) -> Result<Vec<SealedSection>, StoreError> {
        let mut rows = self
            .conn
            .prepare_cached("SELECT key_id, sealed FROM private_sections WHERE entry_id = ?1 ORDER BY i")?;
        let rows = rows.query_map([stream.entry_id(n)], |r| Ok((r.get("key_id")?, r.get("sealed")?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The words of a filter column that hold `part`, at most 50: for search and suggestions.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn kinds_like(&self, part: &str) -> Result<Vec<String>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT s FROM dict WHERE ns = ?1 AND instr(lower(s), lower(?2)) ORDER BY s LIMIT 50",
        )?;
        let rows = rows.query_map(params![Namespace::Kind as i64, part], |r| r.get("s"))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The resource of an id, `type:id`: the first type with which an entry has it.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn resource_of(&self, id: &str) -> Result<Option<String>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT r.s FROM dict n JOIN dict r ON r.ns = ?2 AND r.s = n.s || ':' || ?3 WHERE n.ns = ?1 LIMIT 1",
        )?;
        let words = params![Namespace::Noun as i64, Namespace::Resource as i64, id];
        Ok(rows.query_row(words, |r| r.get(0)).optional()?)
    }

    /// Proof that entry `n` is in the tree of `size` entries.
    ///
    /// # Errors
    /// [`StoreError::Ledger`] if hashes are missing.
    pub fn inclusion_proof(&self, stream: Stream, n: u64, size: u64) -> Result<Vec<Hash>, StoreError> {
        reeve_ledger::inclusion_proof(&Hashes { reads: self, stream }, n, size)
    }

    pub(crate) fn leaf_bytes(&self, stream: Stream, n: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let mut rows = self.conn.prepare_cached("SELECT leaf FROM entries WHERE id = ?1")?;
        Ok(rows.query_row([stream.entry_id(n)], |r| r.get("leaf")).optional()?)
    }
}

/// Subtree roots from full tiles, and from the leaves right of them.
struct Hashes<'r, 'c> {
    reads: &'r Reads<'c>,
    stream: Stream,
}

impl HashSource for Hashes<'_, '_> {
    type Error = StoreError;

    fn subtree(&self, level: u32, index: u64) -> Result<Hash, StoreError> {
        // Level 8k + r of the tree is 2^r neighbouring hashes of tile level k.
        let (tile_level, within) = (level / 8, level % 8);
        let first = index << within;
        let width = 1usize << within;
        let tile = match load_tile(self.reads.conn, self.stream, tile_level, first / TILE_WIDTH) {
            Ok(tile) => tile,
            // The right edge has no full tile yet: its hashes come from one level below, or from the leaves.
            Err(StoreError::Ledger { .. }) => return self.edge(tile_level, first, width),
            Err(other) => return Err(other),
        };
        let start = usize::try_from(first % TILE_WIDTH).unwrap_or(0);
        Ok(reeve_ledger::tile_root(&tile[start..start + width]))
    }
}

impl Hashes<'_, '_> {
    fn edge(&self, tile_level: u32, first: u64, width: usize) -> Result<Hash, StoreError> {
        let hashes = (first..first + width as u64).map(|i| match tile_level.checked_sub(1) {
            None => {
                let bytes = self.reads.leaf_bytes(self.stream, i)?;
                let missing =
                    || StoreError::Ledger { what: format!("{} entry {i} is missing", self.stream.as_str()) };
                bytes.map(|b| reeve_ledger::leaf_hash(&b)).ok_or_else(missing)
            }
            Some(below) => {
                load_tile(self.reads.conn, self.stream, below, i).map(|t| reeve_ledger::tile_root(&t))
            }
        });
        Ok(reeve_ledger::tile_root(&hashes.collect::<Result<Vec<_>, _>>()?))
    }
}
