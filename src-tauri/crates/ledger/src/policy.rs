//! Who must have signed a head for it to count: C2SP tlog-policy files, written and read.
//!
//! A policy names logs and witnesses by their keys, and says which of the witnesses are enough. Reeve writes one that asks for
//! every witness or for none; it reads any with up to [`MOST`] lines of a kind.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::note::{NoteError, VerifierKey, WitnessKey};

/// Logs, witnesses and groups at most, each.
pub const MOST: usize = 100;
/// The word for no witness at all.
const NONE: &str = "none";

/// Which heads count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The logs whose heads count, with where they are, if that is said.
    pub logs: Vec<(VerifierKey, Option<String>)>,
    /// The witnesses: a name of the file's own, the key, and where it is, if that is said.
    pub witnesses: Vec<(String, WitnessKey, Option<String>)>,
    groups: Vec<Group>,
    quorum: String,
}

/// So many of the members must have cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    name: String,
    threshold: usize,
    members: Vec<String>,
}

/// Why a text is no policy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line} of the policy: {kind}")]
pub struct PolicyError {
    /// Number of the line, from 1; after the last one if something is missing at the end.
    pub line: usize,
    /// What is wrong with it.
    #[source]
    pub kind: PolicyErrorKind,
}

/// What is wrong with a line of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PolicyErrorKind {
    /// A control character other than tab and newline.
    #[error("there is a control character in it")]
    ControlCharacter,
    /// Neither log, witness, group nor quorum, or with too few or too many words.
    #[error("it is none of log, witness, group and quorum with the words that belong to it")]
    Words,
    /// A key that cannot be read.
    #[error(transparent)]
    Key(#[from] NoteError),
    /// The key or the name stands in another line already.
    #[error("{0} stands in it for the second time")]
    Twice(String),
    /// A name that no line before defines.
    #[error("no line before it defines {0}")]
    Unknown(String),
    /// A threshold that is no number from one to the number of members, nor `any` or `all`.
    #[error("the threshold is neither any, all, nor a number from 1 to the number of members")]
    Threshold,
    /// More than [`MOST`].
    #[error("more than {MOST} lines of a kind")]
    TooMany,
    /// No quorum, or more than one.
    #[error("a policy has exactly one quorum line")]
    Quorum,
}

impl Policy {
    /// The policy that asks for the cosignature of every witness, or for none where there is none.
    ///
    /// # Errors
    /// [`PolicyErrorKind::Twice`] if two logs or two witnesses share a key; [`PolicyErrorKind::TooMany`].
    pub fn all_of(
        logs: Vec<VerifierKey>,
        witnesses: Vec<(WitnessKey, Option<String>)>,
    ) -> Result<Self, PolicyError> {
        let mut text: String = logs.iter().map(|log| format!("log {log}\n")).collect();
        let names: Vec<String> = (1..=witnesses.len()).map(|n| format!("w{n}")).collect();
        for (name, (key, url)) in names.iter().zip(&witnesses) {
            let url = url.as_ref().map_or_else(String::new, |url| format!(" {url}"));
            text += &format!("witness {name} {key}{url}\n");
        }
        match names.as_slice() {
            [] => text.push_str("quorum none\n"),
            [only] => text += &format!("quorum {only}\n"),
            _ => text += &format!("group every all {}\nquorum every\n", names.join(" ")),
        }
        Self::parse(&text)
    }

    /// Reads a policy.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut reading = Reading::default();
        let mut lines = 0;
        for (index, line) in text.split('\n').enumerate() {
            lines = index + 1;
            reading.line(line).map_err(|kind| PolicyError { line: lines, kind })?;
        }
        reading.done().map_err(|kind| PolicyError { line: lines, kind })
    }

    /// The file. Comments and layout of one that was read are not kept.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let at = |url: &Option<String>| url.as_ref().map_or_else(String::new, |url| format!(" {url}"));
        for (key, url) in &self.logs {
            text += &format!("log {key}{}\n", at(url));
        }
        for (name, key, url) in &self.witnesses {
            text += &format!("witness {name} {key}{}\n", at(url));
        }
        for Group { name, threshold, members } in &self.groups {
            let threshold =
                if *threshold == members.len() { "all".to_owned() } else { threshold.to_string() };
            text += &format!("group {name} {threshold} {}\n", members.join(" "));
        }
        text += &format!("quorum {}\n", self.quorum);
        text
    }

    /// Whether the witnesses that `cosigned` picks are enough.
    #[must_use]
    pub fn satisfied(&self, cosigned: impl Fn(&WitnessKey) -> bool) -> bool {
        let mut holds: BTreeMap<&str, bool> =
            self.witnesses.iter().map(|(name, key, _)| (name.as_str(), cosigned(key))).collect();
        for group in &self.groups {
            let count = group.members.iter().filter(|m| holds.get(m.as_str()) == Some(&true)).count();
            holds.insert(&group.name, count >= group.threshold);
        }
        self.quorum == NONE || holds.get(self.quorum.as_str()) == Some(&true)
    }
}

