//! Pages, counts and histograms of the ledger are what looking at every entry would find: within full parts, behind them,
//! across their borders, and also where the clock went back.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use reeve_core::time::{Clock, Millis};
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::entries::{EntryFilter, Found};
use reeve_store::verify::{Known, Verdict, Verify};
use reeve_store::{NewEntry, OpenStore, Store, StoreError, Stream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const BEGIN: i64 = 1_700_000_000_000;
/// Two full parts and a piece.
const ENTRIES: u64 = 2 * 8_192 + 1_500;
/// A full chapter, a full part and a piece.
const CHAPTER_AND_MORE: u64 = 9 * 8_192 + 1_500;
const IN_ONE_WRITE: u64 = 700;

/// A second for each write, but once in a while it goes back ten.
struct Unsteady(AtomicI64);

impl Clock for Unsteady {
    fn now(&self) -> Millis {
        let n = self.0.fetch_add(1, Ordering::Relaxed);
        Millis(BEGIN + 1_000 * if n % 16 == 7 { n - 10 } else { n })
    }
}

fn entry(n: u64) -> NewEntry {
    let mut entry = NewEntry {
        kind: ["tenant.create", "budget.update", "auth.login"][(n * n % 7 % 3) as usize].to_owned(),
        who: if n == 4_321 { "u:once".to_owned() } else { format!("u:{}", n % 5) },
        via: "api".to_owned(),
        on: if n.is_multiple_of(4) { format!("budget:{}", n % 700) } else { format!("tenant:{}", n % 11) },
        ok: [Outcome::Success, Outcome::Denied, Outcome::Error][(n % 40 % 3 * (n % 5 / 4)) as usize],
        sid: None,
        details: serde_json::Map::new(),
        private: Vec::new(),
    };
    if !n.is_multiple_of(3) {
        entry.details.insert("tenant".to_owned(), format!("ten_{}", n % 9).into());
    }
    entry
}

async fn filled(folder: &Path, entries: u64) -> Store {
    let clock = Arc::new(Unsteady(AtomicI64::new(0)));
    let store = Store::open(OpenStore { folder: folder.to_owned(), clock, readers: 2 }).unwrap();
    for first in (0..entries).step_by(IN_ONE_WRITE as usize) {
        let write = move |tx: &mut reeve_store::Tx<'_>| {
            (first..entries.min(first + IN_ONE_WRITE)).try_for_each(|n| tx.record(entry(n)).map(|_| ()))
        };
        store.write(write).await.unwrap();
    }
    store
}

/// Index and time of what matches, newest first, by looking at everything.
fn looked_up(written: &[(NewEntry, i64)], filter: &EntryFilter) -> Vec<(u64, i64, bool)> {
    let mut found = Vec::new();
    for (n, (new, t)) in written.iter().enumerate().rev() {
        let n = n as u64;
        let is = |wanted: &Option<String>, word: &str| wanted.as_deref().is_none_or(|w| w == word);
        let tenant = new.details.get("tenant").and_then(|t| t.as_str()).unwrap_or_default();
        let ok = match new.ok {
            Outcome::Success => 0,
            Outcome::Denied => 1,
            _ => 2,
        };
        let fits = (filter.kinds.is_empty() || filter.kinds.contains(&new.kind))
            && !filter.not_kinds.contains(&new.kind)
            && is(&filter.who, &new.who)
            && is(&filter.res, &new.on)
            && is(&filter.noun, new.on.split(':').next().unwrap())
            && is(&filter.tenant, tenant)
            && filter.ok.is_none_or(|wanted| wanted == ok)
            && (!filter.not_ok || ok != 0)
            && filter.from.is_none_or(|from| *t >= from.0)
            && filter.to.is_none_or(|to| *t < to.0)
            && filter.before.is_none_or(|before| n < before)
            && filter.since.is_none_or(|since| n >= since)
            && (filter.found.is_none() || n.is_multiple_of(1_000) || new.who == "u:once" || new.who == "u:4");
        if fits {
            found.push((n, *t, ok != 0));
        }
    }
    found
}

/// Every thousandth entry, and what two people did.
fn found() -> Found {
    let mut found = Found::of_actors(vec!["u:once".to_owned(), "u:4".to_owned(), "u:nobody".to_owned()]);
    found.add(&(0..ENTRIES).step_by(1_000).collect::<Vec<_>>());
    found
}

