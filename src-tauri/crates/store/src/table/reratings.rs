//! Re-ratings: a period computed again at the prices known now.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::{ReratingId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// A re-rating and how far it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rerating {
    /// Id.
    pub id: ReratingId,
    /// From this moment.
    pub from: Millis,
    /// Before this moment.
    pub to: Millis,
    /// Whose charges; `None` is everybody's.
    pub tenant_id: Option<TenantId>,
    /// Of which provider.
    pub provider: Option<String>,
    /// Which model.
    pub model: Option<String>,
    /// Why, in the words of whoever asked for it.
    pub reason: String,
    /// Charges up to this time and index are done.
    pub after: (Millis, u64),
    /// Calls that were adjusted.
    pub adjusted: u64,
    /// What those cost before.
    pub old: NanoUsd,
    /// What they cost now.
    pub new: NanoUsd,
    /// When it was asked for.
    pub created_at: Millis,
    /// When it was through.
    pub finished_at: Option<Millis>,
}

const COLUMNS: &str = "SELECT id, from_time, to_time, tenant_id, provider, model, reason, after_time, after_seq, adjusted, old_nano,
    new_nano, created_at, finished_at FROM reratings";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Rerating> {
    Ok(Rerating {
        id: ReratingId(sql::id(row, "id")?),
        from: sql::millis(row, "from_time")?,
        to: sql::millis(row, "to_time")?,
        tenant_id: sql::id_opt(row, "tenant_id")?.map(TenantId),
        provider: row.get("provider")?,
        model: row.get("model")?,
        reason: row.get("reason")?,
        after: (sql::millis(row, "after_time")?, sql::unsigned(row, "after_seq")?),
        adjusted: sql::unsigned(row, "adjusted")?,
        old: sql::nano(row, "old_nano")?,
        new: sql::nano(row, "new_nano")?,
        created_at: sql::millis(row, "created_at")?,
        finished_at: sql::millis_opt(row, "finished_at")?,
    })
}

impl Reads<'_> {
    /// The newest re-ratings, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn newest(&self, limit: usize) -> Result<Vec<Rerating>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " ORDER BY id DESC LIMIT ?1");
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(self.conn.prepare_cached(sql)?.query_map([limit], from_row)?.collect::<Result<_, _>>()?)
    }

    /// A re-rating by id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: ReratingId) -> Result<Option<Rerating>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// Those that a stop cut, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn unfinished(&self) -> Result<Vec<Rerating>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE finished_at IS NULL ORDER BY id LIMIT 100");
        Ok(self.conn.prepare_cached(sql)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds a re-rating, or notes how far it is.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn put(&self, r: &Rerating) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO reratings (id, from_time, to_time, tenant_id, provider, model, reason, after_time, after_seq, adjusted,
                   old_nano, new_nano, created_at, finished_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
                 ON CONFLICT (id) DO UPDATE SET after_time = excluded.after_time, after_seq = excluded.after_seq,
                   adjusted = excluded.adjusted, old_nano = excluded.old_nano, new_nano = excluded.new_nano,
                   finished_at = excluded.finished_at",
            )?
            .execute(params![
                r.id.0.as_bytes(),
                r.from.0,
                r.to.0,
                r.tenant_id.as_ref().map(|t| t.0.as_bytes()),
                r.provider,
                r.model,
                r.reason,
                r.after.0.0,
                sql::signed(r.after.1),
                sql::signed(r.adjusted),
                r.old.0,
                r.new.0,
                r.created_at.0,
                r.finished_at.map(|t| t.0)
            ])?;
        Ok(())
    }
}
