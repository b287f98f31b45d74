//! The sets of places by which entries are found. Those of a part are made once it is full, in the transaction that fills it;
//! the entries behind the last full part are few enough to be looked at one by one.

use super::dict::{self, Dict};
use super::places::{PART, Places};
use super::words::Words;
use super::{Namespace, Stream};
use crate::error::StoreError;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::HashMap;
use std::ops::Range;

/// The filter columns of an entry, as they stand in its row.
pub(crate) struct Filed {
    pub place: u16,
    pub kind: i64,
    pub who: i64,
    pub res: i64,
    pub tenant: i64,
    pub ok: i64,
}

impl Filed {
    /// Reads a row that begins with id, kind, who, res, tenant, ok.
    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            place: Self::place(row.get(0)?),
            kind: row.get(1)?,
            who: row.get(2)?,
            res: row.get(3)?,
            tenant: row.get(4)?,
            ok: row.get(5)?,
        })
    }

    /// The place in its part of the entry of this row id.
    pub(crate) const fn place(id: i64) -> u16 {
        (id & (PART as i64 - 1)) as u16
    }

    /// The words of its columns; the resource's type is another word.
    pub(crate) fn words(&self) -> [i64; 5] {
        [self.kind, self.who, self.res, self.tenant, outcome_word(self.ok)]
    }
}

/// The word of an outcome: below zero, so that it is none of the dictionary's. Success is zero, and has no set.
pub(crate) const fn outcome_word(ok: i64) -> i64 {
    -ok
}

/// The noun of a resource: `tenant` of `tenant:ten_…`.
pub(crate) fn noun(res: &str) -> &str {
    res.split_once(':').map_or(res, |(noun, _)| noun)
}

/// The number of a part in the table.
pub(crate) fn part_id(stream: Stream, part: u64) -> i64 {
    stream.entry_id(part * PART) >> PART.ilog2()
}

/// Something by the number of a word: looked up several times for each entry, and by nobody's choice of numbers but ours.
pub(crate) type ByNumber<T> = HashMap<i64, T, foldhash::fast::RandomState>;

/// A place is below 2^16, so a word and a place fit one number, and sorted numbers are the sets.
const PLACE_BITS: u32 = 16;

/// The words of a part and where they stand; what is stored of it, and what a verification computes again.
#[derive(Default)]
pub(crate) struct Sets(Vec<i64>);

impl Sets {
    /// Adds an entry. `noun` is the word of its resource's type.
    pub(crate) fn add(&mut self, filed: &Filed, noun: i64) {
        let words = filed.words().into_iter().chain([noun]).filter(|word| *word != 0);
        self.0.extend(words.map(|word| (word << PLACE_BITS) | i64::from(filed.place)));
    }

    /// Every word with how many entries have it and the bytes of its set, in the order of the table.
    pub(crate) fn encoded(&mut self) -> impl Iterator<Item = (i64, i64, Vec<u8>)> {
        self.0.sort_unstable();
        self.0.chunk_by(|a, b| word_of(*a) == word_of(*b)).map(|set| {
            let places = set.iter().map(|word_and_place| place_of(*word_and_place));
            (set.first().map_or(0, |first| word_of(*first)), set.len() as i64, Places::encode(places))
        })
    }

    /// Those of a part that is being filled, from its rows.
    pub(crate) fn load(conn: &Connection, stream: Stream, run: Range<u64>) -> Result<Self, StoreError> {
        let (mut sets, mut nouns) = (Self::default(), Nouns::default());
        for filed in filed(conn, stream, run)? {
            sets.add(&filed, nouns.of(conn, filed.res)?);
        }
        Ok(sets)
    }

    /// Writes those of a part that is full, tells the words of its chapter, and empties them for the next part.
    pub(crate) fn store(
        &mut self,
        conn: &Connection,
        stream: Stream,
        part: u64,
        words: &mut Words,
    ) -> Result<(), StoreError> {
        let failed = |e| StoreError::sqlite("index the ledger")(e);
        let mut insert = conn
            .prepare_cached("INSERT OR REPLACE INTO entry_sets (part, word, places) VALUES (?1, ?2, ?3)")
            .map_err(failed)?;
        for (word, n, places) in self.encoded() {
            insert.execute(params![part_id(stream, part), word, places]).map_err(failed)?;
            words.add(part, word, n);
        }
        self.0.clear();
        Ok(())
    }
}

const fn word_of(word_and_place: i64) -> i64 {
    word_and_place >> PLACE_BITS
}

const fn place_of(word_and_place: i64) -> u16 {
    (word_and_place & 0xffff) as u16
}

/// The filter columns of a run of entries within one part.
pub(crate) fn filed(conn: &Connection, stream: Stream, run: Range<u64>) -> Result<Vec<Filed>, StoreError> {
    conn.prepare_cached(
        "SELECT id, kind, who, res, tenant, ok FROM entries WHERE id >= ?1 AND id < ?2 ORDER BY id",
    )
    .and_then(|mut rows| {
        rows.query_map([stream.entry_id(run.start), stream.entry_id(run.end)], Filed::from_row)?.collect()
    })
    .map_err(StoreError::sqlite("read the ledger's columns"))
}

/// Makes the sets of every full part of a file that was written before there were any.
pub(crate) fn index_all(conn: &Connection) -> rusqlite::Result<()> {
    let failed = |e: StoreError| rusqlite::Error::ToSqlConversionFailure(e.into());
    for stream in Stream::ALL {
        let size = size(conn, stream)?;
        for part in 0..size / PART {
            let mut sets = Sets::load(conn, stream, part * PART..(part + 1) * PART).map_err(failed)?;
            sets.store(conn, stream, part, &mut Words::default()).map_err(failed)?;
        }
        // Notes the types of the resources in the part that is not full.
        Sets::load(conn, stream, size / PART * PART..size).map_err(failed)?;
    }
    Ok(())
}

/// How many entries a stream has.
pub(crate) fn size(conn: &Connection, stream: Stream) -> rusqlite::Result<u64> {
    let mut rows = conn.prepare_cached("SELECT size FROM log_state WHERE stream = ?1")?;
    let size = rows.query_row([stream.number()], |r| crate::sql::unsigned(r, "size")).optional()?;
    Ok(size.unwrap_or(0))
}

/// The words of the nouns of resources, remembered.
#[derive(Default)]
struct Nouns {
    of_resource: ByNumber<i64>,
    dict: Dict,
}

impl Nouns {
    fn of(&mut self, conn: &Connection, res: i64) -> Result<i64, StoreError> {
        if let Some(noun) = self.of_resource.get(&res) {
            return Ok(*noun);
        }
        let text = dict::word(conn, res)?;
        let noun = match noun(&text) {
            "" => 0,
            noun => self.dict.id(conn, Namespace::Noun, noun)?,
        };
        self.of_resource.insert(res, noun);
        Ok(noun)
    }
}