#[derive(Default)]
struct Reading {
    logs: Vec<(VerifierKey, Option<String>)>,
    witnesses: Vec<(String, WitnessKey, Option<String>)>,
    groups: Vec<Group>,
    quorum: Option<String>,
    names: BTreeSet<String>,
    members: BTreeSet<String>,
}

impl Reading {
    fn line(&mut self, line: &str) -> Result<(), PolicyErrorKind> {
        if line.bytes().any(|b| (b < 0x20 && b != b'\t') || b == 0x7f) {
            return Err(PolicyErrorKind::ControlCharacter);
        }
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key] => self.log(key, None),
            ["log", key, url] => self.log(key, Some(url)),
            ["witness", name, key] => self.witness(name, key, None),
            ["witness", name, key, url] => self.witness(name, key, Some(url)),
            ["group", name, threshold, members @ ..] if !members.is_empty() => {
                self.group(name, threshold, members)
            }
            ["quorum", name] => self.quorum(name),
            _ => Err(PolicyErrorKind::Words),
        }
    }

    fn log(&mut self, key: &str, url: Option<&str>) -> Result<(), PolicyErrorKind> {
        let parsed: VerifierKey = key.parse()?;
        if self.logs.iter().any(|(known, _)| known.public_key() == parsed.public_key()) {
            return Err(PolicyErrorKind::Twice(key.to_owned()));
        }
        self.logs.push((parsed, url.map(str::to_owned)));
        within(self.logs.len())
    }

    fn witness(&mut self, name: &str, key: &str, url: Option<&str>) -> Result<(), PolicyErrorKind> {
        let parsed: WitnessKey = key.parse()?;
        if self.witnesses.iter().any(|(_, known, _)| known.public_key() == parsed.public_key()) {
            return Err(PolicyErrorKind::Twice(key.to_owned()));
        }
        self.define(name)?;
        self.witnesses.push((name.to_owned(), parsed, url.map(str::to_owned)));
        within(self.witnesses.len())
    }

    fn group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), PolicyErrorKind> {
        for member in members {
            if !self.names.contains(*member) {
                return Err(PolicyErrorKind::Unknown((*member).to_owned()));
            }
            if !self.members.insert((*member).to_owned()) {
                return Err(PolicyErrorKind::Twice((*member).to_owned()));
            }
        }
        let threshold = match threshold {
            "any" => 1,
            "all" => members.len(),
            number => decimal(number)
                .filter(|k| (1..=members.len()).contains(k))
                .ok_or(PolicyErrorKind::Threshold)?,
        };
        self.define(name)?;
        let members = members.iter().map(|m| (*m).to_owned()).collect();
        self.groups.push(Group { name: name.to_owned(), threshold, members });
        within(self.groups.len())
    }

    fn quorum(&mut self, name: &str) -> Result<(), PolicyErrorKind> {
        if name != NONE && !self.names.contains(name) {
            return Err(PolicyErrorKind::Unknown(name.to_owned()));
        }
        if self.quorum.replace(name.to_owned()).is_some() { Err(PolicyErrorKind::Quorum) } else { Ok(()) }
    }

    fn define(&mut self, name: &str) -> Result<(), PolicyErrorKind> {
        let new = name != NONE && self.names.insert(name.to_owned());
        if new { Ok(()) } else { Err(PolicyErrorKind::Twice(name.to_owned())) }
    }

    fn done(self) -> Result<Policy, PolicyErrorKind> {
        let Self { logs, witnesses, groups, quorum, .. } = self;
        let quorum = quorum.ok_or(PolicyErrorKind::Quorum)?;
        Ok(Policy { logs, witnesses, groups, quorum })
    }
}

fn within(count: usize) -> Result<(), PolicyErrorKind> {
    if count <= MOST { Ok(()) } else { Err(PolicyErrorKind::TooMany) }
}

/// A number without sign or leading zeros.
fn decimal(text: &str) -> Option<usize> {
    text.parse().ok().filter(|number: &usize| number.to_string() == text)
}
