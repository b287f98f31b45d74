//! In which parts a word stands: told once for eight parts, when the last of them is full.

use super::Stream;
use super::places::{PART, Places};
use super::sets::{self, ByNumber, part_id};
use crate::error::StoreError;
use rusqlite::{Connection, params};
use std::ops::Range;

/// Parts of a chapter.
pub(crate) const CHAPTER: u64 = 8;

/// The number of a chapter in the table.
pub(crate) fn chapter_id(stream: Stream, chapter: u64) -> i64 {
    part_id(stream, chapter * CHAPTER) >> CHAPTER.ilog2()
}

/// What is told of a word and a chapter.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// A bit for each part that has the word, the first lowest.
    pub parts: i64,
    /// Entries that have it.
    pub n: i64,
}

/// The words of a chapter that is being filled, or computed again.
#[derive(Default)]
pub(crate) struct Words(ByNumber<Told>);

impl Words {
    /// Adds the set of a word in a part.
    pub(crate) fn add(&mut self, part: u64, word: i64, n: i64) {
        let told = self.0.entry(word).or_default();
        told.parts |= 1 << (part % CHAPTER);
        told.n += n;
    }

    /// Adds parts as their sets are stored.
    pub(crate) fn load(
        &mut self,
        conn: &Connection,
        stream: Stream,
        parts: Range<u64>,
    ) -> Result<(), StoreError> {
        for part in parts {
            let mut rows = conn.prepare_cached("SELECT word, places FROM entry_sets WHERE part = ?1")?;
            let mut rows = rows.query([part_id(stream, part)])?;
            while let Some(row) = rows.next()? {
                let places = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
                let n = Places::decode(places).map_or(0, |places| places.count());
                self.add(part, row.get(0)?, crate::sql::signed(n));
            }
        }
        Ok(())
    }

    /// In the order of the table.
    pub(crate) fn sorted(&mut self) -> Vec<(i64, Told)> {
        let mut words: Vec<_> = self.0.drain().collect();
        words.sort_unstable_by_key(|(word, _)| *word);
        words
    }

    /// Writes those of a chapter that is full, and empties them for the next.
    pub(crate) fn store(
        &mut self,
        conn: &Connection,
        stream: Stream,
        chapter: u64,
    ) -> Result<(), StoreError> {
        let mut insert = conn.prepare_cached(
            "INSERT OR REPLACE INTO entry_words (word, chapter, parts, n) VALUES (?1, ?2, ?3, ?4)",
        )?;
        for (word, told) in self.sorted() {
            insert.execute(params![word, chapter_id(stream, chapter), told.parts, told.n])?;
        }
        Ok(())
    }
}

/// Tells the words of every full chapter of a file that was written before they were told.
pub(crate) fn index_all(conn: &Connection) -> rusqlite::Result<()> {
    let failed = |e: StoreError| rusqlite::Error::ToSqlConversionFailure(e.into());
    for stream in Stream::ALL {
        for chapter in 0..full_chapters(sets::size(conn, stream)?) {
            let mut words = Words::default();
            words.load(conn, stream, parts_of(chapter)).map_err(failed)?;
            words.store(conn, stream, chapter).map_err(failed)?;
        }
    }
    Ok(())
}

/// The parts of a chapter.
pub(crate) const fn parts_of(chapter: u64) -> Range<u64> {
    chapter * CHAPTER..(chapter + 1) * CHAPTER
}

/// The chapters that end with a full part, of a stream of `size` entries.
pub(crate) const fn full_chapters(size: u64) -> u64 {
    size / (PART * CHAPTER)
}
