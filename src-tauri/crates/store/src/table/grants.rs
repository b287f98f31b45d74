//! Roles that people hold for single tenants.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::{TenantId, UserId};
use reeve_core::role::RoleRef;
use reeve_core::time::Millis;
use rusqlite::{Row, params};

handles!();

/// A role that somebody holds for a tenant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    /// Who.
    pub user_id: UserId,
    /// For which tenant.
    pub tenant_id: TenantId,
    /// Which role.
    pub role: RoleRef,
    /// Since when, or since when this one in the place of another.
    pub created_at: Millis,
}

const COLUMNS: &str = "SELECT user_id, tenant_id, role, created_at FROM grants";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Grant> {
    Ok(Grant {
        user_id: UserId(sql::id(row, "user_id")?),
        tenant_id: TenantId(sql::id(row, "tenant_id")?),
        role: sql::word(row, "role", |text| text.parse().ok())?,
        created_at: sql::millis(row, "created_at")?,
    })
}

impl Reads<'_> {
    /// What somebody holds, oldest tenant first. One a tenant, and given by hand: this is not paged.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn of_user(&self, user: UserId) -> Result<Vec<Grant>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE user_id = ?1 ORDER BY tenant_id");
        let mut rows = self.conn.prepare_cached(sql)?;
        Ok(rows.query_map([user.0.as_bytes()], from_row)?.collect::<Result<_, _>>()?)
    }

    /// What people hold for a tenant. Given by hand: this is not paged.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn of_tenant(&self, tenant: TenantId) -> Result<Vec<Grant>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE tenant_id = ?1 ORDER BY user_id");
        let mut rows = self.conn.prepare_cached(sql)?;
        Ok(rows.query_map([tenant.0.as_bytes()], from_row)?.collect::<Result<_, _>>()?)
    }

    /// Every grant: for the people in memory.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<Grant>, StoreError> {
        Ok(self.conn.prepare_cached(COLUMNS)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Gives somebody a role for a tenant, in the place of another.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn put(&self, grant: &Grant) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO grants (user_id, tenant_id, role, created_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (user_id, tenant_id) DO UPDATE SET role = excluded.role, created_at = excluded.created_at",
            )?
            .execute(params![
                grant.user_id.0.as_bytes(),
                grant.tenant_id.0.as_bytes(),
                grant.role.to_string(),
                grant.created_at.0
            ])?;
        Ok(())
    }

    /// Takes somebody's role for a tenant away.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete(&self, user: UserId, tenant: TenantId) -> Result<(), StoreError> {
        let sql = "DELETE FROM grants WHERE user_id = ?1 AND tenant_id = ?2";
        self.conn.prepare_cached(sql)?.execute(params![user.0.as_bytes(), tenant.0.as_bytes()])?;
        Ok(())
    }
}
