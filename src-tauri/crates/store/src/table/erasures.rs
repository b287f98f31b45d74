//! Requests for erasure (GDPR Art. 17) and what became of them.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::ErasureId;
use reeve_core::retention::ErasureState;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// A request for erasure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Erasure {
    /// Id.
    pub id: ErasureId,
    /// Whose data: the pseudonym in the ledger.
    pub subject: String,
    /// How it stands.
    pub state: ErasureState,
    /// Why it was refused, or which holds block it.
    pub ground: Option<String>,
    /// When it was asked for.
    pub requested_at: Millis,
    /// Index of the entry in the audit stream that notes it.
    pub requested_seq: u64,
    /// When it was refused or carried out, or found blocked.
    pub decided_at: Option<Millis>,
    /// Index of the entry that says so.
    pub decided_seq: Option<u64>,
    /// Keys destroyed.
    pub keys: u64,
    /// Sealed sections that no key opens any more.
    pub sections: u64,
}

const COLUMNS: &str = "SELECT id, subject, state, ground, requested_at, requested_seq, decided_at, decided_seq, keys, sections FROM erasures";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Erasure> {
    Ok(Erasure {
        id: ErasureId(sql::id(row, "id")?),
        subject: row.get("subject")?,
        state: sql::word(row, "state", ErasureState::parse)?,
        ground: row.get("ground")?,
        requested_at: sql::millis(row, "requested_at")?,
        requested_seq: sql::unsigned(row, "requested_seq")?,
        decided_at: sql::millis_opt(row, "decided_at")?,
        decided_seq: sql::unsigned_opt(row, "decided_seq")?,
        keys: sql::unsigned(row, "keys")?,
        sections: sql::unsigned(row, "sections")?,
    })
}

impl Reads<'_> {
    /// A request by id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: ErasureId) -> Result<Option<Erasure>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// Requests, newest first, before `before`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn list(&self, before: Option<ErasureId>, limit: usize) -> Result<Vec<Erasure>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2");
        let before = before.map(|id| id.0.as_bytes().to_vec());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = self.conn.prepare_cached(sql)?;
        Ok(rows.query_map(params![before, limit], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds a request, or replaces how it stands.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if another request for the subject is open.
    pub fn put(&self, erasure: &Erasure) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO erasures (id, subject, state, ground, requested_at, requested_seq, decided_at, decided_seq, keys, sections)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT (id) DO UPDATE SET state = excluded.state, ground = excluded.ground, decided_at = excluded.decided_at,
                   decided_seq = excluded.decided_seq, keys = excluded.keys, sections = excluded.sections",
            )?
            .execute(params![
                erasure.id.0.as_bytes(),
                erasure.subject,
                erasure.state.as_str(),
                erasure.ground,
                erasure.requested_at.0,
                sql::signed(erasure.requested_seq),
                erasure.decided_at.map(|t| t.0),
                erasure.decided_seq.map(sql::signed),
                sql::signed(erasure.keys),
                sql::signed(erasure.sections)
            ])?;
        Ok(())
    }
}