fn filters() -> Vec<EntryFilter> {
    let all = EntryFilter::default;
    let some = |text: &str| Some(text.to_owned());
    let at = |n: i64| Some(Millis(BEGIN + 1_000 * n));
    let three = || ["budget.update", "no.such", "auth.login"].map(str::to_owned).to_vec();
    let words = [
        all(),
        EntryFilter { kinds: vec!["budget.update".to_owned()], ..all() },
        EntryFilter { kinds: vec!["no.such".to_owned()], ..all() },
        EntryFilter { who: some("u:once"), ..all() },
        EntryFilter { who: some("u:3"), kinds: vec!["tenant.create".to_owned()], ..all() },
        EntryFilter { res: some("budget:44"), ..all() },
        EntryFilter { noun: some("budget"), ok: Some(1), ..all() },
        EntryFilter { noun: some("nothing"), ..all() },
        EntryFilter { tenant: some("ten_4"), not_ok: true, ..all() },
        EntryFilter { ok: Some(0), who: some("u:2"), ..all() },
        EntryFilter { ok: Some(3), ..all() },
        EntryFilter { kinds: three(), ..all() },
        EntryFilter { kinds: three(), not_kinds: vec!["budget.update".to_owned()], not_ok: true, ..all() },
        EntryFilter { not_kinds: three(), ok: Some(1), ..all() },
        EntryFilter { not_kinds: vec!["no.such".to_owned()], who: some("u:3"), ..all() },
        EntryFilter { found: Some(Arc::new(found())), ..all() },
        EntryFilter {
            found: Some(Arc::new(found())),
            kinds: vec!["auth.login".to_owned()],
            not_ok: true,
            ..all()
        },
    ];
    let ranges = [
        all(),
        EntryFilter { before: Some(8_192), ..all() },
        EntryFilter { before: Some(9_000), since: Some(8_500), ..all() },
        EntryFilter { from: at(3), to: at(9), ..all() },
        EntryFilter { from: at(5), before: Some(17_000), ..all() },
        EntryFilter { to: at(24), ..all() },
        EntryFilter { from: at(900), ..all() },
    ];
    let both = |word: &EntryFilter, range: &EntryFilter| EntryFilter {
        from: range.from,
        to: range.to,
        before: range.before,
        since: range.since,
        ..word.clone()
    };
    words.iter().flat_map(|word| ranges.iter().map(move |range| both(word, range))).collect()
}

#[tokio::test]
async fn pages_and_counts_are_what_looking_at_everything_finds() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path(), ENTRIES).await;
    let lines = store.read(|r| r.entries().lines(Stream::Audit, 0, ENTRIES, usize::MAX)).await.unwrap();
    let leaf = |(n, bytes): (u64, Vec<u8>)| (entry(n), reeve_ledger::Leaf::parse(&bytes).unwrap().t);
    let written: Vec<_> = lines.into_iter().map(leaf).collect();
    for filter in filters() {
        let expected = looked_up(&written, &filter);
        let asked = filter.clone();
        let page = store.read(move |r| r.entries().page(&asked, 150)).await.unwrap();
        let found: Vec<_> = page.entries.iter().map(|e| (e.leaf.n, e.leaf.t)).collect();
        let newest: Vec<_> = expected.iter().map(|(n, t, _)| (*n, *t)).take(150).collect();
        assert_eq!(found, newest, "{filter:?}");
        assert_eq!(page.more, expected.len() > 150, "{filter:?}");

        let whole = EntryFilter { before: None, ..filter.clone() };
        let expected = looked_up(&written, &whole);
        let asked = whole.clone();
        let count = store.read(move |r| r.entries().count(&asked)).await.unwrap();
        assert_eq!(count, expected.len() as u64, "{filter:?}");
        first_page_is_right(&store, &whole, &expected).await;

        let (from, to) = (whole.from.unwrap_or(Millis(BEGIN)), whole.to.unwrap_or(Millis(BEGIN + 26_000)));
        let asked = whole.clone();
        let buckets = store.read(move |r| r.entries().histogram(&asked, from, to, 7)).await.unwrap();
        let width = (to.0 - from.0 + 6) / 7;
        for (i, bucket) in buckets.iter().enumerate() {
            let within = |t: i64| t >= from.0 && t < to.0 && (t - from.0) / width == i as i64;
            let here: Vec<_> = expected.iter().filter(|(_, t, _)| within(*t)).collect();
            assert_eq!(bucket.count, here.len() as u64, "bucket {i} of {filter:?}");
            assert_eq!(bucket.not_ok, here.iter().filter(|e| e.2).count() as u64, "bucket {i} of {filter:?}");
        }
        sums_are_right(&store, &whole, &expected).await;
    }
}

/// The first page with the number of all, for pages that are filled early, late and not at all.
async fn first_page_is_right(store: &Store, filter: &EntryFilter, expected: &[(u64, i64, bool)]) {
    for limit in [1, 150, 30_000] {
        let asked = filter.clone();
        let (page, count) = store.read(move |r| r.entries().first_page(&asked, limit)).await.unwrap();
        assert_eq!(count, expected.len() as u64, "{filter:?}");
        let found: Vec<_> = page.entries.iter().map(|e| e.leaf.n).collect();
        let newest: Vec<_> = expected.iter().map(|(n, ..)| *n).take(limit).collect();
        assert_eq!((found, page.more), (newest, expected.len() > limit), "{filter:?}");
    }
}

