//! One stream: its frontier, the partial tiles at its right edge, its clock and its signing keys.

use super::Stream;
use super::kept::{self, HANDED_OVER, KeptHead, SIZE};
use super::keys::{self, LogKey};
use super::places::PART;
use super::sets::{Filed, Sets};
use super::words::{CHAPTER, Words, full_chapters};
use crate::error::StoreError;
use crate::sql::signed;
use reeve_core::time::Millis;
use reeve_ledger::{Checkpoint, Frontier, Hash, Hlc, Signer, TILE_WIDTH};
use rusqlite::{Connection, OptionalExtension, params};

/// A checkpoint is kept for good at every so many entries; a multiple of 256, so that pruning leaves it provable.
const RETAIN_EVERY: u64 = 65_536;

/// An entry whose row is written, and which is not in the tree yet.
pub(crate) struct Staged {
    pub hash: Hash,
    pub time: Millis,
    pub filed: Filed,
    /// The word of its resource's type.
    pub noun: i64,
}

pub(crate) struct StreamLog {
    stream: Stream,
    origin: String,
    // The key it began with; those after it are in `keys`.
    vkey: String,
    keys: Vec<LogKey>,
    signer: Option<Signer>,
    // The key that hands over in the running transaction; forgotten once that is on the disk.
    outgoing: Option<Signer>,
    // The next key, and after how many staged leaves it signs.
    incoming: Option<(usize, Signer)>,
    // The head that both keys signed, while it is the newest.
    handed_over: Option<(u64, String)>,
    // The hashes of the kept heads, added up.
    kept: Hash,
    frontier: Frontier,
    hlc: Hlc,
    // Hashes right of the last full tile, by level.
    edge: Vec<Vec<Hash>>,
    staged: Vec<Staged>,
    // Of the part that is not full yet.
    sets: Sets,
    // Of the full parts of the chapter that is not.
    words: Words,
    // A reason to keep the head of the next commit.
    retain: Option<String>,
}

/// Row id of a full tile.
pub(crate) fn tile_id(stream: Stream, level: u32, index: u64) -> i64 {
    (stream.number() << 56) | (i64::from(level) << 48) | signed(index)
}

impl StreamLog {
    pub(crate) fn load(conn: &Connection, stream: Stream) -> Result<Self, StoreError> {
        let row = conn
            .prepare_cached(
                "SELECT origin, vkey, size, root, frontier, last_hlc, kept FROM log_state WHERE stream = ?1",
            )
            .and_then(|mut s| {
                s.query_row([stream.number()], |r| {
                    let size: i64 = r.get("size")?;
                    let root: Vec<u8> = r.get("root")?;
                    let frontier: Vec<u8> = r.get("frontier")?;
                    let hlc: i64 = r.get("last_hlc")?;
                    let kept: Option<[u8; 32]> = r.get("kept")?;
                    Ok((r.get("origin")?, r.get("vkey")?, size, root, frontier, hlc, kept))
                })
                .optional()
            })
            .map_err(StoreError::sqlite("read the ledger's state"))?;
        let Some((origin, vkey, size, root, frontier, hlc, kept)) = row else {
            return Ok(Self::empty(stream));
        };
        let damaged = |what: &str| StoreError::Ledger { what: format!("{} log: {what}", stream.as_str()) };
        let size = u64::try_from(size).map_err(|_| damaged("its size is negative"))?;
        let frontier = Frontier::from_bytes(size, &frontier)
            .map_err(|_| damaged("its frontier does not fit its size"))?;
        if frontier.root().as_slice() != root.as_slice() {
            return Err(damaged("its root does not follow from its frontier"));
        }
        let edge = load_edge(conn, stream, size)?;
        let heads = kept::all(conn, stream)?;
        let mut words = Words::default();
        words.load(conn, stream, full_chapters(size) * CHAPTER..size / PART)?;
        let both = heads.last().filter(|head| head.size == size && head.reason == HANDED_OVER);
        Ok(Self {
            stream,
            origin,
            vkey,
            keys: keys::all(conn, stream)?,
            signer: None,
            outgoing: None,
            incoming: None,
            handed_over: both.map(|head| (size, head.note.clone())),
            kept: kept.unwrap_or_else(|| kept::sum(stream, &heads)),
            frontier,
            hlc: Hlc(u64::from_ne_bytes(hlc.to_ne_bytes())),
            edge,
            staged: Vec::new(),
            sets: Sets::load(conn, stream, size / PART * PART..size)?,
            words,
            retain: None,
        })
    }

