use data_encoding::HEXLOWER;
use proptest::prelude::*;
use reeve_ledger::tree::MAX_SIZE;
use reeve_ledger::{EMPTY_ROOT, Frontier, TreeError, leaf_hash, root_at};
use sha2::{Digest, Sha256};

use crate::reference::{Tree, hex};

/// The leaves and roots Certificate Transparency implementations share.
const CT_LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const CT_ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn the_empty_root_is_the_hash_of_nothing() {
    let nothing: [u8; 32] = Sha256::digest([]).into();
    assert_eq!(EMPTY_ROOT, nothing);
    assert_eq!(Frontier::new().root(), EMPTY_ROOT);
    assert_eq!(root_at(&Tree::numbered(1), 0), Ok(EMPTY_ROOT));
}

#[test]
fn certificate_transparency_roots() {
    let mut frontier = Frontier::new();
    for (leaf, root) in CT_LEAVES.into_iter().zip(CT_ROOTS) {
        frontier.push(leaf_hash(&HEXLOWER.decode(leaf.as_bytes()).unwrap()));
        assert_eq!(frontier.root(), hex(root), "after {leaf:?}");
    }
}

#[test]
fn frontier_and_stored_hashes_agree_with_the_definition() {
    let tree = Tree::numbered(600);
    let mut frontier = Frontier::new();
    for (index, leaf) in tree.leaves().iter().enumerate() {
        frontier.push(*leaf);
        let size = index + 1;
        assert_eq!(frontier.size(), size as u64);
        assert_eq!(frontier.root(), tree.root(size), "{size} leaves");
        assert_eq!(root_at(&tree, size as u64), Ok(tree.root(size)), "{size} leaves");
    }
}

#[test]
fn frontiers_of_the_wrong_length_are_refused() {
    let mut frontier = Frontier::new();
    for leaf in Tree::numbered(11).leaves() {
        frontier.push(*leaf);
    }
    let bytes = frontier.to_bytes();
    assert_eq!(bytes.len(), 3 * 32);
    assert_eq!(Frontier::from_bytes(11, &bytes), Ok(frontier));
    for wrong in [&bytes[..64], &bytes[..95], &[bytes.as_slice(), &[0]].concat(), &[]] {
        let error = TreeError::FrontierLength { size: 11, expected: 96, found: wrong.len() };
        assert_eq!(Frontier::from_bytes(11, wrong), Err(error));
    }
    assert!(Frontier::from_bytes(12, &bytes).is_err());
    assert_eq!(Frontier::from_bytes(0, &[]), Ok(Frontier::new()));
}

#[test]
fn trees_have_a_largest_size() {
    let mut largest = Frontier::from_bytes(MAX_SIZE, &[0; 32]).unwrap();
    assert_eq!(largest.push_subtree(0, [0; 32]), Err(TreeError::TooLarge { size: MAX_SIZE + 1 }));
    assert_eq!(largest.push_subtree(63, [0; 32]), Err(TreeError::TooLarge { size: MAX_SIZE + (1 << 63) }));
    assert_eq!(largest.push_subtree(64, [0; 32]), Err(TreeError::TooLarge { size: u64::MAX }));
    assert_eq!(Frontier::from_bytes(u64::MAX, &[0; 64 * 32]), Err(TreeError::TooLarge { size: u64::MAX }));
}

#[test]
fn a_subtree_starts_only_where_it_is_aligned() {
    let mut frontier = Frontier::new();
    frontier.push([1; 32]);
    assert_eq!(frontier.push_subtree(1, [2; 32]), Err(TreeError::Unaligned { level: 1, size: 1 }));
    assert_eq!(frontier.size(), 1);
}

proptest! {
    #[test]
    fn a_stored_frontier_goes_on_as_if_never_stored(before in 0_u64..400, after in 0_u64..200) {
        let tree = Tree::numbered(before + after);
        let mut kept = Frontier::new();
        for leaf in &tree.leaves()[..before as usize] {
            kept.push(*leaf);
        }
        let mut restored = Frontier::from_bytes(before, &kept.to_bytes()).unwrap();
        for leaf in &tree.leaves()[before as usize..] {
            kept.push(*leaf);
            restored.push(*leaf);
        }
        prop_assert_eq!(restored, kept);
    }

    /// Any aligned way to cut the leaves into subtrees gives the same frontier.
    #[test]
    fn subtrees_stand_for_their_leaves(levels in prop::collection::vec(0_u32..7, 1..40)) {
        let mut size = 0_u64;
        let mut cuts = Vec::new();
        for wanted in levels {
            let level = if size == 0 { wanted } else { wanted.min(size.trailing_zeros()) };
            cuts.push((level, size));
            size += 1 << level;
        }
        let tree = Tree::numbered(size);
        let mut frontier = Frontier::new();
        for (level, start) in cuts {
            let Ok(root) = reeve_ledger::HashSource::subtree(&tree, level, start >> level);
            frontier.push_subtree(level, root).unwrap();
        }
        prop_assert_eq!(frontier.root(), tree.root(size as usize));
        prop_assert_eq!(frontier.size(), size);
    }
}
