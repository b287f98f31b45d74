//! Pseudonyms of the ledger that something was decided about: erased, or restricted.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::UserId;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// A pseudonym that something was decided about.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Subject {
    /// The pseudonym.
    pub subject: String,
    /// The id of the person that it stood for.
    pub user_id: Option<UserId>,
    /// When what is personal of it was erased.
    pub erased_at: Option<Millis>,
    /// Since when what is personal of it is kept, but not shown (GDPR Art. 18).
    pub restricted_at: Option<Millis>,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Subject> {
    Ok(Subject {
        subject: row.get("subject")?,
        user_id: sql::id_opt(row, "user_id")?.map(UserId),
        erased_at: sql::millis_opt(row, "erased_at")?,
        restricted_at: sql::millis_opt(row, "restricted_at")?,
    })
}

const COLUMNS: &str = "SELECT subject, user_id, erased_at, restricted_at FROM subjects";

impl Reads<'_> {
    /// What was decided about a pseudonym.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, subject: &str) -> Result<Option<Subject>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE subject = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([subject], from_row).optional()?)
    }

    /// Everybody that something was decided about; the newest thousand suffice, for they are few.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<Subject>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " ORDER BY erased_at DESC, subject LIMIT 1000");
        Ok(self.conn.prepare_cached(sql)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Sets what was decided.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn put(&self, subject: &Subject) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO subjects (subject, user_id, erased_at, restricted_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (subject) DO UPDATE SET user_id = excluded.user_id, erased_at = excluded.erased_at,
                   restricted_at = excluded.restricted_at",
            )?
            .execute(params![
                subject.subject,
                subject.user_id.as_ref().map(|id| id.0.as_bytes()),
                subject.erased_at.map(|t| t.0),
                subject.restricted_at.map(|t| t.0)
            ])?;
        Ok(())
    }
}
