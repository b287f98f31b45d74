//! Tenants' API keys: a prefix to find them by, a hash to check them with.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::grant::Visible;
use reeve_core::id::{ApiKeyId, TenantId, UserId};
use reeve_core::permission::KeyScope;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, named_params, params};

handles!();

/// An API key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiKey {
    /// Id.
    pub id: ApiKeyId,
    /// Whose.
    pub tenant_id: TenantId,
    /// Name.
    pub name: String,
    /// `rvk_` and 12 characters: public, unique.
    pub prefix: String,
    /// SHA-256 of the whole key.
    pub secret_hash: [u8; 32],
    /// Since when.
    pub created_at: Millis,
    /// When it ends.
    pub expires_at: Option<Millis>,
    /// When it was revoked.
    pub revoked_at: Option<Millis>,
    /// Last use, to the minute.
    pub last_used_at: Option<Millis>,
    /// What it may be used for.
    pub scopes: Vec<KeyScope>,
    /// When its secret was last replaced.
    pub rotated_at: Option<Millis>,
    /// The secret before, while it works beside the present one.
    pub previous: Option<PreviousSecret>,
    /// Who made it; not known of keys from before that was kept.
    pub created_by: Option<UserId>,
}

/// A secret that was replaced and still works for a while.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PreviousSecret {
    /// Its public part.
    pub prefix: String,
    /// SHA-256 of the whole key with it.
    pub secret_hash: [u8; 32],
    /// Until when it works.
    pub until: Millis,
    /// Last use since it was replaced, to the minute.
    pub last_used_at: Option<Millis>,
}

const COLUMNS: &str = "SELECT id, tenant_id, name, prefix, secret_hash, created_at, expires_at, revoked_at, last_used_at, scopes,
    rotated_at, previous_prefix, previous_hash, previous_until, previous_used_at, created_by FROM api_keys";

fn from_row(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    Ok(ApiKey {
        id: ApiKeyId(sql::id(row, "id")?),
        tenant_id: TenantId(sql::id(row, "tenant_id")?),
        name: row.get("name")?,
        prefix: row.get("prefix")?,
        secret_hash: row.get("secret_hash")?,
        created_at: sql::millis(row, "created_at")?,
        expires_at: sql::millis_opt(row, "expires_at")?,
        revoked_at: sql::millis_opt(row, "revoked_at")?,
        last_used_at: sql::millis_opt(row, "last_used_at")?,
        scopes: scopes(&row.get::<_, String>("scopes")?),
        rotated_at: sql::millis_opt(row, "rotated_at")?,
        previous: previous(row)?,
        created_by: sql::id_opt(row, "created_by")?.map(UserId),
    })
}

fn previous(row: &Row<'_>) -> rusqlite::Result<Option<PreviousSecret>> {
    let Some(prefix) = row.get("previous_prefix")? else { return Ok(None) };
    Ok(Some(PreviousSecret {
        prefix,
        secret_hash: row.get("previous_hash")?,
        until: sql::millis(row, "previous_until")?,
        last_used_at: sql::millis_opt(row, "previous_used_at")?,
    }))
}

/// The words of the column, one space between two.
fn scopes(text: &str) -> Vec<KeyScope> {
    text.split(' ').filter_map(KeyScope::parse).collect()
}

