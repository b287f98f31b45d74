//! Legal holds: what may be neither erased nor pruned while they stand.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::LegalHoldId;
use reeve_core::retention::HoldScope;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// A legal hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LegalHold {
    /// Id.
    pub id: LegalHoldId,
    /// Name, such as that of the case.
    pub name: String,
    /// What it covers.
    pub scope: HoldScope,
    /// The tenant's id, or the subject; empty for the others.
    pub target: String,
    /// From this moment, where it covers a span of time.
    pub from: Option<Millis>,
    /// Before this moment.
    pub to: Option<Millis>,
    /// Why it was placed.
    pub reason: String,
    /// When.
    pub placed_at: Millis,
    /// When it was released.
    pub released_at: Option<Millis>,
    /// Why it was released.
    pub release_reason: Option<String>,
}

const COLUMNS: &str = "SELECT id, name, scope, target, from_time, to_time, reason, placed_at, released_at, release_reason FROM legal_holds";

fn from_row(row: &Row<'_>) -> rusqlite::Result<LegalHold> {
    Ok(LegalHold {
        id: LegalHoldId(sql::id(row, "id")?),
        name: row.get("name")?,
        scope: sql::word(row, "scope", HoldScope::parse)?,
        target: row.get("target")?,
        from: sql::millis_opt(row, "from_time")?,
        to: sql::millis_opt(row, "to_time")?,
        reason: row.get("reason")?,
        placed_at: sql::millis(row, "placed_at")?,
        released_at: sql::millis_opt(row, "released_at")?,
        release_reason: row.get("release_reason")?,
    })
}

impl Reads<'_> {
    /// A hold by id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: LegalHoldId) -> Result<Option<LegalHold>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// Holds, newest first, before `before`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn list(&self, before: Option<LegalHoldId>, limit: usize) -> Result<Vec<LegalHold>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2");
        let before = before.map(|id| id.0.as_bytes().to_vec());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = self.conn.prepare_cached(sql)?;
        Ok(rows.query_map(params![before, limit], from_row)?.collect::<Result<_, _>>()?)
    }

    /// The holds that stand, oldest first. They are few.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn standing(&self) -> Result<Vec<LegalHold>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE released_at IS NULL ORDER BY id");
        Ok(self.conn.prepare_cached(sql)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds a hold.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if one of that name stands.
    pub fn insert(&self, hold: &LegalHold) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO legal_holds (id, name, scope, target, from_time, to_time, reason, placed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                hold.id.0.as_bytes(),
                hold.name,
                hold.scope.as_str(),
                hold.target,
                hold.from.map(|t| t.0),
                hold.to.map(|t| t.0),
                hold.reason,
                hold.placed_at.0
            ])?;
        Ok(())
    }

    /// Releases a hold.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn release(&self, id: LegalHoldId, reason: &str, now: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE legal_holds SET released_at = ?2, release_reason = ?3 WHERE id = ?1 AND released_at IS NULL")?
            .execute(params![id.0.as_bytes(), now.0, reason])?;
        Ok(())
    }
}
