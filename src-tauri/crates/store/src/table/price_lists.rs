//! Approved price lists, whole, as they were approved.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::PriceListId;
use reeve_core::price::Price;
use reeve_core::time::Millis;
use rusqlite::{Row, params};

handles!();

/// An approved price list.
#[derive(Clone, PartialEq, Debug)]
pub struct PriceList {
    /// Id.
    pub id: PriceListId,
    /// Name of the file it came in.
    pub name: String,
    /// Its version, such as `2026-11`.
    pub version: String,
    /// From when its prices hold, where they do not say themselves.
    pub effective_from: Millis,
    /// SHA-256 of the file.
    pub digest: [u8; 32],
    /// Its prices.
    pub prices: Vec<Price>,
    /// When it was approved.
    pub approved_at: Millis,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<PriceList> {
    Ok(PriceList {
        id: PriceListId(sql::id(row, "id")?),
        name: row.get("name")?,
        version: row.get("version")?,
        effective_from: sql::millis(row, "effective_from")?,
        digest: row.get("digest")?,
        prices: sql::json(row, "prices")?,
        approved_at: sql::millis(row, "approved_at")?,
    })
}

impl Reads<'_> {
    /// Every approved list, oldest first; people approve one now and then.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<PriceList>, StoreError> {
        let sql = "SELECT id, name, version, effective_from, digest, prices, approved_at FROM price_lists ORDER BY id LIMIT 10000";
        Ok(self.conn.prepare_cached(sql)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds a list.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn insert(&self, list: &PriceList) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO price_lists (id, name, version, effective_from, digest, models, prices, approved_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                list.id.0.as_bytes(),
                list.name,
                list.version,
                list.effective_from.0,
                list.digest,
                sql::signed(list.prices.len() as u64),
                sql::to_json(&list.prices)?,
                list.approved_at.0
            ])?;
        Ok(())
    }
}
