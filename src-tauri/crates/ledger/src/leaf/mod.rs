//! One entry of a log, `reeve-leaf v1`: what the tree hashes, an export prints and an auditor reads.
//!
//! The bytes are the evidence. Columns in a database are derived from them and checked against them.

mod read;
mod write;

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::canonical::CanonicalError;
use crate::hlc::{Hlc, HlcError};
use crate::tree::Hash;

/// The size writers keep entries below, in bytes. Encoding a larger entry works up to [`HARD_LIMIT`]: losing
/// an entry would be worse than an unusually long one.
pub const SOFT_LIMIT: usize = 16 * 1024;

/// The largest possible entry, in bytes: bundles prefix each with a 16-bit length.
pub const HARD_LIMIT: usize = 65_535;

/// An entry, before it is written or after it was read. The format version, 1, is implied.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    /// Index in its log, from 0: an entry that was moved betrays itself.
    pub n: u64,
    /// The writer's wall clock, UTC milliseconds.
    pub t: i64,
    /// Logical time, strictly increasing within a log.
    pub hlc: Hlc,
    /// What happened: a kind of the catalogue, such as `budget.update`. Never empty.
    pub kind: String,
    /// Pseudonymous id of the actor. Never an e-mail address or anything derived from one.
    pub who: String,
    /// Channel it came through.
    pub via: String,
    /// Id of the resource it happened to.
    pub on: String,
    /// How it ended.
    pub ok: Ok,
    /// Correlation id, shared by an intent and its result.
    pub sid: Option<String>,
    /// Public details, by the schema of the kind.
    pub x: Map<String, Value>,
    /// Key id and commitment of the private details of each person concerned.
    pub p: Vec<(String, Hash)>,
}

/// An entry without its details, lent from its bytes: what it takes to check a copy of it, with nothing built that is not
/// looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline<'a> {
    /// As [`Leaf::n`].
    pub n: u64,
    /// As [`Leaf::t`].
    pub t: i64,
    /// As [`Leaf::hlc`].
    pub hlc: Hlc,
    /// As [`Leaf::kind`].
    pub kind: Cow<'a, str>,
    /// As [`Leaf::who`].
    pub who: Cow<'a, str>,
    /// As [`Leaf::via`].
    pub via: Cow<'a, str>,
    /// As [`Leaf::on`].
    pub on: Cow<'a, str>,
    /// As [`Leaf::ok`].
    pub ok: Ok,
    /// As [`Leaf::sid`].
    pub sid: Option<Cow<'a, str>>,
    /// As [`Leaf::p`].
    pub p: Vec<(Cow<'a, str>, Hash)>,
}

impl<'a> Outline<'a> {
    /// Reads an entry as strictly as [`Leaf::parse`], its details as well, of which it gives the text of the field `detail`.
    ///
    /// # Errors
    /// As [`Leaf::parse`].
    pub fn parse(bytes: &'a [u8], detail: &str) -> Result<(Self, Option<Cow<'a, str>>), LeafError> {
        read::outline(bytes, detail)
    }
}

/// How what an entry records ended: the entry's field `ok`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ok {
    /// It was done.
    Success,
    /// It was refused.
    Denied,
    /// It was attempted and failed.
    Error,
    /// Nobody knows, for example after a crash between intent and result.
    Unknown,
}

impl Ok {
    /// All outcomes.
    pub const ALL: [Self; 4] = [Self::Success, Self::Denied, Self::Error, Self::Unknown];

    /// The word in the entry: `ok`, `denied`, `error` or `unknown`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "ok",
            Self::Denied => "denied",
            Self::Error => "error",
            Self::Unknown => "unknown",
        }
    }

    /// The outcome with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }
}

impl fmt::Display for Ok {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an entry cannot be written, or why bytes are not an entry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LeafError {
    /// More than [`HARD_LIMIT`] bytes.
    #[error("an entry takes at most {HARD_LIMIT} bytes, not {len}")]
    TooLarge {
        /// Bytes it takes.
        len: usize,
    },
    /// Bytes or a field outside of the canonical profile, or a field out of place.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// The field `hlc` is no logical time.
    #[error("the field hlc, up to byte {at}, is no logical time")]
    Hlc {
        /// Where the field ends.
        at: usize,
        /// What is wrong with it.
        #[source]
        source: HlcError,
    },
    /// The field `k` is empty.
    #[error("the field k is empty: every entry has a kind")]
    NoKind,
    /// The field `n` is negative.
    #[error("the field n is negative")]
    NegativeIndex,
    /// The field `ok` is none of the four words.
    #[error("the field ok, up to byte {at}, is none of ok, denied, error, unknown")]
    Outcome {
        /// Where the field ends.
        at: usize,
    },
    /// A commitment is not the base64 of 32 bytes.
    #[error("the commitment up to byte {at} is not the base64 of 32 bytes")]
    Commitment {
        /// Where the commitment ends.
        at: usize,
    },
}

impl Leaf {
    /// The entry's bytes: one line without a newline.
    ///
    /// # Errors
    /// [`LeafError::NoKind`], [`LeafError::Canonical`] for a number out of range or details outside of the
    /// profile, [`LeafError::TooLarge`] beyond [`HARD_LIMIT`].
    pub fn encode(&self) -> Result<Vec<u8>, LeafError> {
        write::encode(self)
    }

    /// Reads an entry, strictly: only bytes which [`Leaf::encode`] writes are accepted.
    ///
    /// # Errors
    /// Any [`LeafError`], for the first thing that is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, LeafError> {
        read::parse(bytes)
    }
}
