//! The ledger of rotations: what is about to be asked of a provider stands here before it is asked.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::{CredentialId, RotationId};
use reeve_core::rotation::{RotationCause, RotationState};
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// A rotation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rotation {
    /// Id.
    pub id: RotationId,
    /// Of which credential.
    pub credential_id: CredentialId,
    /// Where it stands.
    pub state: RotationState,
    /// Where it goes on behind a state that waits for a person.
    pub resumes: Option<RotationState>,
    /// Why it was begun.
    pub cause: RotationCause,
    /// What is replaced.
    pub from_version: u32,
    /// What replaces it, once it is there.
    pub to_version: Option<u32>,
    /// What our keys of this rotation are called at the provider.
    pub tag: String,
    /// Keys at the provider before the new one was asked for, as JSON.
    pub snapshot: String,
    /// What probes and last looks found, as JSON.
    pub seen: String,
    /// How long the old key is kept for calls that the new one is refused for, in ms.
    pub grace_ms: i64,
    /// How long it is kept, unused, before it is deleted, in ms.
    pub soak_ms: i64,
    /// Since when.
    pub started_at: Millis,
    /// When it last moved.
    pub updated_at: Millis,
    /// When the new key was asked for.
    pub mint_started_at: Option<Millis>,
    /// Since when the new key is tried.
    pub probe_started_at: Option<Millis>,
    /// When the new key was taken into use.
    pub promoted_at: Option<Millis>,
    /// Until when the old key may serve.
    pub grace_until: Option<Millis>,
    /// Until when the old key could come back.
    pub soak_until: Option<Millis>,
    /// When to go on; `None`: when somebody says so.
    pub next_at: Option<Millis>,
    /// When it was over.
    pub ended_at: Option<Millis>,
    /// Failures in a row of the step it is at.
    pub attempts: u32,
    /// How often the grace was extended.
    pub extensions: u32,
    /// Probes in a row that went well.
    pub successes: u32,
    /// The class of the last error.
    pub error_class: Option<String>,
    /// The last error, in words.
    pub error: Option<String>,
}

const COLUMNS: &str = "SELECT id, credential_id, state, resumes, cause, from_version, to_version, tag, snapshot, seen, grace_ms,
    soak_ms, started_at, updated_at, mint_started_at, probe_started_at, promoted_at, grace_until, soak_until, next_at, ended_at,
    attempts, extensions, successes, error_class, error FROM rotations";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Rotation> {
    let resumes: Option<String> = row.get("resumes")?;
    Ok(Rotation {
        id: RotationId(sql::id(row, "id")?),
        credential_id: CredentialId(sql::id(row, "credential_id")?),
        state: sql::word(row, "state", RotationState::parse)?,
        resumes: resumes.as_deref().and_then(RotationState::parse),
        cause: sql::word(row, "cause", RotationCause::parse)?,
        from_version: row.get("from_version")?,
        to_version: row.get("to_version")?,
        tag: row.get("tag")?,
        snapshot: row.get("snapshot")?,
        seen: row.get("seen")?,
        grace_ms: row.get("grace_ms")?,
        soak_ms: row.get("soak_ms")?,
        started_at: sql::millis(row, "started_at")?,
        updated_at: sql::millis(row, "updated_at")?,
        mint_started_at: sql::millis_opt(row, "mint_started_at")?,
        probe_started_at: sql::millis_opt(row, "probe_started_at")?,
        promoted_at: sql::millis_opt(row, "promoted_at")?,
        grace_until: sql::millis_opt(row, "grace_until")?,
        soak_until: sql::millis_opt(row, "soak_until")?,
        next_at: sql::millis_opt(row, "next_at")?,
        ended_at: sql::millis_opt(row, "ended_at")?,
        attempts: row.get("attempts")?,
        extensions: row.get("extensions")?,
        successes: row.get("successes")?,
        error_class: row.get("error_class")?,
        error: row.get("error")?,
    })
}

impl Reads<'_> {
    /// A rotation by id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: RotationId) -> Result<Option<Rotation>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// The rotations that are not over, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn open(&self) -> Result<Vec<Rotation>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE ended_at IS NULL ORDER BY id");
        Ok(self.conn.prepare_cached(sql)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }

    /// The rotation of a credential that is not over.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn open_of(&self, id: CredentialId) -> Result<Option<Rotation>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE credential_id = ?1 AND ended_at IS NULL");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// Rotations, of one credential or of all, newest first, older than `before`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn list(
        &self,
        of: Option<CredentialId>,
        before: Option<RotationId>,
        limit: usize,
    ) -> Result<Vec<Rotation>, StoreError> {
        let sql = const_str::concat!(
            COLUMNS,
            " WHERE (?1 IS NULL OR credential_id = ?1) AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3"
        );
        let asked = params![
            of.map(|id| *id.0.as_bytes()),
            before.map(|id| *id.0.as_bytes()),
            i64::try_from(limit).unwrap_or(i64::MAX)
        ];
        Ok(self.conn.prepare_cached(sql)?.query_map(asked, from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds a rotation.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if one of the credential is not over.
    pub fn insert(&self, r: &Rotation) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO rotations (id, credential_id, state, cause, from_version, tag, grace_ms, soak_ms, started_at,
                   updated_at, next_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)",
            )?
            .execute(params![
                r.id.0.as_bytes(),
                r.credential_id.0.as_bytes(),
                r.state.as_str(),
                r.cause.as_str(),
                r.from_version,
                r.tag,
                r.grace_ms,
                r.soak_ms,
                r.started_at.0,
                r.next_at.map(|t| t.0)
            ])?;
        Ok(())
    }

    /// Writes where a rotation stands now.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn update(&self, r: &Rotation) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE rotations SET state = ?2, resumes = ?3, to_version = ?4, snapshot = ?5, seen = ?6, updated_at = ?7,
                   mint_started_at = ?8, probe_started_at = ?9, promoted_at = ?10, grace_until = ?11, soak_until = ?12,
                   next_at = ?13, ended_at = ?14, attempts = ?15, extensions = ?16, successes = ?17, error_class = ?18,
                   error = ?19, cause = ?20, grace_ms = ?21, soak_ms = ?22 WHERE id = ?1",
            )?
            .execute(params![
                r.id.0.as_bytes(),
                r.state.as_str(),
                r.resumes.map(RotationState::as_str),
                r.to_version,
                r.snapshot,
                r.seen,
                r.updated_at.0,
                r.mint_started_at.map(|t| t.0),
                r.probe_started_at.map(|t| t.0),
                r.promoted_at.map(|t| t.0),
                r.grace_until.map(|t| t.0),
                r.soak_until.map(|t| t.0),
                r.next_at.map(|t| t.0),
                r.ended_at.map(|t| t.0),
                r.attempts,
                r.extensions,
                r.successes,
                r.error_class,
                r.error,
                r.cause.as_str(),
                r.grace_ms,
                r.soak_ms
            ])?;
        Ok(())
    }
}
