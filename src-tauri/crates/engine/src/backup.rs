//! Backup and restore of the provider keys: one file, which opens far from here.
//!
//! - `rows` are what a file says of each key, beside the key itself.
//! - `export` makes a file of all of them.
//! - `plan` compares a file with what is here, and says what would be done with each key.
//! - `restore` shows that, does it in one transaction, and then tries every key that is in use.
//!
//! A backup holds what somebody would otherwise have to make anew at providers: their keys and the admin keys. The ledger's
//! signing key and the data keys of people's records are not in it: a second ledger of the same name, or records that an
//! erasure does not reach, would do more harm than good. They belong to the data folder, and are backed up with it.
//!
//! Start reading at `export`, then `plan`.

mod export;
mod plan;
mod probes;
mod restore;
mod rows;

pub use export::{BackupStatus, MadeBackup, MadeFile};
pub use plan::{Here, Noun, Planned, Standing};
pub use probes::{ProbeRun, RestoredProbe};
pub use restore::{BackupSecret, BackupSource, Preview, Restore, Restored};

use parking_lot::Mutex;
use std::sync::Arc;

/// What this process knows of its last restore.
#[derive(Default)]
pub struct Backups {
    probes: Mutex<Option<Arc<Mutex<ProbeRun>>>>,
}
