//! No byte of a bundle may be another without its being found, or without a reason that is written here.

use crate::log::{log, pack, rotated, unpack, witnessed};
use reeve_bundle::{Known, PrivateMode, Verdict, verify};

/// Bytes of the two files for people are tried here and there: they are 35,000, and all alike.
fn tried(names: &[(String, std::ops::Range<usize>)], at: usize) -> bool {
    let for_people = |name: &str| name == "SPEC.md" || name == "verify.py";
    !names.iter().any(|(name, range)| for_people(name) && range.contains(&at) && !at.is_multiple_of(499))
}

/// Where the content of each file lies.
fn places(bundle: &[u8]) -> Vec<(String, std::ops::Range<usize>)> {
    let mut at = 0;
    let place = |file: reeve_bundle::archive::StoredFile| {
        let start = at + 30 + file.name.len();
        at = start + file.data.len();
        (file.name, start..at)
    };
    unpack(bundle).into_iter().map(place).collect()
}

fn flip(bundle: &mut [u8], at: usize) {
    bundle[at] ^= 1 << (at % 8);
}

#[test]
fn no_byte_can_be_flipped_unseen() {
    // Every byte of one, every fifth of the other.
    for (bundle, step) in [(log(3).range(1..2, PrivateMode::Withheld), 1), (log(6).selection(&[0, 5]), 5)] {
        let names = places(&bundle);
        let mut changed = bundle.clone();
        for at in (0..bundle.len()).filter(|at| at % step == 0 && tried(&names, *at)) {
            flip(&mut changed, at);
            assert_ne!(verify(&changed[..], Known::default()).verdict, Verdict::Intact, "byte {at}");
            flip(&mut changed, at);
        }
        assert_eq!(changed, bundle);
    }
}

#[test]
fn no_byte_can_be_taken_out_unseen() {
    let bundle = log(3).range(0..3, PrivateMode::Withheld);
    let names = places(&bundle);
    for at in (0..bundle.len()).filter(|at| tried(&names, *at) && at % 5 == 0) {
        let mut changed = bundle.clone();
        changed.remove(at);
        assert_ne!(verify(&changed[..], Known::default()).verdict, Verdict::Intact, "byte {at}");
        assert_ne!(verify(&bundle[..at], Known::default()).verdict, Verdict::Intact, "cut at {at}");
    }
}

/// The same with checksums that fit, as somebody makes them who wants it to go unseen.
#[test]
fn no_content_can_be_flipped_unseen() {
    for bundle in [
        log(6).range(4..6, PrivateMode::Opened),
        log(6).selection(&[5]),
        rotated(6, &[3]).range(4..6, PrivateMode::Withheld),
        witnessed(6, 5).range(4..6, PrivateMode::Withheld),
    ] {
        let files = unpack(&bundle);
        // Signatures take their time: of a bundle with many, every ninth byte.
        let step = if files.iter().any(|f| f.name == "witnessed.jsonl") { 9 } else { 2 };
        for (i, file) in files.iter().enumerate() {
            for at in
                (0..file.data.len()).filter(|at| (file.data.len() < 5_000 && at % step == 0) || at % 499 == 0)
            {
                let mut changed = unpack(&bundle);
                flip(&mut changed[i].data, at);
                let intact = verify(&pack(&changed)[..], Known::default()).verdict == Verdict::Intact;
                assert_eq!(intact, harmless(&file.name, &file.data, at).is_some(), "{} byte {at}", file.name);
            }
        }
    }
}

/// Why a change there is not found, if there is a reason.
fn harmless(name: &str, data: &[u8], at: usize) -> Option<&'static str> {
    if name == "SPEC.md" || name == "verify.py" {
        return Some(
            "for people; no verdict depends on it, and the specification says that no signature covers it",
        );
    }
    let asked = data.windows(8).position(|w| w == b"\"asked\":").map(|start| start + 9..start + 9 + 17)?;
    let mut flipped = data[at];
    flipped ^= 1 << (at % 8);
    let still_text = flipped.is_ascii() && flipped >= b' ' && !matches!(flipped, b'"' | b'\\');
    (name == "manifest.json" && asked.contains(&at) && still_text).then_some("words for who reads it")
}
