//! Checkpoints: the size and root of a log at one moment, signed in its name.
//!
//! A checkpoint is C2SP tlog-checkpoint without extension lines: nobody who audits a log could check them.
//! Never sign two that contradict each other; that promise is the caller's to keep.

use crate::base64;
use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::note::{self, NoteError, Signer, VerifierKey};
use crate::tree::Hash;

/// The head of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Identity of the log, one line, see [`origin_for`].
    pub origin: String,
    /// Leaves in the tree.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
}

/// Why a checkpoint is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// The note around it is malformed or not signed by the key.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not exactly three lines, each ended by a newline.
    #[error("a checkpoint has three lines: origin, size and root")]
    Lines,
    /// The first line is empty.
    #[error("line 1, the origin, is empty")]
    Origin,
    /// The second line is not the one decimal spelling of a 64-bit size.
    #[error("line 2, the size, is no decimal number without leading zeros")]
    Size,
    /// The third line is not the base64 of 32 bytes.
    #[error("line 3, the root, is not the base64 of 32 bytes")]
    Root,
    /// Signed by a key of the log, but not by the one that signs for this size.
    #[error("it is not signed by the key that signs for {size} entries")]
    KeyNotValid {
        /// Entries it covers.
        size: u64,
    },
    /// The head of another log than the one the key belongs to.
    #[error("the checkpoint is for {found}, the key for {expected}")]
    OtherLog {
        /// Name of the key.
        expected: String,
        /// Origin of the checkpoint.
        found: String,
    },
}

/// Name of the log that began with this key: `reeve/l/<24 characters>/<stream>`. Whoever holds the public
/// key can check the name; it stays when the signing key is replaced.
#[must_use]
pub fn origin_for(public_key: &[u8; 32], stream: &str) -> String {
    let digest = Sha256::digest(public_key);
    let id = BASE32_NOPAD.encode(&digest[..15]).to_ascii_lowercase();
    format!("reeve/l/{id}/{stream}")
}

/// The first signer of a log: its name is the origin derived from its own public key.
///
/// # Errors
/// [`NoteError::Name`] if `stream` has characters a key name cannot have.
pub fn genesis_signer(seed: &[u8; 32], stream: &str) -> Result<Signer, NoteError> {
    Signer::from_seed(origin_for(&note::public_key(seed), stream), seed)
}

impl Checkpoint {
    /// The text that is signed: origin, size and root, a line each.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, base64::encode(&self.root))
    }

    /// Reads what [`Checkpoint::to_text`] writes. It says nothing about who wrote it.
    ///
    /// # Errors
    /// Any [`CheckpointError`] about lines.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let body = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Lines);
        };
        if origin.is_empty() {
            return Err(CheckpointError::Origin);
        }
        Ok(Self { origin: origin.to_owned(), size: parse_size(size)?, root: parse_root(root)? })
    }

    /// Signs the checkpoint. The signer's name must be the origin, or nobody will accept the note.
    #[must_use]
    pub fn sign(&self, signer: &Signer) -> String {
        note::sign(&self.to_text(), &[signer])
    }

    /// Signs the checkpoint with the key that goes and the one that comes.
    #[must_use]
    pub fn sign_both(&self, old: &Signer, new: &Signer) -> String {
        note::sign(&self.to_text(), &[old, new])
    }

    /// Reads a signed checkpoint of the log the key is named after.
    ///
    /// # Errors
    /// Any [`CheckpointError`]; [`CheckpointError::OtherLog`] if the origin is not the key's name.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, CheckpointError> {
        let checkpoint = Self::parse(&note::open(note, key)?)?;
        if checkpoint.origin != key.name() {
            return Err(CheckpointError::OtherLog {
                expected: key.name().to_owned(),
                found: checkpoint.origin,
            });
        }
        Ok(checkpoint)
    }
}

fn parse_size(text: &str) -> Result<u64, CheckpointError> {
    let size: u64 = text.parse().map_err(|_| CheckpointError::Size)?;
    // The standard parser also takes a plus sign and leading zeros.
    if size.to_string() == text { Ok(size) } else { Err(CheckpointError::Size) }
}

fn parse_root(text: &str) -> Result<Hash, CheckpointError> {
    let bytes = base64::decode(text).ok_or(CheckpointError::Root)?;
    bytes.try_into().map_err(|_| CheckpointError::Root)
}
