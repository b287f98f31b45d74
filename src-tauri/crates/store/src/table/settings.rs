//! The workspace's settings: one row.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::period::Zone;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// What happens to a call whose model has no price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unpriced {
    /// It is refused.
    Refuse,
    /// It is charged at the ceiling rates and flagged.
    Ceiling,
}

impl Unpriced {
    /// The word in the store and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Ceiling => "ceiling",
        }
    }

    /// The value of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Refuse, Self::Ceiling].into_iter().find(|u| u.as_str() == word)
    }
}

/// The workspace's settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Name of the workspace.
    pub workspace_name: String,
    /// Zone of its budget periods.
    pub time_zone: Zone,
    /// What happens to unpriced calls.
    pub unpriced: Unpriced,
    /// Pico-USD per input token where unpriced calls go through.
    pub ceiling_input: Option<u64>,
    /// Pico-USD per output token where unpriced calls go through.
    pub ceiling_output: Option<u64>,
    /// When they last changed.
    pub updated_at: Millis,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Settings> {
    Ok(Settings {
        workspace_name: row.get("workspace_name")?,
        time_zone: sql::word(row, "time_zone", |w| w.parse().ok())?,
        unpriced: sql::word(row, "unpriced", Unpriced::parse)?,
        ceiling_input: sql::unsigned_opt(row, "ceiling_input")?,
        ceiling_output: sql::unsigned_opt(row, "ceiling_output")?,
        updated_at: sql::millis(row, "updated_at")?,
    })
}

impl Reads<'_> {
    /// The settings; `None` before set-up.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self) -> Result<Option<Settings>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT workspace_name, time_zone, unpriced, ceiling_input, ceiling_output, updated_at FROM settings WHERE id = 1",
        )?;
        Ok(rows.query_row([], from_row).optional()?)
    }
}

impl Writes<'_> {
    /// Sets them.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn put(&self, s: &Settings) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO settings (id, workspace_name, time_zone, unpriced, ceiling_input, ceiling_output, updated_at)
                 VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (id) DO UPDATE SET workspace_name = excluded.workspace_name, time_zone = excluded.time_zone,
                   unpriced = excluded.unpriced, ceiling_input = excluded.ceiling_input,
                   ceiling_output = excluded.ceiling_output, updated_at = excluded.updated_at",
            )?
            .execute(params![
                s.workspace_name,
                s.time_zone.name(),
                s.unpriced.as_str(),
                s.ceiling_input.map(sql::signed),
                s.ceiling_output.map(sql::signed),
                s.updated_at.0
            ])?;
        Ok(())
    }
}
