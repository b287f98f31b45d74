//! House rules that no compiler checks: who may depend on whom, what may lie at the root, how long a file may be.
//!
//! Each rule is a function from text to complaints, so that a rule can be shown a case it must refuse; the tests at the end
//! run the rules over the files that git tracks. Cargo is asked for its metadata directly: the crate for it switches
//! `serde_json` to unbounded recursion, and cargo would then build tests and programs with different features.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

type Outcome = Result<(), Box<dyn Error>>;

/// ARCHITECTURE.md, "Arrows". A crate that is missing here may depend on no other of ours.
const ARROWS: &[(&str, &[&str])] = &[
    ("reeve-core", &[]),
    ("reeve-ledger", &["reeve-core"]),
    ("reeve-forecast", &["reeve-core"]),
    ("reeve-bundle", &["reeve-ledger"]),
    ("reeve-verify", &["reeve-ledger", "reeve-bundle"]),
    ("reeve-vault", &["reeve-core"]),
    ("reeve-providers", &["reeve-core"]),
    ("reeve-store", &["reeve-core", "reeve-ledger"]),
    (
        "reeve-engine",
        &[
            "reeve-core",
            "reeve-ledger",
            "reeve-bundle",
            "reeve-forecast",
            "reeve-vault",
            "reeve-providers",
            "reeve-store",
        ],
    ),
    ("reeve-gateway", &["reeve-engine", "reeve-providers", "reeve-core"]),
    ("reeve-api", &["reeve-engine", "reeve-core"]),
    ("reeve-sync", &["reeve-core", "reeve-ledger"]),
    ("reeve-hub", &["reeve-sync", "reeve-ledger", "reeve-core"]),
    (
        "reeve-server",
        &["reeve-engine", "reeve-gateway", "reeve-api", "reeve-sync", "reeve-hub", "reeve-core"],
    ),
    ("reeve", &["reeve-engine", "reeve-gateway", "reeve-api", "reeve-sync", "reeve-core"]),
];

/// May look into every crate, to test it.
const TESTS: &str = "reeve-tests";

/// Crates whose name starts like this belong to one of ours alone.
const EXCLUSIVE: &[(&str, &str)] = &[
    ("tauri", "reeve"),
    ("rusqlite", "reeve-store"),
    ("keyring", "reeve-vault"),
    ("tokio-postgres", "reeve-hub"),
    ("deadpool-postgres", "reeve-hub"),
];

const ROOT_NAMES: &[&str] = &[
    ".cargo",
    ".ci",
    ".editorconfig",
    ".gitattributes",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "clippy.toml",
    "deny.toml",
    "docs",
    "icons",
    "migrations",
    "rustfmt.toml",
    "src-tauri",
    "tauri.conf.json",
    "tests",
    "ui",
];

const MAX_LINES: usize = 800;
/// Travels in every export as one file, so that an auditor has one to read.
const ONE_FILE: &str = "src-tauri/crates/bundle/format/verify.py";

/// Assembled here, or this file would break its own rule.
const FORBIDDEN: &[&str] = &[concat!("/wo", "rk/"), concat!("TO", "DO"), concat!("FIX", "ME")];
const ALLOW: &[&str] = &[concat!("#[", "allow("), concat!("#![", "allow(")];

// ---- the rules ---------------------------------------------------------------------------------------------------------

fn arrow_complaint(from: &str, to: &str) -> Option<String> {
    if let Some((name, owner)) = EXCLUSIVE.iter().find(|(name, _)| to.starts_with(name)) {
        let test_may = from == TESTS && *owner != "reeve";
        return (from != *owner && !test_may)
            .then(|| format!("{from} -> {to}: {name} belongs to {owner} alone"));
    }
    if !(to == "reeve" || to.starts_with("reeve-")) || from == TESTS {
        return None;
    }
    let allowed = ARROWS.iter().find(|(name, _)| *name == from).map_or(&[][..], |(_, allowed)| allowed);
    (!allowed.contains(&to)).then(|| format!("{from} -> {to}: not an arrow of ARCHITECTURE.md"))
}

fn length_complaint(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    let most = if path == ONE_FILE { MAX_LINES + 200 } else { MAX_LINES };
    (lines > most && !is_written_by_a_tool(path) && !is_data(path))
        .then(|| format!("{path}: {lines} lines, at most {most}"))
}

fn word_complaints(path: &str, text: &str) -> Vec<String> {
    // Checksums in a lock file may spell anything.
    if is_lock_file(path) {
        return Vec::new();
    }
    let complaint = |(number, line): (usize, &str)| {
        let word = FORBIDDEN.iter().find(|word| stands_alone(line, word))?;
        Some(format!("{path}:{}: {word}", number + 1))
    };
    text.lines().enumerate().filter_map(complaint).collect()
}

