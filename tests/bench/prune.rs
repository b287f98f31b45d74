//! Pruning beside a writer: how long it takes until the last row is deleted, and how long a write waits for it at most.

use crate::Outcome;
use crate::audit::open;
use crate::store::entry;
use crate::table::{Table, Target};
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcomes;
use reeve_store::{Store, StoreError, Stream, Tx};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Entries that are pruned; whole bundles of 256.
const PRUNED: u64 = 100_096;

async fn record(store: &Store) -> Result<(), StoreError> {
    let write = |tx: &mut Tx<'_>| {
        let said = entry("tenant.update", "u:rare", "tenant:1".to_owned(), Outcomes::Success);
        tx.record(said).map(|_| ())
    };
    store.write(write).await
}

/// The longest of the writes that come every few milliseconds.
async fn longest_write(store: Store, over: Arc<AtomicBool>) -> Result<Duration, StoreError> {
    let mut longest = Duration::ZERO;
    while !over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        record(&store).await?;
        longest = longest.max(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(longest)
}

pub(crate) async fn measure(table: &mut Table, folder: &Path) -> Outcome {
    let store = open(folder).await?;
    let head = store.read(|r| r.entries().head(Stream::Audit)).await?;
    let kept = store.read(move |r| r.entries().get(Stream::Audit, PRUNED)).await?;
    let before = kept.map_or(Millis(0), |entry| Millis(entry.leaf.t));
    let plan = store.read(move |r| r.prunable(Stream::Audit, before, &[])).await?;
    let over = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    writers.spawn(longest_write(store.clone(), Arc::clone(&over)));
    let begun = Instant::now();
    let to = plan.to;
    store
        .write(move |tx| {
            let said = entry("retention.prune", "system", "ledger:audit".to_owned(), Outcomes::Success);
            let said = tx.record(said)?;
            tx.prune(&said, Stream::Audit, to)
        })
        .await?;
    store.sweep(|| true).await?;
    while !store.empty_log().await? {}
    let taken = begun.elapsed().as_secs_f64();
    over.store(true, Ordering::Relaxed);
    let longest = writers.join_next().await.ok_or("no write")???;
    let name = format!("{to} of {} entries pruned, to the last row", head.size);
    table.add(name, taken, "s", Target::Below(5.0));
    table.add("longest write beside it", longest.as_secs_f64() * 1_000.0, "ms", Target::Below(50.0));
    store.close().await;
    Ok(())
}
