//! Which bodies are kept of tenants' calls, and how. A tenant without a row keeps none.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::{ApiKeyId, TenantId};
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// What is kept of a tenant's calls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaptureRule {
    /// Whose.
    pub tenant_id: TenantId,
    /// Only of these keys; empty: of all.
    pub api_keys: Vec<ApiKeyId>,
    /// Of how many calls, in millionths.
    pub share_ppm: u32,
    /// How much of each body, in bytes.
    pub max_bytes: u32,
    /// For how many days.
    pub retention_days: u32,
    /// Words of the built-in detectors that are on.
    pub detectors: Vec<String>,
    /// Regular expressions whose matches are left out too.
    pub patterns: Vec<String>,
    /// When it was set.
    pub updated_at: Millis,
}

const COLUMNS: &str = "SELECT tenant_id, api_keys, share_ppm, max_bytes, retention_days, detectors, patterns, updated_at FROM capture_rules";

fn from_row(row: &Row<'_>) -> rusqlite::Result<CaptureRule> {
    Ok(CaptureRule {
        tenant_id: TenantId(sql::id(row, "tenant_id")?),
        api_keys: sql::json(row, "api_keys")?,
        share_ppm: row.get("share_ppm")?,
        max_bytes: row.get("max_bytes")?,
        retention_days: row.get("retention_days")?,
        detectors: sql::json(row, "detectors")?,
        patterns: sql::json(row, "patterns")?,
        updated_at: sql::millis(row, "updated_at")?,
    })
}

impl Reads<'_> {
    /// A tenant's rule.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, tenant: TenantId) -> Result<Option<CaptureRule>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE tenant_id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([tenant.0.as_bytes()], from_row).optional()?)
    }

    /// Every rule.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<CaptureRule>, StoreError> {
        let mut rows = self.conn.prepare_cached(COLUMNS)?;
        Ok(rows.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Sets a tenant's rule.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn put(&self, rule: &CaptureRule) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO capture_rules (tenant_id, api_keys, share_ppm, max_bytes, retention_days, detectors, patterns, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (tenant_id) DO UPDATE SET api_keys = excluded.api_keys, share_ppm = excluded.share_ppm,
                   max_bytes = excluded.max_bytes, retention_days = excluded.retention_days, detectors = excluded.detectors,
                   patterns = excluded.patterns, updated_at = excluded.updated_at",
            )?
            .execute(params![
                rule.tenant_id.0.as_bytes(),
                sql::to_json(&rule.api_keys)?,
                rule.share_ppm,
                rule.max_bytes,
                rule.retention_days,
                sql::to_json(&rule.detectors)?,
                sql::to_json(&rule.patterns)?,
                rule.updated_at.0
            ])?;
        Ok(())
    }

    /// Removes a tenant's rule: nothing more is kept.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete(&self, tenant: TenantId) -> Result<bool, StoreError> {
        let sql = "DELETE FROM capture_rules WHERE tenant_id = ?1";
        Ok(self.conn.prepare_cached(sql)?.execute([tenant.0.as_bytes()])? > 0)
    }
}
