//! The keys of credentials, version by version.

use super::credentials::{SealedKey, sealed};
use super::{handles, vault_seals};
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::{ApiKeyId, CredentialId, RotationId, TenantId};
use reeve_core::rotation::VersionState;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// A version of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyVersion {
    /// Whose.
    pub credential_id: CredentialId,
    /// From 1.
    pub version: u32,
    /// What it is now.
    pub state: VersionState,
    /// Its id at the provider, where that is known.
    pub provider_key_id: Option<String>,
    /// Keyed hash of the key; empty where it was never seen.
    pub fingerprint: String,
    /// Last four characters; empty where it was never seen.
    pub last4: String,
    /// The key, sealed; `None` once it was shredded, or where it was never seen.
    pub sealed: Option<SealedKey>,
    /// The rotation that made it.
    pub rotation_id: Option<RotationId>,
    /// Since when Reeve has it.
    pub created_at: Millis,
    /// When its provider ends it by itself.
    pub expires_at: Option<Millis>,
    /// Since when calls go, or went, out with it.
    pub promoted_at: Option<Millis>,
    /// Since when they do not any more.
    pub retired_at: Option<Millis>,
    /// Until when they still may, where the one behind it is refused.
    pub grace_until: Option<Millis>,
    /// When it was revoked.
    pub revoked_at: Option<Millis>,
    /// Last use, to the minute.
    pub last_used_at: Option<Millis>,
    /// Calls that went out with it, at least.
    pub calls: u64,
}

/// Who was served with a key that was not the current one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fallback {
    /// The key's version.
    pub version: u32,
    /// Whose call.
    pub tenant_id: TenantId,
    /// With which API key.
    pub api_key_id: ApiKeyId,
    /// How many.
    pub calls: u64,
    /// The last of them.
    pub last_at: Millis,
}

const COLUMNS: &str =
    "SELECT credential_id, version, state, provider_key_id, fingerprint, last4, wrapped_dek, sealed, rotation_id, created_at,
    expires_at, promoted_at, retired_at, grace_until, revoked_at, last_used_at, calls FROM key_versions";

fn from_row(row: &Row<'_>) -> rusqlite::Result<KeyVersion> {
    Ok(KeyVersion {
        credential_id: CredentialId(sql::id(row, "credential_id")?),
        version: row.get("version")?,
        state: sql::word(row, "state", VersionState::parse)?,
        provider_key_id: row.get("provider_key_id")?,
        fingerprint: row.get("fingerprint")?,
        last4: row.get("last4")?,
        sealed: sealed(row, "wrapped_dek", "sealed")?,
        rotation_id: sql::id_opt(row, "rotation_id")?.map(RotationId),
        created_at: sql::millis(row, "created_at")?,
        expires_at: sql::millis_opt(row, "expires_at")?,
        promoted_at: sql::millis_opt(row, "promoted_at")?,
        retired_at: sql::millis_opt(row, "retired_at")?,
        grace_until: sql::millis_opt(row, "grace_until")?,
        revoked_at: sql::millis_opt(row, "revoked_at")?,
        last_used_at: sql::millis_opt(row, "last_used_at")?,
        calls: sql::unsigned(row, "calls")?,
    })
}

