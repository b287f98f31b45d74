use proptest::prelude::*;
use reeve_ledger::{
    Checkpoint, CheckpointError, EMPTY_ROOT, NoteError, Signer, genesis_signer, note, origin_for,
};

const ROOT: &str = "vyI1ecfecr8XgiNA8Ydwtx0e2wOsIejnjef0oxo02sk=";

#[test]
fn the_empty_log_has_a_checkpoint() {
    let empty = Checkpoint { origin: "a.example/log".to_owned(), size: 0, root: EMPTY_ROOT };
    assert_eq!(empty.to_text(), "a.example/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    assert_eq!(Checkpoint::parse(&empty.to_text()), Ok(empty));
}

#[test]
fn malformed_texts_are_refused() {
    let cases = [
        (String::new(), CheckpointError::Lines),
        ("o\n7\n".to_owned(), CheckpointError::Lines),
        (format!("o\n7\n{ROOT}"), CheckpointError::Lines),
        (format!("o\n7\n{ROOT}\nextension\n"), CheckpointError::Lines),
        (format!("o\n7\n{ROOT}\n\n"), CheckpointError::Lines),
        (format!("\n7\n{ROOT}\n"), CheckpointError::Origin),
        (format!("o\n\n{ROOT}\n"), CheckpointError::Size),
        (format!("o\n07\n{ROOT}\n"), CheckpointError::Size),
        (format!("o\n+7\n{ROOT}\n"), CheckpointError::Size),
        (format!("o\n-7\n{ROOT}\n"), CheckpointError::Size),
        (format!("o\n 7\n{ROOT}\n"), CheckpointError::Size),
        (format!("o\n18446744073709551616\n{ROOT}\n"), CheckpointError::Size),
        (format!("o\n7\n{}\n", ROOT.trim_end_matches('=')), CheckpointError::Root),
        (format!("o\n7\n{}\n", ROOT.replace("sk=", "sl=")), CheckpointError::Root),
        ("o\n7\nAAAA\n".to_owned(), CheckpointError::Root),
        // Two padded pieces, one behind the other: 32 bytes in a spelling of somebody else.
        (format!("o\n7\n{0}{0}\n", "AAAAAAAAAAAAAAAAAAAAAA=="), CheckpointError::Root),
    ];
    for (text, error) in cases {
        assert_eq!(Checkpoint::parse(&text), Err(error), "{text:?}");
    }
}

#[test]
fn a_checkpoint_is_of_the_log_its_key_is_named_after() {
    let (audit, usage) =
        (genesis_signer(&[1; 32], "audit").unwrap(), genesis_signer(&[1; 32], "usage").unwrap());
    let checkpoint = Checkpoint { origin: audit.name().to_owned(), size: 1, root: [5; 32] };
    assert_eq!(Checkpoint::open(&checkpoint.sign(&audit), audit.verifier_key()), Ok(checkpoint.clone()));
    let other =
        CheckpointError::OtherLog { expected: usage.name().to_owned(), found: audit.name().to_owned() };
    assert_eq!(Checkpoint::open(&checkpoint.sign(&usage), usage.verifier_key()), Err(other));
    let not_signed = NoteError::NotSigned { name: usage.name().to_owned() };
    let result = Checkpoint::open(&checkpoint.sign(&audit), usage.verifier_key());
    assert_eq!(result, Err(CheckpointError::Note(not_signed)));
}

/// A log keeps its name for life; at the rotation both keys sign, and either is enough to read it.
#[test]
fn a_rotated_key_signs_under_the_old_name() {
    let old = genesis_signer(&[1; 32], "audit").unwrap();
    let new = Signer::from_seed(old.name(), &[2; 32]).unwrap();
    let checkpoint = Checkpoint { origin: old.name().to_owned(), size: 9, root: [5; 32] };
    let both = note::sign(&checkpoint.to_text(), &[&old, &new]);
    for key in [old.verifier_key(), new.verifier_key()] {
        assert_eq!(Checkpoint::open(&both, key), Ok(checkpoint.clone()));
    }
    assert_ne!(origin_for(&new.verifier_key().public_key(), "audit"), old.name());
}

#[test]
fn a_stream_that_cannot_be_named_has_no_signer() {
    assert!(matches!(genesis_signer(&[1; 32], "my audit"), Err(NoteError::Name { .. })));
}

proptest! {
    #[test]
    fn texts_round_trip(origin in "[a-z./0-9]{1,30}", size: u64, root: [u8; 32]) {
        let checkpoint = Checkpoint { origin, size, root };
        prop_assert_eq!(Checkpoint::parse(&checkpoint.to_text()), Ok(checkpoint));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "([ -~]{0,8}\n){0,4}", size in "[0-9]{1,21}") {
        for text in [format!("o\n{size}\n{ROOT}\n"), text] {
            if let Ok(checkpoint) = Checkpoint::parse(&text) {
                prop_assert_eq!(checkpoint.to_text(), text);
            }
        }
    }
}
