//! Sums of refused calls by quarter-hour and reason.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use crate::table::usage_slots::{SLOT, slot_of};
use reeve_core::id::{BudgetId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;
use rusqlite::params;

handles!();

/// Refused calls of one reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusals {
    /// Error code, such as `budget_exceeded`.
    pub reason: String,
    /// Calls.
    pub calls: u64,
    /// What they might have cost.
    pub asked: NanoUsd,
}

impl Reads<'_> {
    /// Refused calls in `[from, to)` by reason.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn by_reason(&self, from: Millis, to: Millis) -> Result<Vec<Refusals>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT reason, sum(calls) AS calls, sum(asked_nano) AS asked FROM refusal_slots
             WHERE slot >= ?1 AND slot < ?2 GROUP BY reason ORDER BY reason",
        )?;
        let rows = rows.query_map(params![slot_of(from), slot_of(to.plus(SLOT - 1))], |r| {
            Ok(Refusals {
                reason: r.get("reason")?,
                calls: sql::unsigned(r, "calls")?,
                asked: sql::nano(r, "asked")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Calls a budget refused in `[from, to)` and what they might have cost.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn of_budget(
        &self,
        budget: BudgetId,
        from: Millis,
        to: Millis,
    ) -> Result<(u64, NanoUsd), StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT coalesce(sum(calls), 0) AS calls, coalesce(sum(asked_nano), 0) AS asked
             FROM refusal_slots INDEXED BY refusal_slots_budget WHERE budget_id = ?1 AND slot >= ?2 AND slot < ?3",
        )?;
        let range = params![budget.0.as_bytes(), slot_of(from), slot_of(to.plus(SLOT - 1))];
        Ok(rows.query_row(range, |r| Ok((sql::unsigned(r, "calls")?, sql::nano(r, "asked")?)))?)
    }
}

impl Writes<'_> {
    /// Counts refused calls, and what they might have cost together.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn add(
        &self,
        at: Millis,
        tenant: Option<TenantId>,
        reason: &str,
        budget: Option<BudgetId>,
        (calls, asked): (u64, NanoUsd),
    ) -> Result<(), StoreError> {
        let tenant: &[u8] = tenant.as_ref().map_or(&[], |t| t.0.as_bytes());
        let budget: &[u8] = budget.as_ref().map_or(&[], |b| b.0.as_bytes());
        self.conn
            .prepare_cached(
                "INSERT INTO refusal_slots (slot, tenant_id, reason, budget_id, calls, asked_nano) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (slot, tenant_id, reason, budget_id)
                 DO UPDATE SET calls = calls + excluded.calls, asked_nano = asked_nano + excluded.asked_nano",
            )?
            .execute(params![slot_of(at), tenant, reason, budget, sql::signed(calls), asked.0])?;
        Ok(())
    }

    /// Removes the sums of sample tenants.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete_sample(&self) -> Result<(), StoreError> {
        let sql = "DELETE FROM refusal_slots WHERE tenant_id IN (SELECT id FROM tenants WHERE sample = 1)";
        self.conn.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
