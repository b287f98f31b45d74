//! Budgets.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::budget::{BudgetKind, BudgetLevel, BudgetScope, Limit};
use reeve_core::grant::Visible;
use reeve_core::id::{BudgetId, TenantId};
use reeve_core::period::PeriodKind;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, named_params, params};

handles!();

/// A budget.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Budget {
    /// Id.
    pub id: BudgetId,
    /// What it stands on.
    pub level: BudgetLevel,
    /// Day or month.
    pub period: PeriodKind,
    /// Amount and what happens at it.
    pub limit: Limit,
    /// Percentages at which people are told.
    pub thresholds: Vec<u32>,
    /// Whether it came with the sample data.
    pub sample: bool,
    /// Since when.
    pub created_at: Millis,
    /// Last change.
    pub updated_at: Millis,
}

const COLUMNS: &str = "SELECT id, scope, tenant_id, target, period, kind, limit_nano, thresholds, sample, created_at, updated_at FROM budgets";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Budget> {
    let period = sql::word(row, "period", |w| PeriodKind::ALL.into_iter().find(|p| p.as_str() == w))?;
    let limit =
        Limit { amount: sql::nano(row, "limit_nano")?, kind: sql::word(row, "kind", BudgetKind::parse)? };
    Ok(Budget {
        id: BudgetId(sql::id(row, "id")?),
        level: BudgetLevel {
            scope: sql::word(row, "scope", BudgetScope::parse)?,
            tenant_id: sql::id_opt(row, "tenant_id")?.map(TenantId),
            target: row.get("target")?,
        },
        period,
        limit,
        thresholds: sql::json(row, "thresholds")?,
        sample: row.get("sample")?,
        created_at: sql::millis(row, "created_at")?,
        updated_at: sql::millis(row, "updated_at")?,
    })
}

impl Reads<'_> {
    /// A budget by id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: BudgetId) -> Result<Option<Budget>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// Budgets in the order they were made, of those that are seen, behind `after`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn list(
        &self,
        visible: &Visible,
        after: Option<BudgetId>,
        limit: usize,
    ) -> Result<Vec<Budget>, StoreError> {
        let sql =
            const_str::concat!(COLUMNS, " WHERE id > :after AND ", sql::SEEN, " ORDER BY id LIMIT :limit");
        let after = after.map_or_else(Vec::new, |id| id.0.as_bytes().to_vec());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = self.conn.prepare_cached(sql)?;
        let asked = named_params! { ":after": after, ":seen": sql::seen(visible), ":limit": limit };
        Ok(rows.query_map(asked, from_row)?.collect::<Result<_, _>>()?)
    }

    /// The budgets of one level: one a period at most.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn of_level(&self, level: &BudgetLevel) -> Result<Vec<Budget>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE scope = ?1 AND target = ?2 AND tenant_id IS ?3");
        let mut rows = self.conn.prepare_cached(sql)?;
        let tenant = level.tenant_id.as_ref().map(|t| t.0.as_bytes());
        let found = rows.query_map(params![level.scope.as_str(), level.target, tenant], from_row)?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// All of them: for the admission state at start.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<Budget>, StoreError> {
        Ok(self.conn.prepare_cached(COLUMNS)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds a budget or replaces its limit, kind and thresholds.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if the level has one for the period.
    pub fn put(&self, b: &Budget) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO budgets (id, scope, tenant_id, target, period, kind, limit_nano, thresholds, sample, created_at,
                   updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                 ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, limit_nano = excluded.limit_nano,
                   thresholds = excluded.thresholds, updated_at = excluded.updated_at",
            )?
            .execute(params![
                b.id.0.as_bytes(),
                b.level.scope.as_str(),
                b.level.tenant_id.as_ref().map(|t| t.0.as_bytes()),
                b.level.target,
                b.period.as_str(),
                b.limit.kind.as_str(),
                b.limit.amount.0,
                sql::to_json(&b.thresholds)?,
                b.sample,
                b.created_at.0,
                b.updated_at.0
            ])?;
        Ok(())
    }

    /// Removes a budget.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete(&self, id: BudgetId) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM budgets WHERE id = ?1")?.execute([id.0.as_bytes()])?;
        Ok(())
    }

    /// Removes the sample budgets of the workspace; those of sample tenants go with the tenants.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete_sample(&self) -> Result<usize, StoreError> {
        Ok(self.conn.prepare_cached("DELETE FROM budgets WHERE sample = 1")?.execute([])?)
    }
}
