//! Whom budgets refused: sums by quarter-hour, key, model and user.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use crate::table::usage_slots::{SLOT, slot_of};
use reeve_core::id::{ApiKeyId, BudgetId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;
use rusqlite::params;

handles!();

/// Calls of one caller that a budget refused within a quarter-hour.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BudgetRefusal {
    /// Which budget.
    pub budget_id: BudgetId,
    /// Whose calls.
    pub tenant_id: TenantId,
    /// Through which key; `None` for several in a flood.
    pub api_key_id: Option<ApiKeyId>,
    /// For which model; empty for several.
    pub model: String,
    /// For which end user; empty where none was named, or for several.
    pub user: String,
    /// Calls.
    pub calls: u64,
    /// What they might have cost.
    pub asked: NanoUsd,
    /// The last of them.
    pub last_at: Millis,
}

impl Reads<'_> {
    /// Whom a budget refused in `[from, to)`, last first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn of_budget(
        &self,
        budget: BudgetId,
        from: Millis,
        to: Millis,
        limit: usize,
    ) -> Result<Vec<BudgetRefusal>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT tenant_id, api_key_id, model, user, sum(calls) AS calls, sum(asked_nano) AS asked, max(last_at) AS last_at
             FROM budget_refusals WHERE budget_id = ?1 AND slot >= ?2 AND slot < ?3
             GROUP BY tenant_id, api_key_id, model, user ORDER BY last_at DESC, calls DESC LIMIT ?4",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let range = params![budget.0.as_bytes(), slot_of(from), slot_of(to.plus(SLOT - 1)), limit];
        let rows = rows.query_map(range, |r| {
            Ok(BudgetRefusal {
                budget_id: budget,
                tenant_id: TenantId(sql::id(r, "tenant_id")?),
                api_key_id: sql::id_or_empty(r, "api_key_id")?.map(ApiKeyId),
                model: r.get("model")?,
                user: r.get("user")?,
                calls: sql::unsigned(r, "calls")?,
                asked: sql::nano(r, "asked")?,
                last_at: sql::millis(r, "last_at")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds refused calls. A budget that is gone by now is left out.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn add(&self, of: &BudgetRefusal) -> Result<(), StoreError> {
        let key: &[u8] = of.api_key_id.as_ref().map_or(&[], |k| k.0.as_bytes());
        self.conn
            .prepare_cached(
                "INSERT INTO budget_refusals (budget_id, slot, tenant_id, api_key_id, model, user, calls, asked_nano, last_at)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE EXISTS (SELECT 1 FROM budgets WHERE id = ?1)
                 ON CONFLICT (budget_id, slot, tenant_id, api_key_id, model, user) DO UPDATE SET
                   calls = calls + excluded.calls, asked_nano = asked_nano + excluded.asked_nano,
                   last_at = max(last_at, excluded.last_at)",
            )?
            .execute(params![
                of.budget_id.0.as_bytes(),
                slot_of(of.last_at),
                of.tenant_id.0.as_bytes(),
                key,
                of.model,
                of.user,
                sql::signed(of.calls),
                of.asked.0,
                of.last_at.0
            ])?;
        Ok(())
    }
}
