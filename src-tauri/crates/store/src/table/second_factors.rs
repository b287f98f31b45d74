//! Second factors of people: a sealed seed each, the newest step that was taken, and recovery codes as hashes.

use super::{handles, vault_seals};
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::UserId;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// A second factor.
#[derive(Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// Whose.
    pub user_id: UserId,
    /// The seed, sealed.
    pub sealed: Vec<u8>,
    /// The newest step whose code was taken.
    pub last_step: u64,
    /// When it was begun.
    pub created_at: Millis,
    /// Since when it is asked for.
    pub confirmed_at: Option<Millis>,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<SecondFactor> {
    Ok(SecondFactor {
        user_id: UserId(sql::id(row, "user_id")?),
        sealed: row.get("sealed")?,
        last_step: sql::unsigned(row, "last_step")?,
        created_at: sql::millis(row, "created_at")?,
        confirmed_at: sql::millis_opt(row, "confirmed_at")?,
    })
}

impl Reads<'_> {
    /// That of a person, begun or in use.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT user_id, sealed, last_step, created_at, confirmed_at FROM second_factors WHERE user_id = ?1",
        )?;
        Ok(rows.query_row([user.0.as_bytes()], from_row).optional()?)
    }

    /// That of a person, if it is asked for at sign-in.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn confirmed(&self, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
        Ok(self.get(user)?.filter(|factor| factor.confirmed_at.is_some()))
    }

    /// How many recovery codes a person has left.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn codes_left(&self, user: UserId) -> Result<u64, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT count(*) AS n FROM second_factor_codes WHERE user_id = ?1 AND used_at IS NULL",
        )?;
        Ok(rows.query_row([user.0.as_bytes()], |row| sql::unsigned(row, "n"))?)
    }

    /// Whether it is a code of this person that was not used.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn has_code(&self, user: UserId, hash: &[u8; 32]) -> Result<bool, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT 1 FROM second_factor_codes WHERE user_id = ?1 AND hash = ?2 AND used_at IS NULL",
        )?;
        Ok(rows.exists(params![user.0.as_bytes(), hash])?)
    }
}

impl Writes<'_> {
    /// Puts a new one, not yet asked for, in place of whatever there was.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn begin(&self, user: UserId, sealed: &[u8], now: Millis) -> Result<(), StoreError> {
        vault_seals::count(self.conn)?;
        self.remove(user)?;
        self.conn
            .prepare_cached("INSERT INTO second_factors (user_id, sealed, created_at) VALUES (?1, ?2, ?3)")?
            .execute(params![user.0.as_bytes(), sealed, now.0])?;
        Ok(())
    }

    /// Asks for it from now on.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn confirm(&self, user: UserId, now: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE second_factors SET confirmed_at = ?2 WHERE user_id = ?1")?
            .execute(params![user.0.as_bytes(), now.0])?;
        Ok(())
    }

    /// Notes that the code of a step was taken; no earlier one is from then on.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn take_step(&self, user: UserId, step: u64) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE second_factors SET last_step = max(last_step, ?2) WHERE user_id = ?1")?
            .execute(params![user.0.as_bytes(), sql::signed(step)])?;
        Ok(())
    }

    /// Notes that a recovery code was used.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn take_code(&self, user: UserId, hash: &[u8; 32], now: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE second_factor_codes SET used_at = ?3 WHERE user_id = ?1 AND hash = ?2")?
            .execute(params![user.0.as_bytes(), hash, now.0])?;
        Ok(())
    }

    /// Puts new recovery codes in place of those there were.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn put_codes(&self, user: UserId, hashes: &[[u8; 32]]) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("DELETE FROM second_factor_codes WHERE user_id = ?1")?
            .execute([user.0.as_bytes()])?;
        let mut insert =
            self.conn.prepare_cached("INSERT INTO second_factor_codes (user_id, hash) VALUES (?1, ?2)")?;
        for hash in hashes {
            insert.execute(params![user.0.as_bytes(), hash])?;
        }
        Ok(())
    }

    /// Removes it with its codes.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn remove(&self, user: UserId) -> Result<(), StoreError> {
        self.put_codes(user, &[])?;
        self.conn
            .prepare_cached("DELETE FROM second_factors WHERE user_id = ?1")?
            .execute([user.0.as_bytes()])?;
        Ok(())
    }
}
