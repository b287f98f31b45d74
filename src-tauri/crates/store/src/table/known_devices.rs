//! From what people have signed in before: hashes of programs and of networks.

use super::handles;
use crate::error::StoreError;
use reeve_core::id::UserId;
use reeve_core::time::Millis;
use rusqlite::params;

handles!();

/// Kept of each person and kind; beyond it the one that was not seen for longest goes.
pub const KEPT: i64 = 50;

/// What was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    /// What the caller's program calls itself, without versions.
    Program,
    /// The network of the address.
    Network,
}

impl Seen {
    /// The word in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Network => "network",
        }
    }
}

impl Reads<'_> {
    /// Whether anything of this kind is known of a person, and whether this is.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn knows(&self, user: UserId, what: Seen, hash: &[u8; 32]) -> Result<(bool, bool), StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT count(*) > 0, coalesce(max(hash = ?3), 0) FROM known_devices WHERE user_id = ?1 AND what = ?2",
        )?;
        Ok(rows.query_row(params![user.0.as_bytes(), what.as_str(), hash], |r| Ok((r.get(0)?, r.get(1)?)))?)
    }
}

impl Writes<'_> {
    /// Notes that somebody signed in from it; the ones not seen for longest go beyond [`KEPT`].
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn note(&self, user: UserId, what: Seen, hash: &[u8; 32], now: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO known_devices (user_id, what, hash, first_seen, last_seen) VALUES (?1, ?2, ?3, ?4, ?4)
                 ON CONFLICT (user_id, what, hash) DO UPDATE SET last_seen = ?4",
            )?
            .execute(params![user.0.as_bytes(), what.as_str(), hash, now.0])?;
        self.conn
            .prepare_cached(
                "DELETE FROM known_devices WHERE user_id = ?1 AND what = ?2 AND hash NOT IN
                   (SELECT hash FROM known_devices WHERE user_id = ?1 AND what = ?2 ORDER BY last_seen DESC, hash LIMIT ?3)",
            )?
            .execute(params![user.0.as_bytes(), what.as_str(), KEPT])?;
        Ok(())
    }
}
