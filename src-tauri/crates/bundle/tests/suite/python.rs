//! The verifier in Python comes to the same verdicts, for the same reasons, at the same entries. It runs with the system's
//! Python, on files, in one process.

use crate::log::{log, log_of_another_past, pack, unpack, with};
use crate::verdicts::attacks;
use reeve_bundle::{Known, PrivateMode, Verdict, verify};
use serde_json::{Value, json};
use std::process::Command;

/// The other verifier's report of each bundle.
fn python(bundles: &[Vec<u8>], vkey: Option<&str>) -> Vec<Value> {
    python_with(bundles, vkey, None)
}

fn python_with(bundles: &[Vec<u8>], vkey: Option<&str>, kept: Option<&str>) -> Vec<Value> {
    python_knowing(bundles, vkey, kept, &[])
}

/// With the keys of witnesses that must have signed.
pub(crate) fn python_knowing(
    bundles: &[Vec<u8>],
    vkey: Option<&str>,
    kept: Option<&str>,
    witnesses: &[String],
) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("verify.py"), reeve_bundle::VERIFY_PY).unwrap();
    for (i, bundle) in bundles.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{i}.zip")), bundle).unwrap();
    }
    let script = "import json, sys, verify\n\
        key = verify.parse_vkey(sys.argv[2]) if sys.argv[2] else None\n\
        kept = sys.argv[3].encode() if sys.argv[3] else None\n\
        print(json.dumps([verify.judge(f'{i}.zip', key, kept, sys.argv[4:])[1] for i in range(int(sys.argv[1]))]))";
    let output = Command::new("python3")
        .args(["-I", "-B", "-c", &format!("import sys; sys.path.insert(0, '.')\n{script}")])
        .args([&bundles.len().to_string(), vkey.unwrap_or_default(), kept.unwrap_or_default()])
        .args(witnesses)
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What both must agree on.
fn ours(bundle: &[u8]) -> Value {
    let report = verify(bundle, Known::default());
    let fault = match &report.verdict {
        Verdict::NotIntact(f) => json!([f.code.as_str(), f.sequence, f.place.as_ref().map(|(file, _)| file)]),
        _ => Value::Null,
    };
    json!({
        "verdict": report.verdict.as_str(), "exit": report.verdict.exit_code(), "fault": fault,
        "entries": report.entries, "sections": report.sections, "proven": report.proven(), "not_proven": report.not_proven(),
        "witnessed": report.witnessed.iter().map(|w| json!([w.name, w.vkey, w.size, w.time, w.pinned])).collect::<Vec<_>>(),
    })
}

fn theirs(report: &Value) -> Value {
    let fault = &report["fault"];
    let fault =
        if fault.is_null() { Value::Null } else { json!([fault["code"], fault["sequence"], fault["file"]]) };
    json!({
        "verdict": report["verdict"], "exit": report["exit_code"], "fault": fault,
        "entries": report["entries"], "sections": report["sections"], "proven": report["proven"], "not_proven": report["not_proven"],
        "witnessed": report["witnessed"].as_array().unwrap().iter()
            .map(|w| json!([w["name"], w["vkey"], w["size"], w["time"], w["pinned"]])).collect::<Vec<_>>(),
    })
}

pub(crate) fn agree(bundles: &[Vec<u8>]) {
    for (bundle, report) in bundles.iter().zip(python(bundles, None)) {
        assert_eq!(theirs(&report), ours(bundle), "{report:#}");
    }
}

#[test]
fn both_find_the_same_of_whole_bundles() {
    let (small, large) = (log(12), log(2_500));
    let mut bundles = vec![
        small.range(0..12, PrivateMode::Withheld),
        small.range(0..12, PrivateMode::Opened),
        small.selection(&[0, 5, 11]),
        small.selection(&[]),
        large.range(0..2_500, PrivateMode::Withheld),
        large.range(700..2_499, PrivateMode::Opened),
        large.selection(&[0, 255, 256, 2_048, 2_499]),
        log(1).selection(&[0]),
        Vec::new(),
        b"PK\x03\x04".to_vec(),
        b"no zip at all".to_vec(),
    ];
    bundles.extend((0..=12).map(|first| small.range(first..12, PrivateMode::Opened)));
    agree(&bundles);
}

#[test]
fn both_find_the_same_of_attacks() {
    let bundles: Vec<_> = attacks().into_iter().map(|(_, bundle, ..)| bundle).collect();
    agree(&bundles);
}

