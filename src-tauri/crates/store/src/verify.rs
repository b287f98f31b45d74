//! Verification: everything is computed again from the leaves, and no copy is trusted. The work is done part by part, on
//! connections of its own, so that it takes as many processors as it is given and no reader waits for it.

mod note;
mod part;
mod pruned;
mod state;
mod tree;
mod whole;
mod witnessed;

use crate::error::StoreError;
use crate::log::Stream;
use crate::log::words::{CHAPTER, parts_of};
use crate::open::{MAPPED, Store, connect_to_read};
use crate::reader::Read;
use crate::table::entries::Head;
use parking_lot::Mutex;
use part::{Checked, Parts};
use reeve_ledger::Hlc;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use tokio::sync::Semaphore;
use tree::Tree;

pub use witnessed::Witnessed;

/// Verifications that run at the same time; others wait.
const AT_ONCE: u32 = 4;

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The stream's state that was checked.
    pub head: Head,
    /// Entries that are kept and fit, counted from the first of them.
    pub entries: u64,
    /// Entries before them that were pruned; their hashes are what the first root is computed from.
    pub pruned: u64,
    /// Retained checkpoints whose root and signature were checked.
    pub checkpoints: u64,
    /// The first thing that does not fit; `None` if everything does.
    pub first_bad: Option<Fault>,
}

/// Where the ledger does not fit, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Index of the entry at which it shows.
    pub sequence: u64,
    /// In words.
    pub reason: String,
}

/// What is to be verified.
pub struct Verify {
    /// Stream.
    pub stream: Stream,
    /// Where an earlier verification found everything to fit: full parts before are not read again.
    pub since: Option<Arc<Known>>,
    /// Threads.
    pub workers: usize,
    /// How far it is.
    pub progress: Arc<Progress>,
}

/// How far a verification is, for whoever waits; and the way to end it.
#[derive(Debug, Default)]
pub struct Progress {
    entries: AtomicU64,
    of: AtomicU64,
    stop: AtomicBool,
}

impl Progress {
    /// Entries that were read or were known, and how many there are.
    #[must_use]
    pub fn entries(&self) -> (u64, u64) {
        (self.entries.load(Ordering::Relaxed), self.of.load(Ordering::Relaxed))
    }

    /// Ends the verification without a verdict.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    fn begin(&self, known: u64, of: u64) {
        self.entries.store(known, Ordering::Relaxed);
        self.of.store(of, Ordering::Relaxed);
    }

    fn add(&self, entries: u64) {
        self.entries.fetch_add(entries, Ordering::Relaxed);
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// What an intact verification leaves for the next one.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The tree of the full parts, or of what was pruned.
    tree: Tree,
    /// Clock of the last entry in them.
    hlc: Hlc,
    /// Retained checkpoints in them.
    checkpoints: u64,
}

impl Store {
    /// Checks a stream: leaves, order, clock, filter columns, sets, tiles, bundles, private sections, root, keys, head, kept
    /// checkpoints and the state that it goes on from.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`] if the file cannot be read, [`StoreError::Stopped`]; what does not fit is in the verdict, not an
    /// error.
    pub async fn verify(&self, verify: Verify) -> Result<(Verdict, Known), StoreError> {
        let permit =
            Arc::clone(&self.verifiers.permits).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let verifiers = Arc::clone(&self.verifiers);
        let work = tokio::task::spawn_blocking(move || {
            let verified = run(&verifiers, &verify);
            drop(permit);
            verified
        });
        work.await.map_err(|_| StoreError::Panicked)?
    }
}

