//! `manifest.json`: which part of which log a bundle holds, and whose key signed it. It is signed by nobody: every field of it
//! is checked against the checkpoint and the entries.

use crate::FORMAT;
use reeve_ledger::canonical;
use serde_json::{Map, Value, json};
use thiserror::Error;

/// Witnesses at most.
pub const MOST_WITNESSES: usize = 100;

/// What a bundle holds of its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// All of it.
    Log,
    /// All entries of a range.
    Range,
    /// Some entries of a range: whether others are missing cannot be proven.
    Selection,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Log, Self::Range, Self::Selection];

    /// The word in the manifest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Range => "range",
            Self::Selection => "selection: completeness not provable",
        }
    }
}

/// What became of the private sections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateMode {
    /// They stayed where they were; the commitments in the entries are all there is of them.
    Withheld,
    /// Those that are not erased are in the bundle, opened.
    Opened,
}

impl PrivateMode {
    /// Both modes.
    pub const ALL: [Self; 2] = [Self::Withheld, Self::Opened];

    /// The word in the manifest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Withheld => "withheld",
            Self::Opened => "opened",
        }
    }
}

/// The manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// What the bundle holds.
    pub kind: Kind,
    /// Identity of the log.
    pub origin: String,
    /// Its name within the workspace: the last part of the origin.
    pub stream: String,
    /// The key that the log began with, as `name+id+key`.
    pub vkey: String,
    /// The keys after it, each with the size from which it signs.
    pub successors: Vec<(u64, String)>,
    /// The keys of the outside witnesses that the log's owner names.
    pub witnesses: Vec<String>,
    /// Entries in the tree of the checkpoint.
    pub size: u64,
    /// Index of the first entry of the range.
    pub first: u64,
    /// Index behind the last entry of the range.
    pub end: u64,
    /// Entries in the bundle.
    pub count: u64,
    /// What became of the private sections.
    pub private: PrivateMode,
    /// What was asked for, in words, for who reads it: nothing is derived from it.
    pub asked: String,
}

/// Why a manifest is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ManifestError {
    /// Another format or version.
    #[error("its format is {0:?}; only {FORMAT:?} is known here")]
    Format(String),
    /// Not canonical JSON.
    #[error("it is not canonical JSON")]
    Json(#[source] reeve_ledger::CanonicalError),
    /// A field is missing, or not as it should be.
    #[error("its field {0} is missing or not as it should be")]
    Field(&'static str),
    /// Fields that this format does not have.
    #[error("it has other fields than this format")]
    Fields,
    /// The numbers contradict each other.
    #[error("its numbers contradict each other")]
    Numbers,
}

impl Manifest {
    /// The bytes of the file.
    ///
    /// # Errors
    /// [`reeve_ledger::CanonicalError`] for a number of 2^53 or more.
    pub fn encode(&self) -> Result<Vec<u8>, reeve_ledger::CanonicalError> {
        let mut fields = json!({
            "asked": self.asked,
            "count": self.count,
            "end": self.end,
            "first": self.first,
            "format": FORMAT,
            "kind": self.kind.as_str(),
            "origin": self.origin,
            "private": self.private.as_str(),
            "size": self.size,
            "stream": self.stream,
            "vkeys": self.vkeys().map(|(from, vkey)| json!({ "from": from, "vkey": vkey })).collect::<Vec<_>>(),
        });
        if let (Some(fields), false) = (fields.as_object_mut(), self.witnesses.is_empty()) {
            fields.insert("witnesses".to_owned(), json!(self.witnesses));
        }
        canonical::encode(&fields)
    }

    /// Reads what [`Manifest::encode`] writes, and nothing else.
    ///
    /// # Errors
    /// Any [`ManifestError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let Value::Object(fields) = canonical::parse(bytes).map_err(ManifestError::Json)? else {
            return Err(ManifestError::Field("format"));
        };
        match fields.get("format").and_then(Value::as_str) {
            Some(FORMAT) => {}
            Some(other) => return Err(ManifestError::Format(other.chars().take(60).collect())),
            None => return Err(ManifestError::Field("format")),
        }
        let kind = word(&fields, "kind")?;
        let mut keys = vkeys(&fields).ok_or(ManifestError::Field("vkeys"))?;
        let private = word(&fields, "private")?;
        let manifest = Self {
            kind: Kind::ALL.into_iter().find(|k| k.as_str() == kind).ok_or(ManifestError::Field("kind"))?,
            private: PrivateMode::ALL
                .into_iter()
                .find(|m| m.as_str() == private)
                .ok_or(ManifestError::Field("private"))?,
            origin: word(&fields, "origin")?,
            stream: word(&fields, "stream")?,
            vkey: keys.remove(0).1,
            successors: keys,
            witnesses: witnesses(&fields).ok_or(ManifestError::Field("witnesses"))?,
            size: number(&fields, "size")?,
            first: number(&fields, "first")?,
            end: number(&fields, "end")?,
            count: number(&fields, "count")?,
            asked: word(&fields, "asked")?,
        };
        // The rest of the fields, and of the keys, must be what this format has: it is when writing gives the same again.
        if manifest.encode().ok().as_deref() != Some(bytes) {
            return Err(ManifestError::Fields);
        }
        if manifest.adds_up() { Ok(manifest) } else { Err(ManifestError::Numbers) }
    }

    /// All keys, each with the size from which it signs.
    pub fn vkeys(&self) -> impl Iterator<Item = (u64, &str)> {
        let later = self.successors.iter().map(|(from, vkey)| (*from, vkey.as_str()));
        std::iter::once((0, self.vkey.as_str())).chain(later)
    }

    fn adds_up(&self) -> bool {
        let mut keys = self.vkeys().zip(self.successors.iter().map(|(from, _)| *from));
        let rising = keys.all(|((from, _), next)| from < next);
        let range = rising
            && self.successors.last().is_none_or(|(from, _)| *from <= self.size)
            && self.first <= self.end
            && self.end <= self.size;
        let held = self.end.saturating_sub(self.first);
        range
            && match self.kind {
                Kind::Log => self.first == 0 && self.end == self.size && self.count == held,
                Kind::Range => self.count == held,
                Kind::Selection => self.count <= held,
            }
    }
}

fn word(fields: &Map<String, Value>, key: &'static str) -> Result<String, ManifestError> {
    fields.get(key).and_then(Value::as_str).map(str::to_owned).ok_or(ManifestError::Field(key))
}

fn number(fields: &Map<String, Value>, key: &'static str) -> Result<u64, ManifestError> {
    fields.get(key).and_then(Value::as_u64).ok_or(ManifestError::Field(key))
}

/// The witnesses; the field is absent where there are none.
fn witnesses(fields: &Map<String, Value>) -> Option<Vec<String>> {
    let Some(list) = fields.get("witnesses") else { return Some(Vec::new()) };
    let keys = list.as_array()?.iter().map(|key| key.as_str().map(str::to_owned));
    keys.collect::<Option<Vec<_>>>().filter(|keys| (1..=MOST_WITNESSES).contains(&keys.len()))
}

/// The keys: one at least, the first from 0.
fn vkeys(fields: &Map<String, Value>) -> Option<Vec<(u64, String)>> {
    let list = fields.get("vkeys")?.as_array()?.iter();
    let keys = list.map(|key| Some((key.get("from")?.as_u64()?, key.get("vkey")?.as_str()?.to_owned())));
    let keys = keys.collect::<Option<Vec<_>>>()?;
    (keys.first()?.0 == 0).then_some(keys)
}
