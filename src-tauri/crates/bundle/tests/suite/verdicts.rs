//! What is found of whole bundles, and of bundles that somebody changed on purpose.

use crate::log::{log, log_of_another_past, pack, replaced, unpack, with};
use data_encoding::HEXLOWER;
use proptest::prelude::*;
use reeve_bundle::{FaultCode, Kind, Known, PrivateMode, Verdict, verify};
use reeve_ledger::{Leaf, genesis_signer, leaf_hash};

pub(crate) const ENTRIES: &str = "entries/000001.jsonl";
const HASHES: &str = "hashes/000001.txt";

#[test]
fn whole_logs_and_ranges_are_intact() {
    for size in [1, 2, 3, 8, 13] {
        let log = log(size);
        for first in 0..size {
            for end in first..=size {
                let bundle = log.range(first..end, PrivateMode::Withheld);
                let report = verify(&bundle[..], Known::default());
                assert_eq!(report.verdict, Verdict::Intact, "{first}..{end} of {size}");
                assert_eq!(report.entries, end - first);
                assert!(!report.proven().is_empty() && report.not_proven().len() > 3);
            }
        }
    }
}

#[test]
fn private_sections_and_the_pinned_key_are_checked() {
    let log = log(20);
    let bundle = log.range(3..17, PrivateMode::Opened);
    let report = verify(&bundle[..], Known { key: Some(log.signer.verifier_key()), ..Known::default() });
    assert_eq!((report.verdict.clone(), report.pinned, report.sections), (Verdict::Intact, true, 5));
    assert!(report.proven()[2].contains("5 opened private sections"), "{:?}", report.proven());

    let other = genesis_signer(&[8; 32], "audit").unwrap();
    let Verdict::NotIntact(fault) =
        verify(&bundle[..], Known { key: Some(other.verifier_key()), ..Known::default() }).verdict
    else {
        panic!()
    };
    assert_eq!(fault.code, FaultCode::Key);
}

#[test]
fn a_checkpoint_kept_from_earlier_finds_a_history_written_anew() {
    let (log, other) = (log(30), log_of_another_past(30));
    let range = log.range(8..20, PrivateMode::Withheld);
    let with =
        |bundle: &[u8], note: &str| verify(bundle, Known { checkpoint: Some(note), ..Known::default() });
    for kept in 8..=20 {
        let report = with(&range, &log.note_at(kept));
        assert_eq!((&report.verdict, report.earlier), (&Verdict::Intact, Some(kept)));
        assert!(report.proven().iter().any(|s| s.contains(&format!("first {kept} entries"))));
        assert!(!report.not_proven().iter().any(|s| s.contains("as a whole")));
        let Verdict::NotIntact(fault) = with(&range, &other.note_at(kept)).verdict else { panic!() };
        assert_eq!(fault.code, FaultCode::Earlier, "{kept}");
    }
    // What cannot be compared is not passed over.
    for note in [log.note_at(7), log.note_at(21)] {
        assert_eq!(with(&range, &note).verdict.exit_code(), 2);
    }
    assert_eq!(with(&log.selection(&[1]), &log.note_at(9)).verdict.exit_code(), 2);
    assert_eq!(with(&log.range(0..30, PrivateMode::Withheld), &log.note_at(0)).verdict, Verdict::Intact);
    let Verdict::NotIntact(fault) = with(&range, "no note").verdict else { panic!() };
    assert_eq!(fault.code, FaultCode::Earlier);
}

#[test]
fn a_selection_is_called_one() {
    let bundle = log(23).selection(&[0, 4, 5, 21, 22]);
    let report = verify(&bundle[..], Known::default());
    assert_eq!((&report.verdict, report.entries, report.sections), (&Verdict::Intact, 5, 4));
    assert!(report.not_proven().iter().any(|s| s.contains("complete")), "{:?}", report.not_proven());
    assert!(String::from_utf8_lossy(&bundle).contains("selection: completeness not provable"));
    assert_eq!(verify(&log(1).selection(&[0])[..], Known::default()).verdict, Verdict::Intact);
    assert_eq!(verify(&log(9).selection(&[])[..], Known::default()).verdict, Verdict::Intact);
}

