//! Commitments: how an entry binds personal details without containing them.
//!
//! The salt is stored only sealed, together with the details. Destroying that key leaves a hash nobody can
//! guess the input of, however short the input was.

use sha2::{Digest, Sha256};

use crate::tree::Hash;

const CONTEXT: &[u8] = b"reeve.audit.priv.v1\n";

/// SHA-256 over a context line, a fresh random salt and the private details in canonical JSON.
#[must_use]
pub fn commitment(salt: &[u8; 32], priv_json: &[u8]) -> Hash {
    Sha256::new().chain_update(CONTEXT).chain_update(salt).chain_update(priv_json).finalize().into()
}
