//! A backup against what is here: what would be done with each key. Nothing here is changed, and nothing is ever replaced by
//! something older unless somebody names it.

use super::export::Held;
use super::rows::{ControlText, CredentialText, Text, VersionText};
use crate::error::{Code, Error};
use reeve_core::id::{ControlCredentialId, CredentialId};
use reeve_core::rotation::VersionState;
use reeve_store::table::control_credentials::ControlCredential;
use reeve_store::table::credentials::{Credential, SealedKey};
use reeve_store::table::key_versions::KeyVersion;
use reeve_vault::backup::{Opened, Row};
use reeve_vault::{Purpose, Vault};
use std::collections::{HashMap, HashSet};

/// What a row is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Noun {
    /// A credential and the versions of its key.
    Credential,
    /// A provider's admin key.
    ControlCredential,
}

/// How a key of the file stands to what is here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It is not here: it is added.
    New,
    /// It is here, the same.
    Same,
    /// The file's is newer: it is put into use, and the one here is kept, unused.
    NewerInFile,
    /// The one here is newer: it stays.
    NewerHere,
    /// Both went on, each in its own way: the one here stays.
    Conflict,
}

impl Standing {
    /// The word in the ledger and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Same => "same",
            Self::NewerInFile => "newer_in_file",
            Self::NewerHere => "newer_here",
            Self::Conflict => "conflict",
        }
    }
}

/// What is here instead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Here {
    /// Its version; 0 for an admin key.
    pub version: u32,
    /// Its last four characters.
    pub last4: String,
    /// Whether it is revoked.
    pub revoked: bool,
}

/// What would be done with a key of the file.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What it is.
    pub noun: Noun,
    /// Its id, as on the wire.
    pub id: String,
    /// What it will be called; another name than in the file where that is taken.
    pub name: String,
    /// Its provider.
    pub provider: String,
    /// The version in the file; 0 for an admin key.
    pub version: u32,
    /// The last four characters of the key in the file; empty where it has none.
    pub last4: String,
    /// How it stands.
    pub standing: Standing,
    /// What is here, if anything is.
    pub here: Option<Here>,
    /// Whether it may be put into use although it is older, or a conflict.
    pub replaceable: bool,
    /// Why it stands so, where that is not plain.
    pub why: Option<&'static str>,
}

/// A credential of the file, with its versions.
pub(super) struct InFile<'f> {
    pub(super) text: CredentialText,
    pub(super) versions: Vec<(VersionText, &'f Row)>,
}

/// A file, read.
pub(super) struct Contents<'f> {
    pub(super) admins: Vec<(ControlText, &'f Row)>,
    pub(super) credentials: Vec<InFile<'f>>,
}

impl<'f> Contents<'f> {
    pub(super) fn read(opened: &'f Opened) -> Result<Self, Error> {
        let mut contents = Self { admins: Vec::new(), credentials: Vec::new() };
        for row in opened.rows() {
            match serde_json::from_slice(&row.text).map_err(not_understood)? {
                Text::ControlCredential(text) => contents.admins.push((text, row)),
                Text::Credential(text) => contents.credentials.push(InFile { text, versions: Vec::new() }),
                Text::KeyVersion(text) => match contents.credentials.last_mut() {
                    Some(of) if of.text.id == text.credential => of.versions.push((text, row)),
                    _ => return Err(not_understood("a version without its credential")),
                },
            }
        }
        Ok(contents)
    }
}

fn not_understood(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let why: Box<dyn std::error::Error + Send + Sync> = why.into();
    tracing::warn!(why, "a row of a backup is not understood");
    Error::new(
        Code::PreconditionFailed,
        "There is something in this backup that this Reeve does not know. Open it with a newer Reeve.",
    )
}

impl InFile<'_> {
    /// The key in use, if the file has it.
    pub(super) fn current(&self) -> Option<&(VersionText, &Row)> {
        self.versions.iter().find(|(version, row)| version.is_current() && row.has_secret())
    }
}

