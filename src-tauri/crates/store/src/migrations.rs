//! The forward-only migrations of `migrations/local`, built into the binary.

use crate::error::StoreError;
use include_dir::{Dir, include_dir};
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};
use std::sync::Arc;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../../migrations/local");

/// The migration files in order; `schema.sql` is their sum and no migration.
fn scripts() -> Vec<&'static str> {
    let mut files: Vec<_> = FILES.files().filter(|f| f.path().to_string_lossy() != "schema.sql").collect();
    files.sort_by_key(|f| f.path().to_path_buf());
    files.into_iter().filter_map(|f| f.contents_utf8()).collect()
}

/// Brings the file to this version's schema.
pub(crate) fn apply(conn: &mut Connection) -> Result<(), StoreError> {
    let steps = scripts().into_iter().map(M::up).collect();
    Migrations::new(steps).to_latest(conn).map_err(|e| StoreError::Migration(Arc::new(e)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(conn: &Connection) -> String {
        let mut rows = conn
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name")
            .unwrap();
        let statements = rows.query_map([], |r| r.get::<_, String>(0)).unwrap();
        statements.map(|s| s.unwrap() + ";\n\n").collect()
    }

    #[test]
    fn the_sum_of_all_migrations_is_schema_sql() {
        let mut conn = Connection::open_in_memory().unwrap();
        apply(&mut conn).unwrap();
        let sum = schema(&conn);
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../migrations/local/schema.sql");
        if std::env::var_os("REEVE_UPDATE_SCHEMA").is_some() {
            std::fs::write(path, &sum).unwrap();
        }
        assert_eq!(
            sum,
            std::fs::read_to_string(path).unwrap(),
            "migrations/README.md says how to bring schema.sql up to date"
        );
    }

    #[test]
    fn a_newer_file_is_refused() {
        let mut conn = Connection::open_in_memory().unwrap();
        apply(&mut conn).unwrap();
        conn.pragma_update(None, "user_version", 9_999).unwrap();
        assert!(matches!(apply(&mut conn), Err(StoreError::Migration(_))));
    }
}
