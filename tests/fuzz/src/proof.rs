//! Proofs: of a tree of up to 64 leaves, only the true proof of the true leaf at the true place is taken.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reeve_ledger::{
    Hash, HashSource, consistency_proof, inclusion_proof, leaf_hash, root_at, tile_root, verify_consistency,
    verify_inclusion,
};
use std::convert::Infallible;

struct Leaves(Vec<Hash>);

impl HashSource for Leaves {
    type Error = Infallible;
    fn subtree(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        let (start, width) = ((index << level) as usize, 1 << level);
        Ok(tile_root(&self.0[start..start + width]))
    }
}

/// The proof with some bytes turned, and cut or made longer: whatever the input says.
fn changed(mut proof: Vec<Hash>, changes: &[u8]) -> Vec<Hash> {
    for change in changes.chunks(3) {
        match *change {
            [0] => drop(proof.pop()),
            [byte] => proof.push([byte; 32]),
            [place, byte, turn] if !proof.is_empty() => {
                let at = usize::from(place) % proof.len();
                proof[at][usize::from(byte) % 32] ^= turn;
            }
            _ => {}
        }
    }
    proof
}

fuzz_target!(|input: (u8, u8, u8, Vec<u8>)| {
    let (size, a, b, changes) = input;
    let size = u64::from(size % 64) + 1;
    let leaves = Leaves((0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect());
    let (index, claimed) = (u64::from(a) % size, u64::from(b) % (size + 2));
    let Ok(root) = root_at(&leaves, size);
    let Ok(proof) = inclusion_proof(&leaves, index, size);
    let other = changed(proof.clone(), &changes);
    let taken = verify_inclusion(claimed, size, leaves.0[index as usize], &other, root).is_ok();
    assert_eq!(taken, other == proof && claimed == index, "inclusion of {index} as {claimed} in {size}");

    let old = u64::from(a) % (size + 1);
    let (Ok(old_root), Ok(proof)) = (root_at(&leaves, old), consistency_proof(&leaves, old, size));
    let other = changed(proof.clone(), &changes);
    let taken = verify_consistency(old, size, old_root, root, &other).is_ok();
    assert_eq!(taken, other == proof, "consistency of {old} in {size}");
});
