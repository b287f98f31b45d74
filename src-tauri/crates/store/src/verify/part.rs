//! One part of a stream: its entries, in order, with everything that is kept about them beside them.

use super::{Fault, Head, Known, Progress};
use crate::error::StoreError;
use crate::log::places::{PART, Places};
use crate::log::sets::{ByNumber, Filed, Sets, noun, part_id};
use crate::log::stream::load_tile;
use crate::log::words::{CHAPTER, Told, Words, chapter_id};
use crate::log::{Columns, Namespace, Stream, TENANT, columns_of, dict};
use crate::sql::signed;
use reeve_ledger::{Frontier, Hash, Hlc, KeyChain, Outline, TILE_WIDTH};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::ops::Range;

/// What there is to check, the same for every worker.
pub(super) struct Parts {
    pub stream: Stream,
    pub head: Head,
    /// Retained checkpoints that are not known yet, by size.
    pub notes: Vec<(u64, String)>,
    /// Its signing keys; none before it has any.
    pub keys: Option<KeyChain>,
    /// What an earlier verification found, or the hashes of what was pruned.
    pub known: Known,
    /// The first entry that is read; a bundle begins with it.
    pub start: u64,
}

/// What a part was found to be.
#[derive(Default)]
pub(super) struct Checked {
    /// Roots of its full level-0 tiles.
    pub tiles: Vec<Hash>,
    /// The frontiers of the tiles in which retained checkpoints and the head end, by their sizes.
    pub ends: Vec<(u64, Frontier)>,
    pub hlc: Option<(Hlc, Hlc)>,
    /// Private sections of its entries.
    pub sections: u64,
    /// Words of the chapter that ends with it.
    pub words: u64,
    pub fault: Option<Fault>,
}

impl Parts {
    pub(super) const fn first(&self) -> u64 {
        self.start / PART
    }

    pub(super) const fn end(&self) -> u64 {
        self.head.size.div_ceil(PART)
    }

    pub(super) fn worker<'w>(&'w self, conn: &'w Connection) -> Worker<'w> {
        Worker {
            task: self,
            conn,
            words: ByNumber::default(),
            nouns: ByNumber::default(),
            told: Words::default(),
        }
    }

    /// Whether a tree of `size` entries has to be known.
    fn ends_at(&self, size: u64) -> bool {
        size == self.head.size || self.notes.binary_search_by_key(&size, |(size, _)| *size).is_ok()
    }
}

/// A thread's connection and what it remembers.
pub(super) struct Worker<'w> {
    task: &'w Parts,
    conn: &'w Connection,
    words: ByNumber<(i64, String)>,
    nouns: ByNumber<i64>,
    /// Of the chapter that is read.
    told: Words,
}

/// Words remembered at most.
const REMEMBERED: usize = 100_000;

/// The part while it is read.
struct Open {
    next: u64,
    /// Whether it is full, and so has sets.
    full: bool,
    tile: Frontier,
    hashes: Vec<Hash>,
    times: Option<(i64, i64)>,
    sets: Sets,
    checked: Checked,
}

