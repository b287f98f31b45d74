//! The Merkle tree of RFC 6962 section 2.1, kept as a compact range: the roots of its full subtrees.
//!
//! Leaves and nodes are hashed with different prefixes, so a node can never be passed off as an entry.

use sha2::{Digest, Sha256};
use thiserror::Error;

/// A SHA-256 digest: of a leaf, of an inner node, or of a whole tree.
pub type Hash = [u8; 32];

/// The root of the tree without leaves: SHA-256 of nothing.
pub const EMPTY_ROOT: Hash = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
    0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// The largest tree this crate builds, in leaves. Leaf indexes are JSON integers, hence below 2^53.
pub const MAX_SIZE: u64 = 1 << 53;

/// Why a frontier could not be read or extended.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TreeError {
    /// The number of bytes does not fit the size: one 32-byte hash per set bit of the size is needed.
    #[error("a frontier of {size} leaves takes {expected} bytes, not {found}")]
    FrontierLength {
        /// Leaves the frontier is said to cover.
        size: u64,
        /// Bytes needed for that size.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// A tree of more than [`MAX_SIZE`] leaves.
    #[error("a tree has at most {MAX_SIZE} leaves, not {size}")]
    TooLarge {
        /// Leaves asked for; `u64::MAX` if even that number overflowed.
        size: u64,
    },
    /// A subtree can only be appended where a subtree of its size may start.
    #[error("a subtree of level {level} cannot start at leaf {size}")]
    Unaligned {
        /// Level of the subtree: it has 2^level leaves.
        level: u32,
        /// Leaves already in the frontier.
        size: u64,
    },
}

/// Hash of an entry: SHA-256(0x00 ‖ entry).
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

/// Hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut input = [1_u8; 65];
    input[1..33].copy_from_slice(left);
    input[33..].copy_from_slice(right);
    Sha256::digest(input).into()
}

/// The right edge of a growing tree: the roots of its maximal full subtrees, largest first.
///
/// It is all a writer needs to append and to know the root: at most 53 hashes, however long the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

impl Frontier {
    /// The frontier of the empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads what [`Frontier::to_bytes`] wrote for a tree of `size` leaves.
    ///
    /// # Errors
    /// [`TreeError::TooLarge`] above [`MAX_SIZE`], [`TreeError::FrontierLength`] for a wrong number of bytes.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Result<Self, TreeError> {
        if size > MAX_SIZE {
            return Err(TreeError::TooLarge { size });
        }
        let (hashes, rest) = bytes.as_chunks::<32>();
        let expected = size.count_ones() as usize;
        if hashes.len() != expected || !rest.is_empty() {
            return Err(TreeError::FrontierLength { size, expected: expected * 32, found: bytes.len() });
        }
        Ok(Self { size, roots: hashes.to_vec() })
    }

    /// Appends one leaf by its hash.
    pub fn push(&mut self, leaf_hash: Hash) {
        self.append(0, leaf_hash);
    }

    /// Appends a full subtree of 2^`level` leaves by its root, for example a level-1 tile hash (`level` 8)
    /// that stands for 256 pruned entries.
    ///
    /// # Errors
    /// [`TreeError::Unaligned`] unless the size is a multiple of 2^`level`, [`TreeError::TooLarge`] if the
    /// tree would pass [`MAX_SIZE`].
    pub fn push_subtree(&mut self, level: u32, root: Hash) -> Result<(), TreeError> {
        let leaves = 1_u64.checked_shl(level).ok_or(TreeError::TooLarge { size: u64::MAX })?;
        let size = self.size.checked_add(leaves).ok_or(TreeError::TooLarge { size: u64::MAX })?;
        if size > MAX_SIZE {
            return Err(TreeError::TooLarge { size });
        }
        if !self.size.is_multiple_of(leaves) {
            return Err(TreeError::Unaligned { level, size: self.size });
        }
        self.append(level, root);
        Ok(())
    }

    /// Appends the leaves of another tree, known by its frontier, that begin where a subtree of its size may start: at a
    /// multiple of the next power of two.
    pub fn extend(&mut self, next: &Self) {
        let levels = (0..u64::BITS).rev().filter(|level| next.size >> level & 1 == 1);
        for (level, root) in levels.zip(&next.roots) {
            debug_assert!(
                self.size.is_multiple_of(1 << level),
                "the other tree begins where its subtree may"
            );
            self.append(level, *root);
        }
    }

    /// The size is a multiple of 2^`level`. As in adding two binary numbers, every set bit carries.
    fn append(&mut self, level: u32, root: Hash) {
        let mut merged = root;
        let carries = (self.size >> level).trailing_ones() as usize;
        let kept = self.roots.len().saturating_sub(carries);
        for left in self.roots.drain(kept..).rev() {
            merged = node_hash(&left, &merged);
        }
        self.roots.push(merged);
        self.size += 1 << level;
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree; [`EMPTY_ROOT`] without leaves.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.roots.iter().rev().copied().reduce(|right, left| node_hash(&left, &right)).unwrap_or(EMPTY_ROOT)
    }

    /// The subtree roots, largest subtree first, 32 bytes each. The size is stored beside them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.roots.concat()
    }
}
