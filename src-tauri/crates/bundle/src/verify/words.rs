//! What a verdict means, in plain words: as much what is not proven as what is.

use super::{Report, Verdict};
use crate::witnessed::moment;
use crate::{Kind, PrivateMode};

pub(super) fn proven(report: &Report) -> Vec<String> {
    let (Verdict::Intact, Some(manifest), Some(checkpoint)) =
        (&report.verdict, &report.manifest, &report.checkpoint)
    else {
        return Vec::new();
    };
    let size = checkpoint.size;
    let mut said = vec![match manifest.kind {
        Kind::Log => format!(
            "All {size} entries of this log up to the signed head are here, in their order, byte for byte as they were signed."
        ),
        Kind::Range => format!(
            "All {} entries from {} up to, but without, {} are here, in their order, byte for byte as they stand in the signed log of {size} entries.",
            manifest.count, manifest.first, manifest.end
        ),
        Kind::Selection => format!(
            "Each of the {} entries here stands in the signed log of {size} entries, at its number, byte for byte.",
            manifest.count
        ),
    }];
    said.push(if report.pinned {
        "The head is signed by the key you gave.".to_owned()
    } else {
        "The head is signed by the key that the log is named after.".to_owned()
    });
    let changes = manifest.successors.len();
    if changes > 0 {
        said.push(format!(
            "The log's key changed {changes} times, and each next one was named by an entry that the key before it signed."
        ));
    }
    if let Some(kept) = report.earlier {
        said.push(format!("The first {kept} entries are those whose head you kept: nothing up to there was written anew since."));
    }
    for w in &report.witnessed {
        let whose =
            if w.pinned { "the witness whose key you gave" } else { "a witness that the log's owner names" };
        said.push(format!(
            "{}, {whose}, signed the first {} entries on {}, and this log continues those.",
            w.name,
            w.size,
            moment(w.time)
        ));
    }
    if report.sections > 0 {
        said.push(format!(
            "{} opened private sections are what their entries committed to.",
            report.sections
        ));
    }
    said
}

pub(super) fn not_proven(report: &Report) -> Vec<String> {
    let (Verdict::Intact, Some(manifest)) = (&report.verdict, &report.manifest) else { return Vec::new() };
    let mut said = Vec::new();
    if !report.pinned {
        said.push(
            "That the log is the one you mean: compare its name with one you had from another place, or give that key with --vkey."
                .to_owned(),
        );
    }
    for w in report.witnessed.iter().filter(|w| !w.pinned) {
        said.push(format!(
            "That {} is the party it is called: compare its key with one you had from there, or give that with --witness.",
            w.name
        ));
    }
    match manifest.kind {
        Kind::Log => said.push("What happened after the signed head.".to_owned()),
        Kind::Range => said
            .push("What the entries before and after the range say: only their hashes are here.".to_owned()),
        Kind::Selection => said.push(
            "That the selection is complete: entries that match what was asked for may have been left out."
                .to_owned(),
        ),
    }
    // What a witness that the verifier knows has signed stands as firm as a head that the verifier kept.
    let witnessed = report.witnessed.iter().filter(|w| w.pinned).map(|w| w.size).max();
    said.push(match report.earlier.max(witnessed) {
        None => "That the history was not rewritten as a whole with the same key: that takes a checkpoint that somebody outside kept from earlier."
            .to_owned(),
        Some(kept) => format!("That the entries from {kept} on were not rewritten with the same key before they were exported."),
    });
    said.push("That what the entries say is true, or that nothing was left unrecorded.".to_owned());
    if manifest.private == PrivateMode::Withheld {
        said.push(
            "What the private sections said: they are withheld, the entries hold only commitments to them."
                .to_owned(),
        );
    }
    said
}