fn run(verifiers: &Verifiers, verify: &Verify) -> Result<(Verdict, Known), StoreError> {
    verifiers.with(|conn| {
        // One snapshot decides what is checked; entries before its head never change, whatever comes behind meanwhile.
        let snapshot = conn.unchecked_transaction().map_err(StoreError::sqlite("begin a verification"))?;
        let read = Read { conn: &snapshot };
        let head = read.entries().head(verify.stream)?;
        let known = verify.since.as_deref().cloned().unwrap_or_default();
        let task = match whole::begin(&read, verify.stream, &head, known)? {
            Ok(task) => task,
            Err(fault) => {
                let (pruned, first_bad) = (head.min_index, Some(fault));
                return Ok((
                    Verdict { entries: 0, pruned, checkpoints: 0, first_bad, head },
                    Known::default(),
                ));
            }
        };
        verify.progress.begin(task.start, head.size);
        let checked = check_parts(verifiers, verify, &task)?;
        whole::verdict(&read, &task, checked)
    })
}

/// Checks the parts from the first one on; after a fault only those before it.
fn check_parts(
    verifiers: &Verifiers,
    verify: &Verify,
    task: &Parts,
) -> Result<BTreeMap<u64, Checked>, StoreError> {
    let next = AtomicU64::new(task.first() / CHAPTER);
    // The first part with a fault, as far as is known.
    let bad = AtomicU64::new(u64::MAX);
    let done = Mutex::new(BTreeMap::new());
    let work = || {
        verifiers.with(|conn| {
            let mut worker = task.worker(conn);
            loop {
                let parts = parts_of(next.fetch_add(1, Ordering::Relaxed));
                if parts.start >= task.end() {
                    return Ok(());
                }
                for part in parts.start.max(task.first())..parts.end.min(task.end()) {
                    if verify.progress.stopped() || verifiers.closing.load(Ordering::Relaxed) {
                        return Err(StoreError::Stopped);
                    }
                    if part > bad.load(Ordering::Relaxed) {
                        return Ok(());
                    }
                    let checked = worker.check(part, &verify.progress)?;
                    if checked.fault.is_some() {
                        bad.fetch_min(part, Ordering::Relaxed);
                    }
                    done.lock().insert(part, checked);
                }
            }
        })
    };
    let chapters = task.end().div_ceil(CHAPTER) - task.first() / CHAPTER;
    let chapters = usize::try_from(chapters).unwrap_or(usize::MAX);
    thread::scope(|scope| {
        let extra = (1..verify.workers.min(chapters)).map(|_| scope.spawn(work)).collect::<Vec<_>>();
        let mine = work();
        let theirs = extra.into_iter().map(|t| t.join().unwrap_or(Err(StoreError::Panicked)));
        theirs.fold(mine, Result::and)
    })?;
    Ok(done.into_inner())
}

/// Connections for verifications, so that no reader waits for one. They are opened with the store: what lies at its path
/// later may be another file.
pub(crate) struct Verifiers {
    path: Arc<Path>,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    closing: AtomicBool,
}

impl Verifiers {
    pub(crate) fn open(path: Arc<Path>) -> Result<Self, StoreError> {
        let count = thread::available_parallelism().map_or(1, usize::from) + 1;
        let idle = (0..count).map(|_| connect_to_read(&path)).collect::<Result<Vec<_>, _>>()?;
        let permits = Arc::new(Semaphore::new(AT_ONCE as usize));
        Ok(Self { path, idle: Mutex::new(idle), permits, closing: AtomicBool::new(false) })
    }

    /// Stops the verifications that run, waits for them and closes every connection; later ones are refused.
    pub(crate) async fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        let all = self.permits.acquire_many(AT_ONCE).await;
        self.permits.close();
        self.idle.lock().clear();
        drop(all);
    }

    fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = self.idle.lock().pop();
        let conn = idle.map_or_else(|| connect_to_read(&self.path), Ok)?;
        map(&conn, MAPPED)?;
        let result = work(&conn);
        // It has touched every page: what it mapped would count as memory until the next time.
        map(&conn, "0")?;
        self.idle.lock().push(conn);
        result
    }
}

/// Maps so much of the file, in bytes.
fn map(conn: &Connection, bytes: &str) -> Result<(), StoreError> {
    conn.pragma_update(None, "mmap_size", bytes).map_err(StoreError::sqlite("set up its connection"))
}
