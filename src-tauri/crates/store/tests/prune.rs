//! Pruning as the store's callers see it: what is left is provable, a crash in the middle is finished, a lie is found.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use reeve_core::time::{Clock, Millis};
use reeve_store::verify::Verify;
use reeve_store::{NewEntry, OpenStore, Read, Store, StoreError, Stream};
use serde_json::{Map, Value};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

struct Tick(AtomicI64);

impl Clock for Tick {
    fn now(&self) -> Millis {
        Millis(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

async fn open(folder: &Path) -> Store {
    let clock = Arc::new(Tick(AtomicI64::new(1_700_000_000_000)));
    let store = Store::open(OpenStore { folder: folder.to_owned(), clock, readers: 2 }).unwrap();
    let signer = |stream: &str| reeve_ledger::genesis_signer(&[7; 32], stream).unwrap();
    store.sign_with(signer("audit"), signer("usage")).await.unwrap();
    store
}

fn entry(kind: &str, details: Map<String, Value>) -> NewEntry {
    NewEntry {
        kind: kind.to_owned(),
        who: "u:tester".to_owned(),
        via: "api".to_owned(),
        on: "thing:1".to_owned(),
        ok: reeve_ledger::leaf::Ok::Success,
        sid: None,
        details,
        private: Vec::new(),
    }
}

/// So many entries of the usage stream.
async fn fill(store: &Store, count: usize) {
    for at in (0..count).step_by(1_000) {
        let some = 1_000.min(count - at);
        store
            .write(move |tx| {
                (0..some).try_for_each(|_| tx.meter(entry("charge.settle", Map::new())).map(|_| ()))
            })
            .await
            .unwrap();
    }
}

/// Prunes all of the usage stream that is whole, as an entry says that tells `to_said`.
async fn prune(store: &Store, to_said: impl Fn(u64) -> u64 + Send + 'static) -> u64 {
    let plan = store.read(|r| r.prunable(Stream::Usage, Millis(i64::MAX), &[])).await.unwrap();
    let to = plan.to;
    let hex: String = plan.root.iter().map(|byte| format!("{byte:02x}")).collect();
    let details = serde_json::json!({"stream": "usage", "from": plan.from, "to": to_said(to), "root": hex});
    let Value::Object(details) = details else { unreachable!() };
    store
        .write(move |tx| {
            let said = tx.record(entry("retention.prune", details))?;
            tx.prune(&said, Stream::Usage, to)?;
            tx.checkpoint("prune")
        })
        .await
        .unwrap();
    to
}

async fn sweep(store: &Store) -> u64 {
    let mut entries = 0;
    loop {
        let swept = store.sweep_piece().await.unwrap();
        entries += swept.entries;
        if !swept.more {
            return entries;
        }
    }
}

async fn verified(store: &Store) -> Result<u64, String> {
    let verify = Verify { stream: Stream::Usage, since: None, workers: 2, progress: Arc::default() };
    let verdict = store.verify(verify).await.unwrap().0;
    verdict.first_bad.map_or(Ok(verdict.entries), |fault| Err(fault.reason))
}

/// Every entry that is kept, and what begins at it, is provable.
async fn provable(store: &Store) {
    let read = |r: &Read<'_>| {
        let head = r.entries().head(Stream::Usage)?;
        for n in [
            head.min_index,
            (head.min_index + 255).min(head.size - 1),
            (head.min_index + head.size) / 2,
            head.size - 1,
        ] {
            let line = r.entries().lines(Stream::Usage, n, n + 1, 1)?.remove(0);
            let proof = r.entries().inclusion_proof(Stream::Usage, n, head.size)?;
            let leaf = reeve_ledger::leaf_hash(&line.1);
            reeve_ledger::verify_inclusion(n, head.size, leaf, &proof, head.root).unwrap();
        }
        Ok::<_, StoreError>(())
    };
    store.read(read).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_provable_also_beyond_a_full_tile_of_level_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    fill(&store, 67_000).await;
    // A head at a size that no bundle ends at, and one at 65,536.
    store.write(|tx| tx.checkpoint("test")).await.unwrap();
    fill(&store, 1_000).await;
    let to = prune(&store, |to| to).await;
    assert_eq!(to, 68_000 / 256 * 256);
    assert_eq!(verified(&store).await, Ok(68_000 - to));
    assert_eq!(sweep(&store).await, to);
    assert_eq!(verified(&store).await, Ok(68_000 - to));
    provable(&store).await;
    store.close().await;
    drop(store);
    let store = open(folder.path()).await;
    fill(&store, 70_000).await;
    assert_eq!(verified(&store).await, Ok(138_000 - to));
    let again = prune(&store, |to| to).await;
    sweep(&store).await;
    assert_eq!(verified(&store).await, Ok(138_000 - again));
    provable(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_handed_over_long_ago_can_still_be_followed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    fill(&store, 700).await;
    let origin = store.read(|r| r.entries().head(Stream::Usage)).await.unwrap().origin;
    let next = reeve_ledger::Signer::from_seed(origin, &[8; 32]).unwrap();
    let vkey = Map::from_iter([("vkey".to_owned(), next.verifier_key().to_string().into())]);
    let naming = NewEntry {
        who: "system".to_owned(),
        via: "system".to_owned(),
        on: "ledger:usage".to_owned(),
        ..entry("key.rotate", vkey)
    };
    // In the middle of a bundle, as keys do.
    store.write(move |tx| tx.hand_over(Stream::Usage, naming, next).map(|_| ())).await.unwrap();
    fill(&store, 66_000).await;
    let to = prune(&store, |to| to).await;
    assert_eq!(verified(&store).await, Ok(66_701 - to));
    sweep(&store).await;
    assert_eq!(verified(&store).await, Ok(66_701 - to));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_was_cut_short_goes_on_and_nothing_below_is_read_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    fill(&store, 40_000).await;
    let to = prune(&store, |to| to).await;
    let piece = store.sweep_piece().await.unwrap();
    assert!(piece.more && piece.entries > 0 && piece.entries < to, "{piece:?}");
    let page = store
        .read(|r| {
            r.entries().page(
                &reeve_store::table::entries::EntryFilter {
                    stream: Some(Stream::Usage),
                    ..Default::default()
                },
                100_000,
            )
        })
        .await
        .unwrap();
    assert_eq!(page.entries.len() as u64, 40_000 - to);
    assert_eq!(verified(&store).await, Ok(40_000 - to));
    store.close().await;
    drop(store);
    let store = open(folder.path()).await;
    assert!(store.read(|r| r.unswept()).await.unwrap());
    assert_eq!(piece.entries + sweep(&store).await, to);
    assert!(!store.read(|r| r.unswept()).await.unwrap());
    assert_eq!(verified(&store).await, Ok(40_000 - to));
    provable(&store).await;
    // What was deleted is overwritten in the file.
    assert!(store.empty_log().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_and_not_said_to_be_pruned_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    fill(&store, 1_000).await;
    prune(&store, |to| to - 256).await;
    let fault = verified(&store).await.unwrap_err();
    assert!(fault.contains("says something else was pruned"), "{fault}");
    store.close().await;
    drop(store);

    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    fill(&store, 1_000).await;
    store.close().await;
    drop(store);
    let conn = rusqlite::Connection::open(folder.path().join("reeve.db")).unwrap();
    conn.execute("UPDATE log_state SET min_index = 256 WHERE stream = 1", []).unwrap();
    conn.execute("DELETE FROM entries WHERE id >= (1 << 48) AND id < (1 << 48) + 256", []).unwrap();
    drop(conn);
    let store = open(folder.path()).await;
    let fault = verified(&store).await.unwrap_err();
    assert!(fault.contains("nothing says that they were pruned"), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_goes_forward_by_whole_bundles_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    fill(&store, 1_000).await;
    for wrong in [100, 1_024] {
        let tried = store
            .write(move |tx| {
                let said = tx.record(entry("retention.prune", Map::new()))?;
                tx.prune(&said, Stream::Usage, wrong)
            })
            .await;
        assert!(matches!(tried, Err(StoreError::Ledger { .. })), "{wrong}");
    }
    prune(&store, |to| to).await;
    let back = store
        .write(|tx| {
            let said = tx.record(entry("retention.prune", Map::new()))?;
            tx.prune(&said, Stream::Usage, 256)
        })
        .await;
    assert!(matches!(back, Err(StoreError::Ledger { .. })));
}

/// `cargo nextest run -p reeve-store --test prune --run-ignored only --no-capture`: how long 100,000 entries take, and how long a write
/// waits meanwhile.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures, and proves nothing"]
async fn a_hundred_thousand_entries() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    fill(&store, 110_000).await;
    while !store.empty_log().await.unwrap() {}
    let plan = store.read(|r| r.prunable(Stream::Usage, Millis(i64::MAX), &[])).await.unwrap();
    assert!(plan.entries() > 100_000);
    prune(&store, |to| to).await;
    let began = std::time::Instant::now();
    let (mut longest, mut writes) = (std::time::Duration::ZERO, Vec::new());
    let mut pieces = 0_u32;
    loop {
        // A write of somebody else's queues up behind the piece that is under way.
        let (swept, waited) = tokio::join!(store.sweep_piece(), async {
            let asked = std::time::Instant::now();
            fill(&store, 1).await;
            asked.elapsed()
        });
        longest = longest.max(waited);
        writes.push(waited);
        pieces += 1;
        if pieces.is_multiple_of(32) {
            store.empty_log().await.unwrap();
        }
        if !swept.unwrap().more {
            break;
        }
    }
    writes.sort();
    eprintln!(
        "{} entries in {:?}, {pieces} pieces; a write beside it waited {:?} in the middle and {longest:?} at most",
        plan.entries(),
        began.elapsed(),
        writes[writes.len() / 2]
    );
}
