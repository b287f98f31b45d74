//! The vectors of the design's appendix, made by a prototype in another language.

use reeve_ledger::{
    Checkpoint, Cosigner, Frontier, VerifierKey, consistency_proof, genesis_signer, leaf_hash, note,
    origin_for, verify_consistency,
};

use crate::reference::{appendix_leaf, appendix_tree, base64, hex, private_commitment};

const LEAF_1: &str = concat!(
    r#"{"hlc":"019b76daabe80000","k":"budget.update","n":1,"ok":"ok","on":"budget:01","#,
    r#""p":[["k1","wDTuGhSe4rhHyBxKyP9Org5umAVeIuG6c/ThlgAvgi0="]],"t":1767225601000,"v":1,"#,
    r#""via":"ui","who":"u:7f3k","x":{"limit_uusd":250000000}}"#
);

const ROOTS: [(u64, &str); 6] = [
    (1, "6f37f908a25453ff118a26130eb8273e8644530d9f2ee48b8d07821f44848483"),
    (2, "ac1a4f59e681ec0a121d7c7113a3ebe466fb1e1638007cdb45f1e4d8c633e600"),
    (3, "90a9b75c57da68136a465c43b86ac98839e52a5c616d4bfac418e7cb2b4c3b53"),
    (7, "5e8d4d85da849717207750da4abc0fadc610765a3d03c49b5de626bc9c828f4e"),
    (256, "6423614357ab8a9a53d1c2e8828ea548139f2f8aad2101c1d2b7da2ff1d39fee"),
    (700, "bf223579c7de72bf17822340f18770b71d1edb03ac21e8e78de7f4a31a34dac9"),
];

const ORIGIN: &str = "reeve/l/72asyextvngonlc5w2nmguxz/audit";
const VKEY: &str =
    "reeve/l/72asyextvngonlc5w2nmguxz/audit+ba63ea04+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";
const NOTE: &str = "reeve/l/72asyextvngonlc5w2nmguxz/audit\n700\nvyI1ecfecr8XgiNA8Ydwtx0e2wOsIejnjef0oxo02sk=\n\n\
    \u{2014} reeve/l/72asyextvngonlc5w2nmguxz/audit umPqBKfWBiPbOJdThOra+hPNPU/Ndf1Q3h13iZ4m3hWd/M8/pscMvptUtXsy\
    3ebupTRqdZjqEp+hNYs4s9ImmIrgpgA=\n";
const COSIGNATURE: &str = "\u{2014} hub.example.com/w1 A9nhqgAAAABpVbwgnXz7KFqBVqJgCt7/C5BxPuF1oI9Py1ittx5fBrLMFv0\
    ADPmad2FUPM9YoJ+qiQIQm4qfYKLtIVkkgFjdum94DQ==\n";

const SEED: [u8; 32] = [7; 32];

#[test]
fn the_commitment_to_private_details() {
    assert_eq!(private_commitment(), base64("wDTuGhSe4rhHyBxKyP9Org5umAVeIuG6c/ThlgAvgi0="));
}

#[test]
fn entry_1_byte_for_byte() {
    let bytes = appendix_leaf(1).encode().unwrap();
    assert_eq!(std::str::from_utf8(&bytes).unwrap(), LEAF_1);
    assert_eq!(reeve_ledger::Leaf::parse(LEAF_1.as_bytes()), Ok(appendix_leaf(1)));
    assert_eq!(leaf_hash(&bytes), hex("af7b6a46f35038f2b4f2f091a1d67df02d08dc91549b150d3a6361369754d84b"));
    assert_eq!(
        leaf_hash(&appendix_leaf(0).encode().unwrap()),
        hex("6f37f908a25453ff118a26130eb8273e8644530d9f2ee48b8d07821f44848483")
    );
}

#[test]
fn roots_of_the_log() {
    let tree = appendix_tree(700);
    let mut frontier = Frontier::new();
    let mut seen = Vec::new();
    for leaf in tree.leaves() {
        frontier.push(*leaf);
        if ROOTS.iter().any(|(size, _)| *size == frontier.size()) {
            seen.push((frontier.size(), frontier.root()));
        }
    }
    assert_eq!(seen, ROOTS.map(|(size, root)| (size, hex(root))));
}

#[test]
fn consistency_up_to_129_entries() {
    let tree = appendix_tree(129);
    for n in 1..130 {
        for m in 1..=n {
            let Ok(proof) = consistency_proof(&tree, m, n);
            let (old, new) = (tree.root(m as usize), tree.root(n as usize));
            assert_eq!(verify_consistency(m, n, old, new, &proof), Ok(()), "{m} -> {n}");
        }
    }
}

#[test]
fn the_signed_checkpoint() {
    let signer = genesis_signer(&SEED, "audit").unwrap();
    assert_eq!(signer.name(), ORIGIN);
    assert_eq!(origin_for(&note::public_key(&SEED), "audit"), ORIGIN);
    assert_eq!(signer.verifier_key().to_string(), VKEY);

    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: 700, root: hex(ROOTS[5].1) };
    assert_eq!(checkpoint.sign(&signer), NOTE);
    assert_eq!(Checkpoint::open(NOTE, &VKEY.parse::<VerifierKey>().unwrap()), Ok(checkpoint));
}

#[test]
fn the_cosignature_of_a_witness() {
    let cosigner = Cosigner::from_seed("hub.example.com/w1", &[9; 32]).unwrap();
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: 700, root: hex(ROOTS[5].1) };
    let cosignature = cosigner.cosign(&checkpoint.to_text(), 1_767_226_400);
    let key = cosigner.witness_key();
    assert_eq!(key.line(&cosignature), COSIGNATURE);
    assert_eq!(note::cosignatures(&format!("{NOTE}{COSIGNATURE}"), key), Ok(vec![cosignature]));
    assert_eq!(note::cosigned(NOTE, key, &cosignature), format!("{NOTE}{COSIGNATURE}"));
}

#[test]
fn a_witness_cosignature_beside_the_signature_is_ignored() {
    let key = VKEY.parse::<VerifierKey>().unwrap();
    let cosigned = format!("{NOTE}{COSIGNATURE}");
    assert_eq!(Checkpoint::open(&cosigned, &key), Checkpoint::open(NOTE, &key));
    assert!(Checkpoint::open(NOTE, &key).is_ok());
}
