//! A long audit trail: writing it, opening it, verifying it, finding in it.

use crate::gateway::median;
use crate::store::entry;
use crate::table::{Table, Target};
use crate::{Outcome, prune, raw};
use reeve_core::time::{Clock, Millis};
use reeve_engine::audit::EntryFilter;
use reeve_engine::vault::VaultKeys;
use reeve_engine::{Cx, Engine, OpenEngine};
use reeve_ledger::leaf::Ok as Outcomes;
use reeve_store::verify::{Known, Verify};
use reeve_store::{NewEntry, OpenStore, Store, StoreError, Stream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub(crate) const IN_ONE_WRITE: u64 = 2_000;
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

pub(crate) async fn open(folder: &Path) -> Result<Store, Box<dyn std::error::Error + Send + Sync>> {
    let open = OpenStore { folder: folder.to_owned(), clock: Arc::new(Tick(AtomicI64::new(0))), readers: 1 };
    Ok(tokio::task::spawn_blocking(move || Store::open(open)).await??)
}

/// Entry `n` of the trail.
fn written(n: u64) -> NewEntry {
    let kind = KINDS[(n * n % 97 % 12) as usize];
    let ok = if n % 11 == 3 { Outcomes::Denied } else { Outcomes::Success };
    // A few people do most, and one did something once.
    let who = if n == 1_234 { "u:rare".to_owned() } else { format!("u:{:016x}", n % 7 * (n % 3)) };
    entry(kind, &who, format!("tenant:{}", n % 5_000), ok)
}

/// Writes so many entries; returns what that took, without making them up.
async fn fill(store: &Store, entries: u64) -> Result<Duration, StoreError> {
    let mut taken = Duration::ZERO;
    for first in (0..entries).step_by(IN_ONE_WRITE as usize) {
        let batch: Vec<NewEntry> = (first..first + IN_ONE_WRITE).map(written).collect();
        let begun = Instant::now();
        store.write(move |tx| batch.into_iter().try_for_each(|entry| tx.record(entry).map(|_| ()))).await?;
        taken += begun.elapsed();
    }
    Ok(taken)
}

/// Five thousand entries a second, each a write of its own: how long they take.
async fn steady(table: &mut Table, store: &Store) -> Outcome {
    const A_SECOND: u32 = 5_000;
    const SECONDS: u32 = 5;
    let (mut writes, begun) = (JoinSet::new(), Instant::now());
    for n in 0..A_SECOND * SECONDS {
        tokio::time::sleep_until(begun + Duration::from_secs(1) / A_SECOND * n).await;
        let (store, said) = (store.clone(), written(u64::from(n)));
        writes.spawn(async move {
            let begun = Instant::now();
            store.write(move |tx| tx.record(said).map(|_| ())).await?;
            Ok::<_, StoreError>(begun.elapsed())
        });
    }
    let mut taken = writes.join_all().await.into_iter().collect::<Result<Vec<_>, _>>()?;
    taken.sort_unstable();
    let p99 = taken.get(taken.len() * 99 / 100).copied().unwrap_or_default();
    let name = format!("{A_SECOND} entries a second, p99");
    table.add(name, p99.as_secs_f64() * 1_000.0, "ms", Target::Below(25.0));
    Ok(())
}

/// Verifies everything, and then what came since.
async fn verify(table: &mut Table, store: &Store, entries: u64) -> Outcome {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let verify = |since: Option<Arc<Known>>| {
        let verify = Verify { stream: Stream::Audit, since, workers, progress: Arc::default() };
        async move { store.verify(verify).await }
    };
    let begun = Instant::now();
    let (verdict, known) = verify(None).await?;
    let rate = entries as f64 / begun.elapsed().as_secs_f64();
    table.add("verified from the first entry on", rate, "/s", Target::AtLeast(800_000.0));
    let more = |tx: &mut reeve_store::Tx<'_>| {
        tx.record(entry("tenant.update", "u:rare", "tenant:1".to_owned(), Outcomes::Success)).map(|_| ())
    };
    store.write(more).await?;
    let (known, begun) = (Arc::new(known), Instant::now());
    let (since, _) = verify(Some(known)).await?;
    table.add("verified what came since", begun.elapsed().as_secs_f64() * 1_000.0, "ms", Target::Below(50.0));
    if let Some(fault) = verdict.first_bad.or(since.first_bad) {
        return Err(format!("the ledger that was just written does not verify: {}", fault.reason).into());
    }
    Ok(())
}

