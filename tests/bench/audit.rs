//! Pages of a long audit trail, by every filter and some pairs.

use crate::Outcome;
use crate::store::entry;
use crate::table::{Table, Target};
use reeve_core::time::{Clock, Millis};
use reeve_engine::audit::EntryFilter;
use reeve_engine::vault::VaultKeys;
use reeve_engine::{Cx, Engine, OpenEngine};
use reeve_ledger::leaf::Ok as Outcomes;
use reeve_store::{OpenStore, Store, StoreError};
use reeve_vault::EnvSecret;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::time::Instant;

const ENTRIES: u64 = 1_000_000;
const IN_ONE_WRITE: u64 = 2_000;
const PAGE: usize = 100;
const TRIES: usize = 21;
const BEGIN: i64 = 1_780_000_000_000;

/// As many seconds later at each look as one write has entries: a second for each entry.
struct Tick(AtomicI64);

impl Clock for Tick {
    fn now(&self) -> Millis {
        Millis(BEGIN + self.0.fetch_add(1_000 * IN_ONE_WRITE as i64, Ordering::Relaxed))
    }
}

const KINDS: [&str; 12] = [
    "tenant.update",
    "tenant.create",
    "budget.update",
    "budget.exceeded",
    "quota.exceeded",
    "auth.login",
    "auth.failed",
    "api_key.create",
    "key.import",
    "config.changed",
    "access.denied",
    "audit.verify",
];

async fn fill(folder: &Path) -> Outcome {
    let open = OpenStore { folder: folder.to_owned(), clock: Arc::new(Tick(AtomicI64::new(0))), readers: 1 };
    let store = tokio::task::spawn_blocking(move || Store::open(open)).await??;
    for first in (0..ENTRIES).step_by(IN_ONE_WRITE as usize) {
        store
            .write(move |tx| {
                for n in first..first + IN_ONE_WRITE {
                    let kind = KINDS[(n * n % 97 % 12) as usize];
                    let ok = if n % 11 == 3 { Outcomes::Denied } else { Outcomes::Success };
                    // A few people do most, and one did something once.
                    let who =
                        if n == 1_234 { "u:rare".to_owned() } else { format!("u:{:016x}", n % 7 * (n % 3)) };
                    tx.record(&entry(kind, &who, format!("tenant:{}", n % 5_000), ok))?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
    }
    store.close().await;
    Ok(())
}

pub(crate) async fn measure(table: &mut Table) -> Outcome {
    let folder = tempfile::tempdir()?;
    let begun = Instant::now();
    fill(folder.path()).await?;
    table.add(
        "a million entries written, one writer",
        ENTRIES as f64 / begun.elapsed().as_secs_f64(),
        "/s",
        Target::None,
    );
    let keys = VaultKeys::default()
        .with_env(|| EnvSecret::parse("kB1mJ0Yw2o9tqv3dQxH7Zr5uNfXcA8eLgT4sPiV6yKE=").ok());
    let clock = Arc::new(Tick(AtomicI64::new(1_000 * ENTRIES as i64)));
    let begun = Instant::now();
    let engine = Engine::open(OpenEngine { data_dir: folder.path().to_owned(), keys, clock }).await?;
    table.add("start with a million entries", begun.elapsed().as_secs_f64(), "s", Target::None);
    let cx = Cx::system();
    let begun = Instant::now();
    let intact = loop {
        if let Some((intact, _)) = engine.ledger_health(&cx).await?.last {
            break intact;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    table.add("a million entries verified", begun.elapsed().as_secs_f64(), "s", Target::None);
    if !intact {
        return Err("the ledger that was just written does not verify".into());
    }
    for (name, filter) in filters() {
        let mut taken = Vec::new();
        let mut found = 0;
        for _ in 0..TRIES {
            let begun = Instant::now();
            found = engine.audit_page(&cx, filter.clone(), PAGE).await?.entries.len();
            taken.push(begun.elapsed().as_secs_f64() * 1_000.0);
        }
        // The first is the coldest, and people see that one too.
        let worst = taken.iter().copied().fold(0.0, f64::max);
        table.add(
            format!("audit page, slowest of {TRIES}: {name} ({found})"),
            worst,
            "ms",
            Target::Below(20.0),
        );
    }
    let begun = Instant::now();
    let (from, to) = (Millis(BEGIN), Millis(BEGIN + 1_000 * ENTRIES as i64));
    engine.audit_stats(&cx, EntryFilter::default(), from, to, 72).await?;
    table.add("histogram of all in 72 buckets", begun.elapsed().as_secs_f64() * 1_000.0, "ms", Target::None);
    engine.close().await;
    Ok(())
}

fn filters() -> Vec<(&'static str, EntryFilter)> {
    let all = EntryFilter::default;
    let some = |text: &str| Some(text.to_owned());
    let at = |n: i64| Some(Millis(BEGIN + 1_000 * n));
    vec![
        ("newest", all()),
        ("half way down", EntryFilter { before: Some(ENTRIES / 2), ..all() }),
        ("event type", EntryFilter { kind: some("budget.exceeded"), ..all() }),
        ("event type nobody wrote", EntryFilter { kind: some("no.such"), ..all() }),
        ("actor", EntryFilter { who: some("u:0000000000000004"), ..all() }),
        ("actor seen once", EntryFilter { who: some("u:rare"), ..all() }),
        ("resource", EntryFilter { res: some("tenant:77"), ..all() }),
        ("outcome", EntryFilter { ok: Some(1), ..all() }),
        ("outcome that never was", EntryFilter { ok: Some(3), ..all() }),
        ("anything but success", EntryFilter { not_ok: true, ..all() }),
        ("time, old", EntryFilter { from: at(1_000), to: at(50_000), ..all() }),
        (
            "event type and actor",
            EntryFilter { kind: some("auth.failed"), who: some("u:0000000000000004"), ..all() },
        ),
        (
            "event type and rare actor",
            EntryFilter { kind: some("auth.failed"), who: some("u:rare"), ..all() },
        ),
        ("resource and denied", EntryFilter { res: some("tenant:77"), ok: Some(1), ..all() }),
        ("event type and old time", EntryFilter { kind: some("auth.failed"), to: at(50_000), ..all() }),
        (
            "actor and not success and old time",
            EntryFilter { who: some("u:0000000000000004"), not_ok: true, to: at(50_000), ..all() },
        ),
    ]
}
