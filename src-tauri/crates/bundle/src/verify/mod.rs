//! Judging a bundle: everything is computed again from the lines, and nothing that the bundle says of itself is believed.
//!
//! It is read once, from its first byte to its last, a part at a time. The first thing that does not fit ends it.

mod part;
mod walk;
mod words;

use crate::{Manifest, Witnessed};
use reeve_ledger::{Checkpoint, VerifierKey, WitnessKey};
use std::fmt;
use std::io::Read;

/// What a verification came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Everything fits.
    Intact,
    /// Something does not.
    NotIntact(Fault),
    /// It is no bundle that this program knows, or its bytes cannot be had; nothing is said about its entries.
    Unreadable(String),
}

impl Verdict {
    /// 0 intact, 1 not intact, 2 unreadable.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Intact => 0,
            Self::NotIntact(_) => 1,
            Self::Unreadable(_) => 2,
        }
    }

    /// The word in a report.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::NotIntact(_) => "not intact",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

/// Which check a bundle did not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultCode {
    /// The archive is not in this format's layout, is cut, or a checksum does not fit.
    Archive,
    /// The manifest.
    Manifest,
    /// The key is not the one that was pinned, or does not belong to the log.
    Key,
    /// The checkpoint's signature.
    Signature,
    /// What the checkpoint says.
    Checkpoint,
    /// What outside witnesses signed.
    Witness,
    /// The subtree roots beside a range.
    Frontier,
    /// A line is no entry.
    Line,
    /// Entries are missing, doubled or out of order.
    Order,
    /// The logical clock does not rise.
    Clock,
    /// An entry is not the one whose hash was noted.
    Hash,
    /// An inclusion proof does not lead to the root.
    Proof,
    /// An opened private section is not what the entry committed to.
    Private,
    /// The checkpoint that was kept from earlier is not one of this history.
    Earlier,
    /// Not as many entries as the manifest says.
    Count,
    /// The root that follows from the entries is not the signed one.
    Root,
}

impl FaultCode {
    /// The word in a report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::Manifest => "manifest",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Checkpoint => "checkpoint",
            Self::Witness => "witness",
            Self::Frontier => "frontier",
            Self::Line => "line",
            Self::Order => "order",
            Self::Clock => "clock",
            Self::Hash => "hash",
            Self::Proof => "proof",
            Self::Private => "private",
            Self::Earlier => "earlier",
            Self::Count => "count",
            Self::Root => "root",
        }
    }
}

/// The first thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which check.
    pub code: FaultCode,
    /// Index of the first bad entry, where it can be told.
    pub sequence: Option<u64>,
    /// File of the bundle, and line in it from 1, where it shows.
    pub place: Option<(String, u64)>,
    /// In words.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(n) = self.sequence {
            write!(f, "entry {n}: ")?;
        }
        f.write_str(&self.reason)?;
        match &self.place {
            Some((file, 0)) => write!(f, " ({file})"),
            Some((file, line)) => write!(f, " ({file}, line {line})"),
            None => Ok(()),
        }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// In a word.
    pub verdict: Verdict,
    /// What the bundle says it is; `None` if it did not come to that.
    pub manifest: Option<Manifest>,
    /// The signed head, once its signature was checked.
    pub checkpoint: Option<Checkpoint>,
    /// Entries that were checked.
    pub entries: u64,
    /// Private sections that were checked.
    pub sections: u64,
    /// Whether the key was one that the verifier brought.
    pub pinned: bool,
    /// Entries that the checkpoint kept from earlier covers, once its root was found in this history.
    pub earlier: Option<u64>,
    /// What outside witnesses signed, once that was checked.
    pub witnessed: Vec<Witnessed>,
}

/// What the verifier brings along, had from elsewhere than the bundle.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'k> {
    /// The key that must have signed it.
    pub key: Option<&'k VerifierKey>,
    /// A checkpoint of the log that was kept from earlier, as it was signed: the history must lead through it.
    pub checkpoint: Option<&'k str>,
    /// The keys of outside witnesses that must have signed it.
    pub witnesses: &'k [WitnessKey],
}

impl Report {
    /// The report of a file that cannot be had.
    #[must_use]
    pub fn unreadable(reason: String) -> Self {
        Self {
            verdict: Verdict::Unreadable(reason),
            manifest: None,
            checkpoint: None,
            entries: 0,
            sections: 0,
            pinned: false,
            earlier: None,
            witnessed: Vec::new(),
        }
    }
}

impl Report {
    /// What is proven, a sentence each; nothing unless the bundle is intact.
    #[must_use]
    pub fn proven(&self) -> Vec<String> {
        words::proven(self)
    }

    /// What is not proven, a sentence each.
    #[must_use]
    pub fn not_proven(&self) -> Vec<String> {
        words::not_proven(self)
    }
}

/// Verifies a bundle, read from its first byte, against what is known from elsewhere.
pub fn verify(input: impl Read, known: Known<'_>) -> Report {
    walk::run(input, known)
}
