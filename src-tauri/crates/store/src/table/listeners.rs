//! Listeners: who is sent entries as they are written, how far each is, and the last attempts.

use super::{handles, vault_seals};
use crate::error::StoreError;
use crate::log::Stream;
use crate::sql;
use reeve_core::id::ListenerId;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// Attempts kept of each listener.
pub const KEPT: i64 = 100;

/// A listener.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listener {
    /// Id.
    pub id: ListenerId,
    /// Name, its own.
    pub name: String,
    /// Where entries are sent.
    pub url: String,
    /// The secret that signs, sealed.
    pub sealed: Vec<u8>,
    /// Which stream.
    pub stream: Stream,
    /// How the event types begin that are sent; empty for all.
    pub event_types: Vec<String>,
    /// The least severity that is sent.
    pub min_severity: String,
    /// Whether it may be at an address that is not public.
    pub allow_private: bool,
    /// Whether it is sent anything.
    pub enabled: bool,
    /// Why Reeve stopped, if it was Reeve who did.
    pub disabled_why: Option<String>,
    /// The first entry that was not looked at.
    pub next_seq: u64,
    /// Entries delivered.
    pub delivered: u64,
    /// When the last was.
    pub last_delivered: Option<Millis>,
    /// Failed attempts in a row.
    pub failures: u64,
    /// Since when there is nothing but failures.
    pub failing_since: Option<Millis>,
    /// Since when there is this listener.
    pub created_at: Millis,
    /// Last change by a person.
    pub updated_at: Millis,
}

/// An attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// Index of the entry; `None` for a test.
    pub seq: Option<u64>,
    /// When.
    pub at: Millis,
    /// Which attempt for this entry, from 1.
    pub attempt: u64,
    /// Whether it was taken.
    pub ok: bool,
    /// HTTP status, if there was an answer.
    pub status: Option<u64>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// What went wrong.
    pub error: Option<String>,
}

/// How far a listener is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// The first entry that was not looked at.
    pub next_seq: u64,
    /// Entries delivered since the last progress was noted.
    pub delivered: u64,
    /// When the last was delivered, if any.
    pub last_delivered: Option<Millis>,
    /// Failed attempts in a row.
    pub failures: u64,
    /// Since when there is nothing but failures.
    pub failing_since: Option<Millis>,
}

const COLUMNS: &str = "SELECT id, name, url, sealed, stream, event_types, min_severity, allow_private, enabled, disabled_why, next_seq, delivered, last_delivered, failures, failing_since, created_at, updated_at FROM listeners";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Listener> {
    Ok(Listener {
        id: ListenerId(sql::id(row, "id")?),
        name: row.get("name")?,
        url: row.get("url")?,
        sealed: row.get("sealed")?,
        stream: sql::word(row, "stream", Stream::parse)?,
        event_types: sql::json(row, "event_types")?,
        min_severity: row.get("min_severity")?,
        allow_private: row.get("allow_private")?,
        enabled: row.get("enabled")?,
        disabled_why: row.get("disabled_why")?,
        next_seq: sql::unsigned(row, "next_seq")?,
        delivered: sql::unsigned(row, "delivered")?,
        last_delivered: sql::millis_opt(row, "last_delivered")?,
        failures: sql::unsigned(row, "failures")?,
        failing_since: sql::millis_opt(row, "failing_since")?,
        created_at: sql::millis(row, "created_at")?,
        updated_at: sql::millis(row, "updated_at")?,
    })
}

fn delivery_from_row(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        seq: sql::unsigned_opt(row, "seq")?,
        at: sql::millis(row, "at")?,
        attempt: sql::unsigned(row, "attempt")?,
        ok: row.get("ok")?,
        status: sql::unsigned_opt(row, "status")?,
        took_ms: sql::unsigned(row, "took_ms")?,
        error: row.get("error")?,
    })
}

