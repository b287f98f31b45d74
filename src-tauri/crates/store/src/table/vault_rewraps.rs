//! Rotations of the master key, and the small sealed values that they go over. What the bytes mean only `reeve-vault` knows.

use super::{handles, vault_seals};
use crate::error::StoreError;
use crate::sql;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// A rotation of the master key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rewrap {
    /// What everything is sealed under behind it.
    pub epoch: u32,
    /// Whether the root key is another one, too.
    pub compromised: bool,
    /// What there was to seal anew when it began.
    pub total: u64,
    /// How much of it is done.
    pub done: u64,
    /// What did not open, and so stays as it is.
    pub unreadable: u64,
    /// The root key before, sealed under this one; `None` once nothing needs it.
    pub older_root: Option<Vec<u8>>,
    /// When it began.
    pub started_at: Millis,
    /// When it ended.
    pub ended_at: Option<Millis>,
}

/// A table that holds values sealed by the vault itself, and not under a data key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Reeve's own secrets.
    SealedItems,
    /// Admin keys of providers.
    ControlCredentials,
    /// What signs deliveries to listeners.
    Listeners,
    /// Data keys of captured bodies.
    CaptureKeys,
    /// Data keys of what is personal in the ledger.
    SubjectKeys,
    /// Seeds of people's second factors.
    SecondFactors,
}

impl Place {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::SealedItems,
        Self::ControlCredentials,
        Self::Listeners,
        Self::CaptureKeys,
        Self::SubjectKeys,
        Self::SecondFactors,
    ];

    const fn select(self) -> &'static str {
        match self {
            Self::SealedItems => {
                "SELECT rowid AS at, CAST(name AS BLOB) AS id, NULL AS owner, sealed FROM sealed_items WHERE rowid > ?1 ORDER BY rowid LIMIT ?2"
            }
            Self::ControlCredentials => {
                "SELECT rowid AS at, id, CAST(provider AS BLOB) AS owner, sealed FROM control_credentials
                 WHERE rowid > ?1 AND sealed IS NOT NULL ORDER BY rowid LIMIT ?2"
            }
            Self::Listeners => {
                "SELECT rowid AS at, id, NULL AS owner, sealed FROM listeners WHERE rowid > ?1 ORDER BY rowid LIMIT ?2"
            }
            Self::CaptureKeys => {
                "SELECT rowid AS at, CAST(id AS BLOB) AS id, tenant_id AS owner, wrapped AS sealed FROM capture_keys
                 WHERE rowid > ?1 ORDER BY rowid LIMIT ?2"
            }
            Self::SubjectKeys => {
                "SELECT rowid AS at, CAST(id AS BLOB) AS id, NULL AS owner, wrapped AS sealed FROM subject_keys
                 WHERE rowid > ?1 ORDER BY rowid LIMIT ?2"
            }
            Self::SecondFactors => {
                "SELECT rowid AS at, user_id AS id, NULL AS owner, sealed FROM second_factors WHERE rowid > ?1 ORDER BY rowid LIMIT ?2"
            }
        }
    }

    const fn update(self) -> &'static str {
        match self {
            Self::SealedItems => "UPDATE sealed_items SET sealed = ?3 WHERE rowid = ?1 AND sealed = ?2",
            Self::ControlCredentials => {
                "UPDATE control_credentials SET sealed = ?3 WHERE rowid = ?1 AND sealed = ?2"
            }
            Self::Listeners => "UPDATE listeners SET sealed = ?3 WHERE rowid = ?1 AND sealed = ?2",
            Self::CaptureKeys => "UPDATE capture_keys SET wrapped = ?3 WHERE rowid = ?1 AND wrapped = ?2",
            Self::SubjectKeys => "UPDATE subject_keys SET wrapped = ?3 WHERE rowid = ?1 AND wrapped = ?2",
            Self::SecondFactors => "UPDATE second_factors SET sealed = ?3 WHERE rowid = ?1 AND sealed = ?2",
        }
    }
}

