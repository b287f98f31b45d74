//! The writer thread: runs what has queued up in one transaction and answers after the commit (group commit).

use crate::checkpoint::Checkpoints;
use crate::error::StoreError;
use crate::log::Log;
use crate::open::Store;
use crate::tx::Tx;
use reeve_core::time::Clock;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};

/// Closures waiting at most; beyond it, writers wait.
const QUEUE: usize = 4_096;
/// Closures in one transaction at most.
const BATCH: usize = 512;
/// How long one transaction gathers closures at most.
const GATHER: Duration = Duration::from_millis(5);

/// Pieces of a sweep between two looks at the write-ahead log.
const PIECES: u32 = 8;

/// Told whether the transaction committed.
type Answer = Box<dyn FnOnce(Result<(), &StoreError>) + Send>;

/// A write; it is told, too, if no transaction could begin.
type Work = Box<dyn FnOnce(Result<&mut Tx<'_>, &StoreError>) -> Answer + Send>;

enum Job {
    Write(Work),
    Signer(Box<reeve_ledger::Signer>, &'static str, oneshot::Sender<Result<(), StoreError>>),
    Fold(oneshot::Sender<()>),
    Close(oneshot::Sender<()>),
}

#[derive(Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Job>,
    heads: watch::Receiver<[u64; 2]>,
}

impl Writer {
    pub(crate) fn start(conn: Connection, log: Log, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let (heads, watched) = watch::channel(log.sizes());
        let checkpoints = Checkpoints::start(&conn)?;
        std::thread::Builder::new()
            .name("reeve-store-writer".to_owned())
            .spawn(move || Loop { conn, log, clock, heads, checkpoints }.run(jobs))
            .map_err(|e| StoreError::Path { path: "writer thread".to_owned(), source: Arc::new(e) })?;
        Ok(Self { queue, heads: watched })
    }

    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.queue.send(Job::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
    }
}

impl Store {
    /// Runs `work` in the writer's next transaction and answers once it is on disk. If `work` fails, its changes are
    /// rolled back and those of its neighbours stay.
    ///
    /// # Errors
    /// Whatever `work` says, or why the commit failed.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = job(work, move |result| {
            let _ = reply.send(result);
        });
        self.writer.queue.send(job).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Queues `work` without waiting for the commit; `done` hears how it ended, on the writer's thread. Waits only while
    /// the queue is full.
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub async fn submit<T, E>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        done: impl FnOnce(Result<T, E>) + Send + 'static,
    ) -> Result<(), StoreError>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.writer.queue.send(job(work, done)).await.map_err(|_| StoreError::Closed)
    }

    /// As [`Store::submit`] for where nothing can be awaited, such as a `Drop`: a full queue is waited for on a thread of
    /// its own.
    pub fn submit_now<T, E>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        done: impl FnOnce(Result<T, E>) + Send + 'static,
    ) where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        if let Err(mpsc::error::TrySendError::Full(job)) = self.writer.queue.try_send(job(work, done)) {
            let queue = self.writer.queue.clone();
            std::thread::spawn(move || queue.blocking_send(job));
        }
    }

    /// As [`Store::write`], for start-up and the command line, where blocking is what is wanted.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_blocking<T, E>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = std::sync::mpsc::sync_channel(1);
        let job = job(work, move |result| {
            let _ = reply.send(result);
        });
        self.writer.queue.blocking_send(job).map_err(|_| StoreError::Closed)?;
        answer.recv().map_err(|_| StoreError::Closed)?
    }

    /// Folds the write-ahead log into the file and empties it, so that what was overwritten is in neither; as far as readers
    /// leave it room.
    pub async fn fold(&self) {
        let (done, folded) = oneshot::channel();
        if self.writer.queue.send(Job::Fold(done)).await.is_ok() {
            let _ = folded.await;
        }
    }

    /// How many entries of each stream are on disk: changes after the commit that wrote them. Looking never holds up the writer.
    #[must_use]
    pub fn heads(&self) -> watch::Receiver<[u64; 2]> {
        self.writer.heads.clone()
    }

    /// Deletes what was pruned and overwrites what no key opens any more, piece by piece, each short enough that no other write
    /// waits long, for as long as `go_on` says. Whether nothing is left; what is, the next sweep finds.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub async fn sweep(&self, go_on: impl Fn() -> bool) -> Result<bool, StoreError> {
        let mut since_folded = 0;
        while self.sweep_piece().await?.more {
            if !go_on() {
                return Ok(false);
            }
            since_folded += 1;
            if since_folded == PIECES {
                // A short log makes short work for the writer.
                since_folded = 0;
                self.empty_log().await?;
            }
        }
        Ok(true)
    }

    /// One piece of it.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub async fn sweep_piece(&self) -> Result<crate::Swept, StoreError> {
        self.write(|tx| crate::log::prune::sweep(tx.conn)).await
    }

    /// Moves the write-ahead log into the file and empties it, so that nothing that was deleted is left in it. Writes go on
    /// meanwhile. `false` if somebody still reads from the log; ask again.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub async fn empty_log(&self) -> Result<bool, StoreError> {
        let path = self.path().to_owned();
        let folded = tokio::task::spawn_blocking(move || {
            let conn = crate::open::connect(&path)?;
            let run = |mode: &str, wait: &str| {
                conn.pragma_update(None, "busy_timeout", wait)?;
                conn.query_row(mode, [], |r| r.get::<_, i64>(0))
            };
            // The long part beside the writer; then, for a moment, in its place.
            run("PRAGMA wal_checkpoint(PASSIVE)", "0")?;
            Ok::<_, StoreError>(run("PRAGMA wal_checkpoint(TRUNCATE)", "15")? == 0)
        });
        folded.await.map_err(|_| StoreError::Panicked)?
    }

    /// Gives the ledger its signing key: from the next commit on, heads are signed. The first one ever decides the
    /// streams' origin.
    ///
    /// # Errors
    /// [`StoreError::Ledger`] if the key is not the one that signs now.
    pub async fn sign_with(
        &self,
        audit: reeve_ledger::Signer,
        usage: reeve_ledger::Signer,
    ) -> Result<(), StoreError> {
        for (signer, stream) in [(audit, "audit"), (usage, "usage")] {
            let (reply, answer) = oneshot::channel();
            let job = Job::Signer(Box::new(signer), stream, reply);
            self.writer.queue.send(job).await.map_err(|_| StoreError::Closed)?;
            answer.await.map_err(|_| StoreError::Closed)??;
        }
        Ok(())
    }
}

