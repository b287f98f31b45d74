//! Verification: everything is computed again from the leaves, and no copy is trusted.

mod copies;
mod pruned;
mod state;

use crate::error::StoreError;
use crate::log::prune::frontier_at;
use crate::log::stream::load_tile;
use crate::log::{Namespace, Stream, columns};
use crate::reader::Read;
use crate::table::entries::Head;
use copies::Copies;
use reeve_ledger::{CheckpointError, Frontier, Hash, Hlc, KeyChain, Leaf, TILE_WIDTH};
use rusqlite::{Row, params};
use std::collections::HashMap;

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The stream's state that was checked.
    pub head: Head,
    /// Entries read.
    pub entries: u64,
    /// Entries before them that were pruned; their hashes are what the first root is computed from.
    pub pruned: u64,
    /// Retained checkpoints whose root and signature were checked.
    pub checkpoints: u64,
    /// The first thing that does not fit; `None` if everything does.
    pub first_bad: Option<Fault>,
}

/// Where the ledger does not fit, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Index of the entry at which it shows.
    pub sequence: u64,
    /// In words.
    pub reason: String,
}

impl Read<'_> {
    /// Checks a whole stream: leaves, order, clock, filter columns, tiles, bundles, private sections, root, keys, head, kept
    /// checkpoints and the state that it goes on from.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`] if the file cannot be read; what does not fit is in the verdict, not an error.
    pub fn verify(&self, stream: Stream) -> Result<Verdict, StoreError> {
        let head = self.entries().head(stream)?;
        let mut walk = Walk::new(self, stream, &head)?;
        let fault = match state::keys(self, stream, &head)? {
            Ok(keys) => match pruned::fault(self, stream, &head)? {
                Some(reason) => Some(Fault { sequence: head.min_index, reason }),
                None => {
                    walk.keys = keys;
                    walk.frontier = frontier_at(self, stream, head.min_index)?;
                    walk.run()?
                }
            },
            Err(fault) => Some(fault),
        };
        let fault = match fault {
            None => state::state(self, stream, &walk.frontier, walk.hlc)?,
            fault => fault,
        };
        let entries = walk.frontier.size().saturating_sub(head.min_index);
        Ok(Verdict { entries, pruned: head.min_index, checkpoints: walk.checked, first_bad: fault, head })
    }
}

struct Walk<'r, 'c> {
    read: &'r Read<'c>,
    stream: Stream,
    head: &'r Head,
    frontier: Frontier,
    tile: Vec<Hash>,
    hlc: Hlc,
    words: HashMap<i64, (i64, String)>,
    // Retained checkpoints by size, ascending.
    notes: std::collections::VecDeque<(u64, String)>,
    keys: Option<KeyChain>,
    copies: Copies<'r, 'c>,
    checked: u64,
}

/// One row of `entries` with its copies.
struct Stored {
    id: i64,
    t: i64,
    kind: i64,
    who: i64,
    res: i64,
    tenant: i64,
    ok: i64,
    leaf: Vec<u8>,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        id: row.get("id")?,
        t: row.get("t")?,
        kind: row.get("kind")?,
        who: row.get("who")?,
        res: row.get("res")?,
        tenant: row.get("tenant")?,
        ok: row.get("ok")?,
        leaf: row.get("leaf")?,
    })
}

impl<'r, 'c> Walk<'r, 'c> {
    fn new(read: &'r Read<'c>, stream: Stream, head: &'r Head) -> Result<Self, StoreError> {
        let mut rows =
            read.conn.prepare_cached("SELECT size, note FROM checkpoints WHERE stream = ?1 ORDER BY size")?;
        let notes = rows
            .query_map([stream.number()], |r| Ok((crate::sql::unsigned(r, "size")?, r.get("note")?)))?
            .collect::<Result<_, _>>()?;
        Ok(Self {
            read,
            stream,
            head,
            frontier: Frontier::new(),
            tile: Vec::new(),
            hlc: Hlc(0),
            words: HashMap::new(),
            notes,
            keys: None,
            copies: Copies::new(read, stream, head.min_index)?,
            checked: 0,
        })
    }

    fn run(&mut self) -> Result<Option<Fault>, StoreError> {
        let mut rows = self
            .read
            .conn
            .prepare_cached("SELECT id, t, kind, who, res, tenant, ok, leaf FROM entries WHERE id >= ?1 AND id < ?2 ORDER BY id")?;
        let mut rows =
            rows.query(params![self.stream.entry_id(self.head.min_index), self.stream.entry_id(1 << 47)])?;
        // Heads may have been kept before the first entry.
        if let Some(fault) = self.checkpoints_of_the_pruned()? {
            return Ok(Some(fault));
        }
        while let Some(row) = rows.next()? {
            if let Some(reason) = self.entry(&from_row(row)?)? {
                return Ok(Some(Fault { sequence: self.frontier.size(), reason }));
            }
        }
        let size = self.frontier.size();
        let reason = match self.end() {
            None => self.copies.end(size)?,
            reason => reason,
        };
        Ok(reason.map(|reason| Fault { sequence: size, reason }))
    }

