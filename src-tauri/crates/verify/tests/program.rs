//! The program itself: what it prints, how it exits, and that the program in Python does the same.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use reeve_bundle::{BundleWriter, Evidence, Kind, Manifest, Noted, PrivateMode, VERIFY_PY};
use reeve_ledger::leaf::Ok as Outcome;
use reeve_ledger::{Checkpoint, Frontier, Hlc, Leaf, Signer, genesis_signer, leaf_hash};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// A log of three entries.
fn bundle(signer: &Signer) -> Vec<u8> {
    let origin = signer.name().to_owned();
    let leaves: Vec<_> = (0..3_u64)
        .map(|n| Leaf {
            n,
            t: 1_767_225_600_000,
            hlc: Hlc(n + 1),
            kind: "tenant.create".to_owned(),
            who: "u:1".to_owned(),
            via: "ui".to_owned(),
            on: format!("tenant:{n}"),
            ok: Outcome::Success,
            sid: None,
            x: serde_json::Map::new(),
            p: Vec::new(),
        })
        .map(|leaf| leaf.encode().unwrap())
        .collect();
    let mut tree = Frontier::new();
    leaves.iter().for_each(|leaf| tree.push(leaf_hash(leaf)));
    let checkpoint = Checkpoint { origin: origin.clone(), size: 3, root: tree.root() }.sign(signer);
    let manifest = Manifest {
        kind: Kind::Log,
        origin,
        stream: "audit".to_owned(),
        vkey: signer.verifier_key().to_string(),
        successors: Vec::new(),
        witnesses: Vec::new(),
        size: 3,
        first: 0,
        end: 3,
        count: 3,
        private: PrivateMode::Withheld,
        asked: "everything\u{1b}[2J".to_owned(),
    };
    let mut writer = BundleWriter::begin(&manifest, &Evidence { checkpoint, ..Evidence::default() }).unwrap();
    for (n, leaf) in (0..).zip(&leaves) {
        writer.push(n, leaf, Noted::Hash(leaf_hash(leaf)), &[]).unwrap();
    }
    writer.finish().unwrap();
    writer.take()
}

fn ours(file: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_reeve-verify")).arg(file).args(more).output().unwrap()
}

fn theirs(file: &Path, more: &[&str]) -> Output {
    let script = file.with_file_name("verify.py");
    std::fs::write(&script, VERIFY_PY).unwrap();
    Command::new("python3").args(["-I", "-B"]).arg(script).arg(file).args(more).output().unwrap()
}

#[test]
fn both_programs_exit_alike_and_print_the_same_report() {
    let folder = tempfile::tempdir().unwrap();
    let signer = genesis_signer(&[7; 32], "audit").unwrap();
    let (right, wrong) = (
        signer.verifier_key().to_string(),
        genesis_signer(&[8; 32], "audit").unwrap().verifier_key().to_string(),
    );
    let whole = bundle(&signer);
    let mut changed = whole.clone();
    let at = whole.windows(8).position(|w| w == b"tenant:1").unwrap();
    changed[at + 7] = b'9';
    let cases = [
        ("whole.zip", &whole[..], None, 0, "INTACT"),
        ("whole.zip", &whole[..], Some(&right), 0, "INTACT"),
        ("whole.zip", &whole[..], Some(&wrong), 1, "another key"),
        ("changed.zip", &changed[..], None, 1, "First bad entry: 1."),
        ("text.zip", b"no zip", None, 2, "CANNOT BE READ"),
        ("whole.zip", &whole[..], Some(&"no key".to_owned()), 2, ""),
    ];
    for (name, bytes, vkey, code, said) in cases {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let mut more = vkey.map_or_else(Vec::new, |key| vec!["--vkey", key.as_str()]);
        for output in [ours(&file, &more), theirs(&file, &more)] {
            let text = String::from_utf8(output.stdout).unwrap();
            assert_eq!(output.status.code(), Some(code), "{name}: {text}");
            assert!(text.contains(said) && !text.contains('\u{1b}'), "{text}");
        }
        more.push("--json");
        let reports = [ours(&file, &more), theirs(&file, &more)]
            .map(|output| serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default());
        assert_eq!(reports[0], reports[1], "{name}");
    }
}

#[test]
fn both_programs_hold_it_against_a_checkpoint_kept_from_earlier() {
    let folder = tempfile::tempdir().unwrap();
    let signer = genesis_signer(&[7; 32], "audit").unwrap();
    let file = folder.path().join("whole.zip");
    std::fs::write(&file, bundle(&signer)).unwrap();
    let kept = folder.path().join("kept");
    let origin = signer.name().to_owned();
    let note = |size, root| Checkpoint { origin: origin.clone(), size, root }.sign(&signer);
    let more = ["--checkpoint", kept.to_str().unwrap()];
    let cases = [
        (note(0, reeve_ledger::EMPTY_ROOT), 0),
        (note(2, [7; 32]), 1),
        (note(4, [7; 32]), 2),
        ("no".to_owned(), 1),
    ];
    for (note, code) in cases {
        std::fs::write(&kept, &note).unwrap();
        for output in [ours(&file, &more), theirs(&file, &more)] {
            assert_eq!(
                output.status.code(),
                Some(code),
                "{note}: {}",
                String::from_utf8_lossy(&output.stdout)
            );
        }
    }
    std::fs::remove_file(&kept).unwrap();
    for output in [ours(&file, &more), theirs(&file, &more)] {
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn a_file_that_is_not_there_cannot_be_read() {
    let nowhere = tempfile::tempdir().unwrap().path().join("none.zip");
    for path in [nowhere.as_path(), Path::new(env!("CARGO_MANIFEST_DIR"))] {
        assert_eq!(ours(path, &[]).status.code(), Some(2), "{}", path.display());
    }
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(theirs(&folder.path().join("none.zip"), &[]).status.code(), Some(2));
}
