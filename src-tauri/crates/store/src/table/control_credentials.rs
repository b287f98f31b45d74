//! Admin keys of providers: what other keys are made and retired with.

use super::{handles, vault_seals};
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::ControlCredentialId;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// An admin key.
#[derive(Clone, PartialEq, Eq)]
pub struct ControlCredential {
    /// Id.
    pub id: ControlCredentialId,
    /// Name.
    pub name: String,
    /// Whose it is.
    pub provider: String,
    /// Keyed hash of the key.
    pub fingerprint: String,
    /// Last four characters.
    pub last4: String,
    /// The key, sealed; `None` once removed.
    pub sealed: Option<Vec<u8>>,
    /// Since when.
    pub created_at: Millis,
    /// When the key itself was last replaced.
    pub changed_at: Millis,
    /// Last use.
    pub last_used_at: Option<Millis>,
    /// When it was removed.
    pub removed_at: Option<Millis>,
}

impl std::fmt::Debug for ControlCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ControlCredential").field("id", &self.id).finish_non_exhaustive()
    }
}

const COLUMNS: &str =
    "SELECT id, name, provider, fingerprint, last4, sealed, created_at, changed_at, last_used_at, removed_at
    FROM control_credentials";

fn from_row(row: &Row<'_>) -> rusqlite::Result<ControlCredential> {
    Ok(ControlCredential {
        id: ControlCredentialId(sql::id(row, "id")?),
        name: row.get("name")?,
        provider: row.get("provider")?,
        fingerprint: row.get("fingerprint")?,
        last4: row.get("last4")?,
        sealed: row.get("sealed")?,
        created_at: sql::millis(row, "created_at")?,
        changed_at: sql::millis(row, "changed_at")?,
        last_used_at: sql::millis_opt(row, "last_used_at")?,
        removed_at: sql::millis_opt(row, "removed_at")?,
    })
}

impl Reads<'_> {
    /// An admin key by id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: ControlCredentialId) -> Result<Option<ControlCredential>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// Those that were not removed, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<ControlCredential>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE removed_at IS NULL ORDER BY id");
        Ok(self.conn.prepare_cached(sql)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }

    /// Ids of those that were removed.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn removed(&self) -> Result<Vec<ControlCredentialId>, StoreError> {
        let sql = "SELECT id FROM control_credentials WHERE removed_at IS NOT NULL";
        let mut rows = self.conn.prepare_cached(sql)?;
        let ids = rows.query_map([], |row| Ok(ControlCredentialId(sql::id(row, "id")?)))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// Names of the live credentials whose keys are rotated with it, but for the one that it is itself.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn used_by(&self, id: ControlCredentialId) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT name FROM credentials WHERE control_credential_id = ?1 AND renews_id IS NULL AND revoked_at IS NULL ORDER BY id";
        let mut rows = self.conn.prepare_cached(sql)?;
        Ok(rows.query_map([id.0.as_bytes()], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds an admin key.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if another has the name.
    pub fn insert(&self, c: &ControlCredential) -> Result<(), StoreError> {
        vault_seals::count(self.conn)?;
        self.conn
            .prepare_cached(
                "INSERT INTO control_credentials (id, name, provider, fingerprint, last4, sealed, created_at, changed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                c.id.0.as_bytes(),
                c.name,
                c.provider,
                c.fingerprint,
                c.last4,
                c.sealed,
                c.created_at.0,
                c.changed_at.0
            ])?;
        Ok(())
    }

    /// Gives it another name, or another key.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if another has the name.
    pub fn change(&self, c: &ControlCredential) -> Result<(), StoreError> {
        vault_seals::count(self.conn)?;
        self.conn
            .prepare_cached(
                "UPDATE control_credentials SET name = ?2, fingerprint = ?3, last4 = ?4, sealed = ?5, changed_at = ?6
                 WHERE id = ?1",
            )?
            .execute(params![c.id.0.as_bytes(), c.name, c.fingerprint, c.last4, c.sealed, c.changed_at.0])?;
        Ok(())
    }

    /// Removes it and shreds its key. Credentials that were rotated with it are rotated by hand from then on.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn remove(&self, id: ControlCredentialId, now: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE control_credentials SET removed_at = ?2, sealed = NULL WHERE id = ?1 AND removed_at IS NULL",
            )?
            .execute(params![id.0.as_bytes(), now.0])?;
        self.conn
            .prepare_cached(
                "UPDATE credentials SET control_credential_id = NULL WHERE control_credential_id = ?1",
            )?
            .execute([id.0.as_bytes()])?;
        Ok(())
    }

    /// Notes that it was used.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn touch(&self, id: ControlCredentialId, at: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE control_credentials SET last_used_at = ?2 WHERE id = ?1")?
            .execute(params![id.0.as_bytes(), at.0])?;
        Ok(())
    }
}
