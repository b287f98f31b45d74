//! Invitations that nobody has taken up yet.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::InvitationId;
use reeve_core::role::RoleRef;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// An invitation.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Id.
    pub id: InvitationId,
    /// Whom it is for; unique without regard to case.
    pub email: String,
    /// What that person may do.
    pub role: RoleRef,
    /// SHA-256 of the token that takes it up.
    pub token_hash: [u8; 32],
    /// Pseudonym of who invited.
    pub invited_by: String,
    /// Since when.
    pub created_at: Millis,
    /// Until when.
    pub expires_at: Millis,
}

const COLUMNS: &str =
    "SELECT id, email, role, token_hash, invited_by, created_at, expires_at FROM invitations";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Invitation> {
    Ok(Invitation {
        id: InvitationId(sql::id(row, "id")?),
        email: row.get("email")?,
        role: sql::word(row, "role", |text| text.parse().ok())?,
        token_hash: row.get("token_hash")?,
        invited_by: row.get("invited_by")?,
        created_at: sql::millis(row, "created_at")?,
        expires_at: sql::millis(row, "expires_at")?,
    })
}

impl Reads<'_> {
    /// An invitation by id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// The invitation that a token takes up, over or not.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn by_token(&self, hash: &[u8; 32]) -> Result<Option<Invitation>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE token_hash = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([hash], from_row).optional()?)
    }

    /// All, newest first. They are few: this is not paged.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<Invitation>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " ORDER BY created_at DESC, id LIMIT 1000");
        Ok(self.conn.prepare_cached(sql)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Puts an invitation in place of whatever there was for the same e-mail, and forgets those that ended before `over`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn put(&self, i: &Invitation, over: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("DELETE FROM invitations WHERE email = ?1 OR expires_at < ?2")?
            .execute(params![i.email, over.0])?;
        self.conn
            .prepare_cached(
                "INSERT INTO invitations (id, email, role, token_hash, invited_by, created_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                i.id.0.as_bytes(),
                i.email,
                i.role.to_string(),
                i.token_hash,
                i.invited_by,
                i.created_at.0,
                i.expires_at.0
            ])?;
        Ok(())
    }

    /// Forgets an invitation.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete(&self, id: InvitationId) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM invitations WHERE id = ?1")?.execute([id.0.as_bytes()])?;
        Ok(())
    }
}
