//! Building proofs from the hashes of full subtrees (RFC 9162 sections 2.1.3.1 and 2.1.4.1).

use crate::tree::{EMPTY_ROOT, Hash, node_hash};

/// Where the hashes of a log come from: its tiles, or a list in a test.
pub trait HashSource {
    /// Why a hash could not be read.
    type Error;

    /// Root of the full subtree of 2^`level` leaves that starts at leaf `index` · 2^`level`.
    ///
    /// # Errors
    /// Whatever keeps the source from giving that hash; it is passed on unchanged.
    fn subtree(&self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// A run of leaves that is a subtree of a Merkle tree: `start` is a multiple of every full part of it.
#[derive(Clone, Copy)]
struct Span {
    start: u64,
    len: u64,
}

impl Span {
    /// Splits after the largest power of two smaller than the length. Only for two leaves or more.
    fn split(self) -> (Self, Self) {
        let left = 1 << (self.len - 1).ilog2();
        (Self { start: self.start, len: left }, Self { start: self.start + left, len: self.len - left })
    }

    /// Root of the span; the right edge of a tree is put together from full subtrees.
    fn root<S: HashSource + ?Sized>(self, source: &S) -> Result<Hash, S::Error> {
        if self.len.is_power_of_two() {
            let level = self.len.ilog2();
            return source.subtree(level, self.start >> level);
        }
        let (left, right) = self.split();
        Ok(node_hash(&left.root(source)?, &right.root(source)?))
    }
}

/// Root of the tree of the first `size` leaves.
///
/// # Errors
/// The source's.
pub fn root_at<S: HashSource + ?Sized>(source: &S, size: u64) -> Result<Hash, S::Error> {
    if size == 0 { Ok(EMPTY_ROOT) } else { Span { start: 0, len: size }.root(source) }
}

/// The hashes which show that leaf `index` is in the tree of `size` leaves, lowest first.
///
/// A leaf outside of the tree has no proof: the list is empty, and
/// [`verify_inclusion`](crate::verify_inclusion) refuses such an index whatever the list.
///
/// # Errors
/// The source's.
pub fn inclusion_proof<S: HashSource + ?Sized>(
    source: &S,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, S::Error> {
    let mut proof = Vec::new();
    if index >= size {
        return Ok(proof);
    }
    let mut span = Span { start: 0, len: size };
    while span.len > 1 {
        let (left, right) = span.split();
        let (towards, beside) = if index < right.start { (left, right) } else { (right, left) };
        proof.push(beside.root(source)?);
        span = towards;
    }
    proof.reverse();
    Ok(proof)
}

/// The hashes which show that the tree of `m` leaves is the beginning of the tree of `n` leaves.
///
/// Empty for `m == n` and `m == 0`, where the roots alone say it. For `m > n` there is none: the list is
/// empty, and [`verify_consistency`](crate::verify_consistency) refuses such sizes whatever the list.
///
/// # Errors
/// The source's.
pub fn consistency_proof<S: HashSource + ?Sized>(source: &S, m: u64, n: u64) -> Result<Vec<Hash>, S::Error> {
    let mut proof = Vec::new();
    if m == 0 || m >= n {
        return Ok(proof);
    }
    let mut span = Span { start: 0, len: n };
    while span.start + span.len != m {
        let (left, right) = span.split();
        let (towards, beside) = if m <= right.start { (left, right) } else { (right, left) };
        proof.push(beside.root(source)?);
        span = towards;
    }
    // The verifier holds the old root already when the old tree itself is a subtree of the new one.
    if span.start > 0 {
        proof.push(span.root(source)?);
    }
    proof.reverse();
    Ok(proof)
}
