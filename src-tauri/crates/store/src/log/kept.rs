//! Heads that are kept, and their thinning: all of the last days, then one an hour, then one a day, so that a year has some
//! thousands and not half a million.

use super::Stream;
use crate::error::StoreError;
use crate::sql::{signed, unsigned};
use reeve_core::time::Millis;
use reeve_ledger::Hash;
use rusqlite::{Connection, Row, params};

/// The reason of the head at which one key hands over to the next.
pub(crate) const HANDED_OVER: &str = "key.rotate";
/// The reason of the heads at round sizes.
pub(crate) const SIZE: &str = "size";

/// So long every head stays.
const ALL_OF: i64 = 2 * Millis::DAY;
/// So long one an hour stays; of what is older, one a day.
const HOURLY: i64 = 90 * Millis::DAY;

/// A row of `checkpoints`.
pub(crate) struct KeptHead {
    pub(crate) size: u64,
    pub(crate) note: String,
    pub(crate) reason: String,
    pub(crate) created_at: i64,
}

impl KeptHead {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            size: unsigned(row, "size")?,
            note: row.get("note")?,
            reason: row.get("reason")?,
            created_at: row.get("created_at")?,
        })
    }

    fn hash(&self, stream: Stream) -> Hash {
        let Self { size, note, reason, created_at } = self;
        let row = format!("{}\n{size}\n{created_at}\n{reason}\n{note}", stream.number());
        reeve_ledger::leaf_hash(row.as_bytes())
    }

    /// Puts this row into the sum, or takes it out again.
    pub(crate) fn turn(&self, stream: Stream, sum: &mut Hash) {
        for (byte, own) in sum.iter_mut().zip(self.hash(stream)) {
            *byte ^= own;
        }
    }
}

/// The kept heads of a stream, the smallest first.
pub(crate) fn all(conn: &Connection, stream: Stream) -> Result<Vec<KeptHead>, StoreError> {
    let mut rows = conn.prepare_cached(
        "SELECT size, note, reason, created_at FROM checkpoints WHERE stream = ?1 ORDER BY size",
    )?;
    let rows = rows.query_map([stream.number()], KeptHead::from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What the rows add up to.
pub(crate) fn sum(stream: Stream, rows: &[KeptHead]) -> Hash {
    let mut sum = [0; 32];
    rows.iter().for_each(|row| row.turn(stream, &mut sum));
    sum
}

/// Writes a row; one of the same size that is there stays. Whether it was written.
pub(crate) fn insert(conn: &Connection, stream: Stream, head: &KeptHead) -> Result<bool, StoreError> {
    let KeptHead { size, note, reason, created_at } = head;
    let written = conn
        .prepare_cached(
            "INSERT INTO checkpoints (stream, size, note, reason, created_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (stream, size) DO NOTHING",
        )
        .and_then(|mut s| s.execute(params![stream.number(), signed(*size), note, reason, created_at]))
        .map_err(StoreError::sqlite("keep a checkpoint"))?;
    Ok(written == 1)
}

pub(crate) fn delete(conn: &Connection, stream: Stream, size: u64) -> Result<(), StoreError> {
    conn.prepare_cached("DELETE FROM checkpoints WHERE stream = ?1 AND size = ?2")?
        .execute(params![stream.number(), signed(size)])?;
    Ok(())
}

/// Which of the rows are not needed any more: within its hour, later within its day, the last stays.
pub(crate) fn superfluous(rows: Vec<KeptHead>, now: Millis) -> Vec<KeptHead> {
    let span = |row: &KeptHead| match now.0 - row.created_at {
        age if age <= ALL_OF => None,
        age if age <= HOURLY => Some((1, row.created_at.div_euclid(Millis::HOUR))),
        _ => Some((2, row.created_at.div_euclid(Millis::DAY))),
    };
    let mut gone = Vec::new();
    let mut rows = rows.into_iter().filter(|r| r.reason != HANDED_OVER && r.reason != SIZE).peekable();
    while let Some(row) = rows.next() {
        if span(&row).is_some() && rows.peek().and_then(&span) == span(&row) {
            gone.push(row);
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(size: u64, created_at: i64, reason: &str) -> KeptHead {
        KeptHead { size, note: String::new(), reason: reason.to_owned(), created_at }
    }

    #[test]
    fn a_year_of_ten_minutes_leaves_some_thousands() {
        let (now, step) = (Millis(365 * Millis::DAY), 10 * Millis::MINUTE);
        let mut rows: Vec<_> =
            (0..=now.0 / step).map(|i| head(i.cast_unsigned(), i * step, "interval")).collect();
        rows[3].reason = HANDED_OVER.to_owned();
        rows[4].reason = SIZE.to_owned();
        let all = rows.len();
        let gone = superfluous(rows, now);
        let left = all - gone.len();
        assert!((2_600..2_800).contains(&left), "{left}");
        assert!(gone.iter().all(|r| r.reason == "interval" && r.created_at < now.0 - ALL_OF));
        assert!(gone.iter().all(|r| r.created_at / step % 6 != 5 || r.created_at < now.0 - HOURLY));
    }

    #[test]
    fn a_row_that_is_lost_or_changed_is_missed() {
        let rows = || vec![head(1, 5, "a"), head(2, 6, "b"), head(3, 7, "c")];
        let whole = sum(Stream::Audit, &rows());
        assert_ne!(whole, sum(Stream::Usage, &rows()));
        for n in 0..3 {
            let mut less = rows();
            less.remove(n);
            assert_ne!(whole, sum(Stream::Audit, &less));
            let mut changed = rows();
            changed[n].reason.push('x');
            assert_ne!(whole, sum(Stream::Audit, &changed));
            changed = rows();
            changed[n].created_at += 1;
            assert_ne!(whole, sum(Stream::Audit, &changed));
        }
    }
}
