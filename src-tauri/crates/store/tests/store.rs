//! The store as its callers see it: atomic writes with their entries, rollback, reopening, verification.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use reeve_core::id::TenantId;
use reeve_core::period::Zone;
use reeve_core::tenant::{TenantStatus, Tier};
use reeve_core::time::{Clock, Millis};
use reeve_store::table::tenants::Tenant;
use reeve_store::verify::{Verdict, Verify};
use reeve_store::{NewEntry, OpenStore, Store, StoreError, Stream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

struct Tick(AtomicI64);

impl Clock for Tick {
    fn now(&self) -> Millis {
        Millis(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

fn open(folder: &Path) -> Store {
    let clock = Arc::new(Tick(AtomicI64::new(1_700_000_000_000)));
    Store::open(OpenStore { folder: folder.to_owned(), clock, readers: 2 }).unwrap()
}

fn signer(stream: &str) -> reeve_ledger::Signer {
    reeve_ledger::genesis_signer(&[7; 32], stream).unwrap()
}

fn entry(kind: &str, on: &str) -> NewEntry {
    NewEntry {
        kind: kind.to_owned(),
        who: "u:tester".to_owned(),
        via: "api".to_owned(),
        on: on.to_owned(),
        ok: reeve_ledger::leaf::Ok::Success,
        sid: None,
        details: serde_json::Map::new(),
        private: Vec::new(),
    }
}

fn tenant(number: u128) -> Tenant {
    Tenant {
        id: TenantId(Uuid::from_u128(number)),
        name: format!("Tenant {number}"),
        slug: format!("tenant-{number}"),
        tier: Tier::Free,
        status: TenantStatus::Active,
        time_zone: Zone::UTC,
        owner: None,
        tags: vec!["a".to_owned()],
        notes: None,
        sample: false,
        created_at: Millis(1),
        updated_at: Millis(1),
    }
}

async fn add(store: &Store, number: u128) -> Result<u64, StoreError> {
    store
        .write(move |tx| {
            let t = tenant(number);
            let recorded = tx.record(entry("tenant.create", &format!("tenant:{}", t.id)))?;
            recorded.tenants().put(&t)?;
            Ok(recorded.sequence())
        })
        .await
}

async fn verified(store: &Store, stream: Stream) -> Verdict {
    let verify = Verify { stream, since: None, workers: 2, progress: Arc::default() };
    store.verify(verify).await.unwrap().0
}

#[tokio::test]
async fn a_change_and_its_entry_commit_together_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    assert_eq!(add(&store, 1).await.unwrap(), 0);
    // The slug is taken: the change fails after its entry was staged, and takes the entry with it.
    let clash = store
        .write(|tx| {
            let twin = Tenant { id: TenantId(Uuid::from_u128(99)), ..tenant(1) };
            tx.record(entry("tenant.create", "tenant:twin"))?.tenants().put(&twin)
        })
        .await;
    assert!(clash.unwrap_err().is_conflict());
    assert_eq!(add(&store, 2).await.unwrap(), 1, "the failed write left no gap");
    let (names, head) = store
        .read(|r| Ok::<_, StoreError>((r.tenants().all()?.len(), r.entries().head(Stream::Audit)?)))
        .await
        .unwrap();
    assert_eq!((names, head.size), (2, 2));
    assert_eq!(verified(&store, Stream::Audit).await.first_bad, None);
}

#[tokio::test]
async fn a_panicking_write_is_rolled_back_and_the_writer_lives() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let panicked = store
        .write(|tx| -> Result<(), StoreError> {
            tx.record(entry("tenant.create", "tenant:x"))?;
            panic!("on purpose")
        })
        .await;
    assert!(matches!(panicked, Err(StoreError::Panicked)));
    assert_eq!(add(&store, 1).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_leaves_one_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    add(&store, 1).await.unwrap();
    store.close().await;
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(!left.iter().any(|name| name.contains("-wal") || name.contains("-shm")), "{left:?}");
    let read = store.read(|r| r.entries().head(Stream::Audit)).await;
    assert!(matches!(read, Err(StoreError::Closed)));
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_there_after_reopening_and_proofs_hold() {
    let folder = tempfile::tempdir().unwrap();
    let before = {
        let store = open(folder.path());
        store.sign_with(signer("audit"), signer("usage")).await.unwrap();
        let writes: Vec<_> = (0..1_000u128).map(|n| add(&store, n)).collect();
        for write in futures_util::future::join_all(writes).await {
            write.unwrap();
        }
        store.write(|tx| tx.checkpoint("test")).await.unwrap();
        let head = store.read(|r| r.entries().head(Stream::Audit)).await.unwrap();
        store.close().await;
        head
    };
    let store = open(folder.path());
    store.sign_with(signer("audit"), signer("usage")).await.unwrap();
    add(&store, 5_000).await.unwrap();
    let head = store.read(|r| r.entries().head(Stream::Audit)).await.unwrap();
    assert_eq!((before.size, head.size), (1_000, 1_001));
    assert_ne!(before.root, head.root);
    let verdict = verified(&store, Stream::Audit).await;
    assert_eq!((verdict.first_bad, verdict.checkpoints), (None, 1));
    for n in [0, 255, 256, 511, 700, 1_000] {
        let (proof, entry) = store
            .read(move |r| {
                let entries = r.entries();
                Ok::<_, StoreError>((
                    entries.inclusion_proof(Stream::Audit, n, 1_001)?,
                    entries.get(Stream::Audit, n)?.unwrap(),
                ))
            })
            .await
            .unwrap();
        reeve_ledger::verify_inclusion(n, 1_001, reeve_ledger::leaf_hash(&entry.bytes), &proof, head.root)
            .unwrap();
    }
    assert!(
        store
            .sign_with(reeve_ledger::genesis_signer(&[8; 32], "audit").unwrap(), signer("usage"))
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_kept_before_the_first_entry_is_no_fault_later() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.sign_with(signer("audit"), signer("usage")).await.unwrap();
    store.write(|tx| tx.checkpoint("shutdown")).await.unwrap();
    add(&store, 1).await.unwrap();
    for stream in Stream::ALL {
        let verdict = verified(&store, stream).await;
        assert_eq!((verdict.first_bad, verdict.checkpoints), (None, 1), "{stream:?}");
    }
}

#[tokio::test]
async fn one_process_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let _store = open(folder.path());
    let clock = Arc::new(Tick(AtomicI64::new(0)));
    let second = Store::open(OpenStore { folder: folder.path().to_owned(), clock, readers: 1 });
    assert!(matches!(second.err(), Some(StoreError::InUse { .. })));
}
