//! Bundles: whatever the bytes are, there is a verdict; and a bundle in which a file says something else is not intact, also with
//! checksums that fit.
#![no_main]

#[path = "../../../src-tauri/crates/bundle/tests/suite/log.rs"]
#[expect(dead_code, reason = "the suite uses all of it")]
mod log;

use libfuzzer_sys::fuzz_target;
use reeve_bundle::{Known, PrivateMode, Verdict, verify};
use serde_json::Value;
use std::sync::LazyLock;

static BUNDLE: LazyLock<Vec<u8>> = LazyLock::new(|| log::log(6).range(1..6, PrivateMode::Opened));

/// What a file says that a verdict depends on: in the manifest all but the words for who reads it.
fn said(name: &str, data: &[u8]) -> Vec<u8> {
    let Ok(Value::Object(mut manifest)) = serde_json::from_slice(data) else { return data.to_vec() };
    if name != "manifest.json" || reeve_ledger::canonical::parse(data).is_err() {
        return data.to_vec();
    }
    manifest.remove("asked");
    Value::Object(manifest).to_string().into_bytes()
}

fuzz_target!(|input: (u8, u16, Vec<u8>)| {
    let (which, at, put) = input;
    let _ = verify(&put[..], Known::default());
    let mut files = log::unpack(&BUNDLE);
    let count = files.len();
    let file = &mut files[usize::from(which) % count];
    // For people: no verdict depends on it.
    if file.name == "SPEC.md" || file.name == "verify.py" {
        return;
    }
    let before = file.data.clone();
    let at = usize::from(at) % (before.len() + 1);
    let end = (at + put.len()).min(before.len());
    file.data.splice(at..end, put);
    let same = said(&file.name, &file.data) == said(&file.name, &before);
    let verdict = verify(&log::pack(&files)[..], Known::default()).verdict;
    assert_eq!(verdict == Verdict::Intact, same, "a file says something else");
});
