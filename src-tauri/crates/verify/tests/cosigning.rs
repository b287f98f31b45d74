//! Being a witness with the program alone: what it signs, what it refuses, and that it never contradicts itself.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use reeve_bundle::{BundleWriter, Evidence, Kind, Manifest, Noted, PrivateMode};
use reeve_ledger::leaf::Ok as Outcome;
use reeve_ledger::note::cosignatures;
use reeve_ledger::{Checkpoint, Frontier, Hlc, Leaf, Signer, WitnessKey, genesis_signer, leaf_hash};
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

struct Desk {
    folder: TempDir,
    vkey: WitnessKey,
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_reeve-verify")).args(arguments).output().unwrap()
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("witness.key");
        let made = run(&["make-key", "audit.example.com/ledger", "--key", key.to_str().unwrap()]);
        assert_eq!(made.status.code(), Some(0), "{made:?}");
        let vkey = String::from_utf8(made.stdout).unwrap().trim().parse().unwrap();
        Self { folder, vkey }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, data: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), data).unwrap();
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Exit code, what is printed, and what is told.
    fn cosign(&self, file: &str, more: &[&str]) -> (i32, String, String) {
        let key = self.path("witness.key");
        let out = run(&[&["cosign", file, "--key", key.to_str().unwrap()], more].concat());
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
    }

    fn signed(&self, note: &str) -> usize {
        cosignatures(note, &self.vkey).unwrap().len()
    }
}

fn signer() -> Signer {
    genesis_signer(&[7; 32], "audit").unwrap()
}

/// Entries of a log; another history has other ones.
fn leaves(size: u64, who: &str) -> Vec<Vec<u8>> {
    let leaf = |n| Leaf {
        n,
        t: 1_767_225_600_000,
        hlc: Hlc(n + 1),
        kind: "tenant.create".to_owned(),
        who: who.to_owned(),
        via: "ui".to_owned(),
        on: format!("tenant:{n}"),
        ok: Outcome::Success,
        sid: None,
        x: serde_json::Map::new(),
        p: Vec::new(),
    };
    (0..size).map(|n| leaf(n).encode().unwrap()).collect()
}

fn note(leaves: &[Vec<u8>]) -> String {
    let mut tree = Frontier::new();
    leaves.iter().for_each(|leaf| tree.push(leaf_hash(leaf)));
    let signer = signer();
    Checkpoint { origin: signer.name().to_owned(), size: tree.size(), root: tree.root() }.sign(&signer)
}

fn export(leaves: &[Vec<u8>]) -> Vec<u8> {
    let (signer, size) = (signer(), leaves.len() as u64);
    let manifest = Manifest {
        kind: Kind::Log,
        origin: signer.name().to_owned(),
        stream: "audit".to_owned(),
        vkey: signer.verifier_key().to_string(),
        successors: Vec::new(),
        witnesses: Vec::new(),
        size,
        first: 0,
        end: size,
        count: size,
        private: PrivateMode::Withheld,
        asked: "everything".to_owned(),
    };
    let evidence = Evidence { checkpoint: note(leaves), ..Evidence::default() };
    let mut writer = BundleWriter::begin(&manifest, &evidence).unwrap();
    for (n, leaf) in (0..).zip(leaves) {
        writer.push(n, leaf, Noted::Hash(leaf_hash(leaf)), &[]).unwrap();
    }
    writer.finish().unwrap();
    writer.take()
}

#[cfg(unix)]
#[test]
fn the_key_is_the_owners_alone_and_is_never_overwritten() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    let key = desk.path("witness.key");
    let mode = || std::fs::metadata(&key).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    let again = run(&["make-key", "other", "--key", key.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(2));
    assert!(!std::fs::read_to_string(&key).unwrap().contains("other"));
    assert_eq!(run(&["make-key", "a name", "--key", "/dev/null/none"]).status.code(), Some(2));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, out, told) = desk.cosign(&desk.put("a.zip", export(&leaves(3, "u:1"))), &[]);
    assert!(code == 2 && out.is_empty() && told.contains("others on this machine can read it"), "{told}");
}

