//! What can go wrong in the store.

use std::sync::Arc;

/// A failure of the store. Cheap to clone: one failed commit answers every write that was in it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused.
    #[error("the store could not {doing}")]
    Sqlite {
        /// What was being done.
        doing: &'static str,
        /// Why not.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// A migration failed, or the file was written by a newer Reeve.
    #[error(
        "the store's file cannot be brought to this version of Reeve; if a newer version wrote it, start that one"
    )]
    Migration(#[source] Arc<rusqlite_migration::Error>),
    /// The folder or file cannot be used.
    #[error("cannot use {path}")]
    Path {
        /// Which.
        path: String,
        /// Why not.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// Another process has the store open.
    #[error("another Reeve is using {path}; close it first")]
    InUse {
        /// The lock file.
        path: String,
    },
    /// An entry does not fit the ledger's format.
    #[error("the entry cannot be written to the ledger")]
    Leaf(#[source] Arc<reeve_ledger::LeafError>),
    /// The ledger's stored state contradicts its entries.
    #[error("the ledger is damaged: {what}")]
    Ledger {
        /// What does not fit.
        what: String,
    },
    /// As many values as one key may seal were sealed under the master key's present epoch.
    #[error("the master key has sealed as much as it may")]
    WornKey,
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
    /// Long work was asked to end.
    #[error("it was stopped before it was done")]
    Stopped,
    /// A write closure panicked; its changes were rolled back.
    #[error("a write failed unexpectedly and was rolled back")]
    Panicked,
}

impl StoreError {
    /// Wraps what SQLite said with what was being done.
    pub fn sqlite(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Sqlite { doing, source: Arc::new(source) }
    }

    /// Whether a uniqueness rule of the schema refused the write.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
        let Self::Sqlite { source, .. } = self else { return false };
        matches!(source.as_ref(), rusqlite::Error::SqliteFailure(e, _)
            if e.extended_code == SQLITE_CONSTRAINT_UNIQUE || e.extended_code == SQLITE_CONSTRAINT_PRIMARYKEY)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(source: rusqlite::Error) -> Self {
        Self::Sqlite { doing: "read or write a table", source: Arc::new(source) }
    }
}
