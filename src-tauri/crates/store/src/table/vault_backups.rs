//! Backups of the vault's keys that were made here. What is in them only their files know.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, params};

handles!();

/// A backup that was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MadeBackup {
    /// When.
    pub made_at: Millis,
    /// Keys in use that are in it: provider keys and admin keys.
    pub keys: u64,
    /// The vault's epoch then.
    pub epoch: u32,
    /// How new the vault was.
    pub generation: u64,
}

/// What there is to back up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ToBackUp {
    /// Keys in use: provider keys and admin keys.
    pub keys: u64,
    /// Of them those that came into use after a moment.
    pub newer: u64,
}

impl Reads<'_> {
    /// The newest one.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn newest(&self) -> Result<Option<MadeBackup>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT made_at, keys, epoch, generation FROM vault_backups ORDER BY id DESC LIMIT 1",
        )?;
        let made = rows.query_row([], |row| {
            Ok(MadeBackup {
                made_at: sql::millis(row, "made_at")?,
                keys: sql::unsigned(row, "keys")?,
                epoch: row.get("epoch")?,
                generation: sql::unsigned(row, "generation")?,
            })
        });
        Ok(made.optional()?)
    }

    /// What there is to back up now, and how much of it came behind `since`: provider keys and admin keys.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn to_back_up(&self, since: Millis) -> Result<ToBackUp, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT count(*) AS keys, coalesce(sum(since > ?1), 0) AS newer FROM (
               SELECT v.promoted_at AS since FROM key_versions v JOIN credentials c ON c.id = v.credential_id
                 WHERE v.state = 'current' AND c.revoked_at IS NULL
               UNION ALL SELECT changed_at FROM control_credentials WHERE removed_at IS NULL)",
        )?;
        Ok(rows.query_row([since.0], |row| {
            Ok(ToBackUp { keys: sql::unsigned(row, "keys")?, newer: sql::unsigned(row, "newer")? })
        })?)
    }
}

impl Writes<'_> {
    /// Notes that one was made.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn insert(&self, b: &MadeBackup) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO vault_backups (made_at, keys, epoch, generation) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![b.made_at.0, sql::signed(b.keys), b.epoch, sql::signed(b.generation)])?;
        Ok(())
    }
}