#[test]
fn both_find_the_same_of_any_flipped_byte() {
    let bundle = log(5).range(1..4, PrivateMode::Opened);
    let flipped = |at: usize| {
        let mut changed = bundle.clone();
        changed[at] ^= 1 << (at % 8);
        changed
    };
    let step = |n| (0..bundle.len()).step_by(n);
    let mut bundles: Vec<_> = (0..400)
        .step_by(3)
        .chain(step(331))
        .chain((bundle.len() - 600..bundle.len()).step_by(2))
        .map(flipped)
        .collect();
    // With checksums that fit, as in the test of mutations.
    for (i, file) in unpack(&bundle).iter().enumerate() {
        for at in (0..file.data.len()).step_by(if file.data.len() < 5_000 { 9 } else { 2_999 }) {
            let mut files = unpack(&bundle);
            files[i].data[at] ^= 1 << (at % 8);
            bundles.push(pack(&files));
        }
    }
    agree(&bundles);
}

#[test]
fn the_pinned_key_is_the_same_to_both() {
    let log = log(4);
    let bundle = log.range(0..4, PrivateMode::Withheld);
    let right = log.signer.verifier_key().to_string();
    let other = reeve_ledger::genesis_signer(&[8; 32], "audit").unwrap().verifier_key().to_string();
    let of = |key: &str| python(std::slice::from_ref(&bundle), Some(key)).remove(0);
    assert_eq!((of(&right)["exit_code"].as_u64(), of(&right)["pinned"].as_bool()), (Some(0), Some(true)));
    assert_eq!(
        (of(&other)["exit_code"].as_u64(), of(&other)["fault"]["code"].as_str()),
        (Some(1), Some("key"))
    );
}

#[test]
fn both_find_the_same_of_a_checkpoint_kept_from_earlier() {
    let (log, other) = (log(30), log_of_another_past(30));
    let bundle = log.range(8..20, PrivateMode::Withheld);
    for note in [
        log.note_at(8),
        log.note_at(13),
        log.note_at(20),
        log.note_at(21),
        other.note_at(13),
        "no".to_owned(),
    ] {
        let report = verify(&bundle[..], Known { checkpoint: Some(&note), ..Known::default() });
        let theirs = python_with(std::slice::from_ref(&bundle), None, Some(&note)).remove(0);
        assert_eq!(theirs["exit_code"], report.verdict.exit_code(), "{theirs:#}");
        assert_eq!(theirs["earlier"], json!(report.earlier));
        assert_eq!(
            (&theirs["proven"], &theirs["not_proven"]),
            (&json!(report.proven()), &json!(report.not_proven()))
        );
        let code = if let Verdict::NotIntact(fault) = &report.verdict {
            json!(fault.code.as_str())
        } else {
            Value::Null
        };
        assert_eq!(theirs["fault"]["code"], code);
    }
}

/// RFC 8032 section 7.1, tests 1 to 3, and one of them spoilt; keys and signatures that a loose verifier takes.
#[test]
fn the_signatures_of_the_standard_verify() {
    let script = "import verify as v\n\
        f = bytes.fromhex\n\
        tests = [\n\
        ('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', '', 'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'),\n\
        ('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', '72', '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'),\n\
        ('fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025', 'af82', '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a')]\n\
        for key, text, sig in tests:\n\
        \x20   assert v.ed25519_verify(f(key), f(text), f(sig))\n\
        \x20   assert not v.ed25519_verify(f(key), f(text) + b'x', f(sig))\n\
        \x20   s = (int.from_bytes(f(sig)[32:], 'little') + v.L).to_bytes(32, 'little')\n\
        \x20   assert not v.ed25519_verify(f(key), f(text), f(sig)[:32] + s)\n\
        assert not v.ed25519_verify((1).to_bytes(32, 'little'), b'any', (1).to_bytes(32, 'little') + bytes(32))\n\
        assert v.is_included(0, 1, b'r', [], b'r') and not v.is_included(1, 1, b'r', [], b'r')\n";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("verify.py"), reeve_bundle::VERIFY_PY).unwrap();
    let output = Command::new("python3")
        .args(["-I", "-B", "-c", &format!("import sys; sys.path.insert(0, '.')\n{script}")])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Ordinary tools unpack it: Python's own reader finds every file and every checksum.
#[test]
fn ordinary_tools_unpack_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bundle.zip");
    let bundle = log(12).range(2..12, PrivateMode::Opened);
    std::fs::write(&path, &bundle).unwrap();
    let output = Command::new("python3").args(["-I", "-m", "zipfile", "-t"]).arg(&path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && !said.contains("corrupted"), "{said}");
    // It would have said so.
    std::fs::write(&path, with(&bundle, "SPEC.md", |data| data[0] ^= 1)).unwrap();
    let mut broken = std::fs::read(&path).unwrap();
    let at = broken.windows(9).position(|w| w == b"{\"hlc\":\"0").unwrap();
    broken[at] ^= 1;
    std::fs::write(&path, broken).unwrap();
    let output = Command::new("python3").args(["-I", "-m", "zipfile", "-t"]).arg(&path).output().unwrap();
    let all = [output.stdout, output.stderr].concat();
    assert!(
        String::from_utf8_lossy(&all).contains("entries/000001.jsonl"),
        "{}",
        String::from_utf8_lossy(&all)
    );
}
