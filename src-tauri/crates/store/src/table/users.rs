//! People who sign in.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::UserId;
use reeve_core::role::RoleRef;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// A person.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// Pseudonym in the ledger.
    pub subject: String,
    /// Name.
    pub name: String,
    /// E-mail, unique without regard to case.
    pub email: String,
    /// Argon2id, PHC string; `None` signs in through the OS account.
    pub password_hash: Option<String>,
    /// What they may do.
    pub role: RoleRef,
    /// Whether a second factor is asked for when they sign in; it is set up in a table of its own.
    pub second_factor: bool,
    /// Since when they may not sign in.
    pub disabled_at: Option<Millis>,
    /// Since when.
    pub created_at: Millis,
    /// Last change.
    pub updated_at: Millis,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

const COLUMNS: &str =
    "SELECT id, subject, name, email, password_hash, role, disabled_at, created_at, updated_at,
            EXISTS (SELECT 1 FROM second_factors f WHERE f.user_id = users.id AND f.confirmed_at IS NOT NULL) AS second_factor
     FROM users";

fn from_row(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: UserId(sql::id(row, "id")?),
        subject: row.get("subject")?,
        name: row.get("name")?,
        email: row.get("email")?,
        password_hash: row.get("password_hash")?,
        role: sql::word(row, "role", |text| text.parse().ok())?,
        second_factor: row.get("second_factor")?,
        disabled_at: sql::millis_opt(row, "disabled_at")?,
        created_at: sql::millis(row, "created_at")?,
        updated_at: sql::millis(row, "updated_at")?,
    })
}

impl Reads<'_> {
    /// A person by id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// A person by e-mail.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE email = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([email], from_row).optional()?)
    }

    /// How many administrators who may sign in there are besides somebody.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn admins_besides(&self, id: UserId) -> Result<u64, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT count(*) AS n FROM users WHERE role = 'admin' AND disabled_at IS NULL AND id <> ?1",
        )?;
        Ok(rows.query_row([id.0.as_bytes()], |row| sql::unsigned(row, "n"))?)
    }

    /// Everybody, oldest first. People are few: this is not paged.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<User>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " ORDER BY created_at, id LIMIT 1000");
        Ok(self.conn.prepare_cached(sql)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds a person.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if the e-mail is taken.
    pub fn insert(&self, user: &User) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO users (id, subject, name, email, password_hash, role, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                user.id.0.as_bytes(),
                user.subject,
                user.name,
                user.email,
                user.password_hash,
                user.role.to_string(),
                user.created_at.0,
                user.updated_at.0
            ])?;
        Ok(())
    }

    /// Sets a password.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn set_password(&self, id: UserId, hash: &str, now: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE users SET password_hash = ?2, updated_at = ?3 WHERE id = ?1")?
            .execute(params![id.0.as_bytes(), hash, now.0])?;
        Ok(())
    }

    /// Gives another role.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn set_role(&self, id: UserId, role: RoleRef, now: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE users SET role = ?2, updated_at = ?3 WHERE id = ?1")?
            .execute(params![id.0.as_bytes(), role.to_string(), now.0])?;
        Ok(())
    }

    /// Keeps a person from signing in, or lets them again.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn set_disabled(&self, id: UserId, disabled: bool, now: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE users SET disabled_at = ?2, updated_at = ?3 WHERE id = ?1")?
            .execute(params![id.0.as_bytes(), disabled.then_some(now.0), now.0])?;
        Ok(())
    }

    /// Removes a person with their sessions. The pseudonym stays in the ledger, with nobody behind it.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete(&self, id: UserId) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM sessions WHERE user_id = ?1")?.execute([id.0.as_bytes()])?;
        self.conn.prepare_cached("DELETE FROM users WHERE id = ?1")?.execute([id.0.as_bytes()])?;
        Ok(())
    }
}
