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

/// Copies entries, their tiles, bundles, words and sets into a new file, in batches as large as those they were written in;
/// returns entries a second.
pub(crate) fn copied(folder: &Path) -> Result<f64, Failed> {
    let other = tempfile::tempdir()?;
    let conn = Connection::open(other.path().join("raw.db"))?;
    conn.execute_batch(
        "PRAGMA page_size=8192; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
         PRAGMA secure_delete=ON; PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=4096; PRAGMA mmap_size=1073741824;",
    )?;
    conn.execute("ATTACH ?1 AS filled", [folder.join("reeve.db").to_string_lossy()])?;
    let tables = ["entries", "bundles", "tiles", "dict", "entry_sets"];
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
    for table in tables {
        taken += copy(&conn, table, rows)?;
    }
    Ok(rows as f64 / taken.as_secs_f64())
}

/// Copies the rows of a table that belong to the first `entries`; returns what the inserts took, without the reading.
fn copy(conn: &Connection, table: &str, entries: i64) -> Result<Duration, Failed> {
    let condition = match table {
        "entries" => format!("id < {entries}"),
        "bundles" | "tiles" => format!("id < {entries} >> 8"),
        "entry_sets" => format!("part < {entries} >> 13"),
        _ => "true".to_owned(),
    };
    let mut rows = conn.prepare(&format!("SELECT * FROM filled.{table} WHERE {condition}"))?;
    let width = rows.column_count();
    let places = vec!["?"; width].join(", ");
    let mut rows = rows.query([])?;
    let mut taken = Duration::ZERO;
    loop {
        let mut batch: Vec<Vec<Value>> = Vec::new();
        while batch.len() < usize::try_from(IN_ONE_WRITE)?
            && let Some(row) = rows.next()?
        {
            batch.push((0..width).map(|i| row.get(i)).collect::<Result<_, _>>()?);
        }
        if batch.is_empty() {
            return Ok(taken);
        }
        let begun = Instant::now();
        conn.execute_batch("BEGIN IMMEDIATE")?;
        let mut insert = conn.prepare_cached(&format!("INSERT INTO main.{table} VALUES ({places})"))?;
        for row in &batch {
            insert.execute(params_from_iter(row))?;
        }
        conn.execute_batch("COMMIT")?;
        taken += begun.elapsed();
    }
}