    /// Checks one entry and adds it to the tree.
    fn entry(&mut self, stored: &Stored) -> Result<Option<String>, StoreError> {
        let n = self.frontier.size();
        if n >= self.head.size {
            return Ok(Some("an entry stands behind the signed head".to_owned()));
        }
        if stored.id != self.stream.entry_id(n) {
            return Ok(Some("the entry is missing".to_owned()));
        }
        let Ok(leaf) = Leaf::parse(&stored.leaf) else {
            return Ok(Some("its bytes are not an entry".to_owned()));
        };
        if leaf.n != n {
            return Ok(Some(format!("it says it is entry {}", leaf.n)));
        }
        if leaf.hlc <= self.hlc {
            return Ok(Some("its clock does not rise".to_owned()));
        }
        if let Some(column) = self.false_copy(stored, &leaf)? {
            return Ok(Some(format!("its filter column \"{column}\" is not what the entry says")));
        }
        self.hlc = leaf.hlc;
        let hash = reeve_ledger::leaf_hash(&stored.leaf);
        self.frontier.push(hash);
        if let Some(reason) = self.copies.saw(n, &leaf)? {
            return Ok(Some(reason));
        }
        if let Some(reason) = self.full_tile(hash)? {
            return Ok(Some(reason));
        }
        Ok(self.checkpoint())
    }

    /// The first filter column that differs from what the leaf says.
    fn false_copy(&mut self, stored: &Stored, leaf: &Leaf) -> Result<Option<&'static str>, StoreError> {
        let truth = columns(leaf);
        if stored.t != leaf.t {
            return Ok(Some("time"));
        }
        if stored.ok != truth.ok {
            return Ok(Some("outcome"));
        }
        for (column, namespace, id, word) in [
            ("event type", Namespace::Kind, stored.kind, truth.kind),
            ("actor", Namespace::Actor, stored.who, truth.who),
            ("resource", Namespace::Resource, stored.res, truth.res),
            ("tenant", Namespace::Tenant, stored.tenant, truth.tenant),
        ] {
            if !self.means(id, namespace, word)? {
                return Ok(Some(column));
            }
        }
        Ok(None)
    }

    fn means(&mut self, id: i64, namespace: Namespace, word: &str) -> Result<bool, StoreError> {
        if !self.words.contains_key(&id) {
            if self.words.len() > 100_000 {
                self.words.clear();
            }
            let mut rows = self.read.conn.prepare_cached("SELECT ns, s FROM dict WHERE id = ?1")?;
            let found = rows.query_map([id], |r| Ok((r.get("ns")?, r.get("s")?)))?.next().transpose()?;
            self.words.insert(id, found.unwrap_or((0, String::new())));
        }
        Ok(self.words.get(&id).is_some_and(|(ns, s)| *ns == namespace as i64 && s == word))
    }

    /// Compares a level-0 tile once its 256 leaves are known.
    fn full_tile(&mut self, hash: Hash) -> Result<Option<String>, StoreError> {
        self.tile.push(hash);
        if (self.tile.len() as u64) < TILE_WIDTH {
            return Ok(None);
        }
        let index = (self.frontier.size() - 1) / TILE_WIDTH;
        let computed = std::mem::take(&mut self.tile);
        match load_tile(self.read.conn, self.stream, 0, index) {
            Ok(stored) if stored == computed => self.copies.full_tile(&computed),
            Ok(_) => Ok(Some(format!("tile {index} does not hold the hashes of its entries"))),
            Err(StoreError::Ledger { what }) => Ok(Some(what)),
            Err(other) => Err(other),
        }
    }

    /// Checks the retained checkpoints up to the first entry that is kept.
    fn checkpoints_of_the_pruned(&mut self) -> Result<Option<Fault>, StoreError> {
        let kept = self.frontier.clone();
        while let Some((size, _)) = self.notes.front().filter(|(size, _)| *size < kept.size()) {
            let sequence = *size;
            self.frontier = frontier_at(self.read, self.stream, sequence)?;
            if let Some(reason) = self.checkpoint() {
                return Ok(Some(Fault { sequence, reason }));
            }
        }
        self.frontier = kept;
        Ok(self.checkpoint().map(|reason| Fault { sequence: self.frontier.size(), reason }))
    }

    /// Checks the retained checkpoint of this size, if there is one.
    fn checkpoint(&mut self) -> Option<String> {
        let size = self.frontier.size();
        while self.notes.front().is_some_and(|(s, _)| *s <= size) {
            let (at, note) = self.notes.pop_front()?;
            if let Some(reason) = self.false_note(&note, at) {
                return Some(format!("the checkpoint at {at} {reason}"));
            }
            self.checked += 1;
        }
        None
    }

    fn false_note(&self, note: &str, size: u64) -> Option<&'static str> {
        let Some(keys) = &self.keys else {
            return Some("has no key to check it with");
        };
        match keys.open(note) {
            Ok(c) if c.size != size || c.size != self.frontier.size() => Some("is of another size"),
            Ok(c) if c.root != self.frontier.root() => Some("has another root"),
            Ok(_) => None,
            Err(CheckpointError::OtherLog { .. }) => Some("belongs to another log"),
            Err(CheckpointError::KeyNotValid { .. }) => {
                Some("is not signed by the key that signs for its size")
            }
            Err(_) => Some("is not signed by the log's key"),
        }
    }

    /// Checks the end: size, root, head.
    fn end(&self) -> Option<String> {
        if self.frontier.size() != self.head.size {
            return Some("entries are missing at the end".to_owned());
        }
        if self.frontier.root() != self.head.root {
            return Some("the root does not follow from the entries".to_owned());
        }
        if !self.notes.is_empty() {
            return Some("a checkpoint covers entries that are not there".to_owned());
        }
        // A head without signature is possible while the vault is locked; it is then not yet evidence of anything.
        if self.head.note.is_empty() {
            return None;
        }
        self.false_note(&self.head.note, self.head.size).map(|reason| format!("the newest head {reason}"))
    }
}
