//! The forward-only migrations of `migrations/local`, built into the binary.

use crate::error::StoreError;
use include_dir::{Dir, include_dir};
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};
use std::sync::Arc;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../../migrations/local");

/// The migration files in order; `schema.sql` is their sum and no migration.
fn scripts() -> Vec<M<'static>> {
    let mut files: Vec<_> = FILES.files().filter(|f| f.path().to_string_lossy() != "schema.sql").collect();
    files.sort_by_key(|f| f.path().to_path_buf());
    files.into_iter().filter_map(|f| Some(step(&f.path().to_string_lossy(), f.contents_utf8()?))).collect()
}

/// A file as a step; what SQL cannot say stands in a hook.
fn step(name: &str, sql: &'static str) -> M<'static> {
    match name {
        "0016_entry_sets.sql" => {
            M::up_with_hook(sql, |tx: &rusqlite::Transaction<'_>| Ok(crate::log::sets::index_all(tx)?))
        }
        "0022_entry_words.sql" => {
            M::up_with_hook(sql, |tx: &rusqlite::Transaction<'_>| Ok(crate::log::words::index_all(tx)?))
        }
        _ => M::up(sql),
    }
}

/// Brings the file to this version's schema.
pub(crate) fn apply(conn: &mut Connection) -> Result<(), StoreError> {
    Migrations::new(scripts()).to_latest(conn).map_err(|e| StoreError::Migration(Arc::new(e)))
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

    /// The first two files as they were, with a budget of each scope in them.
    fn before_the_tree() -> Connection {
        let mut conn = Connection::open_in_memory().unwrap();
        conn.pragma_update(None, "foreign_keys", "ON").unwrap();
        let first = scripts().into_iter().take(2).collect();
        Migrations::new(first).to_latest(&mut conn).unwrap();
        conn.execute_batch(
            "INSERT INTO tenants (id, name, slug, tier, status, time_zone, created_at, updated_at)
               VALUES (x'01', 'Acme', 'acme', 'free', 'active', 'UTC', 1, 1);
             INSERT INTO budgets (id, scope, tenant_id, period, kind, limit_nano, thresholds, created_at, updated_at)
               VALUES (x'0a', 'workspace', NULL, 'day', 'hard', 5, '[80]', 1, 2),
                      (x'0b', 'tenant', x'01', 'month', 'soft', 7, '[]', 3, 4);",
        )
        .unwrap();
        conn
    }

    #[test]
    fn budgets_of_an_older_file_stay_and_take_their_place_in_the_tree() {
        let mut conn = before_the_tree();
        apply(&mut conn).unwrap();
        let mut rows =
            conn.prepare("SELECT scope, target, period, kind, limit_nano FROM budgets ORDER BY id").unwrap();
        let rows =
            rows.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?))).unwrap();
        let rows: Vec<(String, String, String, String, i64)> = rows.map(Result::unwrap).collect();
        let row = |scope: &str, period: &str, kind: &str, limit| {
            (scope.to_owned(), String::new(), period.to_owned(), kind.to_owned(), limit)
        };
        assert_eq!(rows, [row("workspace", "day", "hard", 5), row("tenant", "month", "soft", 7)]);

        let add = |scope: &str, tenant: &str, target: &str| {
            conn.execute_batch(&format!(
                "INSERT INTO budgets (id, scope, tenant_id, target, period, kind, limit_nano, thresholds, created_at, updated_at)
                 VALUES (randomblob(16), '{scope}', {tenant}, '{target}', 'day', 'hard', 1, '[]', 1, 1)"
            ))
        };
        add("model", "NULL", "gpt-4o").unwrap();
        add("model", "x'01'", "gpt-4o").unwrap();
        add("model", "NULL", "gpt-4o").unwrap_err();
        add("workspace", "NULL", "").unwrap_err();
        add("api_key", "NULL", "key_1").unwrap_err();
        add("pool", "x'01'", "cpl_1").unwrap_err();
        add("tag", "NULL", "").unwrap_err();
        conn.execute_batch("DELETE FROM tenants").unwrap();
        let left: i64 = conn.query_row("SELECT count(*) FROM budgets", [], |r| r.get(0)).unwrap();
        assert_eq!(left, 2, "those of the tenant went with it");
    }

    /// The files before keys had versions, with credentials in them: one in use, one revoked, and one never used.
    fn before_versions() -> Connection {
        let mut conn = Connection::open_in_memory().unwrap();
        conn.pragma_update(None, "foreign_keys", "ON").unwrap();
        let names = FILES.files().map(|f| f.path().to_string_lossy().into_owned());
        let before = names.filter(|name| name.as_str() < "0019" && name != "schema.sql").count();
        let first = scripts().into_iter().take(before).collect();
        Migrations::new(first).to_latest(&mut conn).unwrap();
        conn.execute_batch(
            "INSERT INTO credentials (id, name, provider, base_url, models, weight, priority, version, fingerprint, last4,
                                      wrapped_dek, sealed, created_at, revoked_at, last_used_at)
               VALUES (x'01', 'main', 'openai', 'https://api.openai.com/v1', '[\"gpt-4o\"]', 70, 2, 3, 'f1', 'ab12',
                       x'd1', x'5e', 100, NULL, 900),
                      (x'02', 'gone', 'anthropic', 'https://api.anthropic.com/v1', '[]', 100, 1, 1, 'f2', 'cd34',
                       NULL, NULL, 200, 300, NULL),
                      (x'03', 'gone', 'openai', 'https://api.openai.com/v1', '[]', 100, 1, 1, 'f3', 'ef56',
                       x'd3', x'53', 400, NULL, NULL);",
        )
        .unwrap();
        conn
    }

    #[test]
    fn keys_of_an_older_file_are_the_versions_that_they_were_sealed_as() {
        let mut conn = before_versions();
        apply(&mut conn).unwrap();
        let broken: i64 =
            conn.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |r| r.get(0)).unwrap();
        assert_eq!(broken, 0);
        let mut rows = conn
            .prepare(
                "SELECT hex(v.credential_id) || ' ' || c.name || ' ' || c.weight || ' ' || c.priority || ' ' || c.period_days || ' v'
                   || v.version || ' ' || v.state || ' ' || v.last4 || ' ' || iif(v.sealed IS NULL, '-', hex(v.wrapped_dek) || hex(v.sealed))
                   || ' ' || v.promoted_at || ' ' || ifnull(v.revoked_at, '-') || ' ' || ifnull(v.last_used_at, '-')
                 FROM key_versions v JOIN credentials c ON c.id = v.credential_id ORDER BY 1",
            )
            .unwrap();
        let rows: Vec<String> = rows.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
        // What a ciphertext is bound to is the version: another number would open nothing.
        assert_eq!(
            rows,
            [
                "01 main 70 2 90 v3 current ab12 D15E 100 - 900",
                "02 gone 100 1 90 v1 revoked cd34 - 200 300 -",
                "03 gone 100 1 90 v1 current ef56 D353 400 - -",
            ]
        );
        let second = "INSERT INTO key_versions (credential_id, version, state, fingerprint, last4, wrapped_dek, sealed, created_at)
                      VALUES (x'01', 4, 'current', '', '', x'00', x'00', 1)";
        conn.execute_batch(second).unwrap_err();
    }

    #[test]
    fn a_newer_file_is_refused() {
        let mut conn = Connection::open_in_memory().unwrap();
        apply(&mut conn).unwrap();
        conn.pragma_update(None, "user_version", 9_999).unwrap();
        assert!(matches!(apply(&mut conn), Err(StoreError::Migration(_))));
    }

    #[test]
    fn prices_beside_charges_move_where_they_are_told_once() {
        let mut conn = Connection::open_in_memory().unwrap();
        let steps: Vec<_> = scripts().into_iter().take(7).collect();
        Migrations::new(steps).to_latest(&mut conn).unwrap();
        let charge = |seq: i64, price: &str| {
            conn.execute(
                "INSERT INTO charges (seq, id, time, tenant_id, provider, model, operation, source, outcome, usage, pricing, price)
                 VALUES (?1, CAST(?1 AS BLOB), 1, x'00', 'openai', 'gpt-4o', 'chat', 'gateway', 'success', '{}', 'priced', nullif(?2, ''))",
                (seq, price),
            )
            .unwrap();
        };
        conn.pragma_update(None, "foreign_keys", "OFF").unwrap();
        let price = |input: u64, quantity: u64| {
            format!(
                r#"{{"model":"gpt-4o","lines":[{{"unit":"input","quantity":{quantity},"pico_usd":{input}}},{{"unit":"output","quantity":2,"pico_usd":9}}]}}"#
            )
        };
        charge(3, &price(5, 10));
        charge(4, &price(5, 20));
        charge(7, &price(6, 10));
        charge(9, "");
        apply(&mut conn).unwrap();
        let sql = "SELECT c.seq, a.seq, a.price FROM charges c LEFT JOIN applied_prices a ON a.seq = c.price_seq ORDER BY 1";
        let mut rows = conn.prepare(sql).unwrap();
        let rows: Vec<(i64, Option<i64>, Option<String>)> = rows
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let told = |input: u64| {
            Some(format!(
                r#"{{"model":"gpt-4o","rates":[{{"unit":"input","pico_usd":{input}}},{{"unit":"output","pico_usd":9}}]}}"#
            ))
        };
        assert_eq!(
            rows,
            [(3, Some(3), told(5)), (4, Some(3), told(5)), (7, Some(7), told(6)), (9, None, None)]
        );
    }
}
