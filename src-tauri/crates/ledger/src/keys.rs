//! Which key signs for which size. A log begins with one key and hands over to others: the entry [`ROTATE`] names the next key,
//! and the head that ends with that entry is signed by both, the one that goes and the one that comes.
//!
//! A head of size `s` counts only with the signature of the key that was valid for `s`. So whoever has the key of today cannot
//! sign another past: for sizes before the hand-over it takes a key that was destroyed then.

use crate::checkpoint::{Checkpoint, CheckpointError, origin_for};
use crate::leaf::Leaf;
use crate::note::{NoteError, VerifierKey};
use serde_json::Value;
use thiserror::Error;

/// The event type of the entry that names the next key.
pub const ROTATE: &str = "key.rotate";

/// Keys of one log at most: two hundred years of weeks.
pub const MAX_KEYS: usize = 10_000;

/// The keys of a log, each with the size from which it signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChain {
    // Never empty; the first from 0, sizes rising.
    keys: Vec<(u64, VerifierKey)>,
}

/// Why a list of keys is none of a log.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyChainError {
    /// A key cannot be read.
    #[error("key {place} is not usable")]
    Key {
        /// Its place in the list, from 0.
        place: usize,
        /// Why.
        #[source]
        source: NoteError,
    },
    /// No key, more than [`MAX_KEYS`], the first not from 0, or sizes that do not rise.
    #[error("the sizes from which the keys sign do not begin with 0 and rise")]
    Sizes,
    /// The first key is not the one that the log is named after, or another has another name.
    #[error("a key does not belong to the log {0}")]
    Name(String),
}

impl KeyChain {
    /// The keys of the log `origin`, in the words of `name+id+key`, each with the size from which it signs.
    ///
    /// # Errors
    /// Any [`KeyChainError`]. That each key was named by the one before it is not checked here.
    pub fn parse<'k>(
        origin: &str,
        list: impl IntoIterator<Item = (u64, &'k str)>,
    ) -> Result<Self, KeyChainError> {
        let keys = list
            .into_iter()
            .enumerate()
            .map(|(place, (from, vkey))| match vkey.parse() {
                Ok(key) => Ok((from, key)),
                Err(source) => Err(KeyChainError::Key { place, source }),
            })
            .collect::<Result<Vec<(u64, VerifierKey)>, _>>()?;
        let rising = keys.windows(2).all(|pair| pair[0].0 < pair[1].0);
        if keys.len() > MAX_KEYS || !rising || keys.first().is_none_or(|(from, _)| *from != 0) {
            return Err(KeyChainError::Sizes);
        }
        let stream = origin.rsplit('/').next().unwrap_or_default();
        let genesis = keys.first().is_some_and(|(_, key)| origin_for(&key.public_key(), stream) == origin);
        if !genesis || keys.iter().any(|(_, key)| key.name() != origin) {
            return Err(KeyChainError::Name(origin.to_owned()));
        }
        Ok(Self { keys })
    }

    /// All keys, each with the size from which it signs, the first from 0.
    #[must_use]
    pub fn keys(&self) -> &[(u64, VerifierKey)] {
        &self.keys
    }

    /// Whether one of them is this.
    #[must_use]
    pub fn has(&self, key: &VerifierKey) -> bool {
        self.keys.iter().any(|(_, own)| own == key)
    }

    /// The keys that must sign a head of this size: one, or, where one hands over to the next, both.
    #[must_use]
    pub fn valid_for(&self, size: u64) -> &[(u64, VerifierKey)] {
        let after = self.keys.partition_point(|(from, _)| *from <= size).max(1);
        let hands_over = after > 1 && self.keys[after - 1].0 == size;
        &self.keys[if hands_over { after - 2 } else { after - 1 }..after]
    }

    /// Reads a head that is signed by the keys valid for its size.
    ///
    /// # Errors
    /// [`CheckpointError`]; [`CheckpointError::KeyNotValid`] if a key of the log signed it, but not one for this size.
    pub fn open(&self, note: &str) -> Result<Checkpoint, CheckpointError> {
        let mut refused = None;
        for (_, key) in self.keys.iter().rev() {
            match Checkpoint::open(note, key) {
                Ok(head) => return self.signed_for_its_size(note, head),
                Err(CheckpointError::Note(NoteError::NotSigned { name })) => {
                    refused.get_or_insert(CheckpointError::Note(NoteError::NotSigned { name }));
                }
                Err(other) => return Err(other),
            }
        }
        Err(refused.unwrap_or(CheckpointError::Lines))
    }

    fn signed_for_its_size(&self, note: &str, head: Checkpoint) -> Result<Checkpoint, CheckpointError> {
        for (_, key) in self.valid_for(head.size) {
            match Checkpoint::open(note, key) {
                Err(CheckpointError::Note(NoteError::NotSigned { .. })) => {
                    return Err(CheckpointError::KeyNotValid { size: head.size });
                }
                other => other?,
            };
        }
        Ok(head)
    }
}

/// The key that an entry names as the next one of this stream, if it is such an entry.
#[must_use]
pub fn named_by<'l>(leaf: &'l Leaf, stream: &str) -> Option<&'l str> {
    // Others may write entries too: only what Reeve did itself names a key.
    let own = leaf.who == "system" && leaf.via == "system";
    let about = own && leaf.kind == ROTATE && leaf.on.strip_prefix("ledger:") == Some(stream);
    about.then(|| leaf.x.get("vkey").and_then(Value::as_str))?
}
