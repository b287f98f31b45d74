//! A report as text, and as JSON.

use data_encoding::HEXLOWER;
use reeve_bundle::{Report, Verdict};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// For people.
pub(crate) fn plain(report: &Report) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(&visible(text));
        out.push('\n');
    };
    match &report.verdict {
        Verdict::Intact => line("INTACT"),
        Verdict::NotIntact(fault) => {
            line("NOT INTACT");
            if let Some(n) = fault.sequence {
                line(&format!("First bad entry: {n}."));
            }
            line(&fault.to_string());
        }
        Verdict::Unreadable(reason) => {
            line("CANNOT BE READ");
            line(reason);
        }
    }
    if let (Some(manifest), Some(head)) = (&report.manifest, &report.checkpoint) {
        line("");
        let root = HEXLOWER.encode(&head.root);
        let facts = [
            ("Log", manifest.origin.clone()),
            ("Holds", manifest.kind.as_str().to_owned()),
            ("Asked for", manifest.asked.clone()),
            ("Signed head", format!("{} entries", head.size)),
            ("Root", root),
            ("Key", manifest.vkey.clone()),
        ];
        for (name, value) in facts {
            line(&format!("{name:<12}{value}"));
        }
    }
    for (title, said) in [("Proven:", report.proven()), ("Not proven:", report.not_proven())] {
        if !said.is_empty() {
            let _ = writeln!(out, "\n{title}");
        }
        for sentence in said {
            let _ = writeln!(out, "  - {sentence}");
        }
    }
    out
}

/// Several lines, each without anything that commands the terminal.
pub(crate) fn lines(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

/// Nothing that stands in a file commands the terminal.
fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
        out
    })
}

/// For programs; `verify.py` prints the same.
pub(crate) fn json(report: &Report) -> String {
    let manifest = report.manifest.as_ref();
    let head = report.checkpoint.as_ref();
    let (reason, fault) = match &report.verdict {
        Verdict::Intact => (None, None),
        Verdict::Unreadable(reason) => (Some(reason), None),
        Verdict::NotIntact(fault) => (None, Some(fault)),
    };
    let fault = fault.map(|fault| {
        let (file, line) = fault
            .place
            .as_ref()
            .map_or((None, None), |(file, line)| (Some(file), (*line > 0).then_some(line)));
        json!({
            "code": fault.code.as_str(),
            "sequence": fault.sequence,
            "file": file,
            "line": line,
            "reason": fault.reason,
        })
    });
    let report: Value = json!({
        "verdict": report.verdict.as_str(),
        "exit_code": report.verdict.exit_code(),
        "reason": reason,
        "fault": fault,
        "kind": manifest.map(|m| m.kind.as_str()),
        "origin": manifest.map(|m| &m.origin),
        "stream": manifest.map(|m| &m.stream),
        "asked": manifest.map(|m| &m.asked),
        "first": manifest.map(|m| m.first),
        "end": manifest.map(|m| m.end),
        "private": manifest.map(|m| m.private.as_str()),
        "vkey": manifest.map(|m| &m.vkey),
        "pinned": report.pinned,
        "earlier": report.earlier,
        "witnessed": report.witnessed.iter().map(|w| json!({
            "name": w.name, "vkey": w.vkey, "size": w.size, "time": w.time, "pinned": w.pinned,
        })).collect::<Vec<_>>(),
        "size": head.map(|h| h.size),
        "root": head.map(|h| HEXLOWER.encode(&h.root)),
        "entries": report.entries,
        "sections": report.sections,
        "proven": report.proven(),
        "not_proven": report.not_proven(),
    });
    format!("{report:#}\n")
}
