//! The parts together: the clock across their borders, the tree over their tiles, the signed heads, and that nothing stands in
//! the file that belongs to no entry.

use super::part::{Checked, Parts};
use super::tree::Tree;
use super::{Fault, Known, Verdict, note, pruned, state};
use crate::error::StoreError;
use crate::log::Stream;
use crate::log::places::PART;
use crate::log::prune::frontier_at;
use crate::log::sets::part_id;
use crate::log::stream::tile_id;
use crate::log::words::{CHAPTER, chapter_id};
use crate::reader::Read;
use crate::sql::{signed, unsigned};
use crate::table::entries::Head;
use reeve_ledger::{Frontier, Hash, Hlc, TILE_HEIGHT, TILE_WIDTH};
use rusqlite::params;
use std::collections::{BTreeMap, VecDeque};

/// What is to be checked: the entries that are kept and not known, or the fault in what stands before them.
pub(super) fn begin(
    read: &Read<'_>,
    stream: Stream,
    head: &Head,
    mut known: Known,
) -> Result<Result<Parts, Fault>, StoreError> {
    let keys = match state::keys(read, stream, head)? {
        Ok(keys) => keys,
        Err(fault) => return Ok(Err(fault)),
    };
    if let Some(reason) = pruned::fault(read, stream, head)? {
        return Ok(Err(Fault { sequence: head.min_index, reason }));
    }
    let first = known.tree.size();
    for bundle in first / TILE_WIDTH..head.min_index / TILE_WIDTH {
        let root = read.entries().subtree(stream, TILE_HEIGHT, bundle)?;
        if let Some(fault) = known.tree.push(read.conn, stream, root)? {
            return Ok(Err(fault));
        }
    }
    let start = known.tree.size();
    // The head before the first entry counts as behind nothing.
    let after = signed(first) - i64::from(first == 0);
    let notes = read
        .conn
        .prepare_cached("SELECT size, note FROM checkpoints WHERE stream = ?1 AND size > ?2 ORDER BY size")?
        .query_map([stream.number(), after], |r| Ok((unsigned(r, "size")?, r.get("note")?)))?
        .collect::<Result<_, _>>()?;
    Ok(Ok(Parts { stream, head: head.clone(), notes, keys, known, start }))
}

/// The verdict, and what the next verification need not read again.
pub(super) fn verdict(
    read: &Read<'_>,
    task: &Parts,
    checked: BTreeMap<u64, Checked>,
) -> Result<(Verdict, Known), StoreError> {
    let known = task.known.clone();
    let mut whole = Whole {
        read,
        task,
        tree: known.tree.clone(),
        hlc: known.hlc,
        checkpoints: known.checkpoints,
        tiles: VecDeque::new(),
        sections: 0,
        words: 0,
        end: Frontier::new(),
        known,
    };
    let first_bad = whole.fault(checked)?;
    let (head, pruned) = (task.head.clone(), task.head.min_index);
    let entries = first_bad.as_ref().map_or(head.size, |fault| fault.sequence).saturating_sub(pruned);
    let verdict = Verdict { head, entries, pruned, checkpoints: whole.checkpoints, first_bad };
    Ok((verdict, whole.known))
}

struct Whole<'v, 'c> {
    read: &'v Read<'c>,
    task: &'v Parts,
    known: Known,
    tree: Tree,
    /// Roots of the tiles of the lowest level that were checked and are not in the tree yet.
    tiles: VecDeque<Hash>,
    hlc: Hlc,
    /// The tree of all entries.
    end: Frontier,
    sections: u64,
    /// Words of the chapters that were checked.
    words: u64,
    checkpoints: u64,
}

impl Whole<'_, '_> {
    fn fault(&mut self, checked: BTreeMap<u64, Checked>) -> Result<Option<Fault>, StoreError> {
        // Heads may have been kept before the first entry that is there.
        let head = &self.task.head;
        let before =
            self.task.notes.iter().take_while(|(size, _)| *size <= head.min_index && *size < head.size);
        for (size, _) in before {
            let root = frontier_at(self.read, self.task.stream, *size)?.root();
            if let Some(reason) = self.false_head(*size, root) {
                return Ok(Some(Fault { sequence: *size, reason }));
            }
        }
        let size = self.task.head.size;
        if self.task.start == size {
            // Nothing is read, and so no part ends with the head.
            self.end = self.tree.edge().clone();
            if let Some(reason) = self.false_head(size, self.end.root()) {
                return Ok(Some(Fault { sequence: size, reason }));
            }
        }
        for (part, checked) in checked {
            if let Some(fault) = self.join(part, checked)? {
                return Ok(Some(fault));
            }
        }
        // Every entry fits; what is left shows behind the last.
        if let Some(reason) = self.left_over()? {
            return Ok(Some(Fault { sequence: size, reason }));
        }
        state::state(self.read, self.task.stream, &self.end, self.hlc)
    }