/// Whether `word` occurs with nothing of a longer word or path before it: `a/b/` is no mention of `/b/`.
fn stands_alone(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-'))
    })
}

fn allow_complaints(path: &str, text: &str) -> Vec<String> {
    if !path.ends_with(".rs") {
        return Vec::new();
    }
    text.lines()
        .enumerate()
        .filter(|(_, line)| ALLOW.iter().any(|allow| line.contains(allow)))
        .map(|(number, _)| format!("{path}:{}: say #[expect(lint, reason = \"…\")] instead", number + 1))
        .collect()
}

/// The native side of the window is behind `ui/src/platform/`; every other file also runs in a browser.
fn platform_complaint(path: &str, text: &str) -> Option<String> {
    let is_ui_source = path.starts_with("ui/src/") && (path.ends_with(".ts") || path.ends_with(".tsx"));
    (is_ui_source && !path.starts_with("ui/src/platform/") && text.contains("@tauri-apps/"))
        .then(|| format!("{path}: only ui/src/platform/ imports @tauri-apps"))
}

/// Tests that a document names as proof, by the name of a function or of a file with cases, and that are not there.
fn missing_proofs(document: &str, texts: &[(String, String)]) -> Vec<String> {
    let spans = document.split('`').skip(1).step_by(2);
    let proof = |span: &&str| {
        let word = span.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        (word && span.matches('_').count() > 2) || span.ends_with(".spec.ts")
    };
    let is_there = |name: &str| {
        let function = format!("fn {name}(");
        texts
            .iter()
            .any(|(path, text)| path.ends_with(name) || path.ends_with(".rs") && text.contains(&function))
    };
    spans
        .filter(proof)
        .filter(|name| !is_there(name))
        .map(|name| format!("there is no test {name}"))
        .collect()
}

fn is_lock_file(path: &str) -> bool {
    ["Cargo.lock", "package-lock.json", "requirements.txt"].iter().any(|name| path.ends_with(name))
}

fn is_written_by_a_tool(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    is_lock_file(path)
        || name.contains(".gen.")
        || name == "openapi.json"
        || name.ends_with(".snap")
        || path == "migrations/local/schema.sql"
}

fn is_data(path: &str) -> bool {
    path.contains("/vectors/") || path.ends_with(".jsonl") || path.ends_with(".csv")
}

// ---- what there is -----------------------------------------------------------------------------------------------------

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn answer_of(program: &str, arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = Command::new(program).args(arguments).current_dir(root()).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn tracked_paths() -> Result<Vec<String>, Box<dyn Error>> {
    let listing = answer_of("git", &["ls-files", "-z"])?;
    let paths: Vec<String> = listing.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    assert!(paths.len() > 50, "git lists only {} files: the rules would hold of nothing", paths.len());
    Ok(paths)
}

/// The tracked files that are text, as (path, content). A file deleted but not yet committed is passed over.
fn tracked_texts() -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let read = |path: String| std::fs::read_to_string(root().join(&path)).ok().map(|text| (path, text));
    Ok(tracked_paths()?.into_iter().filter_map(read).collect())
}

fn workspace_packages() -> Result<Vec<Value>, Box<dyn Error>> {
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    let answer = answer_of(cargo, &["metadata", "--no-deps", "--offline", "--format-version", "1"])?;
    let metadata: Value = serde_json::from_str(&answer)?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata without packages")?;
    assert!(packages.len() > 5, "cargo lists only {} packages", packages.len());
    Ok(packages.clone())
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn complain(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} complaints:\n  {}", complaints.len(), complaints.join("\n  "));
}

// ---- the rules hold ----------------------------------------------------------------------------------------------------

#[test]
fn arrows_are_those_of_the_map() -> Outcome {
    let mut complaints = Vec::new();
    for package in workspace_packages()? {
        let dependencies = package["dependencies"].as_array().ok_or("a package without dependencies")?;
        let from = text_of(&package["name"]);
        complaints.extend(dependencies.iter().filter_map(|to| arrow_complaint(from, text_of(&to["name"]))));
    }
    complain(&complaints);
    Ok(())
}

