//! Outside witnesses, and what they signed.

use super::handles;
use crate::error::StoreError;
use crate::log::Stream;
use crate::sql;
use reeve_core::id::WitnessId;
use reeve_core::time::Millis;
use reeve_ledger::Cosignature;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// A party outside that signs how long the logs are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Witness {
    /// Id.
    pub id: WitnessId,
    /// Name of its key.
    pub name: String,
    /// Its key, `name+id+key`.
    pub vkey: String,
    /// Where it takes checkpoints; `None`: they are carried by hand.
    pub url: Option<String>,
    /// Whether it may be at an address that is not public.
    pub allow_private: bool,
    /// When it was added.
    pub added_at: Millis,
    /// Index of the entry that says so.
    pub added_by: u64,
    /// When it was removed, and the entry that says so.
    pub removed: Option<(Millis, u64)>,
    /// The entry that says that it holds another log than this one, and how.
    pub contradiction: Option<(u64, String)>,
}

/// A head that a witness signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cosigned {
    /// Of which stream.
    pub stream: Stream,
    /// By whom.
    pub witness: WitnessId,
    /// Entries that the head covers.
    pub size: u64,
    /// When, by the witness's clock, and the signature.
    pub cosignature: Cosignature,
    /// The head as the log itself signed it.
    pub note: String,
}

/// Seconds of a day: of each, the last cosignature of a witness is kept.
const DAY: u64 = 86_400;

const COLUMNS: &str = "SELECT id, name, vkey, url, allow_private, added_at, added_by, removed_at, removed_by, contradicted_by, contradiction FROM witnesses";
const COSIGNED: &str = "SELECT stream, witness_id, size, time, signature, note FROM cosignatures";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Witness> {
    Ok(Witness {
        id: WitnessId(sql::id(row, "id")?),
        name: row.get("name")?,
        vkey: row.get("vkey")?,
        url: row.get("url")?,
        allow_private: row.get("allow_private")?,
        added_at: sql::millis(row, "added_at")?,
        added_by: sql::unsigned(row, "added_by")?,
        removed: sql::millis_opt(row, "removed_at")?.zip(sql::unsigned_opt(row, "removed_by")?),
        contradiction: sql::unsigned_opt(row, "contradicted_by")?.zip(row.get("contradiction")?),
    })
}

fn cosigned(row: &Row<'_>) -> rusqlite::Result<Cosigned> {
    let usage = row.get::<_, i64>("stream")? == Stream::Usage.number();
    Ok(Cosigned {
        stream: if usage { Stream::Usage } else { Stream::Audit },
        witness: WitnessId(sql::id(row, "witness_id")?),
        size: sql::unsigned(row, "size")?,
        cosignature: Cosignature { time: sql::unsigned(row, "time")?, signature: row.get("signature")? },
        note: row.get("note")?,
    })
}

impl Reads<'_> {
    /// All witnesses that ever were, in the order they were added.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<Witness>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " ORDER BY added_by");
        Ok(self.conn.prepare_cached(sql)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }

    /// The witnesses that were not removed, in the order they were added.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn standing(&self) -> Result<Vec<Witness>, StoreError> {
        Ok(self.all()?.into_iter().filter(|w| w.removed.is_none()).collect())
    }

    /// A witness that was not removed.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: WitnessId) -> Result<Option<Witness>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1 AND removed_at IS NULL");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// The largest head of a stream that a witness signed.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn latest(&self, stream: Stream, witness: WitnessId) -> Result<Option<Cosigned>, StoreError> {
        let sql =
            const_str::concat!(COSIGNED, " WHERE stream = ?1 AND witness_id = ?2 ORDER BY size DESC LIMIT 1");
        let found = params![stream.number(), witness.0.as_bytes()];
        Ok(self.conn.prepare_cached(sql)?.query_row(found, cosigned).optional()?)
    }

    /// All that is kept of what was signed of a stream, the smallest first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn cosigned(&self, stream: Stream) -> Result<Vec<Cosigned>, StoreError> {
        let sql = const_str::concat!(COSIGNED, " WHERE stream = ?1 ORDER BY size");
        let mut rows = self.conn.prepare_cached(sql)?;
        Ok(rows.query_map([stream.number()], cosigned)?.collect::<Result<_, _>>()?)
    }

    /// How many rows are of no stream that there is.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn strays(&self) -> Result<u64, StoreError> {
        let [audit, usage] = Stream::ALL.map(Stream::number);
        Ok(self
            .conn
            .prepare_cached("SELECT count(*) AS n FROM cosignatures WHERE stream NOT IN (?1, ?2)")?
            .query_row([audit, usage], |r| sql::unsigned(r, "n"))?)
    }
}

impl Writes<'_> {
    /// Adds a witness.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn insert(&self, witness: &Witness) -> Result<(), StoreError> {
        let Witness { id, name, vkey, url, allow_private, added_at, added_by, .. } = witness;
        self.conn
            .prepare_cached(
                "INSERT INTO witnesses (id, name, vkey, url, allow_private, added_at, added_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![id.0.as_bytes(), name, vkey, url, allow_private, added_at.0, sql::signed(*added_by)])?;
        Ok(())
    }

    /// Removes a witness; what it signed stays.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn remove(&self, id: WitnessId, at: Millis, by: u64) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE witnesses SET removed_at = ?2, removed_by = ?3 WHERE id = ?1 AND removed_at IS NULL",
            )?
            .execute(params![id.0.as_bytes(), at.0, sql::signed(by)])?;
        Ok(())
    }

    /// Notes that a witness holds another log than this one, with the entry that says so; or that it does not any more.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn set_contradiction(&self, id: WitnessId, said: Option<(u64, &str)>) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE witnesses SET contradicted_by = ?2, contradiction = ?3 WHERE id = ?1")?
            .execute(params![
                id.0.as_bytes(),
                said.map(|(by, _)| sql::signed(by)),
                said.map(|(_, words)| words)
            ])?;
        Ok(())
    }

    /// Keeps a head that a witness signed, and lets go of its smaller ones of the same day.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn keep(&self, signed: &Cosigned) -> Result<(), StoreError> {
        let Cosigned { stream, witness, size, cosignature: Cosignature { time, signature }, note } = signed;
        let (stream, id, size) = (stream.number(), witness.0.as_bytes(), sql::signed(*size));
        let day = time - time % DAY;
        self.conn
            .prepare_cached(
                "DELETE FROM cosignatures WHERE stream = ?1 AND witness_id = ?2 AND size <= ?3 AND time >= ?4 AND time < ?5",
            )?
            .execute(params![stream, id, size, sql::signed(day), sql::signed(day + DAY)])?;
        self.conn
            .prepare_cached(
                "INSERT INTO cosignatures (stream, witness_id, size, time, signature, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (stream, witness_id, size) DO UPDATE SET time = excluded.time, signature = excluded.signature, note = excluded.note",
            )?
            .execute(params![stream, id, size, sql::signed(*time), signature, note])?;
        Ok(())
    }
}
