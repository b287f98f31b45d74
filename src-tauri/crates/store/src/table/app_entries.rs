//! What entries of applications name: the resources they are about, the links between those, and the keys they were sent
//! with. Rows lead to entries; what is true stands there.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// A resource of an application: its own word for what it is, and its own id.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AppResource {
    /// What it is, such as `PROJECT`.
    pub kind: String,
    /// Its id.
    pub id: String,
}

/// As what an entry names a resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// It is about it.
    Subject = 0,
    /// Something was linked to it, or no longer is.
    Related = 1,
    /// It happened in it.
    Project = 2,
}

/// A link that holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// Id of the tenant; empty for the workspace.
    pub tenant: String,
    /// From where.
    pub from: AppResource,
    /// To where.
    pub to: AppResource,
    /// Index of the entry that made it.
    pub seq: u64,
}

/// What a key was used for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sent {
    /// SHA-256 of what was sent with it.
    pub digest: [u8; 32],
    /// The entries that were written.
    pub seqs: Vec<u64>,
}

/// What a key stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyOf {
    /// A whole request.
    Request = 0,
    /// One entry.
    Entry = 1,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Link> {
    Ok(Link {
        tenant: row.get("tenant")?,
        from: AppResource { kind: row.get("from_type")?, id: row.get("from_id")? },
        to: AppResource { kind: row.get("to_type")?, id: row.get("to_id")? },
        seq: sql::unsigned(row, "seq")?,
    })
}

/// Which mentions: of the id, before an index, newest first.
#[derive(Clone, Debug, Default)]
pub struct MentionFilter {
    /// Id of the resource.
    pub id: String,
    /// What it is; `None` for anything of this id.
    pub kind: Option<String>,
    /// Id of the tenant; `None` for all.
    pub tenant: Option<String>,
    /// Also entries that only happened in it.
    pub as_project: bool,
    /// Before this index.
    pub before: Option<u64>,
}

impl Reads<'_> {
    /// The indexes of entries that name a resource, and what it is there, newest first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn mentions(&self, filter: &MentionFilter, limit: usize) -> Result<Vec<(u64, String)>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT seq, type FROM entry_mentions WHERE id = ?1 AND seq < ?2 AND (?3 IS NULL OR type = ?3)
             AND (?4 IS NULL OR tenant = ?4) AND (?5 OR role < 2) ORDER BY seq DESC LIMIT ?6",
        )?;
        let before = filter.before.map_or(i64::MAX, sql::signed);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = rows.query_map(
            params![filter.id, before, filter.kind, filter.tenant, filter.as_project, limit],
            |r| Ok((sql::unsigned(r, "seq")?, r.get("type")?)),
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The links from and to a resource, newest first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn links(
        &self,
        of: &AppResource,
        tenant: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Link>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT tenant, from_id, from_type, to_id, to_type, seq FROM resource_links
             WHERE from_id = ?1 AND from_type = ?2 AND (?3 IS NULL OR tenant = ?3)
             UNION
             SELECT tenant, from_id, from_type, to_id, to_type, seq FROM resource_links INDEXED BY resource_links_to
             WHERE to_id = ?1 AND to_type = ?2 AND (?3 IS NULL OR tenant = ?3)
             ORDER BY seq DESC LIMIT ?4",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = rows.query_map(params![of.id, of.kind, tenant, limit], from_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What a key was used for.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn sent(&self, writer: &str, of: KeyOf, key: &str) -> Result<Option<Sent>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT digest, seqs FROM idempotency_keys WHERE writer = ?1 AND kind = ?2 AND key = ?3",
        )?;
        let sent = rows.query_row(params![writer, of as i64, key], |r| {
            Ok(Sent { digest: r.get("digest")?, seqs: sql::json(r, "seqs")? })
        });
        Ok(sent.optional()?)
    }

    /// Whether any key is older than `at`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn any_sent_before(&self, at: Millis) -> Result<bool, StoreError> {
        let mut rows = self.conn.prepare_cached("SELECT 1 FROM idempotency_keys WHERE at < ?1 LIMIT 1")?;
        Ok(rows.exists([at.0])?)
    }
}

impl Writes<'_> {
    /// Notes that an entry names a resource; of several roles the first that is told counts.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn mention(&self, tenant: &str, what: &AppResource, role: Role, seq: u64) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT OR IGNORE INTO entry_mentions (id, seq, type, tenant, role) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![what.id, sql::signed(seq), what.kind, tenant, role as i64])?;
        Ok(())
    }

    /// Adds a link; one that holds already is from now on that of the new entry.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn link(&self, link: &Link) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO resource_links (tenant, from_id, from_type, to_id, to_type, seq)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                link.tenant,
                link.from.id,
                link.from.kind,
                link.to.id,
                link.to.kind,
                sql::signed(link.seq)
            ])?;
        Ok(())
    }

    /// Removes a link.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn unlink(&self, tenant: &str, from: &AppResource, to: &AppResource) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "DELETE FROM resource_links WHERE from_id = ?1 AND from_type = ?2 AND to_id = ?3 AND to_type = ?4 AND tenant = ?5",
            )?
            .execute(params![from.id, from.kind, to.id, to.kind, tenant])?;
        Ok(())
    }

    /// Notes what a key was used for.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn note_sent(
        &self,
        writer: &str,
        of: KeyOf,
        key: &str,
        sent: &Sent,
        at: Millis,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO idempotency_keys (writer, kind, key, digest, seqs, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![writer, of as i64, key, sent.digest, sql::to_json(&sent.seqs)?, at.0])?;
        Ok(())
    }

    /// Forgets keys older than `at`; how many.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn forget_sent(&self, at: Millis) -> Result<usize, StoreError> {
        Ok(self.conn.prepare_cached("DELETE FROM idempotency_keys WHERE at < ?1")?.execute([at.0])?)
    }
}
