//! Logs whose key changed: what both verifiers find of them, and of what the holder of one key may try.

use crate::log::{Log, log, replaced, rotated, with};
use crate::python::agree;
use reeve_bundle::{FaultCode, KEYS, Known, PrivateMode, Verdict, verify};
use reeve_ledger::{Leaf, Signer, leaf_hash};

const AT: [u64; 3] = [5, 8, 17];

fn all_of(log: &Log) -> Vec<u8> {
    log.range(0..log.leaves.len() as u64, PrivateMode::Withheld)
}

fn fault(bundle: &[u8]) -> (FaultCode, Option<u64>) {
    match verify(bundle, Known::default()).verdict {
        Verdict::NotIntact(fault) => (fault.code, fault.sequence),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_log_whose_key_changed_is_intact_as_a_whole_in_ranges_and_in_selections() {
    let mut bundles = Vec::new();
    for size in [17, 18, 30] {
        let log = rotated(size, &AT);
        for range in [0..size, 0..4, 3..9, 6..7, 9..size, size..size] {
            bundles.push(log.range(range, PrivateMode::Opened));
        }
        bundles.push(log.selection(&[0, 4, 7, 16]));
        bundles.push(log.selection(&[1]));
    }
    for bundle in &bundles {
        let report = verify(&bundle[..], Known::default());
        assert_eq!(report.verdict, Verdict::Intact);
        assert!(report.proven().iter().any(|s| s.contains("key changed 3 times")));
    }
    agree(&bundles);
}

#[test]
fn any_key_of_the_log_may_be_pinned_and_heads_of_any_time_kept() {
    let log = rotated(30, &AT);
    let bundle = all_of(&log);
    for key in [&log.signer, &log.later[0].1, &log.later[2].1] {
        let known = Known { key: Some(key.verifier_key()), ..Known::default() };
        assert_eq!(verify(&bundle[..], known).verdict, Verdict::Intact);
    }
    let other = Signer::from_seed(log.signer.name(), &[99; 32]).unwrap();
    let known = Known { key: Some(other.verifier_key()), ..Known::default() };
    assert!(matches!(verify(&bundle[..], known).verdict, Verdict::NotIntact(f) if f.code == FaultCode::Key));
    for size in 0..=30 {
        let note = log.note_at(size);
        let known = Known { checkpoint: Some(&note), ..Known::default() };
        assert_eq!(verify(&bundle[..], known).verdict, Verdict::Intact, "{size}");
    }
}

/// The key of now, and a past that was changed before it: everything sealed anew with that key, as far as one can.
fn resealed(with_old_heads: bool) -> Vec<u8> {
    let mut log = rotated(30, &AT);
    let old: Vec<_> = AT.iter().map(|from| log.note_at(*from)).collect();
    let leaf: &mut Leaf = &mut log.leaves[2];
    leaf.who = "u:other".to_owned();
    log.hashes[2] = leaf_hash(&leaf.encode().unwrap());
    let newest = log.later[2].1.verifier_key().to_string();
    let honest = [log.note_at(5), log.note_at(8), log.note_at(17)];
    // The heads at which keys handed over can be signed by the newest alone: the others are destroyed.
    let seed = [22; 32];
    let holder = Signer::from_seed(log.signer.name(), &seed).unwrap();
    assert_eq!(holder.verifier_key().to_string(), newest);
    let mut bundle = all_of(&log);
    for (place, note) in honest.iter().enumerate() {
        let text = note.split("\n\n").next().unwrap().to_owned() + "\n";
        let forged =
            if with_old_heads { old[place].clone() } else { reeve_ledger::note::sign(&text, &[&holder]) };
        let (from, to) = (serde_json::to_string(note).unwrap(), serde_json::to_string(&forged).unwrap());
        bundle = replaced(&bundle, KEYS, &from, &to);
    }
    bundle
}

#[test]
fn an_old_range_sealed_anew_with_the_new_key_fails() {
    for with_old_heads in [false, true] {
        let bundle = resealed(with_old_heads);
        assert_eq!(fault(&bundle).0, FaultCode::Key, "{with_old_heads}");
        agree(&[bundle]);
    }
}

#[test]
fn who_signs_for_which_size_is_not_the_exports_to_say() {
    let log = rotated(30, &AT);
    let whole = all_of(&log);
    let key = |n: usize| log.later[n].1.verifier_key().to_string();
    let listed = |n: usize, from: u64| format!(",{{\"from\":{from},\"vkey\":\"{}\"}}", key(n));
    let line = |n: usize| {
        let files = crate::log::unpack(&whole);
        let text = files.into_iter().find(|f| f.name == KEYS).unwrap().data;
        String::from_utf8(text).unwrap().lines().nth(n).unwrap().to_owned() + "\n"
    };
    let without_last = replaced(&whole, "manifest.json", &listed(2, 17), "");
    let attacks = [
        ("the newest key left out", replaced(&without_last, KEYS, &line(2), ""), FaultCode::Signature),
        ("its line left out", replaced(&whole, KEYS, &line(2), ""), FaultCode::Key),
        ("a line more", with(&whole, KEYS, |d| d.extend(line(2).into_bytes())), FaultCode::Key),
        (
            "lines swapped",
            replaced(&whole, KEYS, &format!("{}{}", line(0), line(1)), &format!("{}{}", line(1), line(0))),
            FaultCode::Key,
        ),
        ("from another size", replaced(&whole, "manifest.json", "\"from\":8", "\"from\":9"), FaultCode::Key),
        (
            "all from the beginning",
            replaced(&whole, "manifest.json", "\"from\":5", "\"from\":0"),
            FaultCode::Manifest,
        ),
        (
            "the head of an older key",
            with(&whole, "checkpoint", |d| {
                *d = rotated(30, &AT[..2]).note_at(30).into_bytes();
            }),
            FaultCode::Signature,
        ),
    ];
    let bundles: Vec<_> = attacks.iter().map(|(_, bundle, _)| bundle.clone()).collect();
    for (what, bundle, code) in attacks {
        assert_eq!(fault(&bundle).0, code, "{what}");
    }
    agree(&bundles);
    // A log that names a key that the export hides, signed on by the key before it.
    let mut hidden = rotated(30, &AT);
    hidden.later.pop();
    let bundle = all_of(&hidden);
    assert_eq!(fault(&bundle), (FaultCode::Key, Some(16)));
    agree(&[bundle, log_with_a_flipped_byte_of_each_line(&whole)]);
}

fn log_with_a_flipped_byte_of_each_line(whole: &[u8]) -> Vec<u8> {
    with(whole, KEYS, |data| data[40] ^= 1)
}

#[test]
fn a_log_of_one_key_is_exported_as_ever() {
    let names: Vec<_> = crate::log::unpack(&all_of(&log(4))).into_iter().map(|f| f.name).collect();
    assert!(!names.iter().any(|n| n == KEYS));
}
