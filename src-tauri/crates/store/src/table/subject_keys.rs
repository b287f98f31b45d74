//! Data keys of the ledger's private sections, by person and month, wrapped by the vault.

use super::handles;
use crate::error::StoreError;
use rusqlite::{OptionalExtension, params};

handles!();

impl Reads<'_> {
    /// The key of a person in a month (such as 202611): its id and its wrapped bytes.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn of(&self, subject: &str, month: i64) -> Result<Option<(String, Vec<u8>)>, StoreError> {
        let mut rows = self
            .conn
            .prepare_cached("SELECT id, wrapped FROM subject_keys WHERE subject = ?1 AND month = ?2")?;
        Ok(rows.query_row(params![subject, month], |r| Ok((r.get("id")?, r.get("wrapped")?))).optional()?)
    }

    /// A key's wrapped bytes by id; `None` once erased.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut rows = self.conn.prepare_cached("SELECT wrapped FROM subject_keys WHERE id = ?1")?;
        Ok(rows.query_row([id], |r| r.get("wrapped")).optional()?)
    }
}

impl Writes<'_> {
    /// Adds a key unless the person has one for the month.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn insert(&self, id: &str, subject: &str, month: i64, wrapped: &[u8]) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("INSERT INTO subject_keys (id, subject, month, wrapped) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?
            .execute(params![id, subject, month, wrapped])?;
        Ok(())
    }
}
