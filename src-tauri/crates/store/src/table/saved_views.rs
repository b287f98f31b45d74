//! Saved views of the audit trail: filters that people gave a name to.

use super::handles;
use crate::error::StoreError;
use crate::log::Stream;
use crate::sql;
use reeve_core::id::{SavedViewId, UserId};
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

handles!();

/// Which entries a view shows; what is empty or `None` does not filter.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ViewFilter {
    /// `usage`; else the audit stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// Event types; with a minus before it, one that is left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub event_types: Vec<String>,
    /// Who.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Id of a tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Noun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<String>,
    /// Id of a resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// `success`, `denied`, `failure`, `pending`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Any outcome but success.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub not_ok: bool,
    /// Text in what happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// How far back from now: `1h`, `24h`, `7d`, `30d`, `90d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// From this moment, in UTC milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    /// Before this moment, in UTC milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<i64>,
}

impl ViewFilter {
    /// The stream it is of.
    #[must_use]
    pub fn of_stream(&self) -> Stream {
        self.stream.as_deref().and_then(Stream::parse).unwrap_or(Stream::Audit)
    }
}

/// A saved view.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SavedView {
    /// Id.
    pub id: SavedViewId,
    /// Who saved it.
    pub owner: UserId,
    /// Name, the owner's own.
    pub name: String,
    /// Whether everybody sees it who may read the trail.
    pub shared: bool,
    /// What it shows.
    pub filter: ViewFilter,
    /// Since when there is this view.
    pub created_at: Millis,
    /// Last change.
    pub updated_at: Millis,
}

const COLUMNS: &str = "SELECT id, owner_id, name, shared, filter, created_at, updated_at FROM saved_views";

fn from_row(row: &Row<'_>) -> rusqlite::Result<SavedView> {
    Ok(SavedView {
        id: SavedViewId(sql::id(row, "id")?),
        owner: UserId(sql::id(row, "owner_id")?),
        name: row.get("name")?,
        shared: row.get("shared")?,
        filter: sql::json(row, "filter")?,
        created_at: sql::millis(row, "created_at")?,
        updated_at: sql::millis(row, "updated_at")?,
    })
}

impl Reads<'_> {
    /// A view by id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: SavedViewId) -> Result<Option<SavedView>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// What somebody saved and what others share, by name, at most 2,000.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn seen_by(&self, user: Option<UserId>) -> Result<Vec<SavedView>, StoreError> {
        let sql = const_str::concat!(
            COLUMNS,
            " WHERE owner_id = ?1 OR shared ORDER BY name COLLATE NOCASE, id LIMIT 2000"
        );
        let user = user.map(|user| user.0.as_bytes().to_vec());
        Ok(self.conn.prepare_cached(sql)?.query_map([user], from_row)?.collect::<Result<_, _>>()?)
    }

    /// How many somebody saved.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn count_of(&self, owner: UserId) -> Result<u64, StoreError> {
        let mut rows =
            self.conn.prepare_cached("SELECT count(*) AS n FROM saved_views WHERE owner_id = ?1")?;
        Ok(rows.query_row([owner.0.as_bytes()], |r| sql::unsigned(r, "n"))?)
    }
}

impl Writes<'_> {
    /// Adds a view, or changes its name, filter and whether it is shared.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if the owner has one of this name.
    pub fn put(&self, view: &SavedView) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO saved_views (id, owner_id, name, shared, filter, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (id) DO UPDATE SET name = ?3, shared = ?4, filter = ?5, updated_at = ?7",
            )?
            .execute(params![
                view.id.0.as_bytes(),
                view.owner.0.as_bytes(),
                view.name,
                view.shared,
                sql::to_json(&view.filter)?,
                view.created_at.0,
                view.updated_at.0
            ])?;
        Ok(())
    }

    /// Removes a view.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete(&self, id: SavedViewId) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM saved_views WHERE id = ?1")?.execute([id.0.as_bytes()])?;
        Ok(())
    }
}
