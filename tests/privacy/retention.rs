//! Retention, legal holds and pruning over the API, and what is left verifies by both verifiers.

use super::{console, did, id};
use reeve_bundle::archive::ArchiveReader;
use reeve_bundle::{Known, Verdict, verify};
use reeve_ledger::VerifierKey;
use reeve_tests::app::eventually;
use reeve_tests::console::{Console, Door};
use serde_json::{Value, json};
use std::process::Command;

const DAY: i64 = 86_400_000;

/// A console with thousands of usage entries that are 100 days old, and some that are new.
async fn aged() -> Console {
    let mut console = console("First Admin", "admin@example.com").await;
    did(&console, "POST", "/sample", None).await;
    console.clock.advance(100 * DAY);
    let login = json!({"email": "admin@example.com", "password": super::PASSWORD});
    let session = console.ask(Door::Server, "POST", "/auth/login", Some(login)).await;
    console.sign(&session.body);
    console
}

async fn stream(console: &Console, name: &str) -> Value {
    let retention = did(console, "GET", "/retention", None).await;
    let streams = retention.body["streams"].as_array().unwrap();
    streams.iter().find(|s| s["stream"] == name).unwrap().clone()
}

async fn swept(console: &Console) {
    eventually("the sweep", || async {
        let retention = did(console, "GET", "/retention", None).await;
        (retention.body["sweeping"] == false).then_some(())
    })
    .await;
}

