//! Tiles of the tree, as C2SP tlog-tiles lays them out: rows of 256 hashes.
//!
//! Level 0 holds leaf hashes; level `l + 1` holds the roots of the full tiles of level `l`. Levels from 1 up
//! are kept for ever: 32 bytes stand for 256 entries, so old roots stay provable after the entries went.

use crate::tree::{Frontier, Hash};

/// Hashes in a full tile.
pub const TILE_WIDTH: u64 = 256;

/// Tree levels one tile spans: 2^8 = 256.
pub const TILE_HEIGHT: u32 = 8;

/// Root over a row of hashes: for the 256 of a full tile, the hash that stands for it one tile level up.
/// A shorter row gives the root of that shorter tree, none gives [`crate::EMPTY_ROOT`].
#[must_use]
pub fn tile_root(hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    for hash in hashes {
        frontier.push(*hash);
    }
    frontier.root()
}

/// Where the hash of a full subtree is found: the root over `width` hashes of one tile, from `start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileSpan {
    /// Tile level: 0 for leaf hashes.
    pub level: u32,
    /// Index of the tile in its level.
    pub index: u64,
    /// First hash of the span, below 256.
    pub start: usize,
    /// Hashes in the span: a power of two from 1 to 128.
    pub width: usize,
}

/// Finds the full subtree of 2^`level` leaves at `index` (counted in subtrees of that level) among the
/// tiles. [`tile_root`] over the span is its hash.
#[must_use]
pub fn locate(level: u32, index: u64) -> TileSpan {
    let inside = level % TILE_HEIGHT;
    let per_tile = TILE_WIDTH >> inside;
    TileSpan {
        level: level / TILE_HEIGHT,
        index: index / per_tile,
        start: ((index % per_tile) << inside) as usize,
        width: 1 << inside,
    }
}