    fn empty(stream: Stream) -> Self {
        Self {
            stream,
            origin: String::new(),
            vkey: String::new(),
            keys: Vec::new(),
            signer: None,
            outgoing: None,
            incoming: None,
            handed_over: None,
            kept: [0; 32],
            frontier: Frontier::new(),
            hlc: Hlc(0),
            edge: vec![Vec::new()],
            staged: Vec::new(),
            sets: Sets::default(),
            words: Words::default(),
            retain: None,
        }
    }

    /// After a commit that failed: whichever key the file knows signs on.
    pub(crate) fn take_signer(&mut self, old: &mut Self) {
        let current = self.keys.last().map(|(_, vkey)| vkey.as_str());
        let signers = [old.signer.take(), old.outgoing.take()].into_iter().flatten();
        self.signer =
            signers.into_iter().find(|s| current.is_some_and(|vkey| s.verifier_key().to_string() == vkey));
    }

    /// What was done is on the disk: the key that handed over is wiped.
    pub(crate) fn committed(&mut self) {
        self.outgoing = None;
    }

    /// From the leaf that was staged last on, heads are signed by `signer`.
    pub(crate) fn hand_over_to(&mut self, signer: Signer) -> Result<(), StoreError> {
        let refused =
            |what: &str| Err(StoreError::Ledger { what: format!("{} log: {what}", self.stream.as_str()) });
        if self.signer.is_none() {
            return refused("there is no key that could hand over");
        }
        if signer.name() != self.origin {
            return refused("the next key is not named after this log");
        }
        if self.incoming.is_some() || self.outgoing.is_some() {
            return refused("its key is being replaced already");
        }
        self.incoming = Some((self.staged.len(), signer));
        Ok(())
    }

    fn hand_over(&mut self, conn: &Connection, now: Millis) -> Result<(), StoreError> {
        let (Some((_, new)), Some(old)) = (self.incoming.take(), self.signer.take()) else { return Ok(()) };
        let (size, vkey) = (self.frontier.size(), new.verifier_key().to_string());
        let note = self.checkpoint().sign_both(&old, &new);
        keys::insert(conn, self.stream, size, &vkey)?;
        self.keys.push((size, vkey));
        (self.outgoing, self.signer) = (Some(old), Some(new));
        self.handed_over = Some((size, note));
        self.keep_head(conn, HANDED_OVER, now)
    }

    /// Entries in the tree.
    pub(crate) fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Index and clock of the next entry.
    pub(crate) fn next(&self, now: Millis) -> (u64, Hlc) {
        (self.frontier.size() + self.staged.len() as u64, self.hlc.next(now.0))
    }

    pub(crate) fn stage(&mut self, staged: Staged, hlc: Hlc) {
        self.hlc = hlc;
        self.staged.push(staged);
    }

    pub(crate) fn staged(&self) -> usize {
        self.staged.len()
    }

    /// Takes back what a failed closure staged. The clock stays: it only has to rise.
    pub(crate) fn unstage(&mut self, mark: usize) {
        self.staged.truncate(mark);
        self.incoming.take_if(|(after, _)| *after > mark);
    }

    /// The head is kept at the end of this transaction.
    pub(crate) fn retain_after_seal(
        &mut self,
        _conn: &Connection,
        reason: &str,
        _now: Millis,
    ) -> Result<(), StoreError> {
        self.retain = Some(reason.to_owned());
        Ok(())
    }

    pub(crate) fn seal(&mut self, conn: &Connection, now: Millis) -> Result<(), StoreError> {
        if self.staged.is_empty() && self.retain.is_none() {
            return Ok(());
        }
        let staged = std::mem::take(&mut self.staged);
        self.widen_bundles(conn, &staged)?;
        for (place, entry) in staged.into_iter().enumerate() {
            self.frontier.push(entry.hash);
            self.push_edge(conn, entry.hash)?;
            self.sets.add(&entry.filed, entry.noun);
            if self.incoming.as_ref().is_some_and(|(after, _)| *after == place + 1) {
                self.hand_over(conn, now)?;
            }
            self.index(conn)?;
            if self.frontier.size().is_multiple_of(RETAIN_EVERY) {
                self.keep_head(conn, SIZE, now)?;
            }
        }
        if let Some(reason) = self.retain.take() {
            self.keep_head(conn, &reason, now)?;
        }
        self.save(conn)
    }