/// Counts in spans of unlike length, and by actor.
async fn sums_are_right(store: &Store, filter: &EntryFilter, expected: &[(u64, i64, bool)]) {
    let (edges, asked) = ([0, 3_000, 3_500, 9_001, 20_000].map(|t| Millis(BEGIN + t)), filter.clone());
    let spans = store.read(move |r| r.entries().count_in_spans(&asked, &edges)).await.unwrap();
    assert_eq!(spans.len(), edges.len() - 1);
    for (i, span) in spans.iter().enumerate() {
        let here = expected.iter().filter(|(_, t, _)| (edges[i].0..edges[i + 1].0).contains(t));
        assert_eq!(span.count, here.count() as u64, "span {i} of {filter:?}");
    }
    let asked = filter.clone();
    let actors = store.read(move |r| r.entries().count_by_actor(&asked, 5_000)).await.unwrap();
    let mut by_hand: std::collections::HashMap<String, u64> = std::collections::HashMap::new();
    for (n, ..) in expected.iter().take(5_000) {
        *by_hand.entry(entry(*n).who).or_default() += 1;
    }
    assert_eq!(actors.looked_at, expected.len().min(5_000) as u64, "{filter:?}");
    assert!(actors.counts.is_sorted_by(|(_, a), (_, b)| a >= b), "{filter:?}");
    assert_eq!(actors.counts.into_iter().collect::<std::collections::HashMap<_, _>>(), by_hand, "{filter:?}");
}

/// What changes the file behind the ledger's back, and what the verdict must say of it.
const ATTACKS: [(&str, u64, &str); 12] = [
    ("UPDATE entries SET kind = who WHERE id = 9000", 9_000, "filter column \"event type\""),
    (
        "UPDATE entries SET leaf = (SELECT leaf FROM entries WHERE id = 4) WHERE id = 5",
        5,
        "it says it is entry 4",
    ),
    ("DELETE FROM entries WHERE id = 17000", 17_000, "the entry is missing"),
    ("DELETE FROM entries WHERE id >= 17800", 17_800, "the entry is missing"),
    (
        "INSERT INTO entries SELECT 17884, t, kind, who, res, tenant, ok, leaf FROM entries WHERE id = 1",
        17_884,
        "times",
    ),
    (
        "DELETE FROM entry_sets WHERE part = 1 AND word = (SELECT id FROM dict WHERE s = 'u:3')",
        16_384,
        "the index",
    ),
    (
        "UPDATE entry_sets SET places = x'0001' WHERE part = 0 AND word = (SELECT id FROM dict WHERE s = 'auth.login')",
        8_192,
        "the index",
    ),
    ("INSERT INTO entry_sets SELECT 1, id, x'0001' FROM dict WHERE s = 'u:once'", 16_384, "the index"),
    ("UPDATE bundles SET t_max = t_max + 1 WHERE id = 3", 1_024, "times"),
    ("DELETE FROM bundles WHERE id = 69", 17_884, "times"),
    ("UPDATE tiles SET hashes = zeroblob(8192) WHERE id = 2", 768, "tile 2"),
    ("INSERT INTO tiles VALUES (1 << 48, zeroblob(8192))", 17_884, "the tiles are not as many"),
];

const TABLES: [&str; 4] = ["entries", "entry_sets", "bundles", "tiles"];

async fn verified(store: &Store, since: Option<Arc<Known>>, workers: usize) -> (Verdict, Known) {
    let verify = Verify { stream: Stream::Audit, since, workers, progress: Arc::default() };
    store.verify(verify).await.unwrap()
}

#[tokio::test]
async fn a_changed_file_is_found_out_at_the_first_entry_that_does_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path(), ENTRIES).await;
    let (verdict, known) = verified(&store, None, 3).await;
    assert_eq!((verdict.first_bad, verdict.entries), (None, ENTRIES));
    let behind = rusqlite::Connection::open(store.path()).unwrap();
    behind.execute_batch("ATTACH ':memory:' AS kept").unwrap();
    for table in TABLES {
        behind.execute_batch(&format!("CREATE TABLE kept.{table} AS SELECT * FROM main.{table}")).unwrap();
    }
    for (attack, sequence, reason) in ATTACKS {
        behind.execute_batch(attack).unwrap();
        let fault =
            verified(&store, None, 2).await.0.first_bad.unwrap_or_else(|| panic!("not found: {attack}"));
        assert!(fault.reason.contains(reason), "{attack}: {}", fault.reason);
        assert_eq!(fault.sequence, sequence, "{attack}: {}", fault.reason);
        for table in TABLES {
            let undo =
                format!("DELETE FROM main.{table}; INSERT INTO main.{table} SELECT * FROM kept.{table};");
            behind.execute_batch(&format!("BEGIN; {undo} COMMIT")).unwrap();
        }
    }
    assert_eq!(verified(&store, None, 1).await.0.first_bad, None);
    // What was verified before is not read again: only what came since can be found out.
    let known = Arc::new(known);
    behind.execute_batch("UPDATE entries SET ok = 3 WHERE id = 17000").unwrap();
    assert_eq!(verified(&store, Some(Arc::clone(&known)), 1).await.0.first_bad.unwrap().sequence, 17_000);
    store.close().await;
}