#[test]
fn a_log_that_grows_is_signed_and_what_is_signed_verifies() {
    let desk = Desk::new();
    let (code, signed, told) = desk.cosign(&desk.put("a.zip", export(&leaves(3, "u:1"))), &[]);
    assert_eq!(code, 0, "{told}");
    assert!(signed.starts_with(&note(&leaves(3, "u:1"))) && desk.signed(&signed) == 1, "{signed}");
    // Grown: only an export shows that it continues, and then it is signed.
    let grown = leaves(9, "u:1");
    let (code, out, told) = desk.cosign(&desk.put("note.txt", note(&grown)), &[]);
    assert!(code == 2 && out.is_empty() && told.contains("ask for an export"), "{told}");
    let file = desk.path("signed.txt");
    let (code, out, told) =
        desk.cosign(&desk.put("b.zip", export(&grown)), &["--out", file.to_str().unwrap()]);
    assert!(code == 0 && out.is_empty(), "{told}");
    assert_eq!(desk.signed(&std::fs::read_to_string(&file).unwrap()), 1);
    // The same again, as a mail brings it.
    let (code, signed, told) = desk.cosign(&desk.put("note.txt", note(&grown).replace('\n', "\r\n")), &[]);
    assert!(code == 0 && desk.signed(&signed) == 1, "{told}");
}

#[test]
fn a_first_checkpoint_alone_needs_the_key_of_its_log() {
    let desk = Desk::new();
    let file = desk.put("note.txt", note(&leaves(3, "u:1")));
    let (code, out, told) = desk.cosign(&file, &[]);
    assert!(code == 2 && out.is_empty() && told.contains("--vkey"), "{told}");
    let other = genesis_signer(&[8; 32], "audit").unwrap().verifier_key().to_string();
    let (code, out, told) = desk.cosign(&file, &["--vkey", &other]);
    assert!(code == 1 && out.is_empty() && told.contains("not signed by the key you gave"), "{told}");
    let right = signer().verifier_key().to_string();
    let (code, signed, told) = desk.cosign(&file, &["--vkey", &right]);
    assert!(code == 0 && desk.signed(&signed) == 1, "{told}");
    // From then on the key is remembered, and growth is shown by an export.
    assert_eq!(desk.cosign(&desk.put("b.zip", export(&leaves(5, "u:1"))), &[]).0, 0);
}

#[test]
fn what_contradicts_its_own_word_is_refused() {
    let desk = Desk::new();
    assert_eq!(desk.cosign(&desk.put("a.zip", export(&leaves(6, "u:1"))), &[]).0, 0);
    let before = std::fs::read(desk.path("witness.key.memory")).unwrap();
    let other = leaves(6, "u:other");
    for (what, file, words) in [
        ("fewer entries", desk.put("1.zip", export(&leaves(5, "u:1"))), "already signed 6 entries"),
        ("fewer entries, a note", desk.put("1.txt", note(&leaves(5, "u:1"))), "already signed 6 entries"),
        ("other entries", desk.put("2.zip", export(&other)), "written anew"),
        ("other entries, a note", desk.put("2.txt", note(&other)), "written anew"),
        ("more of others", desk.put("3.zip", export(&leaves(9, "u:other"))), "written anew"),
    ] {
        let (code, out, told) = desk.cosign(&file, &[]);
        assert!(code == 1 && out.is_empty() && told.contains(words), "{what}: {told}");
    }
    let mut damaged = export(&leaves(9, "u:1"));
    let at = damaged.windows(8).position(|w| w == b"tenant:4").unwrap();
    damaged[at] ^= 1;
    let (code, out, told) = desk.cosign(&desk.put("4.zip", damaged), &[]);
    assert!(code == 1 && out.is_empty() && told.contains("not intact"), "{told}");
    for nothing in ["", "hello", "a\n1\n\nb", "PK"] {
        let (code, out, _) = desk.cosign(&desk.put("5.txt", nothing), &[]);
        assert!(code == 2 && out.is_empty(), "{nothing:?}");
    }
    assert_eq!(
        std::fs::read(desk.path("witness.key.memory")).unwrap(),
        before,
        "what is refused is not remembered"
    );
    desk.put("witness.key.memory", "{}");
    let (code, _, told) = desk.cosign(&desk.put("6.zip", export(&leaves(9, "u:1"))), &[]);
    assert!(code == 2 && told.contains("damaged"), "{told}");
}
