//! Writes what fuzzing begins with: an entry, a signed head, a key.

#[path = "../../../src-tauri/crates/bundle/tests/suite/log.rs"]
#[expect(dead_code, reason = "the suite uses all of it")]
mod log;

use reeve_ledger::Checkpoint;
use std::fs;
use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| "corpus".into()));
    let put = |target: &str, name: &str, bytes: &[u8]| {
        fs::create_dir_all(folder.join(target))?;
        fs::write(folder.join(target).join(name), bytes)
    };
    let log = log::log(8);
    for leaf in &log.leaves {
        put("entry", &leaf.n.to_string(), &leaf.encode().unwrap_or_default())?;
    }
    let key = log.signer.verifier_key();
    let head = Checkpoint { origin: key.name().to_owned(), size: 8, root: log.hashes[0] };
    put("note", "signed", head.sign(&log.signer).as_bytes())?;
    put("note", "text", head.to_text().as_bytes())?;
    put("note", "key", key.to_string().as_bytes())?;
    put("proof", "empty", &[])?;
    put("bundle", "empty", &[])
}
