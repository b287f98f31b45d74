//! Models that were really asked for and could not be priced, or only at the ceiling.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::TenantId;
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;
use rusqlite::{Row, params};

handles!();

/// What one tenant asked of one model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnpricedModel {
    /// Provider's catalogue name.
    pub provider: String,
    /// Model, as it was asked for.
    pub model: String,
    /// Why it has no price: `unknown_model` or `missing_rate`.
    pub reason: String,
    /// Who asked.
    pub tenant_id: TenantId,
    /// Calls that were refused.
    pub refused: u64,
    /// Calls that went through at the ceiling.
    pub ceiling: u64,
    /// What they were charged.
    pub cost: NanoUsd,
    /// The first time.
    pub first_at: Millis,
    /// The last time.
    pub last_at: Millis,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<UnpricedModel> {
    Ok(UnpricedModel {
        provider: row.get("provider")?,
        model: row.get("model")?,
        reason: row.get("reason")?,
        tenant_id: TenantId(sql::id(row, "tenant_id")?),
        refused: sql::unsigned(row, "refused")?,
        ceiling: sql::unsigned(row, "ceiling")?,
        cost: sql::nano(row, "cost_nano")?,
        first_at: sql::millis(row, "first_at")?,
        last_at: sql::millis(row, "last_at")?,
    })
}

/// Rows kept at most: whoever makes names up does not fill the store.
const MOST: i64 = 5_000;

impl Reads<'_> {
    /// Everything that was asked for, the latest first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<UnpricedModel>, StoreError> {
        let sql = "SELECT provider, model, reason, tenant_id, refused, ceiling, cost_nano, first_at, last_at FROM unpriced_models
             ORDER BY last_at DESC, provider, model LIMIT ?1";
        Ok(self.conn.prepare_cached(sql)?.query_map([MOST], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds what was asked since the last time.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn add(&self, asked: &UnpricedModel) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO unpriced_models (provider, model, reason, tenant_id, refused, ceiling, cost_nano, first_at, last_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                 ON CONFLICT (provider, model, reason, tenant_id) DO UPDATE SET refused = refused + excluded.refused,
                   ceiling = ceiling + excluded.ceiling, cost_nano = cost_nano + excluded.cost_nano, last_at = excluded.last_at",
            )?
            .execute(params![
                asked.provider,
                asked.model,
                asked.reason,
                asked.tenant_id.0.as_bytes(),
                sql::signed(asked.refused),
                sql::signed(asked.ceiling),
                asked.cost.0,
                asked.first_at.0,
                asked.last_at.0
            ])?;
        Ok(())
    }

    /// Forgets the oldest beyond the most that are kept.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn trim(&self) -> Result<(), StoreError> {
        let sql = "DELETE FROM unpriced_models WHERE (provider, model, reason, tenant_id) IN
             (SELECT provider, model, reason, tenant_id FROM unpriced_models ORDER BY last_at DESC LIMIT -1 OFFSET ?1)";
        self.conn.prepare_cached(sql)?.execute([MOST])?;
        Ok(())
    }
}