    /// Adds a part: its clock, its tiles, the heads that end in it.
    fn join(&mut self, part: u64, checked: Checked) -> Result<Option<Fault>, StoreError> {
        if let Some((first, last)) = checked.hlc {
            if first <= self.hlc {
                let reason = "its clock does not rise".to_owned();
                return Ok(Some(Fault { sequence: part * PART, reason }));
            }
            self.hlc = last;
        }
        self.tiles.extend(checked.tiles);
        for (size, end) in checked.ends {
            if let Some(fault) = self.grow(size.saturating_sub(end.size()))? {
                return Ok(Some(fault));
            }
            let mut tree = self.tree.edge().clone();
            tree.extend(&end);
            if size == self.task.head.size {
                self.end = tree.clone();
            }
            if let Some(reason) = self.false_head(size, tree.root()) {
                return Ok(Some(Fault { sequence: size.saturating_sub(1), reason }));
            }
        }
        if checked.fault.is_some() {
            return Ok(checked.fault);
        }
        self.sections += checked.sections;
        self.words += checked.words;
        let fault = self.grow((part + 1) * PART)?;
        if fault.is_none() && self.tree.size() == (part + 1) * PART {
            self.known = Known { tree: self.tree.clone(), hlc: self.hlc, checkpoints: self.checkpoints };
        }
        Ok(fault)
    }

    /// Takes tiles into the tree, up to `size` or as many as there are.
    fn grow(&mut self, size: u64) -> Result<Option<Fault>, StoreError> {
        while self.tree.size() < size {
            let Some(tile) = self.tiles.pop_front() else { break };
            let fault = self.tree.push(self.read.conn, self.task.stream, tile)?;
            if fault.is_some() {
                return Ok(fault);
            }
        }
        Ok(None)
    }

    /// Why the signed heads of this size are not those of the tree that the entries make.
    fn false_head(&mut self, size: u64, root: Hash) -> Option<String> {
        let head = &self.task.head;
        if let Ok(i) = self.task.notes.binary_search_by_key(&size, |(size, _)| *size) {
            let note = &self.task.notes.get(i)?.1;
            if let Some(reason) = note::fault(self.task.keys.as_ref(), note, size, root) {
                return Some(format!("the checkpoint at {size} {reason}"));
            }
            self.checkpoints += 1;
        }
        if size != head.size {
            return None;
        }
        if root != head.root {
            return Some("the root does not follow from the entries".to_owned());
        }
        // A head without signature is possible while the vault is locked; it is then not yet evidence of anything.
        let signed = Some(&head.note).filter(|note| !note.is_empty());
        signed
            .and_then(|note| note::fault(self.task.keys.as_ref(), note, size, root))
            .map(|reason| format!("the newest head {reason}"))
    }

    /// What stands in the file and belongs to no entry before the head.
    fn left_over(&self) -> Result<Option<String>, StoreError> {
        let (stream, size) = (self.task.stream, self.task.head.size);
        if self.task.notes.iter().any(|(at, _)| *at > size) {
            return Ok(Some("a checkpoint covers entries that are not there".to_owned()));
        }
        // What an earlier verification has counted is not counted again.
        let kept = self.task.start;
        let (first, end) = (stream.entry_id(kept), stream.entry_id(1 << 47));
        let bundles = size.div_ceil(TILE_WIDTH) - kept / TILE_WIDTH;
        let leaves = size / TILE_WIDTH - kept / TILE_WIDTH;
        let tiles = "the tiles are not as many as the entries need";
        let mut counts = vec![
            (
                "SELECT count(*) AS n FROM entries WHERE id >= ?1 AND id < ?2",
                (stream.entry_id(size), end),
                0,
                "an entry stands behind the signed head",
            ),
            (
                "SELECT count(*) AS n FROM bundles WHERE id >= ?1 AND id < ?2",
                (first >> 8, end >> 8),
                bundles,
                "the noted times are not as many as the entries need",
            ),
            (
                "SELECT count(*) AS n FROM tiles WHERE id >= ?1 AND id < ?2",
                (tile_id(stream, 0, kept / TILE_WIDTH), tile_id(stream, 1, 0)),
                leaves,
                tiles,
            ),
            (
                "SELECT count(*) AS n FROM tiles WHERE id >= ?1 AND id < ?2",
                (tile_id(stream, 1, 0), tile_id(stream, 128, 0)),
                upper_tiles_of(size),
                tiles,
            ),
            (
                "SELECT count(*) AS n FROM entry_sets WHERE part >= ?1 AND part < ?2",
                (part_id(stream, size / PART), part_id(stream, 1 << 34)),
                0,
                "the index knows parts that are not full",
            ),
            (
                "SELECT count(*) AS n FROM private_sections WHERE entry_id >= ?1 AND entry_id < ?2",
                (first, end),
                self.sections,
                "there are private sections of no entry",
            ),
        ];
        let (chapter, oldest) = (self.task.first() / CHAPTER, self.task.head.min_index / PART / CHAPTER);
        if chapter == oldest {
            // By word, not by chapter: only where all of it was read, once a day.
            counts.push((
                "SELECT count(*) AS n FROM entry_words WHERE chapter >= ?1 AND chapter < ?2",
                (chapter_id(stream, chapter), chapter_id(stream, 1 << 31)),
                self.words,
                "words are told of that do not occur",
            ));
        }
        for (statement, (from, to), expected, reason) in counts {
            let found = self
                .read
                .conn
                .prepare_cached(statement)?
                .query_row(params![from, to], |r| unsigned(r, "n"))?;
            if found != expected {
                return Ok(Some(reason.to_owned()));
            }
        }
        Ok(None)
    }
}

/// How many full tiles a tree of `size` entries has above the lowest level.
fn upper_tiles_of(size: u64) -> u64 {
    let levels = std::iter::successors(Some(size / TILE_WIDTH), |tiles| Some(tiles / TILE_WIDTH));
    levels.skip(1).take_while(|tiles| *tiles > 0).sum()
}
