use data_encoding::BASE64;
use proptest::prelude::*;
use reeve_ledger::note::{MAX_NOTE, MAX_SIGNATURES, open, public_key, sign};
use reeve_ledger::{NoteError, Signer, VerifierKey};

/// The example of the C2SP signed-note specification's reference implementation.
const EXAMPLE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
    Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
const EXAMPLE_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

const TEXT: &str = "one\n\nthree\n";

fn signer(name: &str, seed: u8) -> Signer {
    Signer::from_seed(name, &[seed; 32]).unwrap()
}

fn name(text: &str) -> String {
    text.to_owned()
}

#[test]
fn the_specification_s_example() {
    let key: VerifierKey = EXAMPLE_KEY.parse().unwrap();
    assert_eq!(key.to_string(), EXAMPLE_KEY);
    assert_eq!(open(EXAMPLE, &key).as_deref(), Ok("This is an example message.\n"));
    assert!(open(&EXAMPLE.replace("message", "massage"), &key).is_err());
}

#[test]
fn a_signed_note_opens_to_its_text() {
    let alice = signer("a.example/log", 1);
    let note = sign(TEXT, &[&alice]);
    assert!(note.starts_with("one\n\nthree\n\n\u{2014} a.example/log "));
    assert_eq!(open(&note, alice.verifier_key()).as_deref(), Ok(TEXT));
    assert_eq!(sign("one", &[&alice]), sign("one\n", &[&alice]));
}

#[test]
fn unknown_keys_are_ignored_also_namesakes() {
    let (old, new, other) = (signer("a.example", 1), signer("a.example", 2), signer("b.example", 1));
    let note = sign(TEXT, &[&other, &old, &new]);
    for known in [&old, &new, &other] {
        assert_eq!(open(&note, known.verifier_key()).as_deref(), Ok(TEXT));
    }
    let stranger = signer("a.example", 3);
    let not_signed = Err(NoteError::NotSigned { name: name("a.example") });
    assert_eq!(open(&note, stranger.verifier_key()), not_signed);
    // A line in the stranger's name with somebody else's signature is not unknown: it is wrong.
    let id = stranger.verifier_key().id();
    let forged = format!("{note}\u{2014} a.example {}\n", BASE64.encode(&[&id[..], &[0; 64]].concat()));
    assert_eq!(
        open(&forged, stranger.verifier_key()),
        Err(NoteError::BadSignature { name: name("a.example") })
    );
    assert_eq!(open(&forged, old.verifier_key()).as_deref(), Ok(TEXT));
}

#[test]
fn a_bad_line_of_the_known_key_is_not_outweighed_by_a_good_one() {
    let alice = signer("a.example", 1);
    let elsewhere = sign("other\n", &[&alice]);
    let line = &elsewhere["other\n\n".len()..];
    let good = sign(TEXT, &[&alice]);
    let (text, good_line) = good.split_at(TEXT.len() + 1);
    let bad = Err(NoteError::BadSignature { name: name("a.example") });
    assert_eq!(open(&format!("{text}{good_line}{line}"), alice.verifier_key()), bad);
    assert_eq!(open(&format!("{text}{line}{good_line}"), alice.verifier_key()), bad);
    assert_eq!(open(&format!("{text}{good_line}{good_line}"), alice.verifier_key()).as_deref(), Ok(TEXT));
}

#[test]
fn a_signature_of_the_wrong_length_is_bad() {
    let alice = signer("a.example", 1);
    for length in [1, 63, 65, 2420] {
        let signature = [&alice.verifier_key().id()[..], &vec![1; length]].concat();
        let note = format!("{TEXT}\n\u{2014} a.example {}\n", BASE64.encode(&signature));
        assert!(matches!(open(&note, alice.verifier_key()), Err(NoteError::BadSignature { .. })));
    }
}

#[test]
fn malformed_notes_are_refused() {
    let alice = signer("a.example", 1);
    let good = sign("one\n", &[&alice]);
    let line = &good["one\n\n".len()..];
    let cases = [
        (String::new(), NoteError::Shape),
        ("one\n".to_owned(), NoteError::Shape),
        ("one\n\n".to_owned(), NoteError::Shape),
        (format!("one\n{line}"), NoteError::Shape),
        (format!("\n\n{line}"), NoteError::Shape),
        (good.trim_end().to_owned(), NoteError::Shape),
        (format!("{good}\n"), NoteError::Shape),
        // After a second blank line the text is another one, which this line does not sign.
        (format!("{good}\n{line}"), NoteError::BadSignature { name: name("a.example") }),
        (good.replace('\n', "\r\n"), NoteError::ControlCharacter { at: 3 }),
        (good.replace("one", "o\te"), NoteError::ControlCharacter { at: 1 }),
        (format!("{good}junk\n"), NoteError::SignatureLine { line: 2 }),
        (good.replace("\u{2014}", "-"), NoteError::SignatureLine { line: 1 }),
        (good.replace("\u{2014} ", "\u{2014}  "), NoteError::SignatureLine { line: 1 }),
        (good.replace("a.example", "a+b"), NoteError::SignatureLine { line: 1 }),
        (good.replace("a.example", "a\u{a0}b"), NoteError::SignatureLine { line: 1 }),
        (good.replace("a.example ", "a.example  "), NoteError::SignatureLine { line: 1 }),
        (good.replace("=\n", "\n"), NoteError::SignatureLine { line: 1 }),
        (format!("{good}\u{2014} b.example AAAAAA==\n"), NoteError::SignatureLine { line: 2 }),
        (format!("{good}\u{2014} b.example\n"), NoteError::SignatureLine { line: 2 }),
        ("x".repeat(MAX_NOTE + 1), NoteError::TooLarge { len: MAX_NOTE + 1 }),
    ];
    for (note, error) in cases {
        assert_eq!(open(&note, alice.verifier_key()), Err(error), "{note:.80}");
    }
}

