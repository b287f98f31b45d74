//! Signed-in sessions: a rotating refresh token each, kept as a hash.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::{SessionId, UserId};
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// A session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Id.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// SHA-256 of the refresh token that is good now.
    pub refresh_hash: [u8; 32],
    /// SHA-256 of the one before.
    pub used_hash: Option<[u8; 32]>,
    /// The token that is good now, sealed with the one before.
    pub successor: Option<[u8; 32]>,
    /// Sign-in.
    pub created_at: Millis,
    /// Last refresh.
    pub refreshed_at: Millis,
    /// When it ends whatever happens.
    pub expires_at: Millis,
    /// When it was ended.
    pub revoked_at: Option<Millis>,
    /// What called itself so at sign-in; `None` once it was ended.
    pub program: Option<String>,
}

const COLUMNS: &str = "SELECT id, user_id, refresh_hash, used_hash, successor, created_at, refreshed_at, expires_at, revoked_at, program FROM sessions";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: SessionId(sql::id(row, "id")?),
        user_id: UserId(sql::id(row, "user_id")?),
        refresh_hash: row.get("refresh_hash")?,
        used_hash: row.get("used_hash")?,
        successor: row.get("successor")?,
        created_at: sql::millis(row, "created_at")?,
        refreshed_at: sql::millis(row, "refreshed_at")?,
        expires_at: sql::millis(row, "expires_at")?,
        revoked_at: sql::millis_opt(row, "revoked_at")?,
        program: row.get("program")?,
    })
}

impl Reads<'_> {
    /// A session by id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// The session whose refresh token, good now or just used, has this hash.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn by_refresh(&self, hash: &[u8; 32]) -> Result<Option<Session>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE refresh_hash = ?1 OR used_hash = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([hash], from_row).optional()?)
    }

    /// Those of a person that have not ended at `now`, newest first; few, so not paged.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn open_of(&self, user: UserId, now: Millis) -> Result<Vec<Session>, StoreError> {
        let sql = const_str::concat!(
            COLUMNS,
            " WHERE user_id = ?1 AND revoked_at IS NULL AND expires_at > ?2 ORDER BY created_at DESC, id LIMIT 1000"
        );
        let mut rows = self.conn.prepare_cached(sql)?;
        Ok(rows.query_map(params![user.0.as_bytes(), now.0], from_row)?.collect::<Result<_, _>>()?)
    }

    /// Sessions that have not ended at `now`; few, so not paged.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn open(&self, now: Millis) -> Result<Vec<Session>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE revoked_at IS NULL AND expires_at > ?1 LIMIT 10000");
        Ok(self.conn.prepare_cached(sql)?.query_map([now.0], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds a session.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn insert(&self, s: &Session) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO sessions (id, user_id, refresh_hash, used_hash, created_at, refreshed_at, expires_at, revoked_at, program)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                s.id.0.as_bytes(),
                s.user_id.0.as_bytes(),
                s.refresh_hash,
                s.used_hash,
                s.created_at.0,
                s.refreshed_at.0,
                s.expires_at.0,
                s.revoked_at.map(|t| t.0),
                s.program
            ])?;
        Ok(())
    }

    /// Replaces the refresh token.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn rotate(
        &self,
        id: SessionId,
        used: &[u8; 32],
        next: &[u8; 32],
        successor: &[u8; 32],
        now: Millis,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE sessions SET used_hash = ?2, refresh_hash = ?3, successor = ?4, refreshed_at = ?5 WHERE id = ?1",
            )?
            .execute(params![id.0.as_bytes(), used, next, successor, now.0])?;
        Ok(())
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn revoke(&self, id: SessionId, now: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE sessions SET revoked_at = ?2, program = NULL WHERE id = ?1 AND revoked_at IS NULL",
            )?
            .execute(params![id.0.as_bytes(), now.0])?;
        Ok(())
    }
}