impl Worker<'_> {
    /// Checks a part.
    pub(super) fn check(&mut self, part: u64, progress: &Progress) -> Result<Checked, StoreError> {
        let base = (part * PART).max(self.task.start);
        if part.is_multiple_of(CHAPTER) || part == self.task.first() {
            // Earlier parts of the chapter are known, or pruned, and not read again.
            self.told = Words::default();
            self.told.load(self.conn, self.task.stream, part / CHAPTER * CHAPTER..part)?;
        }
        let checked = Checked::default();
        let mut open = Open {
            next: base,
            full: (part + 1) * PART <= self.task.head.size,
            tile: Frontier::new(),
            hashes: Vec::new(),
            times: None,
            sets: Sets::default(),
            checked,
        };
        if let Err(reason) = self.read(&mut open, part, progress)? {
            open.checked.fault = Some(Fault { sequence: open.next, reason });
        }
        Ok(open.checked)
    }

    fn read(&mut self, open: &mut Open, part: u64, progress: &Progress) -> Found {
        let stream = self.task.stream;
        let end = ((part + 1) * PART).min(self.task.head.size);
        let conn = self.conn;
        let mut rows = conn.prepare_cached(
            "SELECT id, kind, who, res, tenant, ok, t, leaf FROM entries WHERE id >= ?1 AND id < ?2 ORDER BY id",
        )?;
        let mut rows = rows.query(params![stream.entry_id(open.next), stream.entry_id(end)])?;
        while let Some(row) = rows.next()? {
            if let Err(reason) = self.entry(open, row)? {
                return Ok(Err(reason));
            }
            if open.next.is_multiple_of(TILE_WIDTH) {
                progress.add(TILE_WIDTH);
            }
        }
        if open.next < end {
            return Ok(Err("the entry is missing".to_owned()));
        }
        if !end.is_multiple_of(TILE_WIDTH)
            && let Err(reason) = self.bundle(open)?
        {
            return Ok(Err(reason));
        }
        if !open.full {
            return Ok(Ok(()));
        }
        match self.sets(open, part)? {
            Ok(()) if (part + 1).is_multiple_of(CHAPTER) => self.words(open, part / CHAPTER),
            found => Ok(found),
        }
    }

    fn entry(&mut self, open: &mut Open, row: &Row<'_>) -> Found {
        let n = open.next;
        if row.get::<_, i64>(0)? != self.task.stream.entry_id(n) {
            return Ok(Err("the entry is missing".to_owned()));
        }
        let bytes = row.get_ref(7)?.as_blob().map_err(rusqlite::Error::from)?;
        let Ok((leaf, tenant)) = Outline::parse(bytes, TENANT) else {
            return Ok(Err("its bytes are not an entry".to_owned()));
        };
        if leaf.n != n {
            return Ok(Err(format!("it says it is entry {}", leaf.n)));
        }
        if open.checked.hlc.is_some_and(|(_, last)| leaf.hlc <= last) {
            return Ok(Err("its clock does not rise".to_owned()));
        }
        let filed = Filed::from_row(row)?;
        let truth = columns_of(&leaf, tenant.as_deref());
        if let Some(column) = self.false_copy(&filed, row.get(6)?, leaf.t, &truth)? {
            return Ok(Err(format!("its filter column \"{column}\" is not what the entry says")));
        }
        open.checked.hlc = Some((open.checked.hlc.map_or(leaf.hlc, |(first, _)| first), leaf.hlc));
        open.times =
            Some(open.times.map_or((leaf.t, leaf.t), |(low, high)| (low.min(leaf.t), high.max(leaf.t))));
        if !leaf.p.is_empty() && !self.sections_fit(open, &leaf)? {
            return Ok(Err("its private sections are not those it commits to".to_owned()));
        }
        // Of the usage stream, types are noted when a part is full.
        if open.full || self.task.stream == Stream::Audit {
            let Some(noun) = self.noun(filed.res, &leaf.on)? else {
                return Ok(Err("the type of its resource is missing in the dictionary".to_owned()));
            };
            open.sets.add(&filed, noun);
        }
        let hash = reeve_ledger::leaf_hash(bytes);
        open.tile.push(hash);
        open.hashes.push(hash);
        open.next += 1;
        if self.task.ends_at(open.next) {
            open.checked.ends.push((open.next, open.tile.clone()));
        }
        if open.next.is_multiple_of(TILE_WIDTH) { self.full_tile(open) } else { Ok(Ok(())) }
    }

    fn sections_fit(&self, open: &mut Open, leaf: &Outline<'_>) -> Result<bool, StoreError> {
        let mut rows = self
            .conn
            .prepare_cached("SELECT i, key_id FROM private_sections WHERE entry_id = ?1 ORDER BY i")?;
        let id = self.task.stream.entry_id(leaf.n);
        let rows = rows.query_map([id], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?)))?;
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        open.checked.sections += rows.len() as u64;
        Ok((0..).zip(leaf.p.iter().map(|(key, _)| &**key)).eq(rows.iter().map(|(i, key)| (*i, key.as_str()))))
    }

    /// The first filter column that differs from what the leaf says.
    fn false_copy(
        &mut self,
        filed: &Filed,
        t: i64,
        told: i64,
        truth: &Columns<'_>,
    ) -> Result<Option<&'static str>, StoreError> {
        if t != told {
            return Ok(Some("time"));
        }
        if filed.ok != truth.ok {
            return Ok(Some("outcome"));
        }
        for (column, namespace, id, word) in [
            ("event type", Namespace::Kind, filed.kind, truth.kind),
            ("actor", Namespace::Actor, filed.who, truth.who),
            ("resource", Namespace::Resource, filed.res, truth.res),
            ("tenant", Namespace::Tenant, filed.tenant, truth.tenant),
        ] {
            if !self.means(id, namespace, word)? {
                return Ok(Some(column));
            }
        }
        Ok(None)
    }

    fn means(&mut self, id: i64, namespace: Namespace, word: &str) -> Result<bool, StoreError> {
        let fits = |(ns, s): &(i64, String)| *ns == namespace as i64 && s == word;
        if let Some(known) = self.words.get(&id) {
            return Ok(fits(known));
        }
        if self.words.len() > REMEMBERED {
            self.words.clear();
        }
        let mut rows = self.conn.prepare_cached("SELECT ns, s FROM dict WHERE id = ?1")?;
        let found = rows.query_map([id], |r| Ok((r.get("ns")?, r.get("s")?)))?.next().transpose()?;
        Ok(fits(self.words.entry(id).or_insert(found.unwrap_or((0, String::new())))))
    }

    /// The word of the resource's type, remembered: zero for none, `None` if the dictionary does not have it.
    fn noun(&mut self, res: i64, on: &str) -> Result<Option<i64>, StoreError> {
        if let Some(known) = self.nouns.get(&res) {
            return Ok(Some(*known));
        }
        if self.nouns.len() > REMEMBERED {
            self.nouns.clear();
        }
        let word = match noun(on) {
            "" => Some(0),
            noun => dict::find(self.conn, Namespace::Noun, noun)?,
        };
        self.nouns.extend(word.map(|word| (res, word)));
        Ok(word)
    }

    /// Compares the span of time of the bundle that was read last.
    fn bundle(&self, open: &mut Open) -> Found {
        let times = open.times.take();
        let bundle = self.task.stream.entry_id(open.next - 1) >> 8;
        let stored = self
            .conn
            .prepare_cached("SELECT t_min, t_max FROM bundles WHERE id = ?1")?
            .query_row([bundle], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?)))
            .optional()?;
        let fits = match open.next.is_multiple_of(TILE_WIDTH) {
            true => stored.is_some() && stored == times,
            false => self.open_bundle_fits(bundle)?,
        };
        Ok(if fits {
            Ok(())
        } else {
            Err(format!("the times noted for entries up to {} are not theirs", open.next - 1))
        })
    }

    /// Behind the head of this verification more entries may have come into the last bundle since: one statement sees them and
    /// its times alike.
    fn open_bundle_fits(&self, bundle: i64) -> Result<bool, StoreError> {
        let fits = self
            .conn
            .prepare_cached(
                "SELECT b.t_min = min(e.t) AND b.t_max = max(e.t) AS fits FROM bundles b
                 JOIN entries e ON e.id >= b.id << 8 AND e.id < (b.id + 1) << 8 WHERE b.id = ?1 GROUP BY b.id",
            )?
            .query_row([bundle], |r| r.get("fits"))
            .optional()?;
        Ok(fits.unwrap_or(false))
    }

    /// Compares the sets of a full part: every word with its places, and no other. What was pruned of it does not count.
    fn sets(&mut self, open: &mut Open, part: u64) -> Found {
        let base = part * PART;
        let kept = self.task.start.clamp(base, base + PART) - base..PART;
        let mut expected = open.sets.encoded().peekable();
        let mut rows =
            self.conn.prepare_cached("SELECT word, places FROM entry_sets WHERE part = ?1 ORDER BY word")?;
        let mut rows = rows.query([part_id(self.task.stream, part)])?;
        let wrong = || Ok(Err(format!("the index of the {PART} entries up to it hides or adds some")));
        while let Some(row) = rows.next()? {
            let bytes = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
            let word: i64 = row.get(0)?;
            let set = expected.next_if(|(of, ..)| *of == word);
            let n = match set {
                Some((_, n, places)) if kept.start == 0 => (places == bytes).then_some(n),
                set if kept.start > 0 => {
                    counted(&set.map_or_else(Vec::new, |(.., places)| places), bytes, &kept)
                }
                _ => None,
            };
            let Some(n) = n else { return wrong() };
            self.told.add(part, word, n);
        }
        if expected.next().is_none() { Ok(Ok(())) } else { wrong() }
    }

    /// Compares what is told of the words of a chapter with its sets.
    fn words(&mut self, open: &mut Open, chapter: u64) -> Found {
        let mut rows =
            self.conn.prepare_cached("SELECT parts, n FROM entry_words WHERE word = ?1 AND chapter = ?2")?;
        let id = chapter_id(self.task.stream, chapter);
        for (word, told) in self.told.sorted() {
            let stored = rows
                .query_row([word, id], |r| Ok(Told { parts: r.get("parts")?, n: r.get("n")? }))
                .optional()?;
            if stored != Some(told) {
                return Ok(Err("what is told of its words is not what the index says".to_owned()));
            }
            open.checked.words += 1;
        }
        Ok(Ok(()))
    }

    fn full_tile(&mut self, open: &mut Open) -> Found {
        let index = open.next / TILE_WIDTH - 1;
        let computed = std::mem::take(&mut open.hashes);
        open.checked.tiles.push(std::mem::take(&mut open.tile).root());
        match load_tile(self.conn, self.task.stream, 0, index) {
            Ok(stored) if stored == computed => self.bundle(open),
            Ok(_) => Ok(Err(format!("tile {index} does not hold the hashes of its entries"))),
            Err(StoreError::Ledger { what }) => Ok(Err(what)),
            Err(other) => Err(other),
        }
    }
}

/// Whether something fits, or why not.
type Found = Result<Result<(), String>, StoreError>;

/// How many the stored set has, if it is the expected one within `kept`.
fn counted(expected: &[u8], stored: &[u8], kept: &Range<u64>) -> Option<i64> {
    let (mut expected, mut stored) = (Places::decode(expected)?, Places::decode(stored)?);
    let count = stored.count();
    expected.keep(kept.clone());
    stored.keep(kept.clone());
    (stored == expected).then(|| signed(count))
}