#[test]
fn many_signatures_are_read_but_not_any_number() {
    let alice = signer("a.example", 1);
    let witnesses: Vec<Signer> = (0..15).map(|n| signer(&format!("w{n}.example"), n + 10)).collect();
    let signers: Vec<&Signer> = witnesses.iter().chain([&alice]).collect();
    let sixteen = sign(TEXT, &signers);
    assert_eq!(open(&sixteen, alice.verifier_key()).as_deref(), Ok(TEXT));

    let unknown = "\u{2014} w.example AAAAAAA=\n";
    let most = sixteen.clone() + &unknown.repeat(MAX_SIGNATURES - 16);
    assert_eq!(open(&most, alice.verifier_key()).as_deref(), Ok(TEXT));
    assert_eq!(open(&(most + unknown), alice.verifier_key()), Err(NoteError::TooManySignatures));
}

#[test]
fn names_are_checked() {
    for wrong in ["", "a b", "a+b", "a\u{2003}b", "a\nb", "a\u{1}b"] {
        let error = Signer::from_seed(wrong, &[1; 32]).unwrap_err();
        assert_eq!(error, NoteError::Name { name: name(wrong) });
    }
}

#[test]
fn verifier_keys_are_checked() {
    let refused = [
        ("", NoteError::VerifierKey),
        ("example.com/foo", NoteError::VerifierKey),
        ("example.com/foo+530d903a", NoteError::VerifierKey),
        ("example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", NoteError::VerifierKey),
        ("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2", NoteError::VerifierKey),
        ("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv", NoteError::VerifierKey),
        ("+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", NoteError::Name { name: String::new() }),
        (
            "example.com/foo+530d903a+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            NoteError::KeyType { kind: 4 },
        ),
        (
            "example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            NoteError::KeyId { name: name("example.com/bar") },
        ),
        (
            "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            NoteError::KeyId { name: name("example.com/foo") },
        ),
    ];
    for (text, error) in refused {
        assert_eq!(text.parse::<VerifierKey>(), Err(error), "{text}");
    }
}

#[test]
fn keys_that_prove_nothing_are_refused() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let not_on_curve = [2; 32];
    for public in [identity, [0; 32], not_on_curve] {
        let error = VerifierKey::new("a.example", &public).unwrap_err();
        assert_eq!(error, NoteError::PublicKey { name: name("a.example") });
    }
}

#[test]
fn a_signer_shows_its_public_half_only() {
    let seed = std::array::from_fn(|i| 100 + i as u8);
    let signer = Signer::from_seed("a.example", &seed).unwrap();
    assert_eq!(signer.verifier_key().public_key(), public_key(&seed));
    assert_eq!(
        format!("{signer:?}"),
        format!("Signer {{ verifier: VerifierKey({}), .. }}", signer.verifier_key())
    );
}

/// Every single bit of a small note, not a sample.
#[test]
fn any_flipped_bit_is_detected() {
    let alice = signer("a", 1);
    let note = sign("x\n", &[&alice]).into_bytes();
    for bit in 0..note.len() * 8 {
        let mut damaged = note.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        if let Ok(damaged) = String::from_utf8(damaged) {
            assert!(open(&damaged, alice.verifier_key()).is_err(), "bit {bit}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn notes_round_trip(lines in prop::collection::vec("[^\u{0}-\u{1f}]{1,20}", 1..5)) {
        let alice = signer("a.example", 1);
        let text = lines.join("\n") + "\n";
        prop_assert_eq!(open(&sign(&text, &[&alice]), alice.verifier_key()), Ok(text));
    }

    #[test]
    fn a_stranger_s_damaged_line_never_changes_the_text(bit: prop::sample::Index) {
        let (alice, stranger) = (signer("a.example", 1), signer("b.example", 2));
        let mut damaged = sign(TEXT, &[&alice, &stranger]).into_bytes();
        let bit = bit.index(damaged.len() * 8);
        damaged[bit / 8] ^= 1 << (bit % 8);
        if let Ok(damaged) = String::from_utf8(damaged)
            && let Ok(text) = open(&damaged, alice.verifier_key())
        {
            prop_assert_eq!(text, TEXT);
        }
    }

    #[test]
    fn any_text_is_refused(note: String, tail in "(\n\n\u{2014} a.example [A-Za-z0-9+/=]{0,12}\n)?") {
        let alice = signer("a.example", 1);
        prop_assert!(open(&(note.clone() + &tail), alice.verifier_key()).is_err());
        prop_assert!((note + &tail).parse::<VerifierKey>().is_err());
    }
}