fn job<T, E>(
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    done: impl FnOnce(Result<T, E>) + Send + 'static,
) -> Job
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    Job::Write(Box::new(move |tx| {
        let result = tx.map_err(|e| e.clone().into()).and_then(|tx| scoped(tx, work));
        Box::new(move |committed| {
            done(match committed {
                Ok(()) => result,
                Err(e) => Err(e.clone().into()),
            });
        })
    }))
}

/// Runs `work` in a savepoint of its own, so that its failure leaves its neighbours' changes alone.
fn scoped<T, E: From<StoreError>>(
    tx: &mut Tx<'_>,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let conn = tx.conn;
    let run = |sql: &str| -> Result<(), StoreError> {
        conn.prepare_cached(sql)
            .and_then(|mut s| s.execute([]))
            .map(|_| ())
            .map_err(StoreError::sqlite("bracket a write"))
    };
    run("SAVEPOINT work")?;
    let mark = tx.log.mark();
    let result =
        catch_unwind(AssertUnwindSafe(|| work(tx))).unwrap_or_else(|_| Err(StoreError::Panicked.into()));
    if result.is_err() {
        run("ROLLBACK TO work")?;
        tx.log.rewind(mark);
    }
    run("RELEASE work")?;
    result
}

struct Loop {
    conn: Connection,
    log: Log,
    clock: Arc<dyn Clock>,
    // How many entries of each stream are on disk, for whoever follows.
    heads: watch::Sender<[u64; 2]>,
    checkpoints: Checkpoints,
}

impl Loop {
    fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.blocking_recv() {
            if let Some(closed) = self.batch(first, &mut jobs) {
                jobs.close();
                // What was queued before the close still commits.
                while let Ok(next) = jobs.try_recv() {
                    self.batch(next, &mut jobs);
                }
                self.fold();
                // Closed first, answered then: whoever is told may copy or delete the file.
                drop(self);
                let _ = closed.send(());
                return;
            }
        }
        self.fold();
    }

    /// One transaction. Returns the close request if one came.
    fn batch(&mut self, first: Job, jobs: &mut mpsc::Receiver<Job>) -> Option<oneshot::Sender<()>> {
        let mut answers: Vec<Answer> = Vec::new();
        let (mut closing, mut folding) = (None, None);
        let began = self.conn.execute_batch("BEGIN IMMEDIATE").map_err(StoreError::sqlite("begin a write"));
        let until = Instant::now() + GATHER;
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Write(work) => {
                    let mut tx = Tx { conn: &self.conn, log: &mut self.log, now: self.clock.now() };
                    answers.push(work(began.as_ref().map(|()| &mut tx)));
                }
                Job::Signer(signer, stream, reply) => {
                    let signed = self.log.sign_with(&self.conn, *signer, stream);
                    answers.push(Box::new(move |committed| {
                        let _ = reply.send(committed.map_err(Clone::clone).and(signed));
                    }));
                }
                Job::Fold(done) => {
                    folding = Some(done);
                    break;
                }
                Job::Close(done) => {
                    closing = Some(done);
                    break;
                }
            }
            next = if answers.len() < BATCH && Instant::now() < until { jobs.try_recv().ok() } else { None };
        }
        let committed = began.and_then(|()| self.commit());
        let sizes = self.log.sizes();
        self.heads.send_if_modified(|heads| std::mem::replace(heads, sizes) != sizes);
        for answer in answers {
            answer(committed.as_ref().map(|_| ()));
        }
        self.checkpoints.committed(&self.conn);
        if let Some(done) = folding {
            self.empty_log();
            let _ = done.send(());
        }
        closing
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let sealed = self.log.seal(&self.conn, self.clock.now());
        let committed = sealed.and_then(|()| {
            self.conn.execute_batch("COMMIT").map_err(StoreError::sqlite("commit; is the disk full?"))
        });
        if let Err(error) = &committed {
            tracing::error!(error = error as &dyn std::error::Error, "a commit failed and was rolled back");
            if !self.conn.is_autocommit() {
                let _ = self.conn.execute_batch("ROLLBACK");
            }
            // The memory ran ahead of the file: read the file's truth again.
            self.log.reload(&self.conn)?;
        } else {
            self.log.committed();
        }
        committed
    }

    /// Without waiting for readers: writers must not stand still for it.
    fn empty_log(&self) {
        let _paused = self.checkpoints.pause();
        let sql = "PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout = 5000;";
        if let Err(error) = self.conn.execute_batch(sql) {
            tracing::debug!(error = &error as &dyn std::error::Error, "the write-ahead log is in use");
            let _ = self.conn.execute_batch("PRAGMA busy_timeout = 5000;");
        }
    }

    fn fold(&self) {
        let _paused = self.checkpoints.pause();
        let _ = self.conn.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);");
    }
}
