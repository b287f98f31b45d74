//! Pools: provider credentials that share budgets, because they share an account.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::{CredentialId, PoolId};
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// A pool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pool {
    /// Id.
    pub id: PoolId,
    /// Name.
    pub name: String,
    /// Its credentials, in the order of their ids. A credential is in one pool at most.
    pub credentials: Vec<CredentialId>,
    /// Since when.
    pub created_at: Millis,
    /// Last change.
    pub updated_at: Millis,
}

const COLUMNS: &str = "SELECT id, name, created_at, updated_at FROM pools";

impl Reads<'_> {
    fn pool(&self, row: &Row<'_>) -> rusqlite::Result<Pool> {
        let id = PoolId(sql::id(row, "id")?);
        let mut members = self.conn.prepare_cached(
            "SELECT credential_id FROM pool_credentials WHERE pool_id = ?1 ORDER BY credential_id",
        )?;
        let credentials =
            members.query_map([id.0.as_bytes()], |r| Ok(CredentialId(sql::id(r, "credential_id")?)))?;
        Ok(Pool {
            id,
            name: row.get("name")?,
            credentials: credentials.collect::<Result<_, _>>()?,
            created_at: sql::millis(row, "created_at")?,
            updated_at: sql::millis(row, "updated_at")?,
        })
    }

    /// A pool by id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: PoolId) -> Result<Option<Pool>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1");
        let found = self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], |r| self.pool(r));
        Ok(found.optional()?)
    }

    /// Pools in the order they were made, behind `after`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn list(&self, after: Option<PoolId>, limit: usize) -> Result<Vec<Pool>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id > ?1 ORDER BY id LIMIT ?2");
        let after = after.map_or_else(Vec::new, |id| id.0.as_bytes().to_vec());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = self.conn.prepare_cached(sql)?;
        Ok(rows.query_map(params![after, limit], |r| self.pool(r))?.collect::<Result<_, _>>()?)
    }

    /// All of them: for the admission state.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<Pool>, StoreError> {
        self.list(None, usize::MAX)
    }
}

impl Writes<'_> {
    /// Adds a pool or replaces its name and credentials; credentials leave the pool they were in.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if the name is taken.
    pub fn put(&self, pool: &Pool) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO pools (id, name, created_at, updated_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET name = excluded.name, updated_at = excluded.updated_at",
            )?
            .execute(params![pool.id.0.as_bytes(), pool.name, pool.created_at.0, pool.updated_at.0])?;
        self.conn
            .prepare_cached("DELETE FROM pool_credentials WHERE pool_id = ?1")?
            .execute([pool.id.0.as_bytes()])?;
        let mut insert = self.conn.prepare_cached(
            "INSERT INTO pool_credentials (credential_id, pool_id) VALUES (?1, ?2)
             ON CONFLICT (credential_id) DO UPDATE SET pool_id = excluded.pool_id",
        )?;
        for credential in &pool.credentials {
            insert.execute(params![credential.0.as_bytes(), pool.id.0.as_bytes()])?;
        }
        Ok(())
    }

    /// Removes a pool; its credentials stay.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete(&self, id: PoolId) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM pools WHERE id = ?1")?.execute([id.0.as_bytes()])?;
        Ok(())
    }
}