    /// Stores what is known of the places of words, at the end of a part and of a chapter.
    fn index(&mut self, conn: &Connection) -> Result<(), StoreError> {
        let size = self.frontier.size();
        if size.is_multiple_of(PART) {
            self.sets.store(conn, self.stream, size / PART - 1, &mut self.words)?;
        }
        if size.is_multiple_of(PART * CHAPTER) {
            self.words.store(conn, self.stream, full_chapters(size) - 1)?;
        }
        Ok(())
    }

    /// Notes the times of the new entries in the bundles they fall into.
    fn widen_bundles(&self, conn: &Connection, staged: &[Staged]) -> Result<(), StoreError> {
        let mut first = self.frontier.size();
        let mut rest = staged;
        while !rest.is_empty() {
            let room = usize::try_from(TILE_WIDTH - first % TILE_WIDTH).unwrap_or(usize::MAX);
            let (here, later) = rest.split_at(room.min(rest.len()));
            let (mut low, mut high) = (i64::MAX, i64::MIN);
            for entry in here {
                low = low.min(entry.time.0);
                high = high.max(entry.time.0);
            }
            conn.prepare_cached(
                "INSERT INTO bundles (id, t_min, t_max) VALUES (?1, ?2, ?3)
                 ON CONFLICT (id) DO UPDATE SET t_min = min(t_min, excluded.t_min), t_max = max(t_max, excluded.t_max)",
            )
            .and_then(|mut s| s.execute(params![self.stream.entry_id(first) >> 8, low, high]))
            .map_err(StoreError::sqlite("append to the ledger"))?;
            first += here.len() as u64;
            rest = later;
        }
        Ok(())
    }

    /// Adds a leaf hash to the right edge, writing every tile that becomes full.
    fn push_edge(&mut self, conn: &Connection, leaf: Hash) -> Result<(), StoreError> {
        let mut carry = Some(leaf);
        let mut level = 0usize;
        let mut index = (self.frontier.size() - 1) / TILE_WIDTH;
        while let Some(hash) = carry.take() {
            if self.edge.len() == level {
                self.edge.push(Vec::new());
            }
            let tile = &mut self.edge[level];
            tile.push(hash);
            if tile.len() as u64 == TILE_WIDTH {
                let full = std::mem::take(tile);
                let id = tile_id(self.stream, u32::try_from(level).unwrap_or(u32::MAX), index);
                conn.prepare_cached("INSERT INTO tiles (id, hashes) VALUES (?1, ?2)")
                    .and_then(|mut s| s.execute(params![id, full.concat()]))
                    .map_err(StoreError::sqlite("append to the ledger"))?;
                carry = Some(reeve_ledger::tile_root(&full));
                level += 1;
                index /= TILE_WIDTH;
            }
        }
        Ok(())
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint { origin: self.origin.clone(), size: self.frontier.size(), root: self.frontier.root() }
    }

    fn head(&self) -> Option<String> {
        let signer = self.signer.as_ref()?;
        match &self.handed_over {
            Some((size, both)) if *size == self.frontier.size() => Some(both.clone()),
            _ => Some(self.checkpoint().sign(signer)),
        }
    }

    fn keep_head(&mut self, conn: &Connection, reason: &str, now: Millis) -> Result<(), StoreError> {
        // Without a key (the vault is locked) there is no head to keep; the next signed one covers these entries.
        let Some(note) = self.head() else { return Ok(()) };
        let (size, reason) = (self.frontier.size(), reason.to_owned());
        let head = KeptHead { size, note, reason, created_at: now.0 };
        if kept::insert(conn, self.stream, &head)? {
            head.turn(self.stream, &mut self.kept);
        }
        Ok(())
    }

    /// Deletes kept heads that newer ones stand for; how many.
    pub(crate) fn thin(&mut self, conn: &Connection, now: Millis) -> Result<usize, StoreError> {
        let gone = kept::superfluous(kept::all(conn, self.stream)?, now);
        for head in &gone {
            kept::delete(conn, self.stream, head.size)?;
            head.turn(self.stream, &mut self.kept);
        }
        if !gone.is_empty() {
            self.save(conn)?;
        }
        Ok(gone.len())
    }

