//! Making a bundle, an entry at a time: what is finished is taken out as it grows, so that its length costs no memory.

use crate::archive::{ArchiveWriter, TooLarge};
use crate::frontier::Rooted;
use crate::handover::{self, HandOver};
use crate::witnessed::{self, WitnessedHead};
use crate::{FIXED, Folder, KEYS, Manifest, PART, SPEC, VERIFY_PY, WITNESSES, frontier, part_name};
use data_encoding::HEXLOWER;
use reeve_ledger::{CanonicalError, Hash, base64};
use thiserror::Error;

/// What proves the entries of a bundle: the signed head of their log, and what stands for the entries that are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    /// The checkpoint, a signed note.
    pub checkpoint: String,
    /// Roots of the subtrees before the range; none for a selection, whose lines have proofs of their own.
    pub before: Rooted,
    /// Roots of the subtrees after the range.
    pub after: Rooted,
    /// How each key followed the one before it; as many as the manifest names successors.
    pub hand_overs: Vec<HandOver>,
    /// What outside witnesses signed, in the order of the manifest's list of them, of each one head at most.
    pub witnessed: Vec<WitnessedHead>,
}

/// What is noted beside an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted<'n> {
    /// Its hash, as the log holds it: an entry that was changed in the log since then shows.
    Hash(Hash),
    /// In a selection, its inclusion proof.
    Proof(&'n [Hash]),
}

/// A private section, opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedSection {
    /// Its place in the entry's list of commitments.
    pub i: usize,
    /// What it was salted with.
    pub salt: [u8; 32],
    /// Its text: canonical JSON.
    pub json: Vec<u8>,
}

/// Why a bundle cannot be made.
#[derive(Debug, Error)]
pub enum WriteError {
    /// It would be larger than its format can say.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// A number in the manifest is out of range.
    #[error("the manifest cannot be written")]
    Manifest(#[source] CanonicalError),
    /// The witnesses' keys, or the log's, are none, or two witnesses share one.
    #[error("the keys of the log and its witnesses make no policy")]
    Witnesses,
    /// An entry with a newline in it: the ledger writes none.
    #[error("an entry is not one line")]
    NotALine,
    /// Not as many entries were pushed as the manifest says.
    #[error("the manifest says {expected} entries, {found} were written")]
    Count {
        /// By the manifest.
        expected: u64,
        /// Pushed.
        found: u64,
    },
}

/// A bundle under way.
#[derive(Debug)]
pub struct BundleWriter {
    archive: ArchiveWriter,
    part: Part,
    number: u32,
    expected: u64,
    found: u64,
}

#[derive(Debug, Default)]
struct Part {
    entries: Vec<u8>,
    hashes: String,
    proofs: String,
    private: Vec<u8>,
}

impl Part {
    fn len(&self) -> usize {
        self.entries.len().max(self.hashes.len()).max(self.proofs.len()).max(self.private.len())
    }
}

impl BundleWriter {
    /// Writes what stands before the entries.
    ///
    /// # Errors
    /// [`WriteError::Manifest`], [`WriteError::TooLarge`].
    pub fn begin(manifest: &Manifest, evidence: &Evidence) -> Result<Self, WriteError> {
        let mut archive = ArchiveWriter::default();
        let frontier = frontier::to_text(&evidence.before, &evidence.after);
        let manifest_bytes = manifest.encode().map_err(WriteError::Manifest)?;
        let contents: [&[u8]; 5] = [
            &manifest_bytes,
            evidence.checkpoint.as_bytes(),
            frontier.as_bytes(),
            SPEC.as_bytes(),
            VERIFY_PY.as_bytes(),
        ];
        for (name, data) in FIXED.into_iter().zip(contents) {
            archive.add(name, data)?;
            if name == FIXED[1] && !manifest.successors.is_empty() {
                let lines = handover::to_text(&evidence.hand_overs).map_err(WriteError::Manifest)?;
                archive.add(KEYS, &lines)?;
            }
            if name == FIXED[1] && !manifest.witnesses.is_empty() {
                let policy = witnessed::policy(manifest).ok_or(WriteError::Witnesses)?;
                archive.add(WITNESSES[0], policy.as_bytes())?;
                let lines = witnessed::to_text(&evidence.witnessed).map_err(WriteError::Manifest)?;
                archive.add(WITNESSES[1], &lines)?;
            }
        }
        Ok(Self { archive, part: Part::default(), number: 0, expected: manifest.count, found: 0 })
    }

    /// Adds the next entry, byte for byte as the ledger holds it.
    ///
    /// # Errors
    /// [`WriteError::NotALine`], [`WriteError::TooLarge`].
    pub fn push(
        &mut self,
        n: u64,
        entry: &[u8],
        noted: Noted<'_>,
        opened: &[OpenedSection],
    ) -> Result<(), WriteError> {
        if entry.contains(&b'\n') {
            return Err(WriteError::NotALine);
        }
        if self.part.len() + entry.len() >= PART {
            self.flush()?;
        }
        self.part.entries.extend_from_slice(entry);
        self.part.entries.push(b'\n');
        match noted {
            Noted::Hash(hash) => push_line(&mut self.part.hashes, &[hash]),
            Noted::Proof(proof) => push_line(&mut self.part.proofs, proof),
        }
        for section in opened {
            push_private(&mut self.part.private, n, section);
        }
        self.found += 1;
        Ok(())
    }

    /// Ends the bundle.
    ///
    /// # Errors
    /// [`WriteError::Count`] if entries are missing or too many, [`WriteError::TooLarge`].
    pub fn finish(&mut self) -> Result<(), WriteError> {
        if self.found != self.expected {
            return Err(WriteError::Count { expected: self.expected, found: self.found });
        }
        self.flush()?;
        Ok(self.archive.finish()?)
    }

    /// Takes out what is written so far.
    pub fn take(&mut self) -> Vec<u8> {
        self.archive.take()
    }

    fn flush(&mut self) -> Result<(), TooLarge> {
        if self.part.entries.is_empty() {
            return Ok(());
        }
        self.number += 1;
        let Part { entries, hashes, proofs, private } = std::mem::take(&mut self.part);
        let parts = [
            (Folder::Entries, entries),
            (Folder::Hashes, hashes.into_bytes()),
            (Folder::Proofs, proofs.into_bytes()),
            (Folder::Private, private),
        ];
        // Of hashes and proofs a bundle has one; private sections are rare.
        for (folder, data) in parts {
            if !data.is_empty() {
                self.archive.add(&part_name(folder, self.number), &data)?;
            }
        }
        Ok(())
    }
}

/// Hashes with a space between them; a proof of none is an empty line.
fn push_line(out: &mut String, hashes: &[Hash]) {
    for (place, hash) in hashes.iter().enumerate() {
        if place > 0 {
            out.push(' ');
        }
        HEXLOWER.encode_append(hash, out);
    }
    out.push('\n');
}

fn push_private(out: &mut Vec<u8>, n: u64, section: &OpenedSection) {
    out.extend_from_slice(format!("{{\"i\":{},\"json\":", section.i).as_bytes());
    out.extend_from_slice(&section.json);
    out.extend_from_slice(
        format!(",\"n\":{n},\"salt\":\"{}\"}}\n", base64::encode(&section.salt)).as_bytes(),
    );
}