#[test]
fn many_parts_are_one_log() {
    let big = log(9_000);
    let bundle = big.range(0..9_000, PrivateMode::Withheld);
    let names: Vec<_> = unpack(&bundle).into_iter().map(|f| f.name).collect();
    assert!(names.len() > 10, "{names:?}");
    assert_eq!(verify(&bundle[..], Known::default()).verdict, Verdict::Intact);
    assert_eq!(big.range(0..9_000, PrivateMode::Withheld), bundle, "the same entries give the same file");
    // The second part taken out, and the third moved up.
    let without: Vec<_> = unpack(&bundle).into_iter().filter(|f| !f.name.contains("000002")).collect();
    assert_eq!(code(&pack(&without)), (FaultCode::Archive, None));
}

fn code(bundle: &[u8]) -> (FaultCode, Option<u64>) {
    match verify(bundle, Known::default()).verdict {
        Verdict::NotIntact(fault) => (fault.code, fault.sequence),
        other => panic!("{other:?}"),
    }
}

/// Changes the line of one entry and, as somebody careful would, the hash that is noted of it.
fn edited(bundle: &[u8], n: usize, change: impl Fn(&mut Leaf)) -> Vec<u8> {
    let mut new = Vec::new();
    let bundle = with(bundle, ENTRIES, |data| {
        let mut lines: Vec<Vec<u8>> = data.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        let mut leaf = Leaf::parse(&lines[n]).unwrap();
        change(&mut leaf);
        lines[n] = leaf.encode().unwrap();
        new.clone_from(&lines[n]);
        *data = lines.join(&b'\n');
    });
    with(&bundle, HASHES, |data| {
        data[n * 65..n * 65 + 64].copy_from_slice(HEXLOWER.encode(&leaf_hash(&new)).as_bytes());
    })
}

