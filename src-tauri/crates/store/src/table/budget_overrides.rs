//! Temporary limits of budgets.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::budget::LimitOverride;
use reeve_core::id::{BudgetId, OverrideId};
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// A temporary limit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BudgetOverride {
    /// Of which budget.
    pub budget_id: BudgetId,
    /// Id, limit, start and end.
    pub limit: LimitOverride,
    /// Why, in the words of whoever set it.
    pub reason: String,
    /// Since when it is known.
    pub created_at: Millis,
}

const COLUMNS: &str =
    "SELECT id, budget_id, limit_nano, starts_at, ends_at, reason, created_at FROM budget_overrides";

fn from_row(row: &Row<'_>) -> rusqlite::Result<BudgetOverride> {
    Ok(BudgetOverride {
        budget_id: BudgetId(sql::id(row, "budget_id")?),
        limit: LimitOverride {
            id: OverrideId(sql::id(row, "id")?),
            amount: sql::nano(row, "limit_nano")?,
            starts_at: sql::millis(row, "starts_at")?,
            ends_at: sql::millis(row, "ends_at")?,
        },
        reason: row.get("reason")?,
        created_at: sql::millis(row, "created_at")?,
    })
}

impl Reads<'_> {
    /// An override of a budget.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, budget: BudgetId, id: OverrideId) -> Result<Option<BudgetOverride>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1 AND budget_id = ?2");
        let key = params![id.0.as_bytes(), budget.0.as_bytes()];
        Ok(self.conn.prepare_cached(sql)?.query_row(key, from_row).optional()?)
    }

    /// The newest overrides of a budget, past ones included, newest first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn of_budget(&self, budget: BudgetId, limit: usize) -> Result<Vec<BudgetOverride>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE budget_id = ?1 ORDER BY id DESC LIMIT ?2");
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = self.conn.prepare_cached(sql)?;
        Ok(rows.query_map(params![budget.0.as_bytes(), limit], from_row)?.collect::<Result<_, _>>()?)
    }

    /// The overrides of a budget that hold at `now` or will.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn unended(&self, budget: BudgetId, now: Millis) -> Result<Vec<LimitOverride>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE budget_id = ?1 AND ends_at > ?2 ORDER BY id");
        let mut rows = self.conn.prepare_cached(sql)?;
        let found = rows.query_map(params![budget.0.as_bytes(), now.0], |row| Ok(from_row(row)?.limit))?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds an override.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn insert(&self, o: &BudgetOverride) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO budget_overrides (id, budget_id, limit_nano, starts_at, ends_at, reason, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                o.limit.id.0.as_bytes(),
                o.budget_id.0.as_bytes(),
                o.limit.amount.0,
                o.limit.starts_at.0,
                o.limit.ends_at.0,
                o.reason,
                o.created_at.0
            ])?;
        Ok(())
    }

    /// Removes an override.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete(&self, id: OverrideId) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM budget_overrides WHERE id = ?1")?.execute([id.0.as_bytes()])?;
        Ok(())
    }
}
