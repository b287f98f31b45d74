//! What a witness signs and how it is checked: the specification's own bytes, and every kind of damage.

use proptest::prelude::*;
use reeve_ledger::note::{cosignatures, cosigned};
use reeve_ledger::{Checkpoint, Cosigner, NoteError, Signer, VerifierKey, WitnessKey, genesis_signer};

const TIME: u64 = 1_767_226_400;

fn cosigner(seed: u8) -> Cosigner {
    Cosigner::from_seed(format!("witness.example/w{seed}"), &[seed; 32]).unwrap()
}

fn signed(size: u64) -> String {
    let signer = genesis_signer(&[7; 32], "audit").unwrap();
    Checkpoint { origin: signer.name().to_owned(), size, root: [3; 32] }.sign(&signer)
}

fn text(note: &str) -> String {
    format!("{}\n", note.split_once("\n\n").unwrap().0)
}

fn with(note: &str, by: &Cosigner, time: u64) -> String {
    cosigned(note, by.witness_key(), &by.cosign(&text(note), time))
}

#[test]
fn a_key_is_read_as_it_is_written_and_only_for_what_it_signs() {
    let witness = cosigner(9).witness_key().clone();
    assert_eq!(witness.to_string().parse(), Ok(witness.clone()));
    assert_eq!(witness.to_string().parse::<VerifierKey>(), Err(NoteError::KeyType { kind: 4 }));
    let log = Signer::from_seed(witness.name(), &[9; 32]).unwrap();
    assert_eq!(log.verifier_key().to_string().parse::<WitnessKey>(), Err(NoteError::KeyType { kind: 1 }));
    assert_ne!(log.verifier_key().id(), witness.id(), "what it signs is part of the id");
    assert!(witness.same_pair(log.verifier_key()));
    assert!(!cosigner(8).witness_key().same_pair(log.verifier_key()));
}

#[test]
fn each_witness_finds_its_own_lines() {
    let (first, second, absent) = (cosigner(1), cosigner(2), cosigner(3));
    let note = with(&with(&with(&signed(5), &first, TIME), &second, TIME + 1), &first, TIME + 2);
    let times = |by: &Cosigner| {
        let found = cosignatures(&note, by.witness_key()).unwrap();
        found.iter().map(|c| c.time).collect::<Vec<_>>()
    };
    assert_eq!(
        (times(&first), times(&second), times(&absent)),
        (vec![TIME, TIME + 2], vec![TIME + 1], vec![])
    );
}

#[test]
fn a_cosignature_fits_one_text_and_one_time() {
    let by = cosigner(9);
    let note = with(&signed(700), &by, TIME);
    let line = note.lines().last().unwrap();
    let moved = format!("{}{line}\n", signed(701));
    let bad = Err(NoteError::BadSignature { name: by.witness_key().name().to_owned() });
    assert_eq!(cosignatures(&moved, by.witness_key()), bad, "on another head");
    let mut later = by.cosign(&text(&note), TIME);
    later.time += 1;
    assert_eq!(cosignatures(&cosigned(&signed(700), by.witness_key(), &later), by.witness_key()), bad);
}

#[test]
fn a_time_beyond_63_bits_is_none() {
    let by = cosigner(9);
    let note = with(&signed(700), &by, 1 << 63);
    assert!(cosignatures(&note, by.witness_key()).is_err());
    assert!(cosignatures(&with(&signed(700), &by, (1 << 63) - 1), by.witness_key()).is_ok());
}

#[test]
fn a_plain_signature_of_the_same_pair_is_no_cosignature() {
    // The id of the plain key differs, so its line is another key's.
    let by = cosigner(9);
    let plain = Signer::from_seed(by.witness_key().name(), &[9; 32]).unwrap();
    let note = reeve_ledger::note::sign(&text(&signed(700)), &[&plain]);
    assert_eq!(cosignatures(&note, by.witness_key()), Ok(vec![]));
}

#[test]
fn a_line_that_is_too_short_or_too_long_spoils_the_note() {
    let by = cosigner(9);
    let id = by.witness_key().id();
    for length in [0, 7, 8, 71, 73] {
        let mut bytes = id.to_vec();
        bytes.extend(vec![1; length]);
        let line = format!("\u{2014} {} {}\n", by.witness_key().name(), data_encoding::BASE64.encode(&bytes));
        assert!(cosignatures(&format!("{}{line}", signed(700)), by.witness_key()).is_err(), "{length}");
    }
}

proptest! {
    #[test]
    fn what_is_cosigned_verifies_and_any_flipped_bit_does_not(
        seed: [u8; 32], size: u64, time in 0..(1_u64 << 63), at in 0_usize..72, bit in 0_u8..8,
    ) {
        let by = Cosigner::from_seed("w.example", &seed).unwrap();
        let text = text(&signed(size));
        let cosignature = by.cosign(&text, time);
        prop_assert_eq!(by.witness_key().verify(&text, &cosignature), Ok(()));
        let mut flipped = cosignature;
        if at < 8 {
            flipped.time ^= 1 << (at * 8 + usize::from(bit));
        } else {
            flipped.signature[at - 8] ^= 1 << bit;
        }
        prop_assert!(by.witness_key().verify(&text, &flipped).is_err());
    }

    #[test]
    fn no_note_panics(note in "[ -~\u{2014}\n]{0,300}") {
        drop(cosignatures(&note, cosigner(9).witness_key()));
    }
}
