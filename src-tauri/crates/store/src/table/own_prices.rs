//! Own prices of a tenant or of the workspace.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::{OwnPriceId, TenantId};
use reeve_core::price::Rate;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// An own price.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnPrice {
    /// Id.
    pub id: OwnPriceId,
    /// Whose; `None` is the whole workspace.
    pub tenant_id: Option<TenantId>,
    /// Provider's catalogue name.
    pub provider: String,
    /// Model as the provider spells it.
    pub model: String,
    /// Its rates.
    pub rates: Vec<Rate>,
    /// Why, in the words of whoever set it.
    pub note: Option<String>,
    /// Rises with every change.
    pub version: u64,
    /// From when it holds.
    pub effective_from: Millis,
    /// From when it is withdrawn.
    pub effective_to: Option<Millis>,
    /// When it was set.
    pub created_at: Millis,
    /// When it was last changed.
    pub updated_at: Millis,
}

const COLUMNS: &str = "SELECT id, tenant_id, provider, model, rates, note, version, effective_from, effective_to, created_at, updated_at
    FROM own_prices";

fn from_row(row: &Row<'_>) -> rusqlite::Result<OwnPrice> {
    Ok(OwnPrice {
        id: OwnPriceId(sql::id(row, "id")?),
        tenant_id: sql::id_opt(row, "tenant_id")?.map(TenantId),
        provider: row.get("provider")?,
        model: row.get("model")?,
        rates: sql::json(row, "rates")?,
        note: row.get("note")?,
        version: sql::unsigned(row, "version")?,
        effective_from: sql::millis(row, "effective_from")?,
        effective_to: sql::millis_opt(row, "effective_to")?,
        created_at: sql::millis(row, "created_at")?,
        updated_at: sql::millis(row, "updated_at")?,
    })
}

impl Reads<'_> {
    /// Every own price, those of the past included, by the time they were set. People set them one by one.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<OwnPrice>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " ORDER BY id LIMIT 100000");
        Ok(self.conn.prepare_cached(sql)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }

    /// An own price by id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: OwnPriceId) -> Result<Option<OwnPrice>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }
}

impl Writes<'_> {
    /// Adds or replaces an own price.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if another of the same model begins at the same moment.
    pub fn put(&self, p: &OwnPrice) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO own_prices (id, tenant_id, provider, model, rates, note, version, effective_from, effective_to,
                   created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                 ON CONFLICT (id) DO UPDATE SET rates = excluded.rates, note = excluded.note, version = excluded.version,
                   effective_from = excluded.effective_from, effective_to = excluded.effective_to, updated_at = excluded.updated_at",
            )?
            .execute(params![
                p.id.0.as_bytes(),
                p.tenant_id.as_ref().map(|t| t.0.as_bytes()),
                p.provider,
                p.model,
                sql::to_json(&p.rates)?,
                p.note,
                sql::signed(p.version),
                p.effective_from.0,
                p.effective_to.map(|t| t.0),
                p.created_at.0,
                p.updated_at.0
            ])?;
        Ok(())
    }
}
