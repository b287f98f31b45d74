//! Thresholds that budgets passed: each is told once a period.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::BudgetId;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, params};

handles!();

impl Reads<'_> {
    /// When a threshold was passed in the period that began at `period_start`, if it was.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn passed_at(
        &self,
        budget: BudgetId,
        period_start: Millis,
        threshold: u32,
    ) -> Result<Option<Millis>, StoreError> {
        let sql =
            "SELECT at FROM budget_thresholds WHERE budget_id = ?1 AND period_start = ?2 AND threshold = ?3";
        let key = params![budget.0.as_bytes(), period_start.0, threshold];
        Ok(self.conn.prepare_cached(sql)?.query_row(key, |r| sql::millis(r, "at")).optional()?)
    }

    /// When the last threshold of the period was passed, if one was.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn last_passed_at(
        &self,
        budget: BudgetId,
        period_start: Millis,
    ) -> Result<Option<Millis>, StoreError> {
        let sql = "SELECT max(at) AS at FROM budget_thresholds WHERE budget_id = ?1 AND period_start = ?2";
        let key = params![budget.0.as_bytes(), period_start.0];
        Ok(self.conn.prepare_cached(sql)?.query_row(key, |r| sql::millis_opt(r, "at"))?)
    }
}

impl Writes<'_> {
    /// Notes that a threshold was passed.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn add(
        &self,
        budget: BudgetId,
        period_start: Millis,
        threshold: u32,
        at: Millis,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO budget_thresholds (budget_id, period_start, threshold, at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![budget.0.as_bytes(), period_start.0, threshold, at.0])?;
        Ok(())
    }
}
