//! Sums of calls that a rate limit refused, by five minutes.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::TenantId;
use reeve_core::limit::{LimitScope, Metric};
use reeve_core::time::Millis;
use rusqlite::params;

handles!();

/// Milliseconds of a slot.
pub const SLOT: i64 = 5 * Millis::MINUTE;

/// Calls refused by one kind of limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LimitRefusals {
    /// Whose limit.
    pub scope: LimitScope,
    /// What it counts.
    pub metric: Metric,
    /// Whose calls, where that is known.
    pub tenant_id: Option<TenantId>,
    /// Refused calls.
    pub calls: u64,
}

impl Reads<'_> {
    /// Refused calls since the slot that holds `from`, those of most calls first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn since(&self, from: Millis) -> Result<Vec<LimitRefusals>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT scope, metric, tenant_id, sum(calls) AS calls FROM limit_refusals WHERE slot >= ?1
             GROUP BY scope, metric, tenant_id ORDER BY calls DESC, scope, metric, tenant_id",
        )?;
        let rows = rows.query_map([from.0.div_euclid(SLOT)], |row| {
            Ok(LimitRefusals {
                scope: sql::word(row, "scope", LimitScope::parse)?,
                metric: sql::word(row, "metric", Metric::parse)?,
                tenant_id: sql::id_or_empty(row, "tenant_id")?.map(TenantId),
                calls: sql::unsigned(row, "calls")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Counts refused calls.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn add(&self, at: Millis, refused: &LimitRefusals) -> Result<(), StoreError> {
        let tenant: &[u8] = refused.tenant_id.as_ref().map_or(&[], |t| t.0.as_bytes());
        self.conn
            .prepare_cached(
                "INSERT INTO limit_refusals (slot, scope, metric, tenant_id, calls) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (slot, scope, metric, tenant_id) DO UPDATE SET calls = calls + excluded.calls",
            )?
            .execute(params![
                at.0.div_euclid(SLOT),
                refused.scope.as_str(),
                refused.metric.as_str(),
                tenant,
                sql::signed(refused.calls)
            ])?;
        Ok(())
    }

    /// Removes the sums of sample tenants.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete_sample(&self) -> Result<(), StoreError> {
        let sql = "DELETE FROM limit_refusals WHERE tenant_id IN (SELECT id FROM tenants WHERE sample = 1)";
        self.conn.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
