//! Labels of charges and refusals, to find them by. Written with the rows they belong to.

use crate::error::StoreError;
pub(crate) use crate::requests::Kind;
use crate::sql;
use reeve_core::time::Millis;
use rusqlite::{Connection, params};

/// The number of a kind in the table.
pub(crate) const fn number(kind: Kind) -> i64 {
    match kind {
        Kind::Refusal => 0,
        Kind::Charge => 1,
    }
}

/// Adds the labels of one row; each counts once.
pub(crate) fn insert(
    conn: &Connection,
    kind: Kind,
    tags: &[String],
    at: Millis,
    row: u64,
) -> Result<(), StoreError> {
    if tags.is_empty() {
        return Ok(());
    }
    let mut insert = conn
        .prepare_cached("INSERT OR IGNORE INTO request_tags (kind, tag, at, row) VALUES (?1, ?2, ?3, ?4)")?;
    for tag in tags {
        insert.execute(params![number(kind), tag, at.0, sql::signed(row)])?;
    }
    Ok(())
}

/// Removes the labels of sample tenants' rows, before the rows themselves.
pub(crate) fn delete_sample(conn: &Connection, kind: Kind) -> Result<(), StoreError> {
    let sql = match kind {
        Kind::Charge => {
            "DELETE FROM request_tags WHERE kind = 1 AND (tag, at, row) IN (SELECT j.value, c.time, c.seq FROM charges AS c,
               json_each(c.tags) AS j WHERE c.tenant_id IN (SELECT id FROM tenants WHERE sample = 1) AND c.tags <> '[]')"
        }
        Kind::Refusal => {
            "DELETE FROM request_tags WHERE kind = 0 AND (tag, at, row) IN (SELECT j.value, r.time, r.seq FROM refusals AS r,
               json_each(r.tags) AS j WHERE r.tenant_id IN (SELECT id FROM tenants WHERE sample = 1) AND r.tags <> '[]')"
        }
    };
    conn.prepare_cached(sql)?.execute([])?;
    Ok(())
}