impl Reads<'_> {
    /// A key of a tenant.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, tenant: TenantId, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1 AND tenant_id = ?2");
        Ok(self
            .conn
            .prepare_cached(sql)?
            .query_row([id.0.as_bytes(), tenant.0.as_bytes()], from_row)
            .optional()?)
    }

    /// A key's name, whoever's it is.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn name(&self, id: ApiKeyId) -> Result<Option<String>, StoreError> {
        let mut rows = self.conn.prepare_cached("SELECT name FROM api_keys WHERE id = ?1")?;
        Ok(rows.query_row([id.0.as_bytes()], |r| r.get("name")).optional()?)
    }

    /// A key, whosever it is.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn find(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// A tenant's keys, oldest first, behind `after`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn of_tenant(
        &self,
        tenant: TenantId,
        after: Option<ApiKeyId>,
        limit: usize,
    ) -> Result<Vec<ApiKey>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE tenant_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3");
        let after = after.map_or_else(Vec::new, |id| id.0.as_bytes().to_vec());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = self.conn.prepare_cached(sql)?;
        Ok(rows.query_map(params![tenant.0.as_bytes(), after, limit], from_row)?.collect::<Result<_, _>>()?)
    }

    /// Keys of the tenants that are seen, the newest first, before `before`: all of them, or those that somebody made.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn newest(
        &self,
        visible: &Visible,
        made_by: Option<UserId>,
        before: Option<ApiKeyId>,
        limit: usize,
    ) -> Result<Vec<ApiKey>, StoreError> {
        // Two statements, so that each has its index.
        let (all, of_one) = (
            const_str::concat!(
                COLUMNS,
                " WHERE id < :before AND ",
                sql::SEEN,
                " ORDER BY id DESC LIMIT :limit"
            ),
            const_str::concat!(
                COLUMNS,
                " WHERE id < :before AND created_by = :user AND ",
                sql::SEEN,
                " ORDER BY id DESC LIMIT :limit"
            ),
        );
        let before = before.map_or([u8::MAX; 16], |id| *id.0.as_bytes());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let seen = sql::seen(visible);
        let mut rows = self.conn.prepare_cached(if made_by.is_some() { of_one } else { all })?;
        let found = match made_by {
            Some(user) => rows.query_map(
                named_params! { ":before": before, ":limit": limit, ":seen": seen, ":user": user.0.as_bytes() },
                from_row,
            )?,
            None => rows
                .query_map(named_params! { ":before": before, ":limit": limit, ":seen": seen }, from_row)?,
        };
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// Every key that is not revoked: for the admission state at start.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn live(&self) -> Result<Vec<ApiKey>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE revoked_at IS NULL");
        Ok(self.conn.prepare_cached(sql)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds a key.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn insert(&self, key: &ApiKey) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO api_keys (id, tenant_id, name, prefix, secret_hash, created_at, expires_at, scopes, created_by)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                key.id.0.as_bytes(),
                key.tenant_id.0.as_bytes(),
                key.name,
                key.prefix,
                key.secret_hash,
                key.created_at.0,
                key.expires_at.map(|t| t.0),
                key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "),
                key.created_by.map(|id| *id.0.as_bytes())
            ])?;
        Ok(())
    }

    /// Writes a key's secrets and its end: after a rotation, or where the secret before is no longer to work.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn rotate(&self, key: &ApiKey) -> Result<(), StoreError> {
        let previous = key.previous.as_ref();
        self.conn
            .prepare_cached(
                "UPDATE api_keys SET prefix = ?2, secret_hash = ?3, expires_at = ?4, rotated_at = ?5, last_used_at = ?6,
                   previous_prefix = ?7, previous_hash = ?8, previous_until = ?9, previous_used_at = ?10
                 WHERE id = ?1 AND revoked_at IS NULL",
            )?
            .execute(params![
                key.id.0.as_bytes(),
                key.prefix,
                key.secret_hash,
                key.expires_at.map(|t| t.0),
                key.rotated_at.map(|t| t.0),
                key.last_used_at.map(|t| t.0),
                previous.map(|p| &p.prefix),
                previous.map(|p| p.secret_hash),
                previous.map(|p| p.until.0),
                previous.and_then(|p| p.last_used_at).map(|t| t.0)
            ])?;
        Ok(())
    }

    /// Revokes a key.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn revoke(&self, id: ApiKeyId, now: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE api_keys SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL")?
            .execute(params![id.0.as_bytes(), now.0])?;
        Ok(())
    }

    /// Notes that a key was used.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn touch(&self, id: ApiKeyId, at: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE api_keys SET last_used_at = max(coalesce(last_used_at, 0), ?2) WHERE id = ?1",
            )?
            .execute(params![id.0.as_bytes(), at.0])?;
        Ok(())
    }

    /// Notes that the secret before the last rotation was used.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn touch_previous(&self, id: ApiKeyId, at: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE api_keys SET previous_used_at = max(coalesce(previous_used_at, 0), ?2) WHERE id = ?1",
            )?
            .execute(params![id.0.as_bytes(), at.0])?;
        Ok(())
    }
}
