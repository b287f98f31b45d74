//! `reeve-backup-v1`: the keys of a vault in one file, which opens far from the machine that it was made on.
//!
//! ```text
//! "reeve-backup-v1\n" ‖ u32 length ‖ header ‖ u64 length ‖ body ‖ SHA-256 of all before
//! header = file id, KCV, made at, vault: id, KCV, epoch, generation; number of rows, file key under the vault, slots
//! body   = chunks of at most 64 KiB, each u32 length ‖ envelope, bound to the header's hash, its place and whether it is the last
//! ```
//!
//! Each file has a random *file key*, and everything in it is sealed under that, the provider keys once more by themselves.
//! Three things lead to it: a passphrase given for this one file; the vault that made it; and that vault's recovery code,
//! whose slot goes with the file. So who has the passphrase of a file has this file, and not the vault.
//!
//! The hash at the end is no protection, only the tags are: it tells damage from a wrong secret before a secret is tried.
//!
//! Start reading at [`Draft`] (writing), then [`BackupFile`] (reading).

mod codec;
mod read;
mod write;

pub use read::{BackupFile, Opened, Row};
pub use write::Draft;

use crate::envelope::{OpenError, SealError};
use crate::slot::{Slot, SlotKind};

/// The first bytes of a file of any version.
const MARK: &[u8] = b"reeve-backup-v";
/// The version that this crate reads and writes.
const VERSION: u32 = 1;
/// A backup is read whole: what a file may be at most, in bytes.
pub const MAX_LEN: usize = 48 * 1024 * 1024;
/// A header is a few slots.
const MAX_HEADER: usize = 64 * 1024;
/// Plaintext of a chunk.
const CHUNK: usize = 64 * 1024;
const DIGEST: usize = 32;

/// What a file says before it is opened. Only opening proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupHeader {
    /// Random; of this file.
    pub file_id: [u8; 16],
    /// The vault that it was made of.
    pub vault_id: [u8; 16],
    /// When, UTC milliseconds.
    pub made_at: i64,
    /// The epoch that the vault sealed under.
    pub epoch: u32,
    /// How new the vault was.
    pub generation: u64,
    /// Rows in it.
    pub rows: u32,
    /// Key check value of the file key.
    kcv: [u8; 16],
    /// Key check value of the vault's root key.
    vault_kcv: [u8; 16],
    /// The file key, sealed under the vault's backup key.
    by_vault: Vec<u8>,
    /// Recovery slots of the vault, and the slot of this file's passphrase.
    slots: Vec<Slot>,
}

impl BackupHeader {
    /// Whether the recovery code of the vault opens it.
    #[must_use]
    pub fn opens_with_recovery(&self) -> bool {
        self.slots.iter().any(|slot| slot.kind == SlotKind::Recovery)
    }

    /// Whether a passphrase of its own opens it.
    #[must_use]
    pub fn opens_with_passphrase(&self) -> bool {
        self.slots.iter().any(|slot| slot.kind == SlotKind::Passphrase)
    }
}

/// No backup was made.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Nothing would open the file far from here.
    #[error("no checked recovery code and no passphrase: nothing would open the backup")]
    NothingOpensIt,
    /// More than a file may hold.
    #[error("the vault holds more than a backup may: 48 MiB")]
    TooLarge,
    /// A value of the vault does not open.
    #[error("a value of the vault does not open")]
    Open(#[from] OpenError),
    /// A value could not be sealed.
    #[error("the backup could not be sealed")]
    Seal(#[from] SealError),
}

/// A file does not open. Each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Another kind of file.
    #[error(
        "This is not a backup of Reeve's keys. Choose a file that \"Make a backup\" made; its name ends in .reeve-backup."
    )]
    NotABackup,
    /// Of a later Reeve.
    #[error(
        "This backup has format {0}, which this Reeve does not know yet. Open it with the Reeve that made it, or a newer one."
    )]
    Newer(u32),
    /// Of a Reeve that never was.
    #[error(
        "This backup has format {0}, which no Reeve reads any more. Open it with the Reeve that made it and make another there."
    )]
    Older(u32),
    /// Cut off.
    #[error(
        "This backup is cut off: {found} of {expected} bytes are here. Copy it again from where it was kept."
    )]
    Truncated {
        /// Bytes that the file should have.
        expected: u64,
        /// Bytes that it has.
        found: u64,
    },
    /// Beyond [`MAX_LEN`].
    #[error("This file is larger than a backup of keys can be.")]
    TooLarge,
    /// Its bytes are not those that were written.
    #[error("This backup is damaged. Copy it again from where it was kept, or take an older one.")]
    Damaged,
    /// The recovery code was mistaken: the file itself is whole.
    #[error(
        "This recovery code does not open the backup; the file is whole. It needs the code that the vault had on the day of the backup."
    )]
    RecoveryWrong,
    /// The passphrase was mistaken: the file itself is whole.
    #[error(
        "This passphrase does not open the backup; the file is whole. It needs the passphrase that was given when the backup was made."
    )]
    PassphraseWrong,
    /// Made where no recovery code was checked.
    #[error("No recovery code opens this backup: it was made with a passphrase alone.")]
    NoRecovery,
    /// Made without a passphrase.
    #[error("No passphrase opens this backup: it was made for the recovery code alone.")]
    NoPassphrase,
    /// This vault did not make it, or has another root key since.
    #[error(
        "This vault did not make the backup, or has another master key since: the recovery code of that day opens it, or its passphrase."
    )]
    OtherVault,
    /// The key is right, the contents are not: no accident does that.
    #[error(
        "Somebody changed this backup: the secret is right, and what is in it is not what was written. Do not use it."
    )]
    Altered,
    /// Argon2id needs 256 MiB.
    #[error("There is not enough memory to try the passphrase: 256 MiB are needed.")]
    OutOfMemory,
}
