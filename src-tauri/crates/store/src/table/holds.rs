//! Holds: money kept for calls whose outcome was lost in a crash.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::grant::Visible;
use reeve_core::id::{HoldId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, named_params, params};

handles!();

/// A hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hold {
    /// Id.
    pub id: HoldId,
    /// Whose.
    pub tenant_id: TenantId,
    /// How much is kept.
    pub amount: NanoUsd,
    /// When the crash was noticed.
    pub opened_at: Millis,
    /// The last moment known before the crash: the periods it counts to.
    pub at: Millis,
    /// Why, in words.
    pub reason: String,
}

const COLUMNS: &str =
    "SELECT id, tenant_id, amount_nano, opened_at, at, reason FROM holds WHERE released_at IS NULL";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Hold> {
    Ok(Hold {
        id: HoldId(sql::id(row, "id")?),
        tenant_id: TenantId(sql::id(row, "tenant_id")?),
        amount: sql::nano(row, "amount_nano")?,
        opened_at: sql::millis(row, "opened_at")?,
        at: sql::millis(row, "at")?,
        reason: row.get("reason")?,
    })
}

impl Reads<'_> {
    /// Open holds of those that are seen; one a tenant and crash, so not paged.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn open(&self, visible: &Visible) -> Result<Vec<Hold>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " AND ", sql::SEEN, " ORDER BY id LIMIT 1000");
        let mut rows = self.conn.prepare_cached(sql)?;
        let found = rows.query_map(named_params! { ":seen": sql::seen(visible) }, from_row)?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// An open hold.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get_open(&self, id: HoldId) -> Result<Option<Hold>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " AND id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }
}

impl Writes<'_> {
    /// Adds a hold.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn insert(&self, h: &Hold) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("INSERT INTO holds (id, tenant_id, amount_nano, opened_at, at, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![h.id.0.as_bytes(), h.tenant_id.0.as_bytes(), h.amount.0, h.opened_at.0, h.at.0, h.reason])?;
        Ok(())
    }

    /// Releases a hold.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn release(&self, id: HoldId, now: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE holds SET released_at = ?2 WHERE id = ?1 AND released_at IS NULL")?
            .execute(params![id.0.as_bytes(), now.0])?;
        Ok(())
    }
}
