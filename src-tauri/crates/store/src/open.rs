//! Opening the store: the file, its lock, its settings, the writer and the readers.

use crate::error::StoreError;
use crate::guard::{self, Files};
use crate::log::Log;
use crate::migrations;
use crate::reader::Readers;
use crate::verify::Verifiers;
use crate::writer::Writer;
use reeve_core::time::Clock;
use rusqlite::Connection;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What to open.
pub struct OpenStore {
    /// Folder of `reeve.db`; made if it does not exist, readable by its owner alone.
    pub folder: PathBuf,
    /// Tells the time of entries.
    pub clock: Arc<dyn Clock>,
    /// How many read connections.
    pub readers: u32,
}

/// The open store. Cheap to clone; [`Store::close`] closes the file for all.
#[derive(Clone)]
pub struct Store {
    pub(crate) writer: Writer,
    pub(crate) readers: Readers,
    pub(crate) files: Arc<Files>,
    pub(crate) verifiers: Arc<Verifiers>,
    path: Arc<Path>,
    // Held until the store is closed: one process a file.
    lock: Arc<File>,
}

impl Store {
    /// Opens or creates the store.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another process has it, [`StoreError::Path`] if the folder cannot be used,
    /// [`StoreError::Migration`] for a file of a newer version, [`StoreError::Ledger`] for a damaged ledger.
    pub fn open(options: OpenStore) -> Result<Self, StoreError> {
        let OpenStore { folder, clock, readers } = options;
        make_private_folder(&folder)?;
        let lock = lock_folder(&folder)?;
        let path: Arc<Path> = folder.join("reeve.db").into();
        let mut conn = connect(&path)?;
        migrations::apply(&mut conn)?;
        let log = Log::load(&conn)?;
        let readers = Readers::open(&path, readers)?;
        let files = Arc::new(Files::remember(&path));
        let verifiers = Arc::new(Verifiers::open(Arc::clone(&path))?);
        let writer = Writer::start(conn, log, clock)?;
        Ok(Self { writer, readers, files, verifiers, path, lock: Arc::new(lock) })
    }

    /// The file of the store.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Finishes what is read and queued, folds the write-ahead log into the file and closes it: once this is answered,
    /// the file may be copied, deleted or opened by another process.
    pub async fn close(&self) {
        self.verifiers.close().await;
        self.readers.close().await;
        self.writer.close().await;
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the folder's lock could not be released"
            );
        }
    }
}

/// How much of the file a connection maps at most, in bytes; only as much as there is.
pub(crate) const MAPPED: &str = "68719476736";

/// A connection with Reeve's settings.
pub(crate) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let conn = Connection::open(path).map_err(StoreError::sqlite("open its file"))?;
    let set = |name: &str, value: &str| {
        conn.pragma_update(None, name, value).map_err(StoreError::sqlite("set up its connection"))
    };
    // page_size and auto_vacuum hold only for a new file.
    set("page_size", "8192")?;
    set("auto_vacuum", "INCREMENTAL")?;
    set("journal_mode", "WAL")?;
    set("synchronous", "FULL")?;
    set("fullfsync", "ON")?;
    set("checkpoint_fullfsync", "ON")?;
    set("foreign_keys", "ON")?;
    set("secure_delete", "ON")?;
    set("trusted_schema", "OFF")?;
    set("cell_size_check", "ON")?; // Off for the readers.
    set("busy_timeout", "5000")?;
    set("cache_size", "-65536")?;
    // See `checkpoint`.
    set("wal_autocheckpoint", "0")?;
    set("temp_store", "MEMORY")?;
    set("mmap_size", MAPPED)?;
    guard::harden(&conn)?;
    conn.set_prepared_statement_cache_capacity(256);
    Ok(conn)
}

/// One that cannot write.
pub(crate) fn connect_to_read(path: &Path) -> Result<Connection, StoreError> {
    let conn = connect(path)?;
    conn.pragma_update(None, "query_only", "ON").map_err(StoreError::sqlite("set up its connection"))?;
    Ok(conn)
}

fn make_private_folder(folder: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::Path { path: folder.display().to_string(), source: Arc::new(source) };
    std::fs::create_dir_all(folder).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}

fn lock_folder(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("reeve.lock");
    let failed = |source| StoreError::Path { path: path.display().to_string(), source: Arc::new(source) };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse { path: path.display().to_string() }),
        Err(std::fs::TryLockError::Error(e)) => Err(failed(e)),
    }
}
