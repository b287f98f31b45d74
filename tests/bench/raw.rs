//! What SQLite alone takes to write the rows of a ledger, with the same settings and no thought given to them.

use crate::audit::IN_ONE_WRITE;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

type Failed = Box<dyn Error + Send + Sync>;

/// Rows that are copied at most.
const MOST: i64 = 1_000_000;

/// Copies entries with their tiles, bundles, words and sets into a new file, in the transactions that they were written in;
/// returns entries a second.
pub(crate) fn copied(folder: &Path) -> Result<f64, Failed> {
    let other = tempfile::tempdir()?;
    let conn = Connection::open(other.path().join("raw.db"))?;
    conn.execute_batch(
        "PRAGMA page_size=8192; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
         PRAGMA secure_delete=ON; PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=4096; PRAGMA mmap_size=1073741824;",
    )?;
    conn.execute("ATTACH ?1 AS filled", [folder.join("reeve.db").to_string_lossy()])?;
    let tables = ["entries", "bundles", "tiles", "dict", "entry_sets", "entry_words"];
    for table in tables {
        let mut made = conn.prepare(
            "SELECT sql FROM filled.sqlite_schema WHERE tbl_name = ?1 AND sql IS NOT NULL ORDER BY type = 'index'",
        )?;
        let made: Vec<String> = made.query_map([table], |r| r.get("sql"))?.collect::<Result<_, _>>()?;
        made.iter().try_for_each(|sql| conn.execute_batch(sql))?;
    }
    let rows: i64 =
        conn.query_row("SELECT min(count(*), ?1) AS n FROM filled.entries", [MOST], |r| r.get("n"))?;
    let mut taken = Duration::ZERO;
    for first in (0..rows).step_by(usize::try_from(IN_ONE_WRITE)?) {
        taken += copy(&conn, first, (first + i64::try_from(IN_ONE_WRITE)?).min(rows))?;
    }
    Ok(rows as f64 / taken.as_secs_f64())
}

/// Rows of a table.
struct Rows {
    table: &'static str,
    values: Vec<Vec<Value>>,
}

/// What stands in the file because of the entries from `first` to `end`.
fn rows(conn: &Connection, first: i64, end: i64) -> Result<Vec<Rows>, Failed> {
    let words = if first == 0 { i64::MAX } else { 0 };
    let parts = [
        ("dict", "id", 0, words),
        ("entries", "id", first, end),
        ("bundles", "id", first >> 8, end >> 8),
        ("tiles", "id", first >> 8, end >> 8),
        ("entry_sets", "part", first >> 13, end >> 13),
        ("entry_words", "chapter", first >> 16, end >> 16),
    ];
    let mut found = Vec::new();
    for (table, key, from, to) in parts.into_iter().filter(|(_, _, from, to)| from < to) {
        let mut rows =
            conn.prepare_cached(&format!("SELECT * FROM filled.{table} WHERE {key} >= ?1 AND {key} < ?2"))?;
        let width = rows.column_count();
        let values = rows.query_map([from, to], |row| (0..width).map(|i| row.get(i)).collect())?;
        found.push(Rows { table, values: values.collect::<Result<_, _>>()? });
    }
    Ok(found)
}

/// Copies them in one transaction; returns what that takes, without the reading.
fn copy(conn: &Connection, first: i64, end: i64) -> Result<Duration, Failed> {
    let rows = rows(conn, first, end)?;
    let begun = Instant::now();
    conn.execute_batch("BEGIN IMMEDIATE")?;
    for Rows { table, values } in &rows {
        let places = vec!["?"; values.first().map_or(0, Vec::len)].join(", ");
        if places.is_empty() {
            continue;
        }
        let mut insert = conn.prepare_cached(&format!("INSERT INTO main.{table} VALUES ({places})"))?;
        for row in values {
            insert.execute(params_from_iter(row))?;
        }
    }
    conn.execute_batch("COMMIT")?;
    Ok(begun.elapsed())
}