/// Both sides, and the vault that the keys are sealed for.
pub(super) struct Comparing<'a> {
    pub(super) opened: &'a Opened,
    pub(super) vault: &'a Vault,
    pub(super) here: &'a Held,
    /// Credentials here whose key is being rotated.
    pub(super) rotating: &'a HashSet<CredentialId>,
    /// Ids of admin keys that were removed here.
    pub(super) removed: &'a HashSet<String>,
}

impl Comparing<'_> {
    /// What would be done with each key of the file, in its order.
    pub(super) fn plan(&self, contents: &Contents<'_>) -> Result<Vec<Planned>, Error> {
        let mut planned = Vec::new();
        let admins: HashMap<_, _> = self.here.admins.iter().map(|a| (a.id, a)).collect();
        let mut taken: HashSet<String> = self.here.admins.iter().map(|a| a.name.clone()).collect();
        for (text, row) in &contents.admins {
            let mut one = self.admin(text, row, admins.get(&text.id).copied())?;
            if one.standing == Standing::New {
                one.name = free_name(&mut taken, &one.name);
            }
            planned.push(one);
        }
        let here: HashMap<_, _> = self.here.credentials.iter().map(|(c, v)| (c.id, (c, v))).collect();
        let live = self.here.credentials.iter().filter(|(c, _)| c.revoked_at.is_none());
        let mut taken: HashSet<String> = live.map(|(c, _)| c.name.clone()).collect();
        for one in &contents.credentials {
            let mut next = self.credential(one, here.get(&one.text.id).copied())?;
            if next.standing == Standing::New && one.text.revoked_at.is_none() {
                next.name = free_name(&mut taken, &next.name);
            }
            planned.push(next);
        }
        Ok(planned)
    }

    fn admin(
        &self,
        text: &ControlText,
        row: &Row,
        here: Option<&ControlCredential>,
    ) -> Result<Planned, Error> {
        let same = |h: &ControlCredential| -> Result<bool, Error> {
            Ok(self.admin_key(text, row)?.1 == h.fingerprint)
        };
        let removed = self.removed.contains(&text.id.to_string());
        let standing = match here {
            None if removed => Standing::NewerHere,
            None => Standing::New,
            Some(h) if same(h)? => Standing::Same,
            Some(h) if text.changed_at > h.changed_at.0 => Standing::NewerInFile,
            Some(h) if text.changed_at < h.changed_at.0 => Standing::NewerHere,
            Some(_) => Standing::Conflict,
        };
        Ok(Planned {
            noun: Noun::ControlCredential,
            id: text.id.to_string(),
            name: here.map_or(&text.name, |h| &h.name).clone(),
            provider: text.provider.clone(),
            version: 0,
            last4: text.last4.clone(),
            standing,
            here: here.map(|h| Here { version: 0, last4: h.last4.clone(), revoked: false }),
            replaceable: !removed && matches!(standing, Standing::NewerHere | Standing::Conflict),
            why: removed.then_some("It was removed here since."),
        })
    }

    fn credential(
        &self,
        file: &InFile<'_>,
        here: Option<(&Credential, &Vec<KeyVersion>)>,
    ) -> Result<Planned, Error> {
        let (standing, why) = match here {
            None => (Standing::New, None),
            Some((c, versions)) => self.standing(file, c, versions)?,
        };
        let current = file.current().map(|(version, _)| version);
        let may = matches!(standing, Standing::NewerHere | Standing::Conflict);
        let free = here.is_some_and(|(c, _)| c.revoked_at.is_none() && !self.rotating.contains(&c.id));
        Ok(Planned {
            noun: Noun::Credential,
            id: file.text.id.to_string(),
            name: here.map_or(&file.text.name, |(c, _)| &c.name).clone(),
            provider: file.text.provider.clone(),
            version: current.map_or(0, |v| v.version),
            last4: current.map_or_else(String::new, |v| v.last4.clone()),
            standing,
            here: here.map(|(c, _)| Here {
                version: c.version,
                last4: c.last4.clone(),
                revoked: c.revoked_at.is_some(),
            }),
            replaceable: may && free && current.is_some(),
            why,
        })
    }

    fn standing(
        &self,
        file: &InFile<'_>,
        here: &Credential,
        versions: &[KeyVersion],
    ) -> Result<(Standing, Option<&'static str>), Error> {
        let current_here = versions.iter().find(|v| v.state == VersionState::Current);
        let (Some((text, row)), Some(current)) = (file.current(), current_here) else {
            return Ok(match (file.text.revoked_at, here.revoked_at) {
                (Some(_), None) => {
                    (Standing::Conflict, Some("It was revoked in the backup, and is in use here."))
                }
                (None, Some(_)) => (Standing::NewerHere, Some("It was revoked here since.")),
                _ => (Standing::Same, None),
            });
        };
        let (_, fingerprint) = self.key(&file.text, text, row, text.version)?;
        if text.version == current.version && fingerprint == current.fingerprint {
            return Ok((Standing::Same, None));
        }
        if text.version < current.version {
            return Ok((Standing::NewerHere, None));
        }
        if self.rotating.contains(&here.id) {
            return Ok((Standing::Conflict, Some("Its key is being rotated here.")));
        }
        // Newer is only what has the one here behind it.
        let behind = file.versions.iter().find(|(v, _)| v.version == current.version);
        let continues = match behind.filter(|(_, row)| row.has_secret()) {
            Some((text, row)) => self.key(&file.text, text, row, text.version)?.1 == current.fingerprint,
            None => behind.is_some_and(|(v, _)| v.last4 == current.last4),
        };
        if text.version > current.version && continues {
            Ok((Standing::NewerInFile, None))
        } else {
            Ok((Standing::Conflict, Some("Both were given another key since they parted.")))
        }
    }

    /// A key of the file, sealed for this vault as `version`, and its fingerprint here.
    pub(super) fn key(
        &self,
        of: &CredentialText,
        text: &VersionText,
        row: &Row,
        version: u32,
    ) -> Result<(SealedKey, String), Error> {
        let id = of.id.to_string();
        let place = (of.provider.as_str(), id.as_str(), text.version);
        let (sealed, fingerprint) = self.opened.key_for(self.vault, row, place, version).map_err(|e| {
            Error::new(Code::PreconditionFailed, "A key in this backup does not open; take another backup.")
                .because(e)
        })?;
        Ok((SealedKey { wrapped_dek: sealed.wrapped_dek, sealed: sealed.sealed }, fingerprint))
    }

    /// An admin key of the file, sealed for this vault, and its fingerprint here.
    pub(super) fn admin_key(&self, text: &ControlText, row: &Row) -> Result<(Vec<u8>, String), Error> {
        let context = crate::rotation::control::context(text.id, &text.provider);
        self.opened.value_for(self.vault, row, Purpose::AdminCred, &context).map_err(|e| {
            Error::new(
                Code::PreconditionFailed,
                "An admin key in this backup does not open; take another backup.",
            )
            .because(e)
        })
    }

    /// The admin key that a restored credential is rotated with, if that is here then.
    pub(super) fn admin_of(
        &self,
        text: &CredentialText,
        contents: &Contents<'_>,
    ) -> Option<ControlCredentialId> {
        let there = |id: &ControlCredentialId| {
            self.here.admins.iter().any(|a| a.id == *id) || contents.admins.iter().any(|(a, _)| a.id == *id)
        };
        text.control_credential.filter(there)
    }
}

/// A name that no other has: with "(restored)" behind it where it is taken.
fn free_name(taken: &mut HashSet<String>, name: &str) -> String {
    const MOST: usize = 80;
    let cut: String = name.chars().take(MOST).collect();
    let numbered = (2..).map(|n| format!("{cut} (restored {n})"));
    let names = [name.to_owned(), format!("{cut} (restored)")].into_iter().chain(numbered);
    let free = names.into_iter().find(|name| !taken.contains(name)).unwrap_or_default();
    taken.insert(free.clone());
    free
}
