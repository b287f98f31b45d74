//! Killed while it deletes what was pruned, Reeve goes on at the next start, and what is kept verifies at every moment.

use super::{SECRET, load::Random};
use reeve_core::time::Millis;
use reeve_engine::SystemClock;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::verify::Verify;
use reeve_store::{NewEntry, OpenStore, Store, Stream};
use reeve_tests::child::Child;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const ENTRIES: u64 = 20_000;
/// Far more kills than the sweep takes, however slow the machine: its end comes before.
const ROUNDS: u32 = 200;

fn entry(kind: &str, details: Map<String, Value>) -> NewEntry {
    NewEntry {
        kind: kind.to_owned(),
        who: "system".to_owned(),
        via: "system".to_owned(),
        on: "ledger:usage".to_owned(),
        ok: Outcome::Success,
        sid: None,
        details,
        private: Vec::new(),
    }
}

fn store(folder: &Path) -> Store {
    Store::open(OpenStore { folder: folder.to_owned(), clock: Arc::new(SystemClock), readers: 1 }).unwrap()
}

/// A store whose usage stream is said to be pruned and still has all its rows.
async fn pruned(folder: &Path) -> u64 {
    let store = store(folder);
    for _ in 0..ENTRIES / 1_000 {
        let thousand = |tx: &mut reeve_store::Tx<'_>| {
            (0..1_000).try_for_each(|_| tx.meter(entry("test.old", Map::new())).map(|_| ()))
        };
        store.write(thousand).await.unwrap();
    }
    let plan = store.read(|r| r.prunable(Stream::Usage, Millis(i64::MAX), &[])).await.unwrap();
    let root: String = plan.root.iter().map(|byte| format!("{byte:02x}")).collect();
    let Value::Object(said) = json!({"stream": "usage", "from": 0, "to": plan.to, "root": root}) else {
        unreachable!()
    };
    let to = plan.to;
    let prune = move |tx: &mut reeve_store::Tx<'_>| {
        let said = tx.record(entry("retention.prune", said))?;
        tx.prune(&said, Stream::Usage, to)
    };
    store.write(prune).await.unwrap();
    store.close().await;
    to
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_prunes_it_goes_on_and_what_is_kept_verifies() {
    let mut random = Random::from_environment();
    let folder = tempfile::tempdir().unwrap();
    let to = pruned(folder.path()).await;
    let mut left = true;
    for _ in 0..ROUNDS {
        let mut child = Child::start(folder.path(), SECRET).await;
        tokio::time::sleep(Duration::from_millis(random.next() % 60)).await;
        child.kill();
        let store = store(folder.path());
        let verify = Verify { stream: Stream::Usage, since: None, workers: 1, progress: Arc::default() };
        let verdict = store.verify(verify).await.unwrap().0;
        let unswept = store.read(|r| r.unswept()).await.unwrap();
        assert_eq!(verdict.first_bad, None);
        assert_eq!(verdict.pruned, to);
        assert_eq!(verdict.entries, verdict.head.size - to);
        store.close().await;
        left = unswept;
        if !left {
            break;
        }
    }
    assert!(!left, "{ROUNDS} starts did not finish it");
}
