//! The keys of a stream as they stand in the file: which signs from which size on.

use super::Stream;
use crate::error::StoreError;
use crate::sql::{signed, unsigned};
use rusqlite::{Connection, params};

/// A key and the size from which it signs.
pub type LogKey = (u64, String);

/// The keys of a stream, oldest first.
pub(crate) fn all(conn: &Connection, stream: Stream) -> Result<Vec<LogKey>, StoreError> {
    let mut rows = conn
        .prepare_cached("SELECT from_size, vkey FROM log_keys WHERE stream = ?1 ORDER BY from_size")
        .map_err(StoreError::sqlite("read the ledger's keys"))?;
    let rows = rows
        .query_map([stream.number()], |r| Ok((unsigned(r, "from_size")?, r.get("vkey")?)))
        .and_then(Iterator::collect)
        .map_err(StoreError::sqlite("read the ledger's keys"))?;
    Ok(rows)
}

pub(crate) fn insert(conn: &Connection, stream: Stream, from: u64, vkey: &str) -> Result<(), StoreError> {
    conn.prepare_cached("INSERT INTO log_keys (stream, from_size, vkey) VALUES (?1, ?2, ?3)")
        .and_then(|mut s| s.execute(params![stream.number(), signed(from), vkey]))
        .map_err(StoreError::sqlite("note a key of the ledger"))?;
    Ok(())
}