pub(crate) async fn measure(table: &mut Table, entries: u64) -> Outcome {
    let folder = tempfile::tempdir()?;
    let store = open(folder.path()).await?;
    store
        .sign_with(
            reeve_ledger::genesis_signer(&[7; 32], "audit")?,
            reeve_ledger::genesis_signer(&[7; 32], "usage")?,
        )
        .await?;
    let rate = entries as f64 / fill(&store, entries).await?.as_secs_f64();
    table.add(format!("{entries} entries written, one writer"), rate, "/s", Target::None);
    // Gigabytes that are on their way to the disk still would be in what follows: nobody writes ten million entries first.
    std::process::Command::new("sync").status()?;
    verify(table, &store, entries).await?;
    steady(table, &store).await?;
    let head = store.read(|r| r.entries().head(Stream::Audit)).await?;
    store.close().await;
    drop(store);
    let raw = raw::copied(folder.path())?;
    table.add("the same rows by SQLite alone", raw, "/s", Target::None);
    table.add("written : by SQLite alone", rate / raw, "", Target::AtLeast(0.5));
    let bytes = std::fs::metadata(folder.path().join("reeve.db"))?.len();
    table.add("an entry in the file", bytes as f64 / head.size as f64, "bytes", Target::Below(700.0));

    let begun = Instant::now();
    drop(open(folder.path()).await?);
    table.add("the store opens", begun.elapsed().as_secs_f64(), "s", Target::Below(1.0));
    tokio::time::sleep(Duration::from_millis(500)).await;
    read(table, folder.path(), entries).await?;
    prune::measure(table, folder.path()).await
}

/// What people do: pages, words, histograms.
async fn read(table: &mut Table, folder: &Path, entries: u64) -> Outcome {
    // The bench's own log was signed with a key of its own; the engine reads it without one.
    let clock = Arc::new(Tick(AtomicI64::new(1_000 * entries as i64)));
    let keys = VaultKeys::default();
    let engine = Engine::open(OpenEngine { data_dir: folder.to_owned(), keys, clock }).await?;
    let cx = Cx::system();
    while engine.ledger_health(&cx).await?.last.is_none() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // First the words: until all are indexed, that goes on beside everything else.
    texts(table, &engine, folder, entries).await?;
    let mut pages = Vec::new();
    for (name, filter) in filters(entries) {
        let mut tries = Vec::new();
        let mut found = 0;
        for _ in 0..TRIES {
            let begun = Instant::now();
            found = engine.audit_page(&cx, filter.clone(), PAGE).await?.entries.len();
            tries.push(begun.elapsed().as_secs_f64() * 1_000.0);
        }
        pages.extend_from_slice(&tries);
        let worst = tries.iter().copied().fold(0.0, f64::max);
        table.add(format!("audit page, median: {name} ({found})"), median(tries), "ms", Target::None);
        // The first is the coldest, and people see that one too.
        table.add(
            format!("audit page, slowest of {TRIES}: {name} ({found})"),
            worst,
            "ms",
            Target::Below(20.0),
        );
    }
    table.add("audit pages, p95", p95(&mut pages), "ms", Target::Below(15.0));
    histograms(table, &engine, entries).await?;
    engine.close().await;
    Ok(())
}

