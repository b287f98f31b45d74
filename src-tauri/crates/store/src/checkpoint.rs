//! Moving the write-ahead log into the file: beside the writer, which would stand still for as long as that takes, and by the
//! writer itself only for what was written meanwhile.

use crate::error::StoreError;
use crate::open::connect;
use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;
use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Pages of log between two moves: 32 MiB. Pages that many writes touch go into the file once.
const PAGES: i32 = 4_096;

thread_local! {
    // SQLite's hook is a bare function; it runs on the thread that commits.
    static IN_LOG: Cell<i32> = const { Cell::new(0) };
}

/// The thread that moves the log, as its writer sees it.
pub(crate) struct Checkpoints {
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    beside: Arc<Beside>,
    /// Pages in the log when the thread was woken last.
    at: i32,
}

struct Beside {
    /// Held while the thread moves pages: SQLite lets one at a time, and refuses the other.
    moving: Mutex<()>,
    /// Whether more was written while the log was moved, so that it cannot begin anew.
    behind: AtomicBool,
}

impl Checkpoints {
    /// Starts the thread for the file of `writer`, which from now on is not held up by its own commits.
    pub(crate) fn start(writer: &Connection) -> Result<Self, StoreError> {
        writer.wal_hook(Some(|_, pages| {
            IN_LOG.set(pages);
            Ok(())
        }));
        let path = PathBuf::from(writer.path().unwrap_or_default());
        let conn = connect(&path)?;
        let (wake, woken) = sync_channel(1);
        let beside = Arc::new(Beside { moving: Mutex::new(()), behind: AtomicBool::new(false) });
        let seen = Arc::clone(&beside);
        let thread = std::thread::Builder::new()
            .name("reeve-store-checkpoint".to_owned())
            .spawn(move || seen.run(&conn, &woken))
            .map_err(|e| StoreError::Path { path: "checkpoint thread".to_owned(), source: Arc::new(e) })?;
        Ok(Self { wake: Some(wake), thread: Some(thread), beside, at: 0 })
    }

    /// After a commit of `writer`: wakes the thread, or finishes what it left.
    pub(crate) fn committed(&mut self, writer: &Connection) {
        let pages = IN_LOG.get();
        if self.beside.behind.swap(false, Ordering::Relaxed) {
            // Few pages; once they are moved, too, the next write begins the log anew.
            if let Err(error) = moved(writer) {
                tracing::debug!(error = &error as &dyn std::error::Error, "the write-ahead log is in use");
            }
        }
        if pages < self.at {
            self.at = 0;
        }
        if pages - self.at >= PAGES {
            self.at = pages;
            self.wake.as_ref().map(|wake| wake.try_send(()));
        }
    }

    /// Waits until the thread moves nothing, and keeps it from it.
    pub(crate) fn pause(&self) -> MutexGuard<'_, ()> {
        self.beside.moving.lock()
    }
}

impl Drop for Checkpoints {
    /// Ends the thread, and with it its connection: whoever is told that the store is closed may delete the file.
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Beside {
    fn run(&self, conn: &Connection, woken: &Receiver<()>) {
        while woken.recv().is_ok() {
            let _moving = self.moving.lock();
            match moved(conn) {
                Ok(all) => self.behind.store(!all, Ordering::Relaxed),
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the write-ahead log could not be moved into the file"
                    );
                }
            }
        }
    }
}

/// Moves as much as readers leave room for; whether that was all.
fn moved(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |r| {
        let (in_log, moved): (i64, i64) = (r.get("log")?, r.get("checkpointed")?);
        Ok(in_log == moved)
    })
}
