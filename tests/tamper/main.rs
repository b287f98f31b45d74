//! Whatever somebody changes in the file of a real store is found by verification, or there is a reason why not.
//!
//! Tables and columns are those of the file itself, so a new one fails here until it has a line. The changes are made by another
//! program, with the schema's own rules switched off.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

mod files;
mod lines;
mod store;

use lines::{LINES, Line};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use store::{Written, judge, judge_store, written};

/// What `mutate.py` says.
fn mutate(file: &Path, act: &str, more: &[&str]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tamper/mutate.py");
    let output =
        Command::new("python3").args(["-I", "-B", script, act]).arg(file).args(more).output().unwrap();
    assert!(output.status.success(), "{act} {more:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Changes a copy, and says what is found of it; `None` if there was nothing to change. What the store does not find by itself
/// is for the whole of Reeve, which has the keys.
async fn changed(written: &Written, act: &str, more: &[&str]) -> Option<Result<(), String>> {
    let copy = written.copy();
    let done = mutate(&copy.path().join("reeve.db"), act, more);
    if done == "none" {
        return None;
    }
    let found = judge_store(copy.path()).await;
    Some(if found.is_ok() && more.first() == Some(&"private_sections") {
        judge(copy.path(), written).await
    } else {
        found
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_and_column_is_checked_or_has_a_reason() {
    let written = written().await;
    assert_eq!(judge(written.copy().path(), &written).await, Ok(()), "unchanged, it is intact");
    let schema = mutate(&written.file(), "schema", &[]);
    let schema: BTreeMap<String, Vec<String>> = serde_json::from_str(&schema).unwrap();
    for (table, _) in LINES {
        assert!(schema.contains_key(*table), "{table} is no table any more");
    }
    let mut unseen = Vec::new();
    for (table, columns) in &schema {
        let Some((_, line)) = LINES.iter().find(|(name, _)| name == table) else {
            panic!("{table} has no line: is it checked, and if not, why is that harmless?")
        };
        let reasons = match line {
            Line::Found(reasons) => reasons,
            Line::NotFound(why) => {
                assert!(why.len() > 20, "{table}: that is no reason");
                continue;
            }
        };
        let mut tried = 0;
        let acts = ["delete", "duplicate", "swap", "truncate"].map(|act| (act, act));
        let flips = columns.iter().map(|column| ("flip", column.as_str()));
        for (act, what) in flips.chain(acts) {
            let more: &[&str] = if act == "flip" { &[table, what] } else { &[table] };
            match changed(&written, act, more).await {
                None => {}
                Some(Err(_)) => tried += 1,
                Some(Ok(())) if reasons.iter().any(|(name, _)| *name == what) => tried += 1,
                Some(Ok(())) => unseen.push(format!("{act} {more:?}")),
            }
        }
        assert!(
            tried > 0 || ["log_keys", "entry_sets", "entry_words"].contains(&table.as_str()),
            "{table}: nothing could be tried, the store is too empty"
        );
        for (name, _) in *reasons {
            let known = columns.iter().any(|c| c == name) || acts.iter().any(|(act, _)| act == name);
            assert!(known, "{table}: there is no {name}");
        }
    }
    assert!(unseen.is_empty(), "changed unseen: {unseen:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_added_to_the_schema_is_found() {
    let written = written().await;
    for sql in [
        "CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM charges; END",
        "CREATE VIEW v AS SELECT * FROM entries",
        "CREATE TABLE strange (a)",
        "CREATE INDEX strange ON charges (usage)",
        "DROP INDEX charges_time",
        "ALTER TABLE charges ADD COLUMN strange TEXT",
    ] {
        let found = changed(&written, "sql", &[sql]).await.unwrap();
        let said = found.expect_err(sql);
        assert!(said.contains("schema"), "{sql}: {said}");
    }
}
