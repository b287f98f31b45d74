//! Small secrets of Reeve's own, sealed: the ledger's signing key, the access-token key.

use super::{handles, vault_seals};
use crate::error::StoreError;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, params};

handles!();

impl Reads<'_> {
    /// A sealed item by name.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut rows = self.conn.prepare_cached("SELECT sealed FROM sealed_items WHERE name = ?1")?;
        Ok(rows.query_row([name], |r| r.get("sealed")).optional()?)
    }

    /// Since when a sealed item has its present value.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn created_at(&self, name: &str) -> Result<Option<Millis>, StoreError> {
        let mut rows = self.conn.prepare_cached("SELECT created_at FROM sealed_items WHERE name = ?1")?;
        Ok(rows.query_row([name], |r| crate::sql::millis(r, "created_at")).optional()?)
    }
}

impl Writes<'_> {
    /// Adds a sealed item.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if the name is taken.
    pub fn insert(&self, name: &str, sealed: &[u8], now: Millis) -> Result<(), StoreError> {
        vault_seals::count(self.conn)?;
        self.conn
            .prepare_cached("INSERT INTO sealed_items (name, sealed, created_at) VALUES (?1, ?2, ?3)")?
            .execute(params![name, sealed, now.0])?;
        Ok(())
    }

    /// Puts another value in place of a sealed item; the old one is overwritten in the file.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn replace(&self, name: &str, sealed: &[u8], now: Millis) -> Result<(), StoreError> {
        vault_seals::count(self.conn)?;
        self.conn
            .prepare_cached("UPDATE sealed_items SET sealed = ?2, created_at = ?3 WHERE name = ?1")?
            .execute(params![name, sealed, now.0])?;
        Ok(())
    }
}
