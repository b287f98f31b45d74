//! Captured bodies, sealed, and the data keys that seal them: one for each tenant and day of expiry. A row that goes is
//! overwritten (`secure_delete`), and with the last row of a day its key goes too, so that copies in old pages stay shut.

use super::{handles, vault_seals};
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::{ChargeId, TenantId};
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// Captured bodies of one call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedCapture {
    /// Of which call.
    pub charge_id: ChargeId,
    /// Whose.
    pub tenant_id: TenantId,
    /// Under which data key.
    pub key_id: String,
    /// When the call began.
    pub time: Millis,
    /// When it is deleted.
    pub expires_at: Millis,
    /// The bodies.
    pub sealed: Vec<u8>,
}

/// A wrapped data key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaptureKey {
    /// Id.
    pub id: String,
    /// Whose bodies.
    pub tenant_id: TenantId,
    /// Day of expiry: UTC milliseconds / 86,400,000.
    pub day: i64,
    /// The key, wrapped by the vault.
    pub wrapped: Vec<u8>,
}

/// What is kept of a tenant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CaptureSums {
    /// Calls with bodies.
    pub calls: u64,
    /// Bytes, sealed.
    pub bytes: u64,
    /// Oldest of them.
    pub oldest: Option<Millis>,
}

fn key_from_row(row: &Row<'_>) -> rusqlite::Result<CaptureKey> {
    Ok(CaptureKey {
        id: row.get("id")?,
        tenant_id: TenantId(sql::id(row, "tenant_id")?),
        day: row.get("day")?,
        wrapped: row.get("wrapped")?,
    })
}

impl Reads<'_> {
    /// The sealed bodies of a call.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, charge: ChargeId) -> Result<Option<SealedCapture>, StoreError> {
        let sql = "SELECT charge_id, tenant_id, key_id, time, expires_at, sealed FROM captures WHERE charge_id = ?1";
        let from_row = |row: &Row<'_>| {
            Ok(SealedCapture {
                charge_id: ChargeId(sql::id(row, "charge_id")?),
                tenant_id: TenantId(sql::id(row, "tenant_id")?),
                key_id: row.get("key_id")?,
                time: sql::millis(row, "time")?,
                expires_at: sql::millis(row, "expires_at")?,
                sealed: row.get("sealed")?,
            })
        };
        Ok(self.conn.prepare_cached(sql)?.query_row([charge.0.as_bytes()], from_row).optional()?)
    }

    /// When the bodies of a call are deleted, if there are any.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn expiry(&self, charge: ChargeId) -> Result<Option<Millis>, StoreError> {
        let sql = "SELECT expires_at FROM captures WHERE charge_id = ?1";
        let mut rows = self.conn.prepare_cached(sql)?;
        Ok(rows.query_row([charge.0.as_bytes()], |r| sql::millis(r, "expires_at")).optional()?)
    }

    /// The data key with this id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn key(&self, id: &str) -> Result<Option<CaptureKey>, StoreError> {
        let sql = "SELECT id, tenant_id, day, wrapped FROM capture_keys WHERE id = ?1";
        Ok(self.conn.prepare_cached(sql)?.query_row([id], key_from_row).optional()?)
    }

    /// The data key of a tenant's bodies that expire on `day`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn key_of(&self, tenant: TenantId, day: i64) -> Result<Option<CaptureKey>, StoreError> {
        let sql = "SELECT id, tenant_id, day, wrapped FROM capture_keys WHERE tenant_id = ?1 AND day = ?2";
        let mut rows = self.conn.prepare_cached(sql)?;
        Ok(rows.query_row(params![tenant.0.as_bytes(), day], key_from_row).optional()?)
    }

    /// What is kept of a tenant.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn sums(&self, tenant: TenantId) -> Result<CaptureSums, StoreError> {
        let sql = "SELECT count(*) AS calls, coalesce(sum(bytes), 0) AS bytes, min(time) AS oldest
            FROM captures INDEXED BY captures_tenant WHERE tenant_id = ?1";
        let from_row = |row: &Row<'_>| {
            Ok(CaptureSums {
                calls: sql::unsigned(row, "calls")?,
                bytes: sql::unsigned(row, "bytes")?,
                oldest: sql::millis_opt(row, "oldest")?,
            })
        };
        Ok(self.conn.prepare_cached(sql)?.query_row([tenant.0.as_bytes()], from_row)?)
    }

    /// Whether bodies are due for deletion.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn any_expired(&self, now: Millis) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM captures INDEXED BY captures_expiry WHERE expires_at <= ?1 LIMIT 1";
        Ok(self.conn.prepare_cached(sql)?.exists([now.0])?)
    }
}

impl Writes<'_> {
    /// Keeps a new data key.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn insert_key(&self, key: &CaptureKey) -> Result<(), StoreError> {
        vault_seals::count(self.conn)?;
        self.conn
            .prepare_cached("INSERT INTO capture_keys (id, tenant_id, day, wrapped) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![key.id, key.tenant_id.0.as_bytes(), key.day, key.wrapped])?;
        Ok(())
    }

    /// Keeps the sealed bodies of a call.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn insert(&self, capture: &SealedCapture) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO captures (charge_id, tenant_id, key_id, time, expires_at, bytes, sealed)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                capture.charge_id.0.as_bytes(),
                capture.tenant_id.0.as_bytes(),
                capture.key_id,
                capture.time.0,
                capture.expires_at.0,
                i64::try_from(capture.sealed.len()).unwrap_or(i64::MAX),
                capture.sealed
            ])?;
        Ok(())
    }

    /// Deletes the bodies of a call; whether there were any.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete(&self, charge: ChargeId) -> Result<bool, StoreError> {
        let sql = "DELETE FROM captures WHERE charge_id = ?1";
        let gone = self.conn.prepare_cached(sql)?.execute([charge.0.as_bytes()])?;
        self.delete_unused_keys()?;
        Ok(gone > 0)
    }

    /// Deletes all bodies of a tenant; of how many calls.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete_of(&self, tenant: TenantId) -> Result<usize, StoreError> {
        let sql = "DELETE FROM captures WHERE tenant_id = ?1";
        let gone = self.conn.prepare_cached(sql)?.execute([tenant.0.as_bytes()])?;
        self.delete_unused_keys()?;
        Ok(gone)
    }

    /// Deletes the bodies of sample tenants.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete_sample(&self) -> Result<(), StoreError> {
        let sql = "DELETE FROM captures WHERE tenant_id IN (SELECT id FROM tenants WHERE sample = 1)";
        self.conn.prepare_cached(sql)?.execute([])?;
        self.delete_unused_keys()
    }

    /// Deletes what has expired, at most `most` calls' bodies; of how many calls.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete_expired(&self, now: Millis, most: usize) -> Result<usize, StoreError> {
        let sql = "DELETE FROM captures WHERE charge_id IN
            (SELECT charge_id FROM captures INDEXED BY captures_expiry WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let gone = self.conn.prepare_cached(sql)?.execute(params![now.0, most])?;
        self.delete_unused_keys()?;
        Ok(gone)
    }

    /// A key that seals nothing any more opens only what should be gone.
    fn delete_unused_keys(&self) -> Result<(), StoreError> {
        let sql = "DELETE FROM capture_keys WHERE NOT EXISTS (SELECT 1 FROM captures WHERE key_id = capture_keys.id)";
        self.conn.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
