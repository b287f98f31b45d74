//! Provider credentials: sealed keys and what may be shown of them.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::CredentialId;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// A credential.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credential {
    /// Id.
    pub id: CredentialId,
    /// Name.
    pub name: String,
    /// Provider, as the price catalogue spells it.
    pub provider: String,
    /// Where calls go.
    pub base_url: String,
    /// Models it serves; empty serves all.
    pub models: Vec<String>,
    /// Its share of the calls, against other keys of the same priority; at least 1.
    pub weight: u32,
    /// Keys with a lower number go first; at least 1.
    pub priority: u32,
    /// Version of the key.
    pub version: u32,
    /// Keyed hash of the key, to recognise it.
    pub fingerprint: String,
    /// Last four characters.
    pub last4: String,
    /// The sealed key; `None` once revoked.
    pub sealed: Option<SealedKey>,
    /// Since when.
    pub created_at: Millis,
    /// When it was revoked.
    pub revoked_at: Option<Millis>,
    /// Last use, to the minute.
    pub last_used_at: Option<Millis>,
}

/// A key under its data key, and that under the vault's.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// The data key, wrapped.
    pub wrapped_dek: Vec<u8>,
    /// The provider key, sealed.
    pub sealed: Vec<u8>,
}

impl std::fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedKey(..)")
    }
}

const COLUMNS: &str =
    "SELECT id, name, provider, base_url, models, weight, priority, version, fingerprint, last4, wrapped_dek, sealed,
    created_at, revoked_at, last_used_at FROM credentials";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Credential> {
    let wrapped_dek: Option<Vec<u8>> = row.get("wrapped_dek")?;
    let sealed: Option<Vec<u8>> = row.get("sealed")?;
    Ok(Credential {
        id: CredentialId(sql::id(row, "id")?),
        name: row.get("name")?,
        provider: row.get("provider")?,
        base_url: row.get("base_url")?,
        models: sql::json(row, "models")?,
        weight: row.get("weight")?,
        priority: row.get("priority")?,
        version: row.get("version")?,
        fingerprint: row.get("fingerprint")?,
        last4: row.get("last4")?,
        sealed: wrapped_dek.zip(sealed).map(|(wrapped_dek, sealed)| SealedKey { wrapped_dek, sealed }),
        created_at: sql::millis(row, "created_at")?,
        revoked_at: sql::millis_opt(row, "revoked_at")?,
        last_used_at: sql::millis_opt(row, "last_used_at")?,
    })
}

impl Reads<'_> {
    /// A credential by id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: CredentialId) -> Result<Option<Credential>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// Credentials, oldest first, behind `after`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn list(&self, after: Option<CredentialId>, limit: usize) -> Result<Vec<Credential>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id > ?1 ORDER BY id LIMIT ?2");
        let after = after.map_or_else(Vec::new, |id| id.0.as_bytes().to_vec());
        let mut rows = self.conn.prepare_cached(sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(rows.query_map(params![after, limit], from_row)?.collect::<Result<_, _>>()?)
    }

    /// Every credential that is not revoked, oldest first: for the gateway.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn live(&self) -> Result<Vec<Credential>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE revoked_at IS NULL ORDER BY id");
        Ok(self.conn.prepare_cached(sql)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds a credential.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if a live one has the name.
    pub fn insert(&self, c: &Credential) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO credentials (id, name, provider, base_url, models, version, fingerprint, last4, wrapped_dek, sealed, created_at, weight, priority)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute(params![
                c.id.0.as_bytes(),
                c.name,
                c.provider,
                c.base_url,
                sql::to_json(&c.models)?,
                c.version,
                c.fingerprint,
                c.last4,
                c.sealed.as_ref().map(|s| &s.wrapped_dek),
                c.sealed.as_ref().map(|s| &s.sealed),
                c.created_at.0,
                c.weight,
                c.priority
            ])?;
        Ok(())
    }

    /// Changes what calls a credential takes: its name, models, weight and priority.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if another live one has the name.
    pub fn change(&self, c: &Credential) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE credentials SET name = ?2, models = ?3, weight = ?4, priority = ?5 WHERE id = ?1",
            )?
            .execute(params![c.id.0.as_bytes(), c.name, sql::to_json(&c.models)?, c.weight, c.priority])?;
        Ok(())
    }

    /// Revokes a credential and shreds its sealed key.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn revoke(&self, id: CredentialId, now: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE credentials SET revoked_at = ?2, wrapped_dek = NULL, sealed = NULL WHERE id = ?1 AND revoked_at IS NULL",
            )?
            .execute(params![id.0.as_bytes(), now.0])?;
        Ok(())
    }

    /// Notes that a credential was used.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn touch(&self, id: CredentialId, at: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE credentials SET last_used_at = max(coalesce(last_used_at, 0), ?2) WHERE id = ?1",
            )?
            .execute(params![id.0.as_bytes(), at.0])?;
        Ok(())
    }
}
