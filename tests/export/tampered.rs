//! A ledger that was changed in its file: the export of it is not intact, and names the entry.

use reeve_bundle::{FaultCode, Known, Verdict, verify};
use reeve_core::id::UserId;
use reeve_core::permission::Role;
use reeve_core::principal::Principal;
use reeve_core::time::Clock;
use reeve_engine::audit::{EntryFilter, ExportAudit, ExportFormat, ExportRange, Stream};
use reeve_engine::vault::{KeyringOf, VaultKeys};
use reeve_engine::{Code, Cx, Engine, OpenEngine};
use reeve_tests::app::SetClock;
use reeve_vault::{Keyring, MemoryKeyring};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

async fn open(folder: &Path, keyring: &Arc<MemoryKeyring>) -> Engine {
    let clock = Arc::new(SetClock::new(reeve_tests::app::START.parse().unwrap()));
    let keyring = Arc::clone(keyring);
    let of: KeyringOf = Arc::new(move |_| Arc::clone(&keyring) as Arc<dyn Keyring>);
    let keys = VaultKeys { keyring: Some(of), ..VaultKeys::default() };
    let clock = clock as Arc<dyn Clock>;
    // Tasks of an engine that was closed let go of the folder a moment after it.
    for _ in 0..200 {
        let options =
            OpenEngine { data_dir: folder.to_owned(), keys: keys.clone(), clock: Arc::clone(&clock) };
        match Engine::open(options).await {
            Ok(engine) => return engine,
            Err(error) => assert_eq!(error.code, Code::Unavailable, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unreachable!("the folder is free by now")
}

async fn export(engine: &Engine) -> Vec<u8> {
    let ask = ExportAudit {
        stream: Stream::Audit,
        range: ExportRange::All,
        filter: None,
        format: ExportFormat::Bundle,
        private: false,
    };
    let mut export = engine.export_audit(&Cx::cli(), ask).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = export.piece().await.unwrap() {
        bytes.extend(piece);
    }
    bytes
}

/// Where `part` is in `bytes`; it must be there once.
fn place(bytes: &[u8], part: &str) -> usize {
    let found: Vec<_> = bytes
        .windows(part.len())
        .enumerate()
        .filter(|(_, w)| *w == part.as_bytes())
        .map(|(at, _)| at)
        .collect();
    assert_eq!(found.len(), 1, "{part} at {found:?}");
    found[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_was_changed_in_the_file_is_named() {
    let (folder, keyring) = (tempfile::tempdir().unwrap(), Arc::new(MemoryKeyring::new()));
    let engine = open(folder.path(), &keyring).await;
    // More entries than a tile has, for from then on the file holds their hashes beside them.
    let principal = Principal::User {
        id: UserId(engine.new_request_id().0),
        subject: "u_0".to_owned(),
        may: Role::Finance.allowance(),
        grants: Arc::default(),
        session: None,
    };
    let finance = Cx { principal, ..Cx::system() };
    for _ in 0..270 {
        assert!(engine.audit_page(&finance, EntryFilter::default(), 1).await.is_err());
    }
    assert_eq!(verify(&export(&engine).await[..], Known::default()).verdict, Verdict::Intact);
    engine.close().await;
    drop(engine);

    let file = folder.path().join("reeve.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let entry = place(&bytes, "\"n\":100,\"ok\":\"denied\"");
    let who = bytes[entry..].windows(10).position(|w| w == b"\"who\":\"u_0").unwrap();
    bytes[entry + who + 9] = b'1';
    std::fs::write(&file, bytes).unwrap();

    let engine = open(folder.path(), &keyring).await;
    let Verdict::NotIntact(fault) = verify(&export(&engine).await[..], Known::default()).verdict else {
        unreachable!("a changed ledger gives no intact export")
    };
    assert_eq!((fault.code, fault.sequence), (FaultCode::Hash, Some(100)), "{fault}");
    engine.close().await;
}