/// What is told of words behind the ledger's back.
const LIES: [(&str, u64, &str); 4] = [
    ("UPDATE entry_words SET n = n + 1 WHERE word = -1", 65_536, "what is told of its words"),
    ("UPDATE entry_words SET parts = parts & ~4 WHERE word = -2", 65_536, "what is told of its words"),
    ("DELETE FROM entry_words WHERE word = -1", 65_536, "what is told of its words"),
    ("INSERT INTO entry_words VALUES (-3, 0, 1, 1)", CHAPTER_AND_MORE, "words are told of that do not occur"),
];

#[tokio::test]
async fn a_full_chapter_is_counted_by_what_is_told_of_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path(), CHAPTER_AND_MORE).await;
    let lines =
        store.read(|r| r.entries().lines(Stream::Audit, 0, CHAPTER_AND_MORE, usize::MAX)).await.unwrap();
    let leaf = |(n, bytes): (u64, Vec<u8>)| (entry(n), reeve_ledger::Leaf::parse(&bytes).unwrap().t);
    let written: Vec<_> = lines.into_iter().map(leaf).collect();
    let by_time = |filter: &EntryFilter| filter.from.is_some() || filter.to.is_some();
    for filter in filters().into_iter().filter(|filter| filter.found.is_none() && !by_time(filter)) {
        let asked = filter.clone();
        let page = store.read(move |r| r.entries().page(&asked, 150)).await.unwrap();
        let found: Vec<_> = page.entries.iter().map(|e| (e.leaf.n, e.leaf.t)).collect();
        let newest: Vec<_> =
            looked_up(&written, &filter).iter().map(|(n, t, _)| (*n, *t)).take(150).collect();
        assert_eq!(found, newest, "{filter:?}");
        let whole = EntryFilter { before: None, ..filter };
        let (expected, asked) = (looked_up(&written, &whole), whole.clone());
        let count = store.read(move |r| r.entries().count(&asked)).await.unwrap();
        assert_eq!(count, expected.len() as u64, "{whole:?}");
        first_page_is_right(&store, &whole, &expected).await;
    }
    let (verdict, _) = verified(&store, None, 2).await;
    assert_eq!((verdict.first_bad, verdict.entries), (None, CHAPTER_AND_MORE));
    let behind = rusqlite::Connection::open(store.path()).unwrap();
    behind.execute_batch("CREATE TEMP TABLE kept AS SELECT * FROM entry_words").unwrap();
    for (lie, sequence, reason) in LIES {
        behind.execute_batch(lie).unwrap();
        let fault = verified(&store, None, 1).await.0.first_bad.unwrap_or_else(|| panic!("not found: {lie}"));
        assert!(fault.reason.contains(reason), "{lie}: {}", fault.reason);
        assert_eq!(fault.sequence, sequence, "{lie}: {}", fault.reason);
        let undo = "DELETE FROM entry_words; INSERT INTO entry_words SELECT * FROM kept;";
        behind.execute_batch(&format!("BEGIN; {undo} COMMIT")).unwrap();
    }
    store.close().await;
}

#[tokio::test]
async fn what_failed_is_in_no_set() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(Unsteady(AtomicI64::new(0)));
    let store = Store::open(OpenStore { folder: folder.path().to_owned(), clock, readers: 1 }).unwrap();
    // Each good write is followed by one that fails, over the border of the first part.
    for first in (0..9_000u64).step_by(900) {
        let good = move |tx: &mut reeve_store::Tx<'_>| {
            (first..first + 900).try_for_each(|n| tx.record(entry(n)).map(|_| ()))
        };
        store.write(good).await.unwrap();
        let bad = move |tx: &mut reeve_store::Tx<'_>| {
            (0..900).try_for_each(|n| tx.record(entry(n)).map(|_| ()))?;
            Err::<(), _>(StoreError::Closed)
        };
        store.write(bad).await.unwrap_err();
    }
    let count = store.read(|r| r.entries().count(&EntryFilter::default())).await.unwrap();
    assert_eq!(count, 9_000);
    let budgets = EntryFilter { noun: Some("budget".to_owned()), ..EntryFilter::default() };
    assert_eq!(store.read(move |r| r.entries().count(&budgets)).await.unwrap(), 2_250);
}
