//! Departures from the plan's quota.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::TenantId;
use reeve_core::tenant::QuotaOverride;
use rusqlite::{OptionalExtension, Row, params};

handles!();

fn from_row(row: &Row<'_>) -> rusqlite::Result<(TenantId, QuotaOverride)> {
    let over = QuotaOverride {
        requests_per_day: sql::unsigned_opt(row, "requests_per_day")?,
        tokens_per_request: sql::unsigned_opt(row, "tokens_per_request")?,
        concurrent_requests: sql::unsigned_opt(row, "concurrent_requests")?,
        until: sql::millis_opt(row, "until")?,
        reason: row.get("reason")?,
    };
    Ok((TenantId(sql::id(row, "tenant_id")?), over))
}

const COLUMNS: &str = "SELECT tenant_id, requests_per_day, tokens_per_request, concurrent_requests, until, reason FROM quota_overrides";

impl Reads<'_> {
    /// A tenant's override.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, tenant: TenantId) -> Result<Option<QuotaOverride>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE tenant_id = ?1");
        Ok(self
            .conn
            .prepare_cached(sql)?
            .query_row([tenant.0.as_bytes()], from_row)
            .optional()?
            .map(|(_, over)| over))
    }

    /// All of them: for the admission state at start.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<(TenantId, QuotaOverride)>, StoreError> {
        Ok(self.conn.prepare_cached(COLUMNS)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Sets a tenant's override.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn put(&self, tenant: TenantId, over: &QuotaOverride) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO quota_overrides (tenant_id, requests_per_day, tokens_per_request, concurrent_requests, until, reason)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (tenant_id) DO UPDATE SET requests_per_day = excluded.requests_per_day,
                   tokens_per_request = excluded.tokens_per_request, concurrent_requests = excluded.concurrent_requests,
                   until = excluded.until, reason = excluded.reason",
            )?
            .execute(params![
                tenant.0.as_bytes(),
                over.requests_per_day.map(sql::signed),
                over.tokens_per_request.map(sql::signed),
                over.concurrent_requests.map(sql::signed),
                over.until.map(|t| t.0),
                over.reason
            ])?;
        Ok(())
    }

    /// Removes a tenant's override.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete(&self, tenant: TenantId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("DELETE FROM quota_overrides WHERE tenant_id = ?1")?
            .execute([tenant.0.as_bytes()])?;
        Ok(())
    }
}