async fn histograms(table: &mut Table, engine: &Engine, entries: u64) -> Outcome {
    let (from, to) = (Millis(BEGIN), Millis(BEGIN + 1_000 * entries as i64));
    let some = |text: &str| Some(text.to_owned());
    for (name, filter) in [
        ("all", EntryFilter::default()),
        ("event type", EntryFilter { kinds: vec!["auth.failed".to_owned()], ..EntryFilter::default() }),
        ("resource, denied", EntryFilter { res: some("tenant:77"), ok: Some(1), ..EntryFilter::default() }),
    ] {
        let begun = Instant::now();
        engine.audit_stats(&Cx::system(), filter, from, to, 72).await?;
        let taken = begun.elapsed().as_secs_f64() * 1_000.0;
        table.add(format!("histogram in 72 spans: {name}"), taken, "ms", Target::Below(100.0));
    }
    Ok(())
}

async fn texts(table: &mut Table, engine: &Engine, folder: &Path, entries: u64) -> Outcome {
    let cx = Cx::system();
    let search = |typed: &'static str| engine.audit_search(&cx, EntryFilter::default(), typed, PAGE);
    let begun = Instant::now();
    // Entries that are not indexed yet are looked at one by one, and the search says that it did not see all.
    while search("professional nowhere").await?.rest.is_some() {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let rate = entries as f64 / begun.elapsed().as_secs_f64();
    table.add("words indexed (in the background)", rate, "/s", Target::None);
    let bytes = std::fs::metadata(folder.join("search.db"))?.len();
    table.add("an entry in the text index", bytes as f64 / entries as f64, "bytes", Target::None);
    let mut taken = Vec::new();
    for typed in ["failed", "77 exceeded", "tenant prof", "rare", "no such word", "u 0000000000000004 login"]
    {
        for _ in 0..TRIES {
            let begun = Instant::now();
            search(typed).await?;
            taken.push(begun.elapsed().as_secs_f64() * 1_000.0);
        }
    }
    table.add("pages of words, p95", p95(&mut taken), "ms", Target::Below(60.0));
    Ok(())
}

fn p95(taken: &mut [f64]) -> f64 {
    taken.sort_by(f64::total_cmp);
    taken.get(taken.len() * 95 / 100).copied().unwrap_or(0.0)
}

fn filters(entries: u64) -> Vec<(&'static str, EntryFilter)> {
    let all = EntryFilter::default;
    let some = |text: &str| Some(text.to_owned());
    let at = |n: i64| Some(Millis(BEGIN + 1_000 * n));
    let actor = || some("u:0000000000000004");
    vec![
        ("newest", all()),
        ("half way down", EntryFilter { before: Some(entries / 2), ..all() }),
        ("event type", EntryFilter { kinds: vec!["budget.exceeded".to_owned()], ..all() }),
        ("event type nobody wrote", EntryFilter { kinds: vec!["no.such".to_owned()], ..all() }),
        ("actor", EntryFilter { who: actor(), ..all() }),
        ("actor seen once", EntryFilter { who: some("u:rare"), ..all() }),
        ("resource", EntryFilter { res: some("tenant:77"), ..all() }),
        ("noun of the resource", EntryFilter { noun: some("tenant"), ..all() }),
        ("outcome", EntryFilter { ok: Some(1), ..all() }),
        ("outcome that never was", EntryFilter { ok: Some(3), ..all() }),
        ("anything but success", EntryFilter { not_ok: true, ..all() }),
        ("time, old", EntryFilter { from: at(1_000), to: at(50_000), ..all() }),
        (
            "event type and actor",
            EntryFilter { kinds: vec!["auth.failed".to_owned()], who: actor(), ..all() },
        ),
        (
            "event type and rare actor",
            EntryFilter { kinds: vec!["auth.failed".to_owned()], who: some("u:rare"), ..all() },
        ),
        ("resource and denied", EntryFilter { res: some("tenant:77"), ok: Some(1), ..all() }),
        (
            "event type and old time",
            EntryFilter { kinds: vec!["auth.failed".to_owned()], to: at(50_000), ..all() },
        ),
        ("actor, not success, old", EntryFilter { who: actor(), not_ok: true, to: at(50_000), ..all() }),
    ]
}
