//! How long each stream of the ledger is kept, and when the daily task last ran. A stream without a row has the default.

use super::handles;
use crate::error::StoreError;
use crate::log::Stream;
use crate::sql;
use reeve_core::retention::Retention;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, params};

handles!();

impl Reads<'_> {
    /// A stream's retention.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, stream: Stream) -> Result<Retention, StoreError> {
        let mut rows = self
            .conn
            .prepare_cached("SELECT entries_days, personal_days FROM retention_policies WHERE stream = ?1")?;
        let found = rows.query_row([stream.as_str()], |r| {
            Ok(Retention { entries_days: r.get("entries_days")?, personal_days: r.get("personal_days")? })
        });
        Ok(found.optional()?.unwrap_or_default())
    }

    /// When the daily task last ran to its end.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn last_run(&self) -> Result<Option<Millis>, StoreError> {
        let mut rows = self.conn.prepare_cached("SELECT ran_at FROM retention_runs WHERE id = 1")?;
        Ok(rows.query_row([], |r| sql::millis(r, "ran_at")).optional()?)
    }
}

impl Writes<'_> {
    /// Sets a stream's retention.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn put(&self, stream: Stream, retention: Retention, now: Millis) -> Result<(), StoreError> {
        let Retention { entries_days, personal_days } = retention;
        self.conn
            .prepare_cached(
                "INSERT INTO retention_policies (stream, entries_days, personal_days, updated_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (stream) DO UPDATE SET entries_days = excluded.entries_days, personal_days = excluded.personal_days,
                   updated_at = excluded.updated_at",
            )?
            .execute(params![stream.as_str(), entries_days, personal_days, now.0])?;
        Ok(())
    }

    /// Notes that the daily task ran to its end.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn ran(&self, now: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("INSERT INTO retention_runs (id, ran_at) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET ran_at = excluded.ran_at")?
            .execute([now.0])?;
        Ok(())
    }
}