    /// Deletes kept heads below `to` that cannot be proven without the entries that are pruned.
    pub(crate) fn drop_heads(&mut self, conn: &Connection, to: u64) -> Result<(), StoreError> {
        let heads = kept::all(conn, self.stream)?;
        let provable = |h: &kept::KeptHead| {
            h.size >= to || h.size.is_multiple_of(TILE_WIDTH) || h.reason == kept::HANDED_OVER
        };
        for head in heads.iter().filter(|head| !provable(head)) {
            kept::delete(conn, self.stream, head.size)?;
            head.turn(self.stream, &mut self.kept);
        }
        self.save(conn)
    }

    fn save(&self, conn: &Connection) -> Result<(), StoreError> {
        let hlc = i64::from_ne_bytes(self.hlc.0.to_ne_bytes());
        let root = self.frontier.root();
        let head = self.head().unwrap_or_default();
        conn.prepare_cached(
            "INSERT INTO log_state (stream, origin, vkey, size, root, frontier, last_hlc, head, kept)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (stream) DO UPDATE SET origin = excluded.origin, vkey = excluded.vkey, size = excluded.size,
               root = excluded.root, frontier = excluded.frontier, last_hlc = excluded.last_hlc, head = excluded.head,
               kept = excluded.kept",
        )
        .and_then(|mut s| {
            let size = signed(self.frontier.size());
            let frontier = self.frontier.to_bytes();
            s.execute(params![
                self.stream.number(),
                self.origin,
                self.vkey,
                size,
                root.as_slice(),
                frontier,
                hlc,
                head,
                self.kept.as_slice()
            ])
        })
        .map_err(StoreError::sqlite("save the ledger's state"))?;
        Ok(())
    }

    pub(crate) fn sign_with(&mut self, conn: &Connection, signer: Signer) -> Result<(), StoreError> {
        let vkey = signer.verifier_key().to_string();
        if self.origin.is_empty() {
            keys::insert(conn, self.stream, 0, &vkey)?;
            self.origin = signer.name().to_owned();
            self.vkey.clone_from(&vkey);
            self.keys.push((0, vkey));
        } else if self.keys.last().is_none_or(|(_, current)| *current != vkey) {
            return Err(StoreError::Ledger {
                what: format!(
                    "{} log: the signing key is not the one that signs it now",
                    self.stream.as_str()
                ),
            });
        }
        self.signer = Some(signer);
        self.save(conn)
    }
}

/// The hashes right of the last full tile at every level: leaves at level 0, roots of full tiles above.
fn load_edge(conn: &Connection, stream: Stream, size: u64) -> Result<Vec<Vec<Hash>>, StoreError> {
    let first = size - size % TILE_WIDTH;
    let mut rows = conn
        .prepare_cached("SELECT leaf FROM entries WHERE id >= ?1 AND id < ?2 ORDER BY id")
        .map_err(StoreError::sqlite("read the ledger's edge"))?;
    let leaves = rows
        .query_map(params![stream.entry_id(first), stream.entry_id(size)], |r| r.get::<_, Vec<u8>>("leaf"))
        .and_then(|leaves| {
            leaves.map(|l| l.map(|l| reeve_ledger::leaf_hash(&l))).collect::<Result<Vec<_>, _>>()
        })
        .map_err(StoreError::sqlite("read the ledger's edge"))?;
    let mut edge = vec![leaves];
    let mut full = size / TILE_WIDTH;
    let mut level = 0u32;
    while full > 0 {
        let first = full - full % TILE_WIDTH;
        let roots =
            (first..full).map(|i| load_tile(conn, stream, level, i).map(|t| reeve_ledger::tile_root(&t)));
        edge.push(roots.collect::<Result<Vec<_>, _>>()?);
        full /= TILE_WIDTH;
        level += 1;
    }
    Ok(edge)
}

/// The hashes of a full tile.
pub(crate) fn load_tile(
    conn: &Connection,
    stream: Stream,
    level: u32,
    index: u64,
) -> Result<Vec<Hash>, StoreError> {
    let bytes = conn
        .prepare_cached("SELECT hashes FROM tiles WHERE id = ?1")
        .and_then(|mut s| {
            s.query_row([tile_id(stream, level, index)], |r| r.get::<_, Vec<u8>>("hashes")).optional()
        })
        .map_err(StoreError::sqlite("read a tile"))?;
    let damaged = || StoreError::Ledger {
        what: format!("{} log: tile {level}/{index} is missing or cut", stream.as_str()),
    };
    let bytes = bytes.ok_or_else(damaged)?;
    let (hashes, rest) = bytes.as_chunks::<32>();
    if hashes.len() as u64 == TILE_WIDTH && rest.is_empty() { Ok(hashes.to_vec()) } else { Err(damaged()) }
}