#[test]
fn every_library_opens_with_what_it_is() -> Outcome {
    let mut complaints = Vec::new();
    for package in workspace_packages()? {
        for target in package["targets"].as_array().ok_or("a package without targets")? {
            let is_library =
                target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "lib"));
            let path = text_of(&target["src_path"]);
            if is_library && !std::fs::read_to_string(path)?.starts_with("//!") {
                complaints.push(format!("{path}: no `//!` on the first line"));
            }
        }
    }
    complain(&complaints);
    Ok(())
}

#[test]
fn only_agreed_names_lie_at_the_root() -> Outcome {
    let paths = tracked_paths()?;
    let names: BTreeSet<&str> = paths.iter().filter_map(|path| path.split('/').next()).collect();
    let strangers: Vec<String> =
        names.into_iter().filter(|name| !ROOT_NAMES.contains(name)).map(str::to_owned).collect();
    complain(&strangers);
    Ok(())
}

#[test]
fn no_file_is_too_long() -> Outcome {
    let texts = tracked_texts()?;
    complain(&texts.iter().filter_map(|(path, text)| length_complaint(path, text)).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn no_file_says_what_it_must_not() -> Outcome {
    let texts = tracked_texts()?;
    complain(&texts.iter().flat_map(|(path, text)| word_complaints(path, text)).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn what_is_said_of_security_has_its_test() -> Outcome {
    let document = std::fs::read_to_string(root().join("docs/security.md"))?;
    complain(&missing_proofs(&document, &tracked_texts()?));
    Ok(())
}

#[test]
fn lints_are_expected_with_a_reason_never_allowed() -> Outcome {
    let texts = tracked_texts()?;
    complain(&texts.iter().flat_map(|(path, text)| allow_complaints(path, text)).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn only_the_platform_folder_knows_the_window() -> Outcome {
    let texts = tracked_texts()?;
    complain(&texts.iter().filter_map(|(path, text)| platform_complaint(path, text)).collect::<Vec<_>>());
    Ok(())
}

// ---- the rules refuse what they should ---------------------------------------------------------------------------------

#[test]
fn the_arrow_rule_refuses() {
    let refused = [
        ("reeve-store", "reeve-engine"),
        ("reeve-api", "reeve-gateway"),
        ("reeve-gateway", "reeve-api"),
        ("reeve-hub", "reeve-engine"),
        ("reeve-api", "reeve-server"),
        ("reeve-engine", "reeve"),
        ("reeve-unheard-of", "reeve-core"),
        ("reeve-server", "tauri"),
        ("reeve-tests", "tauri"),
        ("reeve-engine", "rusqlite"),
        ("reeve-engine", "keyring"),
        ("reeve-sync", "tokio-postgres"),
    ];
    for (from, to) in refused {
        assert!(arrow_complaint(from, to).is_some(), "{from} -> {to} must be refused");
    }
    let welcome = [("reeve", "tauri-plugin-dialog"), ("reeve-tests", "reeve-store"), ("reeve-api", "axum")];
    for (from, to) in welcome {
        assert_eq!(arrow_complaint(from, to), None, "{from} -> {to} is fine");
    }
}

#[test]
fn the_proof_rule_refuses() {
    let texts =
        [("a.rs".to_owned(), "fn it_is_shown_here() {}".to_owned()), ("b.spec.ts".to_owned(), String::new())];
    let document = "`it_is_shown_here`, `b.spec.ts`, `jwk`, `it_is_shown_nowhere`, `c.spec.ts`";
    assert_eq!(
        missing_proofs(document, &texts),
        ["there is no test it_is_shown_nowhere", "there is no test c.spec.ts"]
    );
}

#[test]
fn the_text_rules_refuse() {
    let long = "line\n".repeat(MAX_LINES + 1);
    assert!(length_complaint("src-tauri/src/lib.rs", &long).is_some(), "one line too many");
    assert_eq!(length_complaint("ui/src/api/schema.gen.ts", &long), None, "generated files may be long");

    for word in FORBIDDEN {
        assert_eq!(word_complaints("a.md", &format!("see {word}x")).len(), 1, "{word} must be found");
    }
    let inside_a_path = format!("src{}x", FORBIDDEN[0]);
    assert!(
        word_complaints("a.md", &inside_a_path).is_empty(),
        "part of a longer path is not a machine path"
    );

    assert_eq!(allow_complaints("a.rs", &format!("{}dead_code)]", ALLOW[0])).len(), 1);
    assert!(allow_complaints("a.rs", "#[expect(dead_code, reason = \"shown\")]").is_empty());

    let import = "import { invoke } from \"@tauri-apps/api/core\";";
    assert!(platform_complaint("ui/src/features/tenants/form.tsx", import).is_some());
    assert_eq!(platform_complaint("ui/src/platform/window.ts", import), None);
}
