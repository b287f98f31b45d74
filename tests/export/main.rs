//! Exports of a real ledger, through both doors: what leaves is intact by both verifiers, and the trail says that it left.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

mod tampered;
mod tiles;

use reeve_bundle::archive::ArchiveReader;
use reeve_bundle::{Kind, Known, PrivateMode, Report, Verdict, verify};
use reeve_core::id::UserId;
use reeve_core::permission::Role;
use reeve_core::principal::Principal;
use reeve_engine::audit::{EntryFilter, ExportAudit, ExportFormat, ExportRange, Stream};
use reeve_engine::{Code, Cx};
use reeve_ledger::{VerifierKey, canonical, leaf_hash};
use reeve_tests::console::{Console, Door, Raw};
use serde_json::{Value, json};
use std::process::Command;

/// A console whose ledger has 13 or so entries of one person's making.
async fn console() -> Console {
    let mut console = Console::start().await;
    let admin = json!({"workspace_name": "Meridian", "time_zone": "UTC", "name": "First Admin", "email": "admin@example.com",
        "password": "a long enough passphrase 1"});
    let session = console.ask(Door::Server, "POST", "/auth/register", Some(admin)).await;
    assert_eq!(session.status, 200, "{}", session.body);
    console.sign(&session.body);
    for n in 0..6 {
        console.clock.advance(60_000);
        let tenant = json!({"name": format!("Tenant {n}"), "tier": "starter", "notes": "=cmd|'/c calc'!A0"});
        assert_eq!(console.ask(Door::Server, "POST", "/tenants", Some(tenant)).await.status, 201);
    }
    console
}

async fn export(console: &Console, door: Door, query: &str) -> Raw {
    let raw = console.download(door, "GET", &format!("/audit/export?{query}"), None).await;
    assert_eq!(raw.status, 200, "{query}: {}", String::from_utf8_lossy(&raw.body));
    raw
}

async fn key(console: &Console) -> VerifierKey {
    let head = console.ask(Door::Server, "GET", "/audit/checkpoint", None).await;
    head.body["vkey"].as_str().unwrap().parse().unwrap()
}

fn intact(raw: &Raw, key: &VerifierKey) -> Report {
    let report = verify(&raw.body[..], Known { key: Some(key), ..Known::default() });
    assert_eq!(report.verdict, Verdict::Intact);
    assert_eq!(raw.header("content-type"), "application/zip");
    let theirs = python(&raw.body);
    assert_eq!(theirs["verdict"], "intact", "{theirs:#}");
    assert_eq!(theirs["entries"], report.entries);
    report
}

