//! Prices that charges were computed with. Each is told once, by an entry of the usage ledger, and known by its index.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use rusqlite::params;

handles!();

impl Reads<'_> {
    /// The index of the newest entry that tells `price`, if it was ever applied.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn find(&self, price: &str) -> Result<Option<u64>, StoreError> {
        let mut rows =
            self.conn.prepare_cached("SELECT max(seq) AS seq FROM applied_prices WHERE price = ?1")?;
        Ok(rows.query_row([price], |r| sql::unsigned_opt(r, "seq"))?)
    }
}

impl Writes<'_> {
    /// Adds a price that entry `seq` of the usage ledger tells.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn insert(&self, seq: u64, price: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO applied_prices (seq, price) VALUES (?1, ?2)";
        self.conn.prepare_cached(sql)?.execute(params![sql::signed(seq), price])?;
        Ok(())
    }
}
