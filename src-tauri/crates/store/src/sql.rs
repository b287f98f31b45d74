//! Small bridges between SQLite's values and Reeve's.

use reeve_core::grant::Visible;
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;
use rusqlite::Row;
use rusqlite::types::{FromSqlError, Type};
use uuid::Uuid;

/// The condition that a row is of a tenant that is seen; `:seen` is bound to [`seen`]. A row of no tenant is seen with everything alone.
pub(crate) const SEEN: &str = "(:seen IS NULL OR hex(tenant_id) IN (SELECT value FROM json_each(:seen)))";

/// The tenants that are seen, for [`SEEN`]: their ids in hex as a JSON array, nothing for all.
pub(crate) fn seen(visible: &Visible) -> Option<String> {
    match visible {
        Visible::All => None,
        Visible::Only(tenants) => {
            let ids: Vec<_> = tenants.iter().map(|tenant| format!("\"{:X}\"", tenant.0.simple())).collect();
            Some(format!("[{}]", ids.join(",")))
        }
    }
}

pub(crate) fn id(row: &Row<'_>, column: &str) -> rusqlite::Result<Uuid> {
    row.get::<_, [u8; 16]>(column).map(Uuid::from_bytes)
}

pub(crate) fn id_opt(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Uuid>> {
    row.get::<_, Option<[u8; 16]>>(column).map(|bytes| bytes.map(Uuid::from_bytes))
}

/// An id of a key column where "none" is an empty blob.
pub(crate) fn id_or_empty(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Uuid>> {
    let bytes: Vec<u8> = row.get(column)?;
    Ok(<[u8; 16]>::try_from(bytes.as_slice()).ok().map(Uuid::from_bytes))
}

pub(crate) fn millis(row: &Row<'_>, column: &str) -> rusqlite::Result<Millis> {
    row.get(column).map(Millis)
}

pub(crate) fn millis_opt(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Millis>> {
    row.get::<_, Option<i64>>(column).map(|ms| ms.map(Millis))
}

pub(crate) fn nano(row: &Row<'_>, column: &str) -> rusqlite::Result<NanoUsd> {
    row.get(column).map(NanoUsd)
}

pub(crate) fn unsigned(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|n| u64::try_from(n).unwrap_or(0))
}

pub(crate) fn unsigned_opt(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<u64>> {
    row.get::<_, Option<i64>>(column).map(|n| n.and_then(|n| u64::try_from(n).ok()))
}

/// SQLite has no unsigned 64-bit integer; quantities beyond 2^63 do not occur and saturate.
pub(crate) fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub(crate) fn word<T>(row: &Row<'_>, column: &str, parse: impl Fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    parse(&text).ok_or_else(|| bad(format!("unknown word \"{text}\" in column {column}")))
}

pub(crate) fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|e| bad(format!("column {column}: {e}")))
}

pub(crate) fn json_opt<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: &str,
) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    let read = |text: String| serde_json::from_str(&text).map_err(|e| bad(format!("column {column}: {e}")));
    text.map(read).transpose()
}

pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}

fn bad(what: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(FromSqlError::Other(what.into())))
}