/// What a person may try, and what is found. Entries are named wherever the file alone can tell.
pub(crate) fn attacks() -> Vec<(&'static str, Vec<u8>, FaultCode, Option<u64>)> {
    use FaultCode as F;
    let log = log(12);
    let whole = log.range(0..12, PrivateMode::Withheld);
    let range = log.range(3..9, PrivateMode::Opened);
    let some = log.selection(&[1, 5, 7]);
    let line = |bundle: &[u8], name: &str, n: usize| {
        let files = unpack(bundle);
        let data = &files.iter().find(|f| f.name == name).unwrap().data;
        String::from_utf8(data.split(|b| *b == b'\n').nth(n).unwrap().to_vec()).unwrap() + "\n"
    };
    let drop = |bundle: &[u8], n: usize| {
        let less = replaced(bundle, ENTRIES, &line(bundle, ENTRIES, n), "");
        replaced(&less, HASHES, &line(bundle, HASHES, n), "")
    };
    let swapped = {
        let (a, b) = (line(&whole, ENTRIES, 4), line(&whole, ENTRIES, 5));
        replaced(&whole, ENTRIES, &format!("{a}{b}"), &format!("{b}{a}"))
    };
    let doubled: Vec<_> = {
        let files = unpack(&whole);
        files
            .into_iter()
            .flat_map(|f| {
                if f.name == "SPEC.md" {
                    vec![
                        reeve_bundle::archive::StoredFile {
                            data: f.data.clone(),
                            name: f.name.clone(),
                            sound: true,
                        },
                        f,
                    ]
                } else {
                    vec![f]
                }
            })
            .collect()
    };
    let without = |name: &str| pack(unpack(&whole).iter().filter(|f| f.name != name));
    let renamed = |to: &str| {
        let mut files = unpack(&whole);
        files.iter_mut().filter(|f| f.name == ENTRIES).for_each(|f| f.name = to.to_owned());
        pack(&files)
    };
    let other_key = {
        let other = genesis_signer(&[8; 32], "audit").unwrap().verifier_key().to_string();
        replaced(&whole, "manifest.json", &log.signer.verifier_key().to_string(), &other)
    };
    let mut trailing = whole.clone();
    trailing.push(0);
    let mut longer = log.manifest(Kind::Log, &(0..12), 12, PrivateMode::Withheld);
    longer.size = 13;
    longer.end = 13;
    longer.count = 13;
    let longer = with(&whole, "manifest.json", |data| *data = longer.encode().unwrap());
    let claims_log = {
        let manifest = log.manifest(Kind::Log, &(0..12), 12, PrivateMode::Opened);
        with(&range, "manifest.json", |data| *data = manifest.encode().unwrap())
    };
    let section = line(&range, "private/000001.jsonl", 0);
    vec![
        (
            "another outcome",
            replaced(&whole, ENTRIES, "\"ok\":\"denied\"", "\"ok\":\"ok\""),
            F::Hash,
            Some(0),
        ),
        (
            "another outcome in the middle",
            replaced(&whole, ENTRIES, "\"on\":\"tenant:ten_7\"", "\"on\":\"tenant:ten_8\""),
            F::Hash,
            Some(7),
        ),
        ("an entry and its hash", edited(&whole, 6, |leaf| leaf.who = "u:other".to_owned()), F::Root, None),
        ("an entry of a range and its hash", edited(&range, 2, |leaf| leaf.t += 1), F::Root, None),
        ("a clock set back", edited(&whole, 6, |leaf| leaf.hlc = reeve_ledger::Hlc(1)), F::Clock, Some(6)),
        ("an entry taken out", drop(&whole, 5), F::Order, Some(5)),
        ("the last entry taken out", drop(&whole, 11), F::Count, Some(11)),
        ("entries swapped", swapped, F::Order, Some(4)),
        (
            "an entry twice",
            replaced(&whole, ENTRIES, &line(&whole, ENTRIES, 4), &line(&whole, ENTRIES, 4).repeat(2)),
            F::Order,
            Some(5),
        ),
        ("no JSON", replaced(&whole, ENTRIES, "{\"hlc\"", "{hlc"), F::Line, Some(0)),
        ("a space", replaced(&whole, ENTRIES, "\"n\":3", "\"n\": 3"), F::Line, Some(3)),
        ("a key twice", replaced(&whole, ENTRIES, "\"v\":1,", "\"v\":1,\"v\":1,"), F::Line, Some(0)),
        ("not UTF-8", with(&whole, ENTRIES, |data| data[20] = 0xff), F::Line, Some(0)),
        (
            "a huge line",
            with(&whole, ENTRIES, |data| {
                data.splice(0..0, vec![b'a'; 100_000]);
            }),
            F::Line,
            Some(0),
        ),
        (
            "no last newline",
            with(&whole, ENTRIES, |data| {
                data.pop();
            }),
            F::Line,
            None,
        ),
        ("a hash", with(&whole, HASHES, |data| data[65 * 4] ^= 1), F::Hash, Some(4)),
        ("a hash too few", replaced(&whole, HASHES, &line(&whole, HASHES, 11), ""), F::Hash, None),
        ("a hash too many", with(&whole, HASHES, |data| data.extend(data.clone())), F::Hash, None),
        (
            "a subtree before the range",
            with(&range, "frontier.txt", |data| data[12] = if data[12] == b'a' { b'b' } else { b'a' }),
            F::Root,
            None,
        ),
        (
            "a subtree too many",
            with(&whole, "frontier.txt", |data| {
                data.extend(b"before 0 0 ".iter().chain(&[b'0'; 64]).chain(b"\n"))
            }),
            F::Frontier,
            None,
        ),
        ("no frontier", with(&range, "frontier.txt", Vec::clear), F::Frontier, None),
        ("another key", other_key, F::Key, None),
        (
            "the signature",
            with(&whole, "checkpoint", |data| {
                let at = data.len() - 20;
                data[at] = if data[at] == b'A' { b'B' } else { b'A' };
            }),
            F::Signature,
            None,
        ),
        ("the signed size", replaced(&whole, "checkpoint", "\n12\n", "\n11\n"), F::Signature, None),
        ("a size that was not signed", longer, F::Checkpoint, None),
        ("a range that claims to be the log", claims_log, F::Frontier, None),
        ("a count", replaced(&whole, "manifest.json", "\"count\":12", "\"count\":11"), F::Manifest, None),
        (
            "a field too many",
            replaced(&whole, "manifest.json", "\"count\":12", "\"aaa\":1,\"count\":12"),
            F::Manifest,
            None,
        ),
        (
            "an entry of a selection",
            replaced(&some, ENTRIES, "\"on\":\"tenant:ten_5\"", "\"on\":\"tenant:ten_6\""),
            F::Proof,
            Some(5),
        ),
        ("another number in a selection", replaced(&some, ENTRIES, "\"n\":5", "\"n\":6"), F::Proof, Some(6)),
        (
            "a proof",
            with(&some, "proofs/000001.txt", |data| data[2] = if data[2] == b'a' { b'b' } else { b'a' }),
            F::Proof,
            Some(1),
        ),
        (
            "a private section",
            replaced(&range, "private/000001.jsonl", "203.0.113.5", "203.0.113.6"),
            F::Private,
            Some(5),
        ),
        (
            "a private section twice",
            replaced(&range, "private/000001.jsonl", &section, &section.repeat(2)),
            F::Private,
            Some(5),
        ),
        (
            "a section of another entry",
            replaced(&range, "private/000001.jsonl", "\"n\":5", "\"n\":4"),
            F::Private,
            Some(4),
        ),
        (
            "sections where none may be",
            replaced(&range, "manifest.json", "opened", "withheld"),
            F::Archive,
            None,
        ),
        ("a file twice", pack(&doubled), F::Archive, None),
        ("a file less", without(HASHES), F::Archive, None),
        ("no entries", without(ENTRIES), F::Archive, None),
        ("a path that climbs", renamed("../../etc/cron.d/x"), F::Archive, None),
        ("another folder", renamed("entries/../entries/000001.jsonl"), F::Archive, None),
        ("bytes at the end", trailing, F::Archive, None),
        ("cut", whole[..whole.len() - 40].to_vec(), F::Archive, None),
    ]
}

