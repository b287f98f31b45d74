//! The way through a bundle, in the order of its files.

use super::part::Part;
use super::{Fault, FaultCode, Known, Report, Verdict};
use crate::archive::{ArchiveError, ArchiveReader, StoredFile};
use crate::frontier::Rooted;
use crate::manifest::ManifestError;
use crate::{
    FIXED, Folder, KEYS, Kind, Manifest, PrivateMode, WITNESSES, Witnessed, frontier, handover, part_name,
    witnessed,
};
use reeve_ledger::{
    Checkpoint, CheckpointError, Frontier, Hlc, KeyChain, KeyChainError, VerifierKey, WitnessKey,
};
use std::io::Read;

/// Why the walk ended before the end.
pub(super) enum Stop {
    Fault(Fault),
    Unreadable(String),
}

pub(super) fn fault(code: FaultCode, reason: impl Into<String>) -> Stop {
    Stop::Fault(Fault { code, sequence: None, place: None, reason: reason.into() })
}

pub(super) fn in_file(code: FaultCode, file: &str, reason: impl Into<String>) -> Stop {
    Stop::Fault(Fault { code, sequence: None, place: Some((file.to_owned(), 0)), reason: reason.into() })
}

impl From<ArchiveError> for Stop {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Io(source) => Self::Unreadable(format!("the file cannot be read: {source}")),
            other => fault(FaultCode::Archive, other.to_string()),
        }
    }
}

/// What the lines are checked against, and how far they got.
pub(super) struct Log {
    pub(super) manifest: Manifest,
    pub(super) checkpoint: Checkpoint,
    pub(super) tree: Frontier,
    pub(super) after: Rooted,
    /// The index that comes next; in a selection, the lowest that may.
    pub(super) next: u64,
    /// The head kept from earlier that the tree has still to come by.
    pub(super) earlier: Option<Checkpoint>,
    /// Its size, once the tree came by it and had its root.
    pub(super) passed: Option<u64>,
    pub(super) hlc: Option<Hlc>,
    pub(super) entries: u64,
    pub(super) sections: u64,
}

impl Log {
    /// Compares the tree with the head kept from earlier, where it has as many entries.
    pub(super) fn comes_by(&mut self) -> Result<(), Stop> {
        match self.earlier.take_if(|head| head.size == self.tree.size()) {
            Some(head) if head.root != self.tree.root() => Err(fault(
                FaultCode::Earlier,
                format!(
                    "the first {} entries are not those whose head you kept: the history was written anew",
                    head.size
                ),
            )),
            Some(head) => {
                self.passed = Some(head.size);
                Ok(())
            }
            None => Ok(()),
        }
    }
}

pub(super) fn run(input: impl Read, known: Known<'_>) -> Report {
    let mut report = Report { verdict: Verdict::Intact, ..Report::unreadable(String::new()) };
    report.verdict = match walk(ArchiveReader::new(input), known, &mut report) {
        Ok(()) => Verdict::Intact,
        Err(Stop::Fault(fault)) => Verdict::NotIntact(fault),
        Err(Stop::Unreadable(reason)) => Verdict::Unreadable(reason),
    };
    report
}

fn walk(mut archive: ArchiveReader<impl Read>, known: Known<'_>, report: &mut Report) -> Result<(), Stop> {
    let manifest = first(&mut archive)?;
    report.manifest = Some(manifest.clone());
    let keys = keys(&manifest, known.key)?;
    let checkpoint = checkpoint(&fixed(&mut archive, FIXED[1])?, &manifest, &keys)?;
    if !manifest.successors.is_empty() {
        hand_overs(&fixed(&mut archive, KEYS)?, &manifest, &keys, &checkpoint)?;
    }
    if !manifest.witnesses.is_empty() {
        report.witnessed = witnesses(&mut archive, &manifest, &keys, &checkpoint)?;
    }
    signed_by(known.witnesses, &mut report.witnessed)?;
    report.checkpoint = Some(checkpoint.clone());
    report.pinned = known.key.is_some();
    let earlier = known.checkpoint.map(|note| earlier(note, &manifest, &keys)).transpose()?;
    let beside = fixed(&mut archive, FIXED[2])?;
    let (tree, after) = beside_range(&beside, &manifest)?;
    for name in [FIXED[3], FIXED[4]] {
        fixed(&mut archive, name)?;
    }
    let next = manifest.first;
    let mut log = Log {
        manifest,
        checkpoint,
        tree,
        after,
        next,
        earlier,
        passed: None,
        hlc: None,
        entries: 0,
        sections: 0,
    };
    let outcome = log
        .comes_by()
        .and_then(|()| parts(&mut archive, &mut log))
        .and_then(|()| end(log.tree.clone(), &log));
    report.earlier = log.passed;
    (report.entries, report.sections) = (log.entries, log.sections);
    outcome
}

