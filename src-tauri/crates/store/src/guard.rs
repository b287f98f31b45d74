//! The file itself: is its schema the one that is compiled in, and is it still the file that is open?

use crate::error::StoreError;
use crate::migrations;
use crate::open::Store;
use crate::reader::Read;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// One object of a schema: its kind, its name, the table it belongs to and its text.
type Object = (String, String, String, Option<String>);

/// Tables of statistics that SQLite makes for itself: they choose plans, and no answer depends on them.
const OWN_TO_SQLITE: [&str; 3] = ["sqlite_stat1", "sqlite_stat4", "sqlite_sequence"];

/// Triggers and views run nothing on this connection, whoever put them there, and no statement reaches into the schema.
pub(crate) fn harden(conn: &Connection) -> Result<(), StoreError> {
    for (setting, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    ] {
        conn.set_db_config(setting, on).map_err(StoreError::sqlite("harden its connection"))?;
    }
    Ok(())
}

fn objects(conn: &Connection) -> Result<Vec<Object>, StoreError> {
    let mut rows = conn.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")?;
    let rows =
        rows.query_map([], |r| Ok((r.get("type")?, r.get("name")?, r.get("tbl_name")?, r.get("sql")?)))?;
    let objects = rows.collect::<Result<Vec<Object>, _>>()?;
    Ok(objects.into_iter().filter(|o| !OWN_TO_SQLITE.contains(&o.1.as_str())).collect())
}

/// What all migrations make of an empty file.
fn expected() -> Result<&'static [Object], StoreError> {
    static EXPECTED: OnceLock<Vec<Object>> = OnceLock::new();
    if let Some(known) = EXPECTED.get() {
        return Ok(known);
    }
    let mut conn = Connection::open_in_memory()?;
    migrations::apply(&mut conn)?;
    let objects = objects(&conn)?;
    Ok(EXPECTED.get_or_init(|| objects))
}

/// A digest of the schema that is compiled in, for entries that say which one wrote them.
///
/// # Errors
/// [`StoreError`] if the migrations do not apply to an empty file.
pub fn schema_digest() -> Result<[u8; 32], StoreError> {
    let lines = expected()?.iter().map(|(kind, name, table, sql)| {
        format!("{kind}\t{name}\t{table}\t{}\n", sql.as_deref().unwrap_or_default())
    });
    Ok(reeve_ledger::leaf_hash(lines.collect::<String>().as_bytes()))
}

impl Read<'_> {
    /// What the file's schema has, lacks or has changed beside the one that is compiled in; empty if it is that.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn schema_faults(&self) -> Result<Vec<String>, StoreError> {
        let (found, expected) = (objects(self.conn)?, expected()?);
        let named = |list: &[Object], o: &Object| list.iter().any(|e| e.0 == o.0 && e.1 == o.1);
        let strange = found.iter().filter(|o| !expected.contains(o)).map(|o| {
            let what = if named(expected, o) { "was changed" } else { "is not Reeve's" };
            format!("The {} \"{}\" in the file's schema {what}.", o.0, o.1)
        });
        let missing = expected
            .iter()
            .filter(|o| !named(&found, o))
            .map(|o| format!("The {} \"{}\" is missing in the file's schema.", o.0, o.1));
        Ok(strange.chain(missing).collect())
    }
}

/// What tells a file from another that has its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileId(u64, u64);

impl FileId {
    /// Never opens the file: closing any handle of it would drop SQLite's locks.
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        std::fs::metadata(path).ok().map(|m| Self(m.dev(), m.ino()))
    }

    /// Elsewhere an open file cannot be deleted or replaced: it is the same as long as it is there.
    #[cfg(not(unix))]
    fn of(path: &Path) -> Option<Self> {
        path.exists().then_some(Self(0, 0))
    }
}

/// The files of the store as they were when it was opened.
#[derive(Debug)]
pub(crate) struct Files(Vec<(PathBuf, Option<FileId>)>);

impl Files {
    pub(crate) fn remember(path: &Path) -> Self {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let paths = [path.to_owned(), PathBuf::from(log)];
        Self(paths.map(|path| (path.clone(), FileId::of(&path))).to_vec())
    }
}

impl Store {
    /// What is wrong with the files beneath the open store: deleted, or replaced by others. Looks at their names only.
    #[must_use]
    pub fn file_faults(&self) -> Vec<String> {
        let moved = self.files.0.iter().filter(|(path, known)| FileId::of(path) != *known);
        let name =
            |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let say = |(path, _): &(PathBuf, Option<FileId>)| {
            format!(
                "The file {} is not the one that Reeve has open: it was deleted or replaced. What is written now is lost when \
                 Reeve stops.",
                name(path)
            )
        };
        moved.map(say).collect()
    }
}
