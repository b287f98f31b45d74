//! Tiles, and what they still prove after the entries below them were pruned.

use reeve_ledger::tile::{TileSpan, locate};
use reeve_ledger::{
    EMPTY_ROOT, Frontier, HashSource, TILE_WIDTH, consistency_proof, inclusion_proof, root_at, tile_root,
    verify_consistency, verify_inclusion,
};

use crate::reference::{Hash, Tree, appendix_tree};

/// The rows of a log as they are stored: leaf hashes, and above them the roots of the full tiles below.
/// Leaf hashes before `pruned` are gone.
struct Tiles {
    rows: Vec<Vec<Hash>>,
    pruned: u64,
}

#[derive(Debug, PartialEq)]
struct Gone(TileSpan);

impl Tiles {
    fn of(tree: &Tree, pruned: u64) -> Self {
        let mut rows = vec![tree.leaves().to_vec()];
        while rows.last().unwrap().len() >= 256 {
            rows.push(rows.last().unwrap().chunks_exact(256).map(tile_root).collect());
        }
        Self { rows, pruned }
    }
}

impl HashSource for Tiles {
    type Error = Gone;

    fn subtree(&self, level: u32, index: u64) -> Result<Hash, Gone> {
        let span = locate(level, index);
        if span.level == 0 && span.index * TILE_WIDTH < self.pruned {
            return Err(Gone(span));
        }
        let start = span.index as usize * 256 + span.start;
        let row = self.rows.get(span.level as usize).ok_or(Gone(span))?;
        Ok(tile_root(row.get(start..start + span.width).ok_or(Gone(span))?))
    }
}

#[test]
fn a_tile_root_is_the_root_of_its_leaves() {
    let tree = Tree::numbered(256);
    assert_eq!(tile_root(tree.leaves()), tree.root(256));
    assert_eq!(tile_root(&tree.leaves()[..5]), tree.root(5));
    assert_eq!(tile_root(&[]), EMPTY_ROOT);
}

#[test]
fn spans_lie_within_one_tile() {
    assert_eq!(locate(0, 511), TileSpan { level: 0, index: 1, start: 255, width: 1 });
    assert_eq!(locate(7, 3), TileSpan { level: 0, index: 1, start: 128, width: 128 });
    assert_eq!(locate(8, 300), TileSpan { level: 1, index: 1, start: 44, width: 1 });
    assert_eq!(locate(11, 33), TileSpan { level: 1, index: 1, start: 8, width: 8 });
    for level in 0..53 {
        for index in 0..600 {
            let span = locate(level, index);
            assert!(span.start + span.width <= 256);
            let first_leaf = (span.index * 256 + span.start as u64) << (8 * span.level);
            assert_eq!(first_leaf, index << level);
            assert_eq!((span.width as u64) << (8 * span.level), 1 << level);
        }
    }
}

#[test]
fn every_full_subtree_is_found_in_the_tiles() {
    let tree = Tree::numbered(70_000);
    let tiles = Tiles::of(&tree, 0);
    assert_eq!(tiles.rows.len(), 3);
    for level in 0..17_u32 {
        for index in 0..(70_000_u64 >> level).min(600) {
            let Ok(expected) = tree.subtree(level, index);
            assert_eq!(tiles.subtree(level, index), Ok(expected), "level {level}, index {index}");
        }
    }
    assert_eq!(root_at(&tiles, 70_000), Ok(tree.root(70_000)));
}

#[test]
fn a_pruned_log_still_knows_its_root() {
    let tree = appendix_tree(700);
    let level_1 = &Tiles::of(&tree, 512).rows[1];
    let mut frontier = Frontier::new();
    for hash in &level_1[..2] {
        frontier.push_subtree(8, *hash).unwrap();
    }
    assert_eq!(frontier.root(), tree.root(512));
    for leaf in &tree.leaves()[512..] {
        frontier.push(*leaf);
    }
    assert_eq!(frontier.root(), tree.root(700));
}

#[test]
fn a_pruned_log_still_proves_what_it_kept() {
    let tree = appendix_tree(700);
    let tiles = Tiles::of(&tree, 512);
    for (m, n) in [(256, 512), (256, 700), (512, 700), (600, 700)] {
        let proof = consistency_proof(&tiles, m, n).unwrap();
        let (old, new) = (tree.root(m as usize), tree.root(n as usize));
        assert_eq!(verify_consistency(m, n, old, new, &proof), Ok(()), "{m} -> {n}");
    }
    for index in 512..700 {
        let proof = inclusion_proof(&tiles, index, 700).unwrap();
        let leaf = tree.leaf(index as usize);
        assert_eq!(verify_inclusion(index, 700, leaf, &proof, tree.root(700)), Ok(()));
    }
}

#[test]
fn what_was_pruned_is_an_error_and_no_proof() {
    let tiles = Tiles::of(&appendix_tree(700), 512);
    assert_eq!(inclusion_proof(&tiles, 300, 700), Err(Gone(locate(7, 3))));
    assert_eq!(consistency_proof(&tiles, 100, 700), Err(Gone(locate(7, 1))));
    assert_eq!(root_at(&tiles, 300), Err(Gone(locate(5, 8))));
}