/// The manifest. What does not begin with one is no bundle, and one of another version is not for this program to judge.
fn first(archive: &mut ArchiveReader<impl Read>) -> Result<Manifest, Stop> {
    let none =
        || Stop::Unreadable("this is not a Reeve export: it does not begin with a manifest".to_owned());
    let file = match archive.next_file() {
        Err(ArchiveError::Io(source)) => return Err(ArchiveError::Io(source).into()),
        Ok(Some(file)) if file.name == FIXED[0] => file,
        _ => return Err(none()),
    };
    sound(&file)?;
    Manifest::parse(&file.data).map_err(|error| match error {
        ManifestError::Format(_) => Stop::Unreadable(format!("the manifest is of another version: {error}")),
        other => in_file(FaultCode::Manifest, FIXED[0], format!("the manifest is not valid: {other}")),
    })
}

/// The keys of the manifest: the pinned one is among them, and the first is the one that the log's name was made from.
fn keys(manifest: &Manifest, pinned: Option<&VerifierKey>) -> Result<KeyChain, Stop> {
    let name = format!("/{}", manifest.stream);
    let stop = |reason: String| in_file(FaultCode::Key, FIXED[0], reason);
    let chain = KeyChain::parse(&manifest.origin, manifest.vkeys());
    let readable = matches!(chain, Ok(_) | Err(KeyChainError::Name(_)));
    let listed = |pinned: &VerifierKey| manifest.vkeys().any(|(_, key)| key == pinned.to_string());
    if readable && pinned.is_some_and(|pinned| !listed(pinned)) {
        return Err(fault(FaultCode::Key, "it is signed by another key than the one you gave"));
    }
    match chain {
        Ok(chain) if manifest.origin.ends_with(&name) => Ok(chain),
        Ok(_) | Err(KeyChainError::Name(_)) => {
            Err(stop("the key is not the one that the log is named after".to_owned()))
        }
        Err(error) => Err(stop(format!("the key is not usable: {error}"))),
    }
}

/// Each key was named by the one before it.
fn hand_overs(file: &[u8], manifest: &Manifest, keys: &KeyChain, head: &Checkpoint) -> Result<(), Stop> {
    handover::check(file, &manifest.stream, keys, head).map_err(|(line, reason)| {
        let from = manifest.successors.get(line).map(|(from, _)| *from);
        Stop::Fault(Fault {
            code: FaultCode::Key,
            sequence: from.and_then(|from| from.checked_sub(1)),
            place: Some((KEYS.to_owned(), line as u64 + 1)),
            reason: format!("it is not shown that the log named this key: {reason}"),
        })
    })
}

/// What the witnesses of the manifest signed, and that the policy is the one that its keys make.
fn witnesses(
    archive: &mut ArchiveReader<impl Read>,
    manifest: &Manifest,
    keys: &KeyChain,
    head: &Checkpoint,
) -> Result<Vec<Witnessed>, Stop> {
    let expected = witnessed::policy(manifest).ok_or_else(|| {
        in_file(
            FaultCode::Witness,
            FIXED[0],
            "the keys of the witnesses are not usable, or one is there twice",
        )
    })?;
    if fixed(archive, WITNESSES[0])? != expected.as_bytes() {
        let reason = "the policy is not the one that the keys in the manifest make";
        return Err(in_file(FaultCode::Witness, WITNESSES[0], reason));
    }
    witnessed::check(&fixed(archive, WITNESSES[1])?, manifest, keys, head).map_err(|(line, reason)| {
        Stop::Fault(Fault {
            code: FaultCode::Witness,
            sequence: None,
            place: Some((WITNESSES[1].to_owned(), line as u64 + 1)),
            reason: format!("what a witness signed does not fit: {reason}"),
        })
    })
}

/// Each witness that the verifier knows has signed.
fn signed_by(pinned: &[WitnessKey], found: &mut [Witnessed]) -> Result<(), Stop> {
    for key in pinned {
        let vkey = key.to_string();
        let Some(signed) = found.iter_mut().find(|signed| signed.vkey == vkey) else {
            return Err(fault(FaultCode::Witness, "the witness whose key you gave did not sign it"));
        };
        signed.pinned = true;
    }
    Ok(())
}

fn checkpoint(file: &[u8], manifest: &Manifest, keys: &KeyChain) -> Result<Checkpoint, Stop> {
    let stop = |code, reason: String| in_file(code, FIXED[1], reason);
    let note = std::str::from_utf8(file)
        .map_err(|_| stop(FaultCode::Signature, "the checkpoint is not text".to_owned()))?;
    let checkpoint = keys.open(note).map_err(|error| match error {
        CheckpointError::Note(e) => {
            stop(FaultCode::Signature, format!("the checkpoint is not signed by the log's key: {e}"))
        }
        CheckpointError::KeyNotValid { .. } => {
            stop(FaultCode::Signature, format!("the checkpoint does not count: {error}"))
        }
        other => stop(FaultCode::Checkpoint, format!("the checkpoint is not one of this log: {other}")),
    })?;
    if checkpoint.size != manifest.size {
        let reason = format!(
            "the checkpoint is of {} entries, the manifest speaks of {}",
            checkpoint.size, manifest.size
        );
        return Err(stop(FaultCode::Checkpoint, reason));
    }
    Ok(checkpoint)
}

