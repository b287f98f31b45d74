//! Who signs for which size.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use reeve_ledger::checkpoint::origin_for;
use reeve_ledger::note::{self, Signer};
use reeve_ledger::{Checkpoint, CheckpointError, KeyChain, KeyChainError};

fn signers() -> [Signer; 3] {
    let origin = origin_for(&note::public_key(&[1; 32]), "audit");
    [1u8, 2, 3].map(|n| Signer::from_seed(origin.clone(), &[n; 32]).unwrap())
}

fn chain(signers: &[Signer; 3]) -> KeyChain {
    let words = signers.each_ref().map(|s| s.verifier_key().to_string());
    let list = [0, 10, 25].into_iter().zip(words.iter().map(String::as_str));
    KeyChain::parse(signers[0].name(), list).unwrap()
}

#[test]
fn a_head_counts_with_the_key_of_its_size_and_both_where_one_hands_over() {
    let signers = signers();
    let chain = chain(&signers);
    for size in 0..30u64 {
        let head = Checkpoint { origin: signers[0].name().to_owned(), size, root: [7; 32] };
        let needed: &[usize] = match size {
            0..10 => &[0],
            10 => &[0, 1],
            11..25 => &[1],
            25 => &[1, 2],
            _ => &[2],
        };
        for mask in 1..8u8 {
            let by: Vec<usize> = (0..3).filter(|n| mask >> n & 1 == 1).collect();
            let note = note::sign(&head.to_text(), &by.iter().map(|n| &signers[*n]).collect::<Vec<_>>());
            let opened = chain.open(&note);
            if needed.iter().all(|n| by.contains(n)) {
                assert_eq!(opened.unwrap(), head, "size {size} by {by:?}");
            } else {
                assert_eq!(opened, Err(CheckpointError::KeyNotValid { size }), "size {size} by {by:?}");
            }
        }
    }
}

#[test]
fn a_key_of_nobody_is_not_one_of_the_log() {
    let signers = signers();
    let head = Checkpoint { origin: signers[0].name().to_owned(), size: 3, root: [7; 32] };
    let other = Signer::from_seed(signers[0].name(), &[9; 32]).unwrap();
    assert!(matches!(chain(&signers).open(&head.sign(&other)), Err(CheckpointError::Note(_))));
}

#[test]
fn lists_that_are_no_chain_are_refused() {
    let signers = signers();
    let [one, two, _] = signers.each_ref().map(|s| s.verifier_key().to_string());
    let origin = signers[0].name();
    let parse = |list: &[(u64, &str)]| KeyChain::parse(origin, list.iter().copied()).unwrap_err();
    assert_eq!(parse(&[]), KeyChainError::Sizes);
    assert_eq!(parse(&[(1, &one)]), KeyChainError::Sizes);
    assert_eq!(parse(&[(0, &one), (0, &two)]), KeyChainError::Sizes);
    assert_eq!(parse(&[(0, &two)]), KeyChainError::Name(origin.to_owned()));
    assert!(matches!(parse(&[(0, &one), (4, "x")]), KeyChainError::Key { place: 1, .. }));
    let alien = Signer::from_seed("elsewhere", &[2; 32]).unwrap().verifier_key().to_string();
    assert_eq!(parse(&[(0, &one), (4, &alien)]), KeyChainError::Name(origin.to_owned()));
}
