//! Signed heads: whether a note is this log's, and signed by the key that signs for its size.

use reeve_ledger::{CheckpointError, Hash, KeyChain};

/// Why a note is not the head of this log at `size` with `root`; `None` if it is.
pub(super) fn fault(keys: Option<&KeyChain>, note: &str, size: u64, root: Hash) -> Option<&'static str> {
    let Some(keys) = keys else {
        return Some("has no key to check it with");
    };
    match keys.open(note) {
        Ok(c) if c.size != size => Some("is of another size"),
        Ok(c) if c.root != root => Some("has another root"),
        Ok(_) => None,
        Err(CheckpointError::OtherLog { .. }) => Some("belongs to another log"),
        Err(CheckpointError::KeyNotValid { .. }) => Some("is not signed by the key that signs for its size"),
        Err(_) => Some("is not signed by the log's key"),
    }
}