/// What the verifier that lies in the bundle says of it.
fn python(bundle: &[u8]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = ArchiveReader::new(bundle);
    while let Ok(Some(file)) = archive.next_file() {
        if file.name == "verify.py" {
            std::fs::write(folder.path().join("verify.py"), file.data).unwrap();
        }
    }
    std::fs::write(folder.path().join("it.zip"), bundle).unwrap();
    let output = Command::new("python3")
        .args(["-I", "-B", "verify.py", "it.zip", "--json"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code().map(i64::from), report["exit_code"].as_i64());
    report
}

fn lines(bundle: &[u8]) -> Vec<Value> {
    let mut archive = ArchiveReader::new(bundle);
    let mut all = Vec::new();
    while let Some(file) = archive.next_file().unwrap() {
        if file.name.starts_with("entries/") {
            let text = String::from_utf8(file.data).unwrap();
            all.extend(text.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()));
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_stream_proves_itself_and_the_export_is_in_it() {
    let console = console().await;
    let key = key(&console).await;
    for (door, via) in [(Door::Server, "api"), (Door::Window, "ui")] {
        let raw = export(&console, door, "format=bundle").await;
        let report = intact(&raw, &key);
        assert_eq!(report.manifest.unwrap().kind, Kind::Log);
        let entries = lines(&raw.body);
        let last = entries.last().unwrap();
        assert_eq!((&last["k"], &last["via"]), (&json!("audit.export"), &json!(via)), "{last}");
        assert_eq!(last["x"]["entries"], json!(entries.len() - 1));
        assert_eq!(last["x"]["private"], "withheld");
        let name = format!("attachment; filename=\"reeve-audit-0-{}.zip\"", entries.len());
        assert_eq!(raw.header("content-disposition"), name);
    }
    // Still the ledger that it was, and the checkpoint of each export kept.
    let verified = console.ask(Door::Server, "GET", "/audit/verify", None).await;
    assert_eq!(verified.body["intact"], true, "{}", verified.body);
    assert!(verified.body["checkpoints"].as_u64().unwrap() >= 2, "{}", verified.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_and_selections_are_what_they_say() {
    let console = console().await;
    let key = key(&console).await;
    let range = intact(&export(&console, Door::Server, "format=bundle&first=3&end=7").await, &key);
    let manifest = range.manifest.unwrap();
    assert_eq!((manifest.kind, manifest.first, manifest.end, range.entries), (Kind::Range, 3, 7, 4));

    // From the time of the third tenant, before that of the fifth: two, whatever else was written meanwhile.
    let list = console.ask(Door::Server, "GET", "/audit/logs?event_type=tenant.create", None).await;
    let time = |newest: usize| list.body["items"][newest]["time"].as_str().unwrap().to_owned();
    let (from, to) = (time(3), time(1));
    let raw = export(&console, Door::Server, &format!("format=bundle&from={from}&to={to}")).await;
    intact(&raw, &key);
    let kinds: Vec<_> = lines(&raw.body).iter().map(|e| e["k"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["tenant.create", "tenant.create"]);

    let raw = export(&console, Door::Server, "format=bundle&event_type=tenant.create").await;
    let report = intact(&raw, &key);
    assert_eq!((report.manifest.as_ref().unwrap().kind, report.entries), (Kind::Selection, 6));
    assert!(report.not_proven().iter().any(|s| s.contains("selection is complete")));
    let raw =
        export(&console, Door::Server, &format!("format=bundle&event_type=tenant.create&from={from}")).await;
    assert_eq!(intact(&raw, &key).entries, 4);
    assert_eq!(
        intact(&export(&console, Door::Server, "format=bundle&event_type=no.such").await, &key).entries,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_is_found_by_both_verifiers() {
    let console = console().await;
    let raw = export(&console, Door::Server, "format=bundle").await;
    let start = raw.body.windows(10).position(|w| w == b"\"Tenant 4\"").unwrap();
    let mut changed = raw.body.clone();
    changed[start + 8] = b'5';
    let Verdict::NotIntact(fault) = verify(&changed[..], Known::default()).verdict else { panic!() };
    let bad = lines(&raw.body).into_iter().find(|e| e["x"]["name"] == "Tenant 4").unwrap();
    assert_eq!(fault.sequence, bad["n"].as_u64(), "{fault}");
    let theirs = python(&changed);
    assert_eq!(
        (theirs["exit_code"].as_u64(), &theirs["fault"]["sequence"]),
        (Some(1), &bad["n"]),
        "{theirs:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_fills_many_pages() {
    let console = console().await;
    assert_eq!(console.ask(Door::Server, "POST", "/sample", None).await.status, 201);
    let head = console.ask(Door::Server, "GET", "/audit/checkpoint?stream=usage", None).await;
    let key: VerifierKey = head.body["vkey"].as_str().unwrap().parse().unwrap();
    let raw = export(&console, Door::Server, "format=bundle&stream=usage").await;
    let report = verify(&raw.body[..], Known { key: Some(&key), ..Known::default() });
    assert_eq!((report.verdict.clone(), Some(report.entries)), (Verdict::Intact, head.body["size"].as_u64()));
    assert!(report.entries > 5_000, "{}", report.entries);
    let list = console.ask(Door::Server, "GET", "/audit/logs?stream=usage&limit=1", None).await;
    let kind = list.body["items"][0]["event_type"].as_str().unwrap();
    let some = format!("format=bundle&stream=usage&event_type={kind}&first=100&end=4100");
    let some = export(&console, Door::Server, &some).await;
    let report = verify(&some.body[..], Known { key: Some(&key), ..Known::default() });
    assert_eq!(report.verdict, Verdict::Intact);
    assert!(report.entries > 1_000, "{}", report.entries);
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_carry_number_hash_and_log_in_every_line() {
    let console = console().await;
    let key = key(&console).await;
    let jsonl = export(&console, Door::Server, "format=jsonl").await;
    assert_eq!(jsonl.header("content-type"), "application/x-ndjson");
    for (n, line) in String::from_utf8(jsonl.body).unwrap().lines().enumerate() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!((line["sequence"].as_u64(), line["origin"].as_str()), (Some(n as u64), Some(key.name())));
        let bytes = canonical::encode(&line["entry"]).unwrap();
        let hash: String = leaf_hash(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(line["leaf_hash"], json!(hash), "{line}");
    }
    let csv = export(&console, Door::Server, "format=csv&event_type=tenant.create").await;
    let text = String::from_utf8(csv.body).unwrap();
    let rows: Vec<_> = text.split_terminator("\r\n").collect();
    assert_eq!(rows.len(), 7, "{text}");
    assert!(rows[0].starts_with("origin,sequence,leaf_hash,time,"), "{}", rows[0]);
    for row in &rows[1..] {
        assert!(row.starts_with(key.name()) && row.contains(",tenant.create,ok,"), "{row}");
        assert!(!row.contains(",=") && !row.contains('\n'), "{row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_personal_needs_its_own_permission() {
    let console = console().await;
    let key = key(&console).await;
    let raw = export(&console, Door::Server, "format=bundle&private=true").await;
    let report = intact(&raw, &key);
    assert_eq!(report.manifest.as_ref().unwrap().private, PrivateMode::Opened);
    assert!(report.sections >= 6, "{}", report.sections);
    assert!(String::from_utf8_lossy(&raw.body).contains("127.0.0.1"));
    let without = export(&console, Door::Server, "format=bundle").await;
    assert!(!String::from_utf8_lossy(&without.body).contains("127.0.0.1"));

    let ask = |private| ExportAudit {
        stream: Stream::Audit,
        range: ExportRange::All,
        filter: None,
        format: ExportFormat::Bundle,
        private,
    };
    let me = console.ask(Door::Server, "GET", "/auth/me", None).await;
    let id: UserId = me.body["user"]["id"].as_str().unwrap().parse().unwrap();
    let with = |role: Role| {
        let principal = Principal::User {
            id,
            subject: "u_0".to_owned(),
            may: role.allowance(),
            grants: std::sync::Arc::default(),
            session: None,
        };
        Cx { principal, ..Cx::system() }
    };
    for (role, plain, private) in
        [(Role::Security, true, true), (Role::Operator, true, false), (Role::Finance, false, false)]
    {
        for (opened, may) in [(false, plain), (true, private)] {
            let outcome = console.engine.export_audit(&with(role), ask(opened)).await;
            assert_eq!(
                outcome.as_ref().err().map(|e| e.code),
                (!may).then_some(Code::Forbidden),
                "{role:?} {opened}"
            );
        }
    }
    let filter = EntryFilter { kinds: vec!["access.denied".to_owned()], ..EntryFilter::default() };
    let denied = console.engine.audit_page(&Cx::system(), filter, 10).await.unwrap();
    assert_eq!(denied.entries.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_exported_is_refused_by_field_and_not_noted() {
    let console = console().await;
    let table = [
        ("", "format"),
        ("format=pdf", "format"),
        ("format=bundle&first=5&end=4", "first"),
        ("format=bundle&end=100000", "end"),
        ("format=bundle&first=1&from=2026-01-01T00:00:00Z", "from"),
        ("format=bundle&from=2031-01-01T00:00:00Z", "from"),
        ("format=bundle&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        ("format=bundle&from=yesterday", "from"),
        ("format=csv&private=true", "private"),
        ("format=bundle&actor=nobody-of-that-name", "actor"),
        ("format=bundle&outcome=maybe", "outcome"),
        ("format=bundle&q=text", "q"),
    ];
    for (query, field) in table {
        let reply = console.ask(Door::Server, "GET", &format!("/audit/export?{query}"), None).await;
        assert_eq!(reply.status, 400, "{query}: {}", reply.body);
        assert!(reply.body.to_string().contains(field), "{query}: {}", reply.body);
    }
    let filter = EntryFilter { kinds: vec!["audit.export".to_owned()], ..EntryFilter::default() };
    assert!(console.engine.audit_page(&Cx::system(), filter, 1).await.unwrap().entries.is_empty());
}
