use proptest::prelude::*;
use reeve_ledger::{
    EMPTY_ROOT, ProofError, consistency_proof, inclusion_proof, verify_consistency, verify_inclusion,
};

use crate::reference::{Hash, Tree};

const ALL: u64 = 300;

#[test]
fn inclusion_for_every_leaf_of_every_tree() {
    let tree = Tree::numbered(ALL);
    for size in 1..=ALL {
        let root = tree.root(size as usize);
        for index in 0..size {
            let Ok(proof) = inclusion_proof(&tree, index, size);
            assert_eq!(proof, tree.path(index as usize, size as usize), "{index} in {size}");
            let leaf = tree.leaf(index as usize);
            assert_eq!(verify_inclusion(index, size, leaf, &proof, root), Ok(()), "{index} in {size}");
        }
    }
}

#[test]
fn consistency_for_every_pair_of_trees() {
    let tree = Tree::numbered(ALL);
    for n in 1..=ALL {
        for m in 1..=n {
            let Ok(proof) = consistency_proof(&tree, m, n);
            assert_eq!(proof, tree.proof(m as usize, n as usize), "{m} -> {n}");
            let (old, new) = (tree.root(m as usize), tree.root(n as usize));
            assert_eq!(verify_consistency(m, n, old, new, &proof), Ok(()), "{m} -> {n}");
        }
    }
}

/// Not just some damage: every wrong index, size and length for a small tree.
#[test]
fn a_proof_holds_for_nothing_else() {
    let tree = Tree::numbered(40);
    for size in 1..=40 {
        for index in 0..size {
            let Ok(proof) = inclusion_proof(&tree, index, size);
            let (leaf, root) = (tree.leaf(index as usize), tree.root(size as usize));
            let mut longer = proof.clone();
            longer.push([0; 32]);
            assert!(verify_inclusion(index, size, leaf, &longer, root).is_err());
            if let Some((_, shorter)) = proof.split_last() {
                assert!(verify_inclusion(index, size, leaf, shorter, root).is_err());
            }
            for other in (0..size + 3).filter(|other| *other != index) {
                assert!(verify_inclusion(other, size, leaf, &proof, root).is_err(), "{index} as {other}");
            }
        }
    }
}

#[test]
fn no_proof_leads_out_of_the_tree() {
    let tree = Tree::numbered(4);
    let root = tree.root(4);
    assert_eq!(inclusion_proof(&tree, 4, 4), Ok(Vec::new()));
    let outside = ProofError::LeafOutside { index: 4, size: 4 };
    assert_eq!(verify_inclusion(4, 4, tree.leaf(3), &[], root), Err(outside));
    let empty = ProofError::LeafOutside { index: 0, size: 0 };
    assert_eq!(verify_inclusion(0, 0, EMPTY_ROOT, &[], EMPTY_ROOT), Err(empty));
    assert_eq!(consistency_proof(&tree, 4, 3), Ok(Vec::new()));
    assert_eq!(verify_consistency(4, 3, root, root, &[]), Err(ProofError::Backwards { m: 4, n: 3 }));
}

#[test]
fn trees_of_the_same_size_and_empty_trees() {
    let tree = Tree::numbered(5);
    let root = tree.root(5);
    assert_eq!(verify_consistency(5, 5, root, root, &[]), Ok(()));
    assert_eq!(verify_consistency(5, 5, root, tree.root(4), &[]), Err(ProofError::RootMismatch));
    assert_eq!(verify_consistency(5, 5, root, root, &[root]), Err(ProofError::Length { found: 1 }));
    assert_eq!(verify_consistency(0, 5, EMPTY_ROOT, root, &[]), Ok(()));
    assert_eq!(verify_consistency(0, 5, root, root, &[]), Err(ProofError::OldRootMismatch));
    assert_eq!(verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, &[]), Ok(()));
    assert_eq!(verify_consistency(0, 0, EMPTY_ROOT, root, &[]), Err(ProofError::RootMismatch));
    assert_eq!(verify_consistency(3, 5, tree.root(3), root, &[]), Err(ProofError::Length { found: 0 }));
}

/// A proof that stops early would let an old root stand for a larger tree.
#[test]
fn a_root_does_not_stand_for_a_larger_tree() {
    let tree = Tree::numbered(40);
    for n in 1..=40 {
        for m in 1..n {
            let (old, proof) = (tree.root(m), tree.proof(m, n));
            for length in 0..proof.len() {
                let result = verify_consistency(m as u64, n as u64, old, old, &proof[..length]);
                assert!(result.is_err(), "{m} -> {n} with {length} hashes");
            }
        }
    }
    let root = tree.root(4);
    assert_eq!(verify_consistency(4, 5, root, root, &[]), Err(ProofError::Length { found: 0 }));
}

/// Positions in the largest possible trees: sizes are taken from the other side, so none may overflow.
#[test]
fn the_largest_sizes_do_not_overflow() {
    let hashes = [[3; 32]; 70];
    for (small, large) in [(0, u64::MAX), (u64::MAX - 1, u64::MAX), (1 << 63, u64::MAX), (1, u64::MAX)] {
        for length in 0..hashes.len() {
            let proof = &hashes[..length];
            assert!(verify_inclusion(small, large, [1; 32], proof, [2; 32]).is_err());
            if small > 0 {
                assert!(verify_consistency(small, large, [1; 32], [2; 32], proof).is_err());
            }
        }
    }
}

fn flip(hashes: &mut [Hash], bit: usize) {
    hashes[bit / 256][bit / 8 % 32] ^= 1 << (bit % 8);
}

proptest! {
    #[test]
    fn a_flipped_bit_spoils_inclusion(size in 1_u64..300, at: prop::sample::Index, bit: prop::sample::Index) {
        let tree = Tree::numbered(size);
        let index = at.index(size as usize);
        let root = tree.root(size as usize);
        // Leaf, root and proof in one list: any bit of them may be the flipped one.
        let mut all = vec![tree.leaf(index), root];
        all.extend(tree.path(index, size as usize));
        let bits = all.len() * 256;
        flip(&mut all, bit.index(bits));
        prop_assert!(verify_inclusion(index as u64, size, all[0], &all[2..], all[1]).is_err());
    }

    #[test]
    fn a_flipped_bit_spoils_consistency(n in 1_u64..300, at: prop::sample::Index, bit: prop::sample::Index) {
        let tree = Tree::numbered(n);
        let m = at.index(n as usize) + 1;
        let mut all = vec![tree.root(m), tree.root(n as usize)];
        all.extend(tree.proof(m, n as usize));
        let bits = all.len() * 256;
        flip(&mut all, bit.index(bits));
        prop_assert!(verify_consistency(m as u64, n, all[0], all[1], &all[2..]).is_err());
    }

    #[test]
    fn arbitrary_proofs_are_refused(
        m: u64, n: u64, old: Hash, new: Hash, proof in prop::collection::vec(any::<Hash>(), 0..70),
    ) {
        prop_assert!(verify_inclusion(m, n, old, &proof, new).is_err());
        prop_assume!(m != 0);
        prop_assert!(verify_consistency(m, n, old, new, &proof).is_err());
    }
}