impl Reads<'_> {
    /// The versions of a credential, newest first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn of(&self, id: CredentialId) -> Result<Vec<KeyVersion>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE credential_id = ?1 ORDER BY version DESC");
        let mut rows = self.conn.prepare_cached(sql)?;
        Ok(rows.query_map([id.0.as_bytes()], from_row)?.collect::<Result<_, _>>()?)
    }

    /// One version.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: CredentialId, version: u32) -> Result<Option<KeyVersion>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE credential_id = ?1 AND version = ?2");
        let of = params![id.0.as_bytes(), version];
        Ok(self.conn.prepare_cached(sql)?.query_row(of, from_row).optional()?)
    }

    /// Every version whose key is kept, by credential and version, behind `after`: for what goes over all of them.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn kept(
        &self,
        after: Option<(CredentialId, u32)>,
        limit: usize,
    ) -> Result<Vec<KeyVersion>, StoreError> {
        let sql = const_str::concat!(
            COLUMNS,
            " WHERE wrapped_dek IS NOT NULL AND (credential_id, version) > (?1, ?2) ORDER BY credential_id, version LIMIT ?3"
        );
        let (id, version) = after.map_or((Vec::new(), 0), |(id, v)| (id.0.as_bytes().to_vec(), v));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = self.conn.prepare_cached(sql)?;
        Ok(rows.query_map(params![id, version, limit], from_row)?.collect::<Result<_, _>>()?)
    }

    /// Who was served with a credential's older keys, the last first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn fallbacks(&self, id: CredentialId) -> Result<Vec<Fallback>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT version, tenant_id, api_key_id, calls, last_at FROM key_fallbacks WHERE credential_id = ?1
             ORDER BY last_at DESC LIMIT 100",
        )?;
        let found = rows.query_map([id.0.as_bytes()], |row| {
            Ok(Fallback {
                version: row.get("version")?,
                tenant_id: TenantId(sql::id(row, "tenant_id")?),
                api_key_id: ApiKeyId(sql::id(row, "api_key_id")?),
                calls: sql::unsigned(row, "calls")?,
                last_at: sql::millis(row, "last_at")?,
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds a version.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if there is one with that number, or with that state where there may be only one.
    pub fn insert(&self, v: &KeyVersion) -> Result<(), StoreError> {
        if v.sealed.is_some() {
            vault_seals::count(self.conn)?;
        }
        self.conn
            .prepare_cached(
                "INSERT INTO key_versions (credential_id, version, state, provider_key_id, fingerprint, last4, wrapped_dek,
                   sealed, rotation_id, created_at, expires_at, promoted_at, grace_until)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute(params![
                v.credential_id.0.as_bytes(),
                v.version,
                v.state.as_str(),
                v.provider_key_id,
                v.fingerprint,
                v.last4,
                v.sealed.as_ref().map(|s| &s.wrapped_dek),
                v.sealed.as_ref().map(|s| &s.sealed),
                v.rotation_id.map(|id| *id.0.as_bytes()),
                v.created_at.0,
                v.expires_at.map(|t| t.0),
                v.promoted_at.map(|t| t.0),
                v.grace_until.map(|t| t.0)
            ])?;
        Ok(())
    }

    /// Writes where a version stands: its state and the times that go with it. A revoked one is shredded.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if there is another with that state where there may be only one.
    pub fn stand(&self, v: &KeyVersion) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE key_versions SET state = ?3, promoted_at = ?4, retired_at = ?5, grace_until = ?6, revoked_at = ?7,
                   provider_key_id = ?8,
                   wrapped_dek = iif(?3 IN ('revoked', 'orphan', 'foreign'), NULL, wrapped_dek),
                   sealed = iif(?3 IN ('revoked', 'orphan', 'foreign'), NULL, sealed)
                 WHERE credential_id = ?1 AND version = ?2",
            )?
            .execute(params![
                v.credential_id.0.as_bytes(),
                v.version,
                v.state.as_str(),
                v.promoted_at.map(|t| t.0),
                v.retired_at.map(|t| t.0),
                v.grace_until.map(|t| t.0),
                v.revoked_at.map(|t| t.0),
                v.provider_key_id
            ])?;
        Ok(())
    }

    /// Wraps a version's data key anew; what it opens stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn rewrap(&self, id: CredentialId, version: u32, wrapped_dek: &[u8]) -> Result<bool, StoreError> {
        vault_seals::count(self.conn)?;
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE key_versions SET wrapped_dek = ?3 WHERE credential_id = ?1 AND version = ?2 AND wrapped_dek IS NOT NULL",
            )?
            .execute(params![id.0.as_bytes(), version, wrapped_dek])?;
        Ok(changed == 1)
    }

    /// Adds to who was served with an older key.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn add_fallback(&self, id: CredentialId, f: &Fallback) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO key_fallbacks (credential_id, version, tenant_id, api_key_id, calls, last_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, last_at = max(last_at, excluded.last_at)",
            )?
            .execute(params![
                id.0.as_bytes(),
                f.version,
                f.tenant_id.0.as_bytes(),
                f.api_key_id.0.as_bytes(),
                sql::signed(f.calls),
                f.last_at.0
            ])?;
        Ok(())
    }
}
