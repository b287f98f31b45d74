//! Routes: where calls for a model go.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::{RouteId, TenantId};
use reeve_core::route::{Patience, Retries, Target};
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// A route.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Route {
    /// Id.
    pub id: RouteId,
    /// Whose calls it is for; all tenants' where absent.
    pub tenant_id: Option<TenantId>,
    /// What callers ask for: a model's name, or an alias.
    pub model: String,
    /// Where the calls go, in the order they are asked.
    pub targets: Vec<Target>,
    /// How long it waits.
    pub patience: Patience,
    /// What it tries again.
    pub retries: Retries,
    /// Since when.
    pub created_at: Millis,
    /// Last change.
    pub updated_at: Millis,
}

const COLUMNS: &str =
    "SELECT id, tenant_id, model, targets, patience, retries, created_at, updated_at FROM routes";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Route> {
    Ok(Route {
        id: RouteId(sql::id(row, "id")?),
        tenant_id: sql::id_opt(row, "tenant_id")?.map(TenantId),
        model: row.get("model")?,
        targets: sql::json(row, "targets")?,
        patience: sql::json(row, "patience")?,
        retries: sql::json(row, "retries")?,
        created_at: sql::millis(row, "created_at")?,
        updated_at: sql::millis(row, "updated_at")?,
    })
}

impl Reads<'_> {
    /// A route by id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: RouteId) -> Result<Option<Route>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// Routes in the order they were made, behind `after`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn list(&self, after: Option<RouteId>, limit: usize) -> Result<Vec<Route>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id > ?1 ORDER BY id LIMIT ?2");
        let after = after.map_or_else(Vec::new, |id| id.0.as_bytes().to_vec());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = self.conn.prepare_cached(sql)?;
        Ok(rows.query_map(params![after, limit], from_row)?.collect::<Result<_, _>>()?)
    }

    /// All of them: for the gateway.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<Route>, StoreError> {
        Ok(self.conn.prepare_cached(COLUMNS)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds a route or replaces all its fields.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if there is one for the model.
    pub fn put(&self, r: &Route) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO routes (id, tenant_id, model, targets, patience, retries, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (id) DO UPDATE SET tenant_id = excluded.tenant_id, model = excluded.model,
                   targets = excluded.targets, patience = excluded.patience, retries = excluded.retries,
                   updated_at = excluded.updated_at",
            )?
            .execute(params![
                r.id.0.as_bytes(),
                r.tenant_id.as_ref().map(|t| t.0.as_bytes()),
                r.model,
                sql::to_json(&r.targets)?,
                sql::to_json(&r.patience)?,
                sql::to_json(&r.retries)?,
                r.created_at.0,
                r.updated_at.0
            ])?;
        Ok(())
    }

    /// Removes a route.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete(&self, id: RouteId) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM routes WHERE id = ?1")?.execute([id.0.as_bytes()])?;
        Ok(())
    }
}