/// The head kept from earlier. Only a tree that grows through its size can tell whether it is one of this history.
fn earlier(note: &str, manifest: &Manifest, keys: &KeyChain) -> Result<Checkpoint, Stop> {
    let head = keys.open(note).map_err(|e| {
        fault(FaultCode::Earlier, format!("the checkpoint you gave is not signed by this log's key: {e}"))
    })?;
    let told = manifest.kind != Kind::Selection && (manifest.first..=manifest.end).contains(&head.size);
    if told {
        return Ok(head);
    }
    Err(Stop::Unreadable(format!(
        "the checkpoint you gave is of {} entries, and this export cannot be compared with it: ask for a range that begins \
         before and ends behind that entry",
        head.size
    )))
}

/// The tree of what stands before the range, and the subtrees behind it. A selection needs neither.
fn beside_range(file: &[u8], manifest: &Manifest) -> Result<(Frontier, Rooted), Stop> {
    let wrong = || {
        in_file(
            FaultCode::Frontier,
            FIXED[2],
            "the roots beside the range are not those that its numbers ask for",
        )
    };
    let (first, end) = match manifest.kind {
        Kind::Selection => (0, manifest.size),
        Kind::Log | Kind::Range => (manifest.first, manifest.end),
    };
    let text = std::str::from_utf8(file).map_err(|_| wrong())?;
    let (before, after) = frontier::parse(text, first, end, manifest.size).ok_or_else(wrong)?;
    let mut tree = Frontier::new();
    for (span, root) in before {
        tree.push_subtree(span.level, root).map_err(|_| wrong())?;
    }
    Ok((tree, after))
}

fn parts(archive: &mut ArchiveReader<impl Read>, log: &mut Log) -> Result<(), Stop> {
    let mut number = 1;
    let mut file = archive.next_file()?;
    while let Some(entries) = file.take() {
        expect(&entries, &part_name(Folder::Entries, number))?;
        // A line that does not fit says more than a checksum does: which entry it is.
        let damaged = sound(&entries);
        let mut part = Part::read(&entries, log)?;
        let beside = match log.manifest.kind {
            Kind::Selection => Folder::Proofs,
            Kind::Log | Kind::Range => Folder::Hashes,
        };
        part.check(&fixed(archive, &part_name(beside, number))?, beside, log)?;
        damaged?;
        file = archive.next_file()?;
        let private = part_name(Folder::Private, number);
        if log.manifest.private == PrivateMode::Opened
            && let Some(sections) = file.take_if(|file| file.name == private)
        {
            sound(&sections)?;
            part.sections(&sections, &mut log.sections)?;
            file = archive.next_file()?;
        }
        number += 1;
    }
    Ok(())
}

/// A file that must come now, with its content as it was written.
fn fixed(archive: &mut ArchiveReader<impl Read>, name: &str) -> Result<Vec<u8>, Stop> {
    let file =
        archive.next_file()?.ok_or_else(|| in_file(FaultCode::Archive, name, "the file is missing"))?;
    expect(&file, name)?;
    sound(&file)?;
    Ok(file.data)
}

fn expect(file: &StoredFile, name: &str) -> Result<(), Stop> {
    if file.name == name {
        return Ok(());
    }
    Err(fault(FaultCode::Archive, format!("there is a file {:?} where {name} should be", file.name)))
}

fn sound(file: &StoredFile) -> Result<(), Stop> {
    if file.sound {
        return Ok(());
    }
    Err(in_file(FaultCode::Archive, &file.name, "its checksum does not fit: it was changed or damaged"))
}

/// Nothing is missing, and the root follows.
fn end(mut tree: Frontier, log: &Log) -> Result<(), Stop> {
    let manifest = &log.manifest;
    if log.entries != manifest.count {
        let reason = format!("{} entries are there, the manifest says {}", log.entries, manifest.count);
        let sequence = (manifest.kind != Kind::Selection).then_some(log.next);
        return Err(Stop::Fault(Fault { code: FaultCode::Count, sequence, place: None, reason }));
    }
    if manifest.kind == Kind::Selection {
        return Ok(());
    }
    for (span, root) in &log.after {
        tree.push_subtree(span.level, *root)
            .map_err(|_| fault(FaultCode::Frontier, "the roots behind the range do not follow on it"))?;
    }
    if tree.root() != log.checkpoint.root {
        return Err(fault(
            FaultCode::Root,
            "the root that follows from the entries is not the one that was signed: an entry, or a root beside the \
             range, was changed together with its hash, so which one cannot be told",
        ));
    }
    Ok(())
}
