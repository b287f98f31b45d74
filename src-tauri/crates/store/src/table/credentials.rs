//! Provider credentials: sealed keys and what may be shown of them.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::{ControlCredentialId, CredentialId};
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
    /// How its keys are rotated.
    pub policy: RotationPolicy,
    /// How its provider is told about keys, as JSON; `None`: by hand.
    pub control: Option<String>,
    /// The admin key that this is done with.
    pub control_credential: Option<ControlCredentialId>,
    /// The admin key that its own keys are, one after the other; `None`: they serve calls.
    pub renews: Option<ControlCredentialId>,
    /// Version of the key in use; of the last one where it is revoked.
    pub version: u32,
    /// Keyed hash of that key, to recognise it.
    pub fingerprint: String,
    /// Its last four characters.
    pub last4: String,
    /// That key, sealed; `None` once revoked.
    pub sealed: Option<SealedKey>,
    /// Since when that key is in use.
    pub promoted_at: Millis,
    /// When its provider ends that key by itself.
    pub expires_at: Option<Millis>,
    /// The key before it, where calls may still go out with that.
    pub grace: Option<GraceKey>,
    /// Since when.
    pub created_at: Millis,
    /// When it was revoked.
    pub revoked_at: Option<Millis>,
    /// Last use, to the minute.
    pub last_used_at: Option<Millis>,
}

/// How the keys of a credential are rotated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RotationPolicy {
    /// Days a key is in use before it is replaced; 0: no schedule.
    pub period_days: u32,
    /// Days the key before is kept for calls that the new one is refused for.
    pub grace_days: u32,
    /// Hours between disabling a key and deleting it.
    pub soak_hours: u32,
}

impl Default for RotationPolicy {
    fn default() -> Self {
        Self { period_days: 90, grace_days: 7, soak_hours: 24 }
    }
}

/// A key that was replaced a short while ago.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GraceKey {
    /// Its version.
    pub version: u32,
    /// Sealed.
    pub sealed: SealedKey,
    /// Until when calls may go out with it.
    pub until: Millis,
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
    "SELECT c.id, c.name, c.provider, c.base_url, c.models, c.weight, c.priority, c.period_days, c.grace_days, c.soak_hours,
    c.control, c.control_credential_id, c.renews_id, c.created_at, c.revoked_at, c.last_used_at,
    v.version, v.fingerprint, v.last4, v.wrapped_dek, v.sealed, v.promoted_at, v.expires_at,
    g.version AS grace_version, g.wrapped_dek AS grace_dek, g.sealed AS grace_sealed, g.grace_until
    FROM credentials c
    JOIN key_versions v ON v.credential_id = c.id AND v.version = coalesce(
        (SELECT version FROM key_versions WHERE credential_id = c.id AND state = 'current'),
        (SELECT max(version) FROM key_versions WHERE credential_id = c.id AND promoted_at IS NOT NULL))
    LEFT JOIN key_versions g ON g.credential_id = c.id AND g.state = 'grace' AND g.grace_until IS NOT NULL";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Credential> {
    let created_at = sql::millis(row, "created_at")?;
    Ok(Credential {
        id: CredentialId(sql::id(row, "id")?),
        name: row.get("name")?,
        provider: row.get("provider")?,
        base_url: row.get("base_url")?,
        models: sql::json(row, "models")?,
        weight: row.get("weight")?,
        priority: row.get("priority")?,
        policy: RotationPolicy {
            period_days: row.get("period_days")?,
            grace_days: row.get("grace_days")?,
            soak_hours: row.get("soak_hours")?,
        },
        control: row.get("control")?,
        control_credential: sql::id_opt(row, "control_credential_id")?.map(ControlCredentialId),
        renews: sql::id_opt(row, "renews_id")?.map(ControlCredentialId),
        version: row.get("version")?,
        fingerprint: row.get("fingerprint")?,
        last4: row.get("last4")?,
        sealed: sealed(row, "wrapped_dek", "sealed")?,
        promoted_at: sql::millis_opt(row, "promoted_at")?.unwrap_or(created_at),
        expires_at: sql::millis_opt(row, "expires_at")?,
        grace: grace(row)?,
        created_at,
        revoked_at: sql::millis_opt(row, "revoked_at")?,
        last_used_at: sql::millis_opt(row, "last_used_at")?,
    })
}

fn grace(row: &Row<'_>) -> rusqlite::Result<Option<GraceKey>> {
    let (version, until) = (row.get("grace_version")?, sql::millis_opt(row, "grace_until")?);
    let key = sealed(row, "grace_dek", "grace_sealed")?;
    let of = |((version, sealed), until)| GraceKey { version, sealed, until };
    Ok(Option::<u32>::zip(version, key).zip(until).map(of))
}

