//! The ledger's formats and arithmetic: how an audit entry is written down byte for byte, how entries are
//! bound together in a Merkle tree, how a head of that tree is signed, and how all of it is checked again.
//!
//! Everything here is a pure function of its arguments. This crate must not know about storage, clocks,
//! randomness, keyrings or the other crates of the house: `reeve-store` keeps the bytes, the engine decides
//! what is worth an entry, the vault keeps the signing seed. An auditor can compile this crate alone and
//! re-check an export with it, so nothing in it may depend on where the bytes came from.
//!
//! Where to start reading:
//!
//! 1. [`leaf`]: one entry, the unit of evidence, written in the [`canonical`] JSON profile and ordered by
//!    its [`hlc`]; personal details appear only as a [`commitment`](mod@commitment).
//! 2. [`tree`]: leaf hashes into one root; [`tile`] is how the hashes are stored, [`proof`] how one root
//!    convinces somebody about an entry or about an older root.
//! 3. [`checkpoint`]: a root with a name and a size, signed as a [`note`]; [`keys`] says by which key. What outside witnesses say about a head is a
//!    [`note::Cosignature`], and which of them are enough a [`policy`].
//!
//! The tree is RFC 6962 section 2.1 (the same as RFC 9162 section 2.1.1), tiles are C2SP tlog-tiles, heads
//! are C2SP tlog-checkpoint in C2SP signed-note, cosignatures C2SP tlog-cosignature. Software we did not write can verify all of it.

pub mod base64;
pub mod canonical;
pub mod checkpoint;
pub mod commitment;
pub mod hlc;
pub mod keys;
pub mod leaf;
pub mod note;
pub mod policy;
pub mod proof;
pub mod tile;
pub mod tree;

pub use canonical::CanonicalError;
pub use checkpoint::{Checkpoint, CheckpointError, genesis_signer, origin_for};
pub use commitment::commitment;
pub use hlc::{Hlc, HlcError};
pub use keys::{KeyChain, KeyChainError};
pub use leaf::{HARD_LIMIT, Leaf, LeafError, Ok, Outline, SOFT_LIMIT};
pub use note::{Cosignature, Cosigner, NoteError, Signer, VerifierKey, WitnessKey};
pub use policy::{Policy, PolicyError};
pub use proof::{
    HashSource, ProofError, consistency_proof, inclusion_proof, root_at, verify_consistency, verify_inclusion,
};
pub use tile::{TILE_HEIGHT, TILE_WIDTH, tile_root};
pub use tree::{EMPTY_ROOT, Frontier, Hash, TreeError, leaf_hash, node_hash};
