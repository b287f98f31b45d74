//! Which charge corrects which.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::{ChargeId, ReratingId};
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// A correction of a charge by another one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Adjustment {
    /// The charge that corrects.
    pub charge_id: ChargeId,
    /// The charge it corrects.
    pub original_id: ChargeId,
    /// The re-rating it came from.
    pub rerating_id: ReratingId,
    /// The difference.
    pub cost: NanoUsd,
    /// When it was written.
    pub adjusted_at: Millis,
}

const COLUMNS: &str = "SELECT charge_id, original_id, rerating_id, cost_nano, adjusted_at FROM adjustments";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Adjustment> {
    Ok(Adjustment {
        charge_id: ChargeId(sql::id(row, "charge_id")?),
        original_id: ChargeId(sql::id(row, "original_id")?),
        rerating_id: ReratingId(sql::id(row, "rerating_id")?),
        cost: sql::nano(row, "cost_nano")?,
        adjusted_at: sql::millis(row, "adjusted_at")?,
    })
}

impl Reads<'_> {
    /// The corrections of a charge, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn of_charge(&self, id: ChargeId) -> Result<Vec<Adjustment>, StoreError> {
        let sql =
            const_str::concat!(COLUMNS, " WHERE original_id = ?1 ORDER BY adjusted_at, charge_id LIMIT 1000");
        let mut rows = self.conn.prepare_cached(sql)?;
        Ok(rows.query_map([id.0.as_bytes()], from_row)?.collect::<Result<_, _>>()?)
    }

    /// What a charge corrects, if it is a correction.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, charge: ChargeId) -> Result<Option<Adjustment>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE charge_id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([charge.0.as_bytes()], from_row).optional()?)
    }
}

impl Writes<'_> {
    /// Adds a correction; its charge is written beside it.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn insert(&self, a: &Adjustment) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO adjustments (charge_id, original_id, rerating_id, cost_nano, adjusted_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                a.charge_id.0.as_bytes(),
                a.original_id.0.as_bytes(),
                a.rerating_id.0.as_bytes(),
                a.cost.0,
                a.adjusted_at.0
            ])?;
        Ok(())
    }

    /// Removes the corrections of sample tenants' charges; before the charges themselves.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete_sample(&self) -> Result<(), StoreError> {
        let sql = "DELETE FROM adjustments WHERE charge_id IN
             (SELECT id FROM charges WHERE source = 'rerate' AND tenant_id IN (SELECT id FROM tenants WHERE sample = 1))";
        self.conn.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
