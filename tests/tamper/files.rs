//! Whole files that are put in place of others.

use crate::store::{judge, open, written};
use reeve_engine::Cx;
use reeve_tests::app::{Options, TestApp};
use reeve_vault::MemoryKeyring;
use std::sync::Arc;

/// An older file under its own anchor: the anchor has seen more.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_is_found_by_its_anchor() {
    let written = written().await;
    let older = written.copy();
    let engine = open(written.folder.path(), &written.keyring).await.unwrap();
    for stream in reeve_engine::audit::Stream::ALL {
        // Each verification is an entry.
        assert!(engine.verify(&Cx::system(), stream).await.unwrap().intact());
    }
    engine.close().await;
    drop(engine);
    std::fs::copy(older.path().join("reeve.db"), written.file()).unwrap();
    let said = judge(written.folder.path(), &written).await.unwrap_err();
    assert!(said.contains("older copy"), "{said}");
}

/// What a verification finds is an alert of the security board, once, however often it is looked for.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_is_an_alert_once() {
    let written = written().await;
    let engine = open(written.folder.path(), &written.keyring).await.unwrap();
    let (cx, audit) = (Cx::system(), reeve_engine::audit::Stream::Audit);
    let alerts = async || {
        let board = engine.security_board(&cx, 90).await.unwrap();
        let alerts = board.groups.into_iter().find(|group| group.key == "alerts").unwrap();
        alerts.latest.into_iter().filter(|e| e.summary.contains("does not fit at entry 2")).count()
    };
    assert!(engine.verify(&cx, audit).await.unwrap().intact());
    assert_eq!(alerts().await, 0);
    let changed = std::process::Command::new("python3")
        .args(["-I", "-c", "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=30); c.execute('UPDATE entries SET ok = 3 WHERE id = 2'); c.commit()"])
        .arg(written.file())
        .status()
        .unwrap();
    assert!(changed.success());
    for _ in 0..2 {
        assert!(!engine.verify(&cx, audit).await.unwrap().intact());
        assert_eq!(alerts().await, 1);
    }
    engine.close().await;
}

/// A write-ahead log of an earlier time beside a newer file: SQLite would put its pages into it.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_write_ahead_log_is_found() {
    let keyring = Arc::new(MemoryKeyring::new());
    let app =
        TestApp::start_with(Options { keyring: Some(Arc::clone(&keyring)), ..Options::default() }).await;
    for n in 0..20 {
        app.tenant(&format!("Tenant {n}")).make().await;
    }
    let data = app.engine.data_dir();
    let old = std::fs::read(data.join("reeve.db-wal")).unwrap();
    assert!(old.len() > 8_192);
    for n in 0..20 {
        app.tenant(&format!("Later {n}")).make().await;
    }
    let folder = app.close().await;
    std::fs::write(folder.path().join("reeve.db-wal"), old).unwrap();
    let _ = std::fs::remove_file(folder.path().join("reeve.db-shm"));
    let written = crate::store::Written { folder, keyring };
    let said = judge(written.folder.path(), &written).await;
    assert!(said.is_err(), "an older log was taken for the newest");
}

/// The clock is set back between two runs: the ledger goes on, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_back_is_an_entry() {
    let written = written().await;
    let engine = open(written.folder.path(), &written.keyring).await.unwrap();
    engine.close().await;
    drop(engine);
    // TestApp begins a month before the run that just ended.
    let options = Options {
        keyring: Some(Arc::clone(&written.keyring)),
        folder: Some(Arc::clone(&written.folder)),
        no_credential: true,
        ..Options::default()
    };
    let app = TestApp::start_with(options).await;
    let filter = reeve_engine::audit::EntryFilter {
        kinds: vec!["clock.jump".to_owned()],
        ..reeve_engine::audit::EntryFilter::default()
    };
    let page = app.engine.audit_page(&Cx::system(), filter, 5).await.unwrap();
    assert_eq!(page.entries.len(), 1);
    assert!(page.entries[0].summary.contains("set back"), "{}", page.entries[0].summary);
    for stream in reeve_engine::audit::Stream::ALL {
        assert!(app.engine.verify(&Cx::system(), stream).await.unwrap().intact());
    }
    app.close().await;
}
