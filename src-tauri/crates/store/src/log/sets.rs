//! The sets of places by which entries are found. Those of a part are made once it is full, in the transaction that fills it;
//! the entries behind the last full part are few enough to be looked at one by one.

use super::dict::{self, Dict};
use super::places::{PART, Places};
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
        let place = row.get::<_, i64>(0)? & (crate::sql::signed(PART) - 1);
        Ok(Self {
            place: u16::try_from(place).unwrap_or(u16::MAX),
            kind: row.get(1)?,
            who: row.get(2)?,
            res: row.get(3)?,
            tenant: row.get(4)?,
            ok: row.get(5)?,
        })
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

/// The words of a part and where they stand; what is stored of it, and what a verification computes again.
#[derive(Default)]
pub(crate) struct Sets(ByNumber<Vec<u16>>);

impl Sets {
    /// Adds an entry; entries come in their order. `noun` is the word of its resource's type.
    pub(crate) fn add(&mut self, filed: &Filed, noun: i64) {
        for word in filed.words().into_iter().chain([noun]).filter(|word| *word != 0) {
            self.0.entry(word).or_default().push(filed.place);
        }
    }

    pub(crate) fn encoded(self) -> impl Iterator<Item = (i64, Vec<u8>)> {
        let mut words: Vec<_> = self.0.into_iter().collect();
        // In the order of the table and its index.
        words.sort_unstable_by_key(|(word, _)| *word);
        words.into_iter().map(|(word, places)| (word, Places::encode(&places)))
    }
}

/// Makes the sets of a part that is full.
pub(crate) fn index_part(conn: &Connection, stream: Stream, part: u64) -> Result<(), StoreError> {
    let mut nouns = Nouns::default();
    let mut sets = Sets::default();
    for filed in filed(conn, stream, part * PART..(part + 1) * PART)? {
        sets.add(&filed, nouns.of(conn, filed.res)?);
    }
    let failed = |e| StoreError::sqlite("index the ledger")(e);
    let mut insert = conn
        .prepare_cached("INSERT OR REPLACE INTO entry_sets (part, word, places) VALUES (?1, ?2, ?3)")
        .map_err(failed)?;
    for (word, places) in sets.encoded() {
        insert.execute(params![part_id(stream, part), word, places]).map_err(failed)?;
    }
    Ok(())
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
    for stream in Stream::ALL {
        let size = conn
            .prepare_cached("SELECT size FROM log_state WHERE stream = ?1")?
            .query_row([stream.number()], |r| crate::sql::unsigned(r, "size"))
            .optional()?
            .unwrap_or(0);
        let failed = |e: StoreError| rusqlite::Error::ToSqlConversionFailure(e.into());
        for part in 0..size / PART {
            index_part(conn, stream, part).map_err(failed)?;
        }
        let mut nouns = Nouns::default();
        for filed in filed(conn, stream, size / PART * PART..size).map_err(failed)? {
            nouns.of(conn, filed.res).map_err(failed)?;
        }
    }
    Ok(())
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
