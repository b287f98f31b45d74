//! Proofs about a tree: that an entry is in it (inclusion) and that an older tree is its beginning
//! (consistency). [`build`] makes them from stored hashes, [`verify`] checks them with two roots in hand.

pub mod build;
pub mod verify;

pub use build::{HashSource, consistency_proof, inclusion_proof, root_at};
pub use verify::{ProofError, verify_consistency, verify_inclusion};