/// A sealed key of two columns; `None` where it was shredded.
pub(super) fn sealed(row: &Row<'_>, dek: &str, value: &str) -> rusqlite::Result<Option<SealedKey>> {
    let wrapped_dek: Option<Vec<u8>> = row.get(dek)?;
    let sealed: Option<Vec<u8>> = row.get(value)?;
    Ok(wrapped_dek.zip(sealed).map(|(wrapped_dek, sealed)| SealedKey { wrapped_dek, sealed }))
}

impl Reads<'_> {
    /// A credential by id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: CredentialId) -> Result<Option<Credential>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE c.id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// Credentials, oldest first, behind `after`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn list(&self, after: Option<CredentialId>, limit: usize) -> Result<Vec<Credential>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE c.id > ?1 ORDER BY c.id LIMIT ?2");
        let after = after.map_or_else(Vec::new, |id| id.0.as_bytes().to_vec());
        let mut rows = self.conn.prepare_cached(sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(rows.query_map(params![after, limit], from_row)?.collect::<Result<_, _>>()?)
    }

    /// The credential whose keys an admin key is, one after the other; `None` where people replace it.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn renewer_of(&self, id: ControlCredentialId) -> Result<Option<Credential>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE c.renews_id = ?1 AND c.revoked_at IS NULL");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// Every credential that is not revoked, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn live(&self) -> Result<Vec<Credential>, StoreError> {
        let sql =
            const_str::concat!(COLUMNS, " WHERE c.revoked_at IS NULL AND v.state = 'current' ORDER BY c.id");
        Ok(self.conn.prepare_cached(sql)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds a credential. Its key is a row of its own.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if a live one has the name.
    pub fn insert(&self, c: &Credential) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO credentials (id, name, provider, base_url, models, weight, priority, period_days, grace_days,
                   soak_hours, control, control_credential_id, created_at, renews_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            )?
            .execute(params![
                c.id.0.as_bytes(),
                c.name,
                c.provider,
                c.base_url,
                sql::to_json(&c.models)?,
                c.weight,
                c.priority,
                c.policy.period_days,
                c.policy.grace_days,
                c.policy.soak_hours,
                c.control,
                c.control_credential.map(|id| *id.0.as_bytes()),
                c.created_at.0,
                c.renews.map(|id| *id.0.as_bytes())
            ])?;
        Ok(())
    }

    /// Adds a credential of a backup, revoked or not. Its keys are rows of their own.
    ///
    /// # Errors
    /// As [`Writes::insert`].
    pub fn restore(&self, c: &Credential, revoked_at: Option<Millis>) -> Result<(), StoreError> {
        // Behind each other in one transaction: a revoked one may have a name that a live one has.
        let name = if revoked_at.is_some() { c.id.to_string() } else { c.name.clone() };
        self.insert(&Credential { name, ..c.clone() })?;
        if let Some(at) = revoked_at {
            self.conn
                .prepare_cached("UPDATE credentials SET name = ?2, revoked_at = ?3 WHERE id = ?1")?
                .execute(params![c.id.0.as_bytes(), c.name, at.0])?;
        }
        Ok(())
    }

    /// Changes how its keys are rotated.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn set_rotation(
        &self,
        id: CredentialId,
        policy: RotationPolicy,
        control: Option<&str>,
        with: Option<ControlCredentialId>,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE credentials SET period_days = ?2, grace_days = ?3, soak_hours = ?4, control = ?5,
                   control_credential_id = ?6 WHERE id = ?1",
            )?
            .execute(params![
                id.0.as_bytes(),
                policy.period_days,
                policy.grace_days,
                policy.soak_hours,
                control,
                with.map(|id| *id.0.as_bytes())
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

    /// Revokes a credential and shreds all its keys.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn revoke(&self, id: CredentialId, now: Millis) -> Result<(), StoreError> {
        let of = params![id.0.as_bytes(), now.0];
        self.conn
            .prepare_cached("UPDATE credentials SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL")?
            .execute(of)?;
        self.conn
            .prepare_cached(
                "UPDATE key_versions SET state = 'revoked', wrapped_dek = NULL, sealed = NULL, grace_until = NULL,
                   retired_at = coalesce(retired_at, ?2), revoked_at = ?2
                 WHERE credential_id = ?1 AND state NOT IN ('revoked', 'orphan', 'foreign')",
            )?
            .execute(of)?;
        Ok(())
    }

    /// Notes that a credential was used, so many times since it was noted last, with a version of its key.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn touch(&self, id: CredentialId, version: u32, calls: u64, at: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE credentials SET last_used_at = max(coalesce(last_used_at, 0), ?2) WHERE id = ?1",
            )?
            .execute(params![id.0.as_bytes(), at.0])?;
        self.conn
            .prepare_cached(
                "UPDATE key_versions SET last_used_at = max(coalesce(last_used_at, 0), ?3), calls = calls + ?4
                 WHERE credential_id = ?1 AND version = ?2",
            )?
            .execute(params![id.0.as_bytes(), version, at.0, sql::signed(calls)])?;
        Ok(())
    }
}
