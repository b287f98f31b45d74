//! Rate limits that people have set.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::grant::Visible;
use reeve_core::id::{LimitId, TenantId};
use reeve_core::limit::{LimitScope, RateLimit};
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, named_params, params};

handles!();

/// A limit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limit {
    /// Id.
    pub id: LimitId,
    /// Whose calls it counts.
    pub scope: LimitScope,
    /// Which of them: an id, a name or an address. `None` for the default of the scope.
    pub subject: Option<String>,
    /// The tenant, or whose key it is.
    pub tenant_id: Option<TenantId>,
    /// How much.
    pub numbers: RateLimit,
    /// Since when.
    pub created_at: Millis,
    /// Last change.
    pub updated_at: Millis,
}

const COLUMNS: &str = "SELECT id, scope, subject, tenant_id, requests_per_minute, tokens_per_minute, burst, concurrent_requests, created_at, updated_at FROM limits";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Limit> {
    Ok(Limit {
        id: LimitId(sql::id(row, "id")?),
        scope: sql::word(row, "scope", LimitScope::parse)?,
        subject: row.get("subject")?,
        tenant_id: sql::id_opt(row, "tenant_id")?.map(TenantId),
        numbers: RateLimit {
            requests_per_minute: sql::unsigned_opt(row, "requests_per_minute")?,
            tokens_per_minute: sql::unsigned_opt(row, "tokens_per_minute")?,
            burst: sql::unsigned_opt(row, "burst")?,
            concurrent_requests: sql::unsigned_opt(row, "concurrent_requests")?,
        },
        created_at: sql::millis(row, "created_at")?,
        updated_at: sql::millis(row, "updated_at")?,
    })
}

impl Reads<'_> {
    /// The limit of a subject, by id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: LimitId) -> Result<Option<Limit>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1 AND subject IS NOT NULL");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// The default of a scope, if one was set.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn default_of(&self, scope: LimitScope) -> Result<Option<Limit>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE scope = ?1 AND subject IS NULL");
        Ok(self.conn.prepare_cached(sql)?.query_row([scope.as_str()], from_row).optional()?)
    }

    /// Limits of subjects in the order they were made, of those that are seen, behind `after`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn list(
        &self,
        visible: &Visible,
        after: Option<LimitId>,
        limit: usize,
    ) -> Result<Vec<Limit>, StoreError> {
        let sql = const_str::concat!(
            COLUMNS,
            " WHERE subject IS NOT NULL AND id > :after AND ",
            sql::SEEN,
            " ORDER BY id LIMIT :limit"
        );
        let after = after.map_or_else(Vec::new, |id| id.0.as_bytes().to_vec());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = self.conn.prepare_cached(sql)?;
        let asked = named_params! { ":after": after, ":seen": sql::seen(visible), ":limit": limit };
        Ok(rows.query_map(asked, from_row)?.collect::<Result<_, _>>()?)
    }

    /// All of them, defaults too: for the buckets at start.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<Limit>, StoreError> {
        Ok(self.conn.prepare_cached(COLUMNS)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds a limit or replaces its numbers.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if the subject has one.
    pub fn put(&self, limit: &Limit) -> Result<(), StoreError> {
        let numbers = &limit.numbers;
        self.conn
            .prepare_cached(
                "INSERT INTO limits (id, scope, subject, tenant_id, requests_per_minute, tokens_per_minute, burst, concurrent_requests, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT (id) DO UPDATE SET requests_per_minute = excluded.requests_per_minute,
                   tokens_per_minute = excluded.tokens_per_minute, burst = excluded.burst,
                   concurrent_requests = excluded.concurrent_requests, updated_at = excluded.updated_at",
            )?
            .execute(params![
                limit.id.0.as_bytes(),
                limit.scope.as_str(),
                limit.subject,
                limit.tenant_id.as_ref().map(|t| t.0.as_bytes()),
                numbers.requests_per_minute.map(sql::signed),
                numbers.tokens_per_minute.map(sql::signed),
                numbers.burst.map(sql::signed),
                numbers.concurrent_requests.map(sql::signed),
                limit.created_at.0,
                limit.updated_at.0
            ])?;
        Ok(())
    }

    /// Removes a limit.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete(&self, id: LimitId) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM limits WHERE id = ?1")?.execute([id.0.as_bytes()])?;
        Ok(())
    }
}
