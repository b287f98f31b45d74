//! Tenants.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::grant::Visible;
use reeve_core::id::TenantId;
use reeve_core::period::Zone;
use reeve_core::tenant::{TenantStatus, Tier};
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, named_params, params};

handles!();

/// A tenant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tenant {
    /// Id.
    pub id: TenantId,
    /// Name.
    pub name: String,
    /// Short name, unique.
    pub slug: String,
    /// Plan.
    pub tier: Tier,
    /// State.
    pub status: TenantStatus,
    /// Zone of its quota's days.
    pub time_zone: Zone,
    /// Who answers for it, in words.
    pub owner: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Notes.
    pub notes: Option<String>,
    /// Whether it came with the sample data.
    pub sample: bool,
    /// Since when.
    pub created_at: Millis,
    /// Last change.
    pub updated_at: Millis,
}

/// Which tenants to list; what is `None` does not filter.
#[derive(Clone, Debug, Default)]
pub struct TenantFilter {
    /// Part of the name or slug.
    pub text: Option<String>,
    /// State.
    pub status: Option<TenantStatus>,
    /// Plan.
    pub tier: Option<Tier>,
    /// Behind this name and id, in the order of the list.
    pub after: Option<(String, TenantId)>,
}

const COLUMNS: &str = "SELECT id, name, slug, tier, status, time_zone, owner, tags, notes, sample, created_at, updated_at FROM tenants";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Tenant> {
    Ok(Tenant {
        id: TenantId(sql::id(row, "id")?),
        name: row.get("name")?,
        slug: row.get("slug")?,
        tier: sql::word(row, "tier", Tier::parse)?,
        status: sql::word(row, "status", TenantStatus::parse)?,
        time_zone: sql::word(row, "time_zone", |w| w.parse().ok())?,
        owner: row.get("owner")?,
        tags: sql::json(row, "tags")?,
        notes: row.get("notes")?,
        sample: row.get("sample")?,
        created_at: sql::millis(row, "created_at")?,
        updated_at: sql::millis(row, "updated_at")?,
    })
}

impl Reads<'_> {
    /// A tenant by id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: TenantId) -> Result<Option<Tenant>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// Tenants by name, of those that are seen, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn list(
        &self,
        visible: &Visible,
        filter: &TenantFilter,
        limit: usize,
    ) -> Result<Vec<Tenant>, StoreError> {
        let sql = const_str::concat!(
            COLUMNS,
            " WHERE (:text IS NULL OR instr(lower(name), :text) OR instr(slug, :text))
              AND (:status IS NULL OR status = :status) AND (:tier IS NULL OR tier = :tier)
              AND (:name IS NULL OR (name COLLATE NOCASE, id) > (:name, :id))
              AND (:seen IS NULL OR hex(id) IN (SELECT value FROM json_each(:seen)))
              ORDER BY name COLLATE NOCASE, id LIMIT :limit"
        );
        let (name, id) =
            filter.after.as_ref().map_or((None, None), |(n, id)| (Some(n), Some(id.0.as_bytes())));
        let mut rows = self.conn.prepare_cached(sql)?;
        let rows = rows.query_map(
            named_params! {
                ":text": filter.text.as_ref().map(|t| t.to_lowercase()),
                ":status": filter.status.map(TenantStatus::as_str),
                ":tier": filter.tier.map(Tier::as_str),
                ":seen": sql::seen(visible), ":name": name, ":id": id, ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
            },
            from_row,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Every tenant: for the admission state at start.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<Tenant>, StoreError> {
        Ok(self.conn.prepare_cached(COLUMNS)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Adds a tenant or replaces all its fields.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if the slug is taken.
    pub fn put(&self, t: &Tenant) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO tenants (id, name, slug, tier, status, time_zone, owner, tags, notes, sample, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
                 ON CONFLICT (id) DO UPDATE SET name = excluded.name, slug = excluded.slug, tier = excluded.tier,
                   status = excluded.status, time_zone = excluded.time_zone, owner = excluded.owner, tags = excluded.tags,
                   notes = excluded.notes, updated_at = excluded.updated_at",
            )?
            .execute(params![
                t.id.0.as_bytes(),
                t.name,
                t.slug,
                t.tier.as_str(),
                t.status.as_str(),
                t.time_zone.name(),
                t.owner,
                sql::to_json(&t.tags)?,
                t.notes,
                t.sample,
                t.created_at.0,
                t.updated_at.0
            ])?;
        Ok(())
    }

    /// Removes the sample tenants with everything that hangs on them; returns how many.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete_sample(&self) -> Result<usize, StoreError> {
        Ok(self.conn.prepare_cached("DELETE FROM tenants WHERE sample = 1")?.execute([])?)
    }
}
