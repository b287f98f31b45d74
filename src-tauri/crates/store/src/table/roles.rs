//! Roles that people made.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::allowance::Allowance;
use reeve_core::id::RoleId;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};
use std::sync::Arc;

handles!();

/// A role that people made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CustomRole {
    /// Id.
    pub id: RoleId,
    /// Name, unique without regard to case.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it lets people do.
    pub may: Arc<Allowance>,
    /// Since when.
    pub created_at: Millis,
    /// Last change.
    pub updated_at: Millis,
}

const COLUMNS: &str = "SELECT id, name, description, scopes, created_at, updated_at FROM roles";

fn from_row(row: &Row<'_>) -> rusqlite::Result<CustomRole> {
    Ok(CustomRole {
        id: RoleId(sql::id(row, "id")?),
        name: row.get("name")?,
        description: row.get("description")?,
        may: Arc::new(sql::json(row, "scopes")?),
        created_at: sql::millis(row, "created_at")?,
        updated_at: sql::millis(row, "updated_at")?,
    })
}

impl Reads<'_> {
    /// A role by id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: RoleId) -> Result<Option<CustomRole>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// All, by name. They are few: this is not paged.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<CustomRole>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " ORDER BY name, id LIMIT 1000");
        Ok(self.conn.prepare_cached(sql)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds a role, or puts it in the place of what it was.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if the name is taken.
    pub fn put(&self, role: &CustomRole) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO roles (id, name, description, scopes, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description,
                   scopes = excluded.scopes, updated_at = excluded.updated_at",
            )?
            .execute(params![
                role.id.0.as_bytes(),
                role.name,
                role.description,
                sql::to_json(&*role.may)?,
                role.created_at.0,
                role.updated_at.0
            ])?;
        Ok(())
    }

    /// Removes a role. Nobody has it any more: the caller has looked.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete(&self, id: RoleId) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM roles WHERE id = ?1")?.execute([id.0.as_bytes()])?;
        Ok(())
    }
}
