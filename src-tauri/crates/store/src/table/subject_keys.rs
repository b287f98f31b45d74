//! Data keys of the ledger's private sections, by person and month, wrapped by the vault.

use super::{handles, vault_seals};
use crate::error::StoreError;
use crate::sql;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// A key that exists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SubjectKey {
    /// Id, as entries name it.
    pub id: String,
    /// Whose: the pseudonym.
    pub subject: String,
    /// Of which month, such as 202611.
    pub month: i64,
    /// The key, wrapped.
    pub wrapped: Vec<u8>,
}

/// What the ledger keeps of a subject.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptOf {
    /// Whose: the pseudonym.
    pub subject: String,
    /// Keys, one a month.
    pub keys: u64,
    /// The earliest month.
    pub first_month: i64,
    /// The latest month.
    pub last_month: i64,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<SubjectKey> {
    Ok(SubjectKey {
        id: row.get("id")?,
        subject: row.get("subject")?,
        month: row.get("month")?,
        wrapped: row.get("wrapped")?,
    })
}

impl Reads<'_> {
    /// The key of a person in a month (such as 202611): its id and its wrapped bytes.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn of(&self, subject: &str, month: i64) -> Result<Option<(String, Vec<u8>)>, StoreError> {
        let mut rows = self
            .conn
            .prepare_cached("SELECT id, wrapped FROM subject_keys WHERE subject = ?1 AND month = ?2")?;
        Ok(rows.query_row(params![subject, month], |r| Ok((r.get("id")?, r.get("wrapped")?))).optional()?)
    }

    /// A key's wrapped bytes by id; `None` once erased, and while what is personal of its subject is restricted.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT wrapped FROM subject_keys WHERE id = ?1
               AND NOT EXISTS (SELECT 1 FROM subjects s WHERE s.subject = subject_keys.subject AND s.restricted_at IS NOT NULL)",
        )?;
        Ok(rows.query_row([id], |r| r.get("wrapped")).optional()?)
    }

    /// Every key.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<SubjectKey>, StoreError> {
        let mut rows =
            self.conn.prepare_cached("SELECT id, subject, month, wrapped FROM subject_keys ORDER BY id")?;
        Ok(rows.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }

    /// Of whom something personal is kept, by subject, at most 1,000 from `after` on.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn kept(&self, after: &str) -> Result<Vec<KeptOf>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT subject, count(*) AS keys, min(month) AS first_month, max(month) AS last_month FROM subject_keys
             WHERE subject > ?1 GROUP BY subject ORDER BY subject LIMIT 1000",
        )?;
        let kept = rows.query_map([after], |r| {
            Ok(KeptOf {
                subject: r.get("subject")?,
                keys: sql::unsigned(r, "keys")?,
                first_month: r.get("first_month")?,
                last_month: r.get("last_month")?,
            })
        })?;
        Ok(kept.collect::<Result<_, _>>()?)
    }

    /// How many sealed sections a key opens.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn sections(&self, id: &str) -> Result<u64, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT count(*) AS n FROM private_sections WHERE key_id = ?1 AND sealed IS NOT NULL",
        )?;
        Ok(rows.query_row([id], |r| sql::unsigned(r, "n"))?)
    }

    /// Whether sealed sections of destroyed keys are still to be overwritten.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn unswept(&self) -> Result<bool, StoreError> {
        let mut rows = self.conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM erased_keys) AS some")?;
        Ok(rows.query_row([], |r| r.get("some"))?)
    }
}

impl Writes<'_> {
    /// Adds a key unless the person has one for the month.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn insert(&self, id: &str, subject: &str, month: i64, wrapped: &[u8]) -> Result<(), StoreError> {
        vault_seals::count(self.conn)?;
        self.conn
            .prepare_cached("INSERT INTO subject_keys (id, subject, month, wrapped) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?
            .execute(params![id, subject, month, wrapped])?;
        Ok(())
    }

    /// Wraps a key anew.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn rewrap(&self, id: &str, wrapped: &[u8]) -> Result<(), StoreError> {
        vault_seals::count(self.conn)?;
        self.conn
            .prepare_cached("UPDATE subject_keys SET wrapped = ?2 WHERE id = ?1")?
            .execute(params![id, wrapped])?;
        Ok(())
    }

    /// Destroys a key. Its sealed sections, which nothing opens any more, are overwritten by [`crate::Store::sweep`].
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn destroy(&self, id: &str) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM subject_keys WHERE id = ?1")?.execute([id])?;
        self.conn
            .prepare_cached("INSERT INTO erased_keys (id) VALUES (?1) ON CONFLICT DO NOTHING")?
            .execute([id])?;
        Ok(())
    }
}
