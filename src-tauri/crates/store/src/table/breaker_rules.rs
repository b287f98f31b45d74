//! When calls are kept from a provider key: one row at most.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::breaker::BreakerRules;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

fn from_row(row: &Row<'_>) -> rusqlite::Result<BreakerRules> {
    sql::json(row, "rules")
}

impl Reads<'_> {
    /// The rules; the defaults where nobody set any.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self) -> Result<BreakerRules, StoreError> {
        let mut row = self.conn.prepare_cached("SELECT rules FROM breaker_rules WHERE id = 1")?;
        Ok(row.query_row([], from_row).optional()?.unwrap_or_default())
    }
}

impl Writes<'_> {
    /// Sets the rules.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn put(&self, rules: &BreakerRules, at: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO breaker_rules (id, rules, updated_at) VALUES (1, ?1, ?2)
                 ON CONFLICT (id) DO UPDATE SET rules = excluded.rules, updated_at = excluded.updated_at",
            )?
            .execute(params![sql::to_json(rules)?, at.0])?;
        Ok(())
    }
}
