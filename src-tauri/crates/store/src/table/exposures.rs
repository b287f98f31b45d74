//! Exposure bounds: the most each tenant's unsettled calls may cost, durable before a call goes out.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::TenantId;
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;
use rusqlite::params;

handles!();

/// A tenant's bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exposure {
    /// Whose.
    pub tenant_id: TenantId,
    /// The most that is on its way or not yet in the ledger.
    pub bound: NanoUsd,
    /// When it was set.
    pub at: Millis,
}

impl Reads<'_> {
    /// Every bound above zero: what a crash left behind.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn open(&self) -> Result<Vec<Exposure>, StoreError> {
        let mut rows = self
            .conn
            .prepare_cached("SELECT tenant_id, bound_nano, at FROM exposures WHERE bound_nano > 0")?;
        let rows = rows.query_map([], |r| {
            Ok(Exposure {
                tenant_id: TenantId(sql::id(r, "tenant_id")?),
                bound: sql::nano(r, "bound_nano")?,
                at: sql::millis(r, "at")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Sets a tenant's bound.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn put(&self, tenant: TenantId, bound: NanoUsd, at: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO exposures (tenant_id, bound_nano, at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (tenant_id) DO UPDATE SET bound_nano = excluded.bound_nano, at = excluded.at",
            )?
            .execute(params![tenant.0.as_bytes(), bound.0, at.0])?;
        Ok(())
    }
}