#[test]
fn attacks_are_found_and_named() {
    for (what, bundle, expected, sequence) in attacks() {
        assert_eq!(code(&bundle), (expected, sequence), "{what}");
    }
}

#[test]
fn what_is_no_bundle_is_unreadable() {
    let whole = log(3).range(0..3, PrivateMode::Withheld);
    let newer = replaced(&whole, "manifest.json", "reeve-export v1", "reeve-export v2");
    for bytes in
        [&b""[..], b"PK\x03\x04", b"hello", &[0; 4_096], &newer, &pack(unpack(&whole).iter().skip(1))]
    {
        let report = verify(bytes, Known::default());
        assert_eq!(report.verdict.exit_code(), 2, "{:?}", report.verdict);
    }
}

/// A header that promises gigabytes takes no memory for them.
#[test]
fn promises_are_not_believed() {
    let mut bundle = log(3).range(0..3, PrivateMode::Withheld);
    let huge = u32::MAX.to_le_bytes();
    bundle[18..22].copy_from_slice(&huge);
    bundle[22..26].copy_from_slice(&huge);
    assert_eq!(verify(&bundle[..], Known::default()).verdict.exit_code(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_range_of_every_log_is_intact(size in 1_u64..300, a in 0_u64..300, b in 0_u64..300) {
        let (a, b) = (a.min(size), b.min(size));
        let bundle = log(size).range(a.min(b)..a.max(b), PrivateMode::Opened);
        prop_assert_eq!(verify(&bundle[..], Known::default()).verdict, Verdict::Intact);
    }

    #[test]
    fn any_bytes_are_judged_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert_ne!(verify(&bytes[..], Known::default()).verdict, Verdict::Intact);
    }
}