/// A sealed value and what it belongs to.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Where it stands, for paging and for [`Writes::reseal`].
    pub at: i64,
    /// The id of its row: 16 bytes, or the text of a name.
    pub id: Vec<u8>,
    /// What the row belongs to, where its name alone does not say: a tenant's id, or the name of a provider.
    pub owner: Option<Vec<u8>>,
    /// The value.
    pub sealed: Vec<u8>,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Rewrap> {
    let kind: String = row.get("kind")?;
    Ok(Rewrap {
        epoch: row.get("epoch")?,
        compromised: kind == "compromised",
        total: sql::unsigned(row, "total")?,
        done: sql::unsigned(row, "done")?,
        unreadable: sql::unsigned(row, "unreadable")?,
        older_root: row.get("older_root")?,
        started_at: sql::millis(row, "started_at")?,
        ended_at: sql::millis_opt(row, "ended_at")?,
    })
}

impl Reads<'_> {
    /// The newest one.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn newest(&self) -> Result<Option<Rewrap>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT epoch, kind, total, done, unreadable, older_root, started_at, ended_at FROM vault_rewraps
             ORDER BY epoch DESC LIMIT 1",
        )?;
        Ok(rows.query_row([], from_row).optional()?)
    }

    /// Sealed values of a table behind `after`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn sealed(&self, place: Place, after: i64, limit: usize) -> Result<Vec<Sealed>, StoreError> {
        let mut rows = self.conn.prepare_cached(place.select())?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = rows.query_map(params![after, limit], |row| {
            Ok(Sealed {
                at: row.get("at")?,
                id: row.get("id")?,
                owner: row.get("owner")?,
                sealed: row.get("sealed")?,
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// How many values there are that a rotation goes over.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn count(&self) -> Result<u64, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT (SELECT count(*) FROM key_versions WHERE wrapped_dek IS NOT NULL)
                  + (SELECT count(*) FROM control_credentials WHERE sealed IS NOT NULL)
                  + (SELECT count(*) FROM sealed_items) + (SELECT count(*) FROM listeners)
                  + (SELECT count(*) FROM capture_keys) + (SELECT count(*) FROM subject_keys)
                  + (SELECT count(*) FROM second_factors) AS n",
        )?;
        Ok(rows.query_row([], |row| sql::unsigned(row, "n"))?)
    }
}

impl Writes<'_> {
    /// Notes that one begins.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if there is one of that epoch.
    pub fn begin(&self, r: &Rewrap) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO vault_rewraps (epoch, kind, total, older_root, started_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                r.epoch,
                if r.compromised { "compromised" } else { "routine" },
                sql::signed(r.total),
                r.older_root,
                r.started_at.0
            ])?;
        Ok(())
    }

    /// Notes how far one has come.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn stand(&self, epoch: u32, done: u64, unreadable: u64) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE vault_rewraps SET done = ?2, unreadable = ?3 WHERE epoch = ?1")?
            .execute(params![epoch, sql::signed(done), sql::signed(unreadable)])?;
        Ok(())
    }

    /// Names an admin key by its keyed hash under a new root key.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn control_fingerprint(&self, at: i64, fingerprint: &str) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE control_credentials SET fingerprint = ?2 WHERE rowid = ?1")?
            .execute(params![at, fingerprint])?;
        Ok(())
    }

    /// Notes that one ended. The root key before goes with it.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn end(&self, epoch: u32, now: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE vault_rewraps SET ended_at = ?2, older_root = NULL WHERE epoch = ?1")?
            .execute(params![epoch, now.0])?;
        Ok(())
    }

    /// Puts `new` in place of a sealed value, if it is still `old`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn reseal(&self, place: Place, at: i64, old: &[u8], new: &[u8]) -> Result<bool, StoreError> {
        vault_seals::count(self.conn)?;
        Ok(self.conn.prepare_cached(place.update())?.execute(params![at, old, new])? == 1)
    }

    /// Notes the fingerprint of a version's key under the present root key.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn fingerprint(
        &self,
        credential: &[u8; 16],
        version: u32,
        fingerprint: &str,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE key_versions SET fingerprint = ?3 WHERE credential_id = ?1 AND version = ?2",
            )?
            .execute(params![credential, version, fingerprint])?;
        Ok(())
    }
}
