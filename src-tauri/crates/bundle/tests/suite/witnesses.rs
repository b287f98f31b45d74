//! Outside witnesses in a bundle: what they signed is told, and nothing that they did not sign passes for it.

use crate::log::{cosigner, log, log_of_another_past, replaced, unpack, with, witnessed};
use crate::python::{agree, python_knowing};
use reeve_bundle::{FaultCode, Known, PrivateMode, Verdict, verify};
use reeve_ledger::WitnessKey;
use serde_json::json;

const LINES: &str = "witnessed.jsonl";

fn fault(bundle: &[u8]) -> Option<FaultCode> {
    match verify(bundle, Known::default()).verdict {
        Verdict::NotIntact(fault) => Some(fault.code),
        _ => None,
    }
}

#[test]
fn who_signed_how_much_and_when_is_told() {
    let log = witnessed(30, 12);
    for bundle in [
        log.range(0..30, PrivateMode::Withheld),
        log.range(20..25, PrivateMode::Opened),
        log.selection(&[1, 29]),
    ] {
        let report = verify(&bundle[..], Known::default());
        assert_eq!(report.verdict, Verdict::Intact);
        let found: Vec<_> =
            report.witnessed.iter().map(|w| (w.name.as_str(), w.size, w.time, w.pinned)).collect();
        assert_eq!(
            found,
            [
                ("witness.example/w1", 12, 1_795_262_400, false),
                ("witness.example/w3", 30, 1_795_262_402, false)
            ]
        );
        let proven = report.proven().join(" ");
        assert!(proven.contains("witness.example/w1, a witness that the log's owner names, signed the first 12 entries on 2026-11-21 12:00:00 UTC"), "{proven}");
        let open = report.not_proven().join(" ");
        assert!(
            open.contains("rewritten as a whole") && open.contains("That witness.example/w1 is the party"),
            "{open}"
        );
        let files: Vec<_> = unpack(&bundle).into_iter().map(|f| f.name).take(5).collect();
        assert_eq!(files, ["manifest.json", "checkpoint", "keys.jsonl", "policy", LINES]);
        agree(&[bundle]);
    }
}

#[test]
fn a_witness_whose_key_is_known_must_have_signed() {
    let log = witnessed(30, 12);
    let bundle = log.range(0..30, PrivateMode::Withheld);
    let key = |seed: u8| cosigner(seed).witness_key().clone();
    let cases: [(&[WitnessKey], bool); 5] = [
        (&[key(1)], true),
        (&[key(1), key(3)], true),
        (&[key(2)], false),
        (&[key(9)], false),
        (&[key(3), key(9)], false),
    ];
    for (witnesses, enough) in cases {
        let report = verify(&bundle[..], Known { witnesses, ..Known::default() });
        assert_eq!(report.verdict == Verdict::Intact, enough, "{witnesses:?}: {:?}", report.verdict);
        let vkeys: Vec<_> = witnesses.iter().map(ToString::to_string).collect();
        let theirs = python_knowing(std::slice::from_ref(&bundle), None, None, &vkeys).remove(0);
        assert_eq!(theirs["exit_code"], report.verdict.exit_code(), "{theirs:#}");
        assert_eq!(
            (&theirs["proven"], &theirs["not_proven"]),
            (&json!(report.proven()), &json!(report.not_proven()))
        );
        if enough {
            let most = if witnesses.len() == 2 { 30 } else { 12 };
            let open = report.not_proven().join(" ");
            assert!(open.contains(&format!("That the entries from {most} on were not rewritten")), "{open}");
        }
    }
    let plain = verify(
        &self::log(3).range(0..3, PrivateMode::Withheld)[..],
        Known { witnesses: &[key(1)], ..Known::default() },
    );
    assert!(
        matches!(plain.verdict, Verdict::NotIntact(f) if f.code == FaultCode::Witness),
        "nobody signed it"
    );
}

/// Somebody with the log's key wrote the history anew; what the witness signed is not of it.
#[test]
fn attacks_are_found_by_both() {
    let log = witnessed(30, 12);
    let bundle = log.range(0..30, PrivateMode::Withheld);
    let other = {
        let mut other = log_of_another_past(30);
        other.witnesses = vec![(cosigner(1), 12)];
        other
    };
    let rewritten = {
        let honest = {
            let mut honest = self::log(30);
            honest.witnesses = vec![(cosigner(1), 12)];
            honest
        };
        let line = unpack(&honest.range(0..30, PrivateMode::Withheld))
            .into_iter()
            .find(|f| f.name == LINES)
            .unwrap();
        with(&other.range(0..30, PrivateMode::Withheld), LINES, |data| *data = line.data)
    };
    let lines = |change: fn(Vec<&[u8]>) -> Vec<&[u8]>| {
        with(&bundle, LINES, |data| {
            let old = data.clone();
            let kept = change(old.strip_suffix(b"\n").unwrap().split(|b| *b == b'\n').collect());
            *data = kept.iter().flat_map(|line| [line, &b"\n"[..]].concat()).collect();
        })
    };
    let (first, third) = (cosigner(1).witness_key().to_string(), cosigner(3).witness_key().to_string());
    let stranger = cosigner(9).witness_key().to_string();
    let attacks = [
        ("a rewritten history", rewritten),
        (
            "the lines swapped",
            lines(|mut l| {
                l.swap(0, 1);
                l
            }),
        ),
        (
            "a line twice",
            lines(|mut l| {
                l.push(l[1]);
                l
            }),
        ),
        ("another witness's number", replaced(&bundle, LINES, "\"witness\":0", "\"witness\":1")),
        ("no witness's number", replaced(&bundle, LINES, "\"witness\":2", "\"witness\":7")),
        ("no whole line", with(&bundle, LINES, |data| data.truncate(data.len() - 1))),
        ("an empty line", with(&bundle, LINES, |data| data.push(b'\n'))),
        ("a policy that asks for fewer", replaced(&bundle, "policy", "group every all", "group every any")),
        ("a policy of other keys", replaced(&bundle, "policy", &first, &stranger)),
        (
            "a witness twice",
            replaced(&replaced(&bundle, "manifest.json", &first, &third), "policy", &first, &third),
        ),
        (
            "another key for a signature",
            replaced(&replaced(&bundle, "manifest.json", &first, &stranger), "policy", &first, &stranger),
        ),
    ];
    for (what, attacked) in &attacks {
        assert_eq!(fault(attacked), Some(FaultCode::Witness), "{what}");
    }
    agree(&attacks.map(|(_, bundle)| bundle));
    // Less than was signed is no lie; it is told as that.
    let fewer = [lines(|l| l[..1].to_vec()), with(&bundle, LINES, Vec::clear)];
    for bundle in &fewer {
        assert_eq!(fault(bundle), None);
    }
    agree(&fewer);
    let named_without_files = replaced(
        &self::log(3).range(0..3, PrivateMode::Withheld),
        "manifest.json",
        "}]}",
        &format!("}}],\"witnesses\":[\"{first}\"]}}"),
    );
    assert_eq!(fault(&named_without_files), Some(FaultCode::Archive));
    let none_named = replaced(&bundle, "manifest.json", &format!("[\"{first}\""), &format!("[7,\"{first}\""));
    assert_eq!(fault(&none_named), Some(FaultCode::Manifest));
    agree(&[named_without_files, none_named]);
}
