//! Checking proofs without the log (RFC 9162 sections 2.1.3.2 and 2.1.4.2).
//!
//! Both walks keep two indexes, of a leaf and of the last leaf, and shift them one level up per hash.

use thiserror::Error;

use crate::tree::{EMPTY_ROOT, Hash, node_hash};

/// Why a proof does not prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProofError {
    /// The leaf is not in a tree of that size.
    #[error("leaf {index} is outside of a tree of {size} leaves")]
    LeafOutside {
        /// Leaf asked about.
        index: u64,
        /// Leaves in the tree.
        size: u64,
    },
    /// The older tree is larger than the newer one.
    #[error("a tree of {m} leaves cannot be the beginning of one of {n}")]
    Backwards {
        /// Leaves in the older tree.
        m: u64,
        /// Leaves in the newer tree.
        n: u64,
    },
    /// Too few or too many hashes for these sizes.
    #[error("the proof has {found} hashes, which is not the number these sizes need")]
    Length {
        /// Hashes given.
        found: usize,
    },
    /// The hashes do not lead to the root of the tree.
    #[error("the proof does not lead to the given root")]
    RootMismatch,
    /// The hashes do not lead to the root of the older tree.
    #[error("the proof does not lead to the root of the older tree")]
    OldRootMismatch,
}

/// Checks that the leaf with this hash is at `index` in the tree of `size` leaves with this root.
///
/// # Errors
/// Any [`ProofError`] but those about an older tree.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf_hash: Hash,
    proof: &[Hash],
    root: Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::LeafOutside { index, size });
    }
    let length = ProofError::Length { found: proof.len() };
    let (mut node, mut last) = (index, size - 1);
    let mut hash = leaf_hash;
    for step in proof {
        if last == 0 {
            return Err(length);
        }
        if is_right_child(node, last) {
            hash = node_hash(step, &hash);
            skip_lone_levels(&mut node, &mut last);
        } else {
            hash = node_hash(&hash, step);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(length);
    }
    if hash == root { Ok(()) } else { Err(ProofError::RootMismatch) }
}

/// Checks that the tree of `m` leaves with root `root_m` is the beginning of the tree of `n` leaves with
/// root `root_n`. The empty tree is the beginning of every tree.
///
/// # Errors
/// [`ProofError::Backwards`], [`ProofError::Length`], [`ProofError::OldRootMismatch`] or
/// [`ProofError::RootMismatch`].
pub fn verify_consistency(
    m: u64,
    n: u64,
    root_m: Hash,
    root_n: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if m > n {
        return Err(ProofError::Backwards { m, n });
    }
    if m == 0 || m == n {
        return verify_trivial(m, n, root_m, root_n, proof);
    }
    let length = ProofError::Length { found: proof.len() };
    // A full older tree is a node of the newer one, and its root is left out of the proof.
    let (first, rest) = if m.is_power_of_two() {
        (root_m, proof)
    } else {
        let (first, rest) = proof.split_first().ok_or(length)?;
        (*first, rest)
    };
    let shared_levels = (m - 1).trailing_ones();
    let (mut node, mut last) = ((m - 1) >> shared_levels, (n - 1) >> shared_levels);
    let (mut old, mut new) = (first, first);
    for step in rest {
        if last == 0 {
            return Err(length);
        }
        if is_right_child(node, last) {
            old = node_hash(step, &old);
            new = node_hash(step, &new);
            skip_lone_levels(&mut node, &mut last);
        } else {
            new = node_hash(&new, step);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(length);
    }
    if old != root_m {
        return Err(ProofError::OldRootMismatch);
    }
    if new == root_n { Ok(()) } else { Err(ProofError::RootMismatch) }
}

/// Equal sizes need equal roots, and an empty tree has one possible root; no hash can add to either.
fn verify_trivial(m: u64, n: u64, root_m: Hash, root_n: Hash, proof: &[Hash]) -> Result<(), ProofError> {
    if !proof.is_empty() {
        return Err(ProofError::Length { found: proof.len() });
    }
    if m == 0 && root_m != EMPTY_ROOT {
        return Err(ProofError::OldRootMismatch);
    }
    if m == n && root_m != root_n {
        return Err(ProofError::RootMismatch);
    }
    Ok(())
}

/// A node has its sibling on the left if it is a right child, or the last node of a ragged row.
fn is_right_child(node: u64, last: u64) -> bool {
    node & 1 == 1 || node == last
}

/// The last node of a ragged row has no sibling and moves up unchanged until it is a right child.
fn skip_lone_levels(node: &mut u64, last: &mut u64) {
    while *node & 1 == 0 && *node != 0 {
        *node >>= 1;
        *last >>= 1;
    }
}