impl Reads<'_> {
    /// A listener.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: ListenerId) -> Result<Option<Listener>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// All of them, by name; there are a few.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<Listener>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " ORDER BY name COLLATE NOCASE, id LIMIT 1000");
        Ok(self.conn.prepare_cached(sql)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }

    /// The last attempts of a listener, newest first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn deliveries(&self, id: ListenerId) -> Result<Vec<Delivery>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT seq, at, attempt, ok, status, took_ms, error FROM deliveries WHERE listener_id = ?1 ORDER BY n DESC LIMIT ?2",
        )?;
        let rows = rows.query_map(params![id.0.as_bytes(), KEPT], delivery_from_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds a listener, or changes one as a person set it. How far it is stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if the name is taken.
    pub fn put(&self, l: &Listener) -> Result<(), StoreError> {
        vault_seals::count(self.conn)?;
        self.conn
            .prepare_cached(
                "INSERT INTO listeners (id, name, url, sealed, stream, event_types, min_severity, allow_private, enabled,
                   disabled_why, next_seq, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
                 ON CONFLICT (id) DO UPDATE SET name = ?2, url = ?3, sealed = ?4, event_types = ?6, min_severity = ?7,
                   allow_private = ?8, enabled = ?9, disabled_why = ?10, updated_at = ?13",
            )?
            .execute(params![
                l.id.0.as_bytes(),
                l.name,
                l.url,
                l.sealed,
                l.stream.as_str(),
                sql::to_json(&l.event_types)?,
                l.min_severity,
                l.allow_private,
                l.enabled,
                l.disabled_why,
                sql::signed(l.next_seq),
                l.created_at.0,
                l.updated_at.0
            ])?;
        Ok(())
    }

    /// Removes a listener and its attempts.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete(&self, id: ListenerId) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM listeners WHERE id = ?1")?.execute([id.0.as_bytes()])?;
        Ok(())
    }

    /// Notes how far a listener is. It never goes back.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn advance(&self, id: ListenerId, to: &Progress) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE listeners SET next_seq = max(next_seq, ?2), delivered = delivered + ?3,
                   last_delivered = coalesce(?4, last_delivered), failures = ?5, failing_since = ?6 WHERE id = ?1",
            )?
            .execute(params![
                id.0.as_bytes(),
                sql::signed(to.next_seq),
                sql::signed(to.delivered),
                to.last_delivered.map(|t| t.0),
                sql::signed(to.failures),
                to.failing_since.map(|t| t.0)
            ])?;
        Ok(())
    }

    /// Begins the count of failures afresh.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn forgive(&self, id: ListenerId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE listeners SET failures = 0, failing_since = NULL WHERE id = ?1")?
            .execute([id.0.as_bytes()])?;
        Ok(())
    }

    /// Stops sending to a listener that failed for too long.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn disable(&self, id: ListenerId, why: &str) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE listeners SET enabled = 0, disabled_why = ?2 WHERE id = ?1")?
            .execute(params![id.0.as_bytes(), why])?;
        Ok(())
    }

    /// Notes attempts; the oldest beyond [`KEPT`] go.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn note(&self, id: ListenerId, attempts: &[Delivery]) -> Result<(), StoreError> {
        let mut insert = self.conn.prepare_cached(
            "INSERT INTO deliveries (listener_id, n, seq, at, attempt, ok, status, took_ms, error)
             SELECT ?1, coalesce(max(n), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM deliveries WHERE listener_id = ?1",
        )?;
        for d in attempts {
            insert.execute(params![
                id.0.as_bytes(),
                d.seq.map(sql::signed),
                d.at.0,
                sql::signed(d.attempt),
                d.ok,
                d.status.map(sql::signed),
                sql::signed(d.took_ms),
                d.error
            ])?;
        }
        self.conn
            .prepare_cached(
                "DELETE FROM deliveries WHERE listener_id = ?1
                 AND n <= (SELECT max(n) FROM deliveries WHERE listener_id = ?1) - ?2",
            )?
            .execute(params![id.0.as_bytes(), KEPT])?;
        Ok(())
    }
}