/// Both verifiers find the export of a stream intact; how many entries it has.
async fn exported(console: &Console, stream: &str) -> u64 {
    let head = did(console, "GET", &format!("/audit/checkpoint?stream={stream}"), None).await;
    let key: VerifierKey = head.body["vkey"].as_str().unwrap().parse().unwrap();
    let query = format!("/audit/export?stream={stream}&format=bundle");
    let raw = console.download(Door::Server, "GET", &query, None).await;
    assert_eq!(raw.status, 200, "{}", String::from_utf8_lossy(&raw.body));
    let report = verify(&raw.body[..], Known { key: Some(&key), ..Known::default() });
    assert_eq!(report.verdict, Verdict::Intact);
    let folder = tempfile::tempdir().unwrap();
    let mut archive = ArchiveReader::new(&raw.body[..]);
    while let Ok(Some(file)) = archive.next_file() {
        if file.name == "verify.py" {
            std::fs::write(folder.path().join("verify.py"), file.data).unwrap();
        }
    }
    std::fs::write(folder.path().join("it.zip"), &raw.body).unwrap();
    let python = Command::new("python3")
        .args(["-I", "-B", "verify.py", "it.zip", "--json"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let theirs: Value = serde_json::from_slice(&python.stdout).unwrap();
    assert_eq!(theirs["verdict"], "intact", "{theirs:#}");
    report.entries
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_by_hand_says_what_goes_and_leaves_what_verifies() {
    let console = aged().await;
    let before = stream(&console, "usage").await;
    let preview = did(&console, "GET", "/retention/usage/preview", None).await;
    let to = preview.body["to"].as_u64().unwrap();
    assert!(to > 2_048 && to % 256 == 0, "{}", preview.body);
    let stale =
        console.ask(Door::Server, "POST", "/retention/usage/prune", Some(json!({"to": to - 256}))).await;
    assert_eq!(stale.status, 409, "{}", stale.body);
    let pruned = did(&console, "POST", "/retention/usage/prune", Some(json!({ "to": to }))).await;
    assert_eq!(pruned.body["entries"], to, "{}", pruned.body);
    swept(&console).await;

    let after = stream(&console, "usage").await;
    assert_eq!(after["first"], json!(to));
    assert!(after["size"].as_u64() >= before["size"].as_u64(), "what was written is still counted");
    assert_eq!(after["pruned_entry"], pruned.body["entry"]);
    let verified = did(&console, "GET", "/audit/verify?stream=usage", None).await;
    assert_eq!(verified.body["intact"], true, "{}", verified.body);
    assert!(verified.body["statement"].as_str().unwrap().contains("pruned"), "{}", verified.body);
    // An hour of silence is an entry, whenever Reeve notices it.
    let (entries, least) = (exported(&console, "usage").await, after["size"].as_u64().unwrap() - to);
    assert!((least..least + 5).contains(&entries), "{entries} of {least}");
    let gone = console.ask(Door::Server, "GET", "/audit/logs/usage.7", None).await;
    assert_eq!(gone.status, 404);
    let words = gone.body["detail"].as_str().unwrap();
    assert!(words.contains("was pruned on 2027-03-01 by entry audit."), "{words}");
    let refused =
        console.ask(Door::Server, "GET", "/audit/export?stream=usage&format=bundle&first=5", None).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    let proof = did(&console, "GET", &format!("/audit/proof/usage.{to}"), None).await;
    assert!(!proof.body["hashes"].as_array().unwrap().is_empty());
    // What finance needs stays: every charge, its cost and how it came about.
    let records = did(&console, "GET", "/usage/records?limit=1", None).await;
    let record = records.body["items"][0]["id"].as_str().unwrap().to_owned();
    did(&console, "GET", &format!("/usage/records/{record}/explain"), None).await;
    let list = did(&console, "GET", "/audit/logs?stream=usage&limit=1000", None).await;
    assert!(list.body["items"].as_array().unwrap().iter().all(|e| e["sequence"].as_u64().unwrap() >= to));
    let said = did(&console, "GET", "/audit/logs?event_type=retention.prune", None).await;
    assert_eq!(said.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_keeps_what_it_covers_and_all_behind_it() {
    let console = aged().await;
    let tenants = did(&console, "GET", "/tenants", None).await;
    let tenant = tenants.body["items"][0]["id"].as_str().unwrap().to_owned();
    let place = |name: &str, scope: &str, target: Option<&str>, from: Option<&str>, to: Option<&str>| json!({"name": name, "scope": scope, "target": target, "from": from, "to": to, "reason": "case"});
    let free = did(&console, "GET", "/retention/usage/preview", None).await.body["to"].as_u64().unwrap();
    for hold in [
        place("All", "workspace", None, None, None),
        place("Day", "time", None, Some("2026-11-21T00:00:00Z"), Some("2026-11-22T00:00:00Z")),
        place("Tenant", "tenant", Some(&tenant), None, None),
        place("Machine", "subject", Some("system"), None, None),
    ] {
        let placed = id(&did(&console, "POST", "/legal-holds", Some(hold.clone())).await);
        let twice = console.ask(Door::Server, "POST", "/legal-holds", Some(hold.clone())).await;
        assert_eq!(twice.status, 409);
        let preview = did(&console, "GET", "/retention/usage/preview", None).await;
        let to = preview.body["to"].as_u64().unwrap();
        assert!(to < free || preview.body["held_by"] == hold["name"], "{hold}: {}", preview.body);
        assert!(to.is_multiple_of(256));
        did(&console, "POST", &format!("/legal-holds/{placed}/release"), Some(json!({"reason": "over"})))
            .await;
        let again = console
            .ask(
                Door::Server,
                "POST",
                &format!("/legal-holds/{placed}/release"),
                Some(json!({"reason": "over"})),
            )
            .await;
        assert_eq!(again.status, 409);
    }
    assert_eq!(did(&console, "GET", "/retention/usage/preview", None).await.body["to"], free);
    for wrong in [
        place("x", "tenant", None, None, None),
        place("x", "tenant", Some("ten_00000000000000000000000000"), None, None),
        place("x", "time", None, Some("2026-11-22T00:00:00Z"), Some("2026-11-21T00:00:00Z")),
        place("x", "workspace", Some("y"), None, None),
        place(" ", "workspace", None, None, None),
    ] {
        assert_eq!(
            console.ask(Door::Server, "POST", "/legal-holds", Some(wrong.clone())).await.status,
            400,
            "{wrong}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nightly_task_prunes_forgets_and_runs_once_a_day() {
    let console = aged().await;
    let policy = json!({"entries_days": 2190, "personal_days": 90});
    did(&console, "PUT", "/retention/audit", Some(policy)).await;
    for (path, wrong) in [
        ("audit", json!({"entries_days": 29, "personal_days": null})),
        ("audit", json!({"entries_days": 90, "personal_days": 91})),
        ("usage", json!({"entries_days": 90, "personal_days": 30})),
    ] {
        let reply = console.ask(Door::Server, "PUT", &format!("/retention/{path}"), Some(wrong)).await;
        assert_eq!(reply.status, 400, "{}", reply.body);
    }
    let months = || async {
        let subjects = did(&console, "GET", "/privacy/subjects", None).await;
        let items = subjects.body["items"].as_array().unwrap().clone();
        items.iter().map(|s| s["months"].as_u64().unwrap()).sum::<u64>()
    };
    let before = months().await;
    assert!(console.engine.run_retention_if_due().await.unwrap());
    assert!(months().await < before, "the keys of November are gone");
    assert!(!console.engine.run_retention_if_due().await.unwrap(), "once a day");
    let usage = stream(&console, "usage").await;
    assert!(usage["first"].as_u64().unwrap() > 2_048, "{usage}");
    // The audit stream is kept for six years: its first entry is there, without what was personal in it.
    let first = did(&console, "GET", "/audit/logs/audit.0", None).await;
    assert_eq!(first.body["ip"], Value::Null);
    for name in ["audit", "usage"] {
        let verified = did(&console, "GET", &format!("/audit/verify?stream={name}"), None).await;
        assert_eq!(verified.body["intact"], true, "{}", verified.body);
    }
    exported(&console, "audit").await;
    console.clock.advance(DAY);
    assert!(console.engine.run_retention_if_due().await.unwrap());
}
