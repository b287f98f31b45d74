//! Restoring a backup into the vault that is open here: its keys are sealed anew under that vault's own key, whichever vault
//! the file was made of. One transaction: killed at any moment, it is as it was before or as it is behind it.

use super::export::{Held, held};
use super::plan::{Comparing, Contents, InFile, Noun, Planned, Standing};
use super::rows::{ControlText, VersionText};
use crate::Engine;
use crate::cx::Cx;
use crate::engine::blocking;
use crate::entry::{Draft, Severity};
use crate::error::{Code, Error, FieldError};
use crate::privacy::Privacy;
use reeve_core::id::CredentialId;
use reeve_core::permission::Permission;
use reeve_core::rotation::VersionState;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::{Read, Recorded, Tx};
use reeve_vault::backup::{MAX_LEN, Opened, Row};
use reeve_vault::{BackupFile, BackupHeader, ReadError, RecoveryCode, Secret, Vault};
use std::collections::HashSet;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What a backup is opened with.
pub enum BackupSecret {
    /// The recovery code that the vault had on the day of the backup, as it was typed.
    Recovery(Zeroizing<String>),
    /// The passphrase of this file.
    Passphrase(Secret),
    /// The vault that made it, which is open here.
    ThisVault,
}

/// Where a backup is.
pub enum BackupSource {
    /// Sent along.
    Bytes(Vec<u8>),
    /// A file of this machine.
    Path(PathBuf),
}

impl BackupSource {
    fn bytes(self) -> Result<Vec<u8>, Error> {
        let path = match self {
            Self::Bytes(bytes) => return Ok(bytes),
            Self::Path(path) => path,
        };
        let mut bytes = Vec::new();
        // One byte more than a backup may have, so that a larger file says so.
        let most = MAX_LEN as u64 + 1;
        let read = std::fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
        read.map_err(|e| Error::field("file", "This file cannot be read.").because(e))?;
        Ok(bytes)
    }
}

/// A backup that is to be restored.
pub struct Restore {
    /// The file.
    pub file: BackupSource,
    /// What opens it.
    pub secret: BackupSecret,
    /// Ids of keys that are older than here, or conflict, and are to be put into use all the same.
    pub replace: Vec<String>,
}

/// What a backup holds, and what restoring it would change here.
#[derive(Clone, Debug)]
pub struct Preview {
    /// When it was made.
    pub made_at: Millis,
    /// Of which vault.
    pub vault_id: String,
    /// Whether that is this one.
    pub same_vault: bool,
    /// The epoch that vault sealed under.
    pub epoch: u32,
    /// Whether this vault has moved on since: what came later is not in the file.
    pub older: bool,
    /// What would be done with each key.
    pub keys: Vec<Planned>,
    /// Keys in use here that the file knows nothing of; they stay.
    pub only_here: u64,
}

/// What a restore did.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The same as before it, as it was carried out.
    pub preview: Preview,
    /// Ids of the keys that were put in place of what was here, because somebody named them.
    pub replaced: Vec<String>,
    /// Keys that were added or put into use.
    pub changed: u64,
}

impl Engine {
    /// What a backup holds, and what restoring it would change here. Nothing is changed.
    ///
    /// # Errors
    /// If `cx` may not, the vault is locked, its master key is being rotated, or the file does not open with the secret.
    pub async fn preview_restore(&self, cx: &Cx, restore: Restore) -> Result<Preview, Error> {
        self.require(cx, Permission::VaultWrite).await?;
        let vault = self.vault()?;
        self.no_rewrap_under_way().await?;
        let opened = open(restore.file, restore.secret, vault.clone()).await?;
        let read = move |r: &Read<'_>| {
            let contents = Contents::read(&opened)?;
            Ok::<_, Error>(Here::read(r)?.preview(&opened, &vault, &contents)?.0)
        };
        self.inner.store.read(read).await
    }

    /// Restores a backup: adds what is not here, puts into use what is newer in the file, and leaves what is newer here. Then
    /// every key in use is tried, in the background: see [`Engine::restore_probes`].
    ///
    /// # Errors
    /// As [`Engine::preview_restore`], and [`Code::StepUpRequired`]; nothing has changed then.
    pub async fn restore_backup(&self, cx: &Cx, restore: Restore) -> Result<Restored, Error> {
        self.may_change_vault(cx).await?;
        self.require(cx, Permission::CredentialWrite).await?;
        let vault = self.vault()?;
        let opened = open(restore.file, restore.secret, vault).await?;
        let one = self.one_vault_change().await;
        self.no_rewrap_under_way().await?;
        let vault = self.vault()?;
        let seen = if same_vault(opened.header(), &vault) { opened.header().generation } else { 0 };
        let next = vault.next_generation(seen);
        let header = crate::vault::header_row(&next);
        let work =
            Work { privacy: Arc::clone(&self.inner.privacy), cx: cx.clone(), opened, vault: next.clone() };
        let (restored, sequence) = self
            .inner
            .store
            .write(move |tx| {
                let (restored, recorded) = work.carry_out(tx, restore.replace)?;
                recorded.vault().put_header(&header)?;
                Ok::<_, Error>((restored, recorded.sequence()))
            })
            .await?;
        self.vault_went_on(next).await;
        drop(one);
        self.load_routing().await?;
        self.inner.rotations.look_soon();
        self.told_of(crate::EventKind::Credential, sequence);
        let live = self.inner.store.read(|r| r.credentials().live()).await?;
        self.start_probes(cx, live);
        Ok(restored)
    }
}

async fn open(file: BackupSource, secret: BackupSecret, vault: Vault) -> Result<Opened, Error> {
    let open = move || {
        let file = BackupFile::read(&file.bytes()?).map_err(not_opened)?;
        let opened = match secret {
            BackupSecret::Recovery(typed) => {
                let code = RecoveryCode::parse(&typed);
                file.open_with_recovery(&code.map_err(|e| Error::field("recovery_code", e.to_string()))?)
            }
            BackupSecret::Passphrase(typed) => file.open_with_passphrase(&typed),
            BackupSecret::ThisVault => file.open_with_vault(&vault),
        };
        opened.map_err(not_opened)
    };
    blocking(open).await?
}

/// Each failure at the field that it is about.
fn not_opened(error: ReadError) -> Error {
    let field = match error {
        ReadError::RecoveryWrong | ReadError::NoRecovery | ReadError::OtherVault => "recovery_code",
        ReadError::PassphraseWrong | ReadError::NoPassphrase => "passphrase",
        ReadError::OutOfMemory => return Error::new(Code::Unavailable, error.to_string()),
        _ => "file",
    };
    let message = error.to_string();
    let mut told = Error::new(Code::Invalid, message.clone());
    told.fields.push(FieldError { field: field.to_owned(), message });
    told
}

fn same_vault(header: &BackupHeader, vault: &Vault) -> bool {
    header.vault_id == vault.header().vault_id
}

/// What is here, to compare with.
struct Here {
    held: Held,
    rotating: HashSet<CredentialId>,
    removed: HashSet<String>,
}

impl Here {
    fn read(r: &Read<'_>) -> Result<Self, Error> {
        let rotating = r.rotations().open()?.into_iter().map(|rotation| rotation.credential_id).collect();
        let removed = r.control_credentials().removed()?.iter().map(ToString::to_string).collect();
        Ok(Self { held: held(r)?, rotating, removed })
    }

    fn preview<'a>(
        &'a self,
        opened: &'a Opened,
        vault: &'a Vault,
        contents: &Contents<'_>,
    ) -> Result<(Preview, Comparing<'a>), Error> {
        let comparing =
            Comparing { opened, vault, here: &self.held, rotating: &self.rotating, removed: &self.removed };
        let keys = comparing.plan(contents)?;
        let header = opened.header();
        let same_vault = same_vault(header, vault);
        let moved_on = keys.iter().any(|k| k.standing == Standing::NewerHere);
        let known: HashSet<_> = contents.credentials.iter().map(|c| c.text.id).collect();
        let live = self.held.credentials.iter().filter(|(c, _)| c.revoked_at.is_none());
        let preview = Preview {
            made_at: Millis(header.made_at),
            vault_id: data_encoding::HEXLOWER.encode(&header.vault_id),
            same_vault,
            epoch: header.epoch,
            older: same_vault && (moved_on || header.generation < vault.header().generation),
            keys,
            only_here: live.filter(|(c, _)| !known.contains(&c.id)).count() as u64,
        };
        Ok((preview, comparing))
    }
}

/// A restore, ready to be written down.
struct Work {
    privacy: Arc<Privacy>,
    cx: Cx,
    opened: Opened,
    /// Already with the generation that it will have.
    vault: Vault,
}

impl Work {
    fn draft(&self, kind: &str, resource: impl std::fmt::Display) -> Draft {
        Draft::new(Arc::clone(&self.privacy), &self.cx, kind, resource)
    }

    fn carry_out<'c>(
        &self,
        tx: &mut Tx<'c>,
        replace: Vec<String>,
    ) -> Result<(Restored, Recorded<'c>), Error> {
        let here = Here::read(&tx.read())?;
        let contents = Contents::read(&self.opened)?;
        let (mut preview, comparing) = here.preview(&self.opened, &self.vault, &contents)?;
        // This restore is a change itself: what counts is whether there was one before.
        let moved_on = preview.keys.iter().any(|k| k.standing == Standing::NewerHere);
        let before = self.vault.header().generation.saturating_sub(1);
        preview.older = preview.same_vault && (moved_on || self.opened.header().generation < before);
        if let Some(id) =
            replace.iter().find(|id| !preview.keys.iter().any(|k| k.replaceable && k.id == **id))
        {
            return Err(Error::field("replace", format!("{id} cannot be put in place of what is here")));
        }
        if preview.older {
            self.rollback_noted(tx, &preview)?;
        }
        let mut changed = 0;
        for (at, one) in preview.keys.iter().enumerate() {
            let replaces = replace.contains(&one.id);
            if replaces || matches!(one.standing, Standing::New | Standing::NewerInFile) {
                self.restore_one(tx, &comparing, (&contents, at), one, replaces)?;
                changed += 1;
            }
        }
        let recorded = self.restored_draft(&preview, changed, replace.len()).record(tx)?;
        Ok((Restored { preview, replaced: replace, changed }, recorded))
    }

    fn rollback_noted(&self, tx: &mut Tx<'_>, preview: &Preview) -> Result<(), Error> {
        let newer = preview.keys.iter().filter(|k| k.standing == Standing::NewerHere).count();
        self.draft("vault.rollback_detected", "vault:local")
            .outcome(Outcome::Success, Severity::Critical)
            .detail("message", "Restored a backup that is older than the vault")
            .detail("backup_generation", self.opened.header().generation)
            .detail("generation", self.vault.header().generation)
            .detail("newer_here", newer)
            .record(tx)?;
        Ok(())
    }

    fn restored_draft(&self, preview: &Preview, changed: u64, replaced: usize) -> Draft {
        let count = |standing| preview.keys.iter().filter(|k| k.standing == standing).count();
        self.draft("vault.restored", "vault:local")
            .outcome(Outcome::Success, Severity::Warning)
            .detail("backup_made_at", preview.made_at.to_string())
            .detail("backup_vault", preview.vault_id.as_str())
            .detail("same_vault", preview.same_vault)
            .detail("changed", changed)
            .detail("replaced", replaced)
            .detail("new", count(Standing::New))
            .detail("newer_in_file", count(Standing::NewerInFile))
            .detail("same", count(Standing::Same))
            .detail("newer_here", count(Standing::NewerHere))
            .detail("conflicts", count(Standing::Conflict))
    }

    fn restore_one(
        &self,
        tx: &mut Tx<'_>,
        comparing: &Comparing<'_>,
        (contents, at): (&Contents<'_>, usize),
        one: &Planned,
        replaces: bool,
    ) -> Result<(), Error> {
        let kind = match one.noun {
            Noun::Credential => "key.restored",
            Noun::ControlCredential => "control_credential.restored",
        };
        let resource = match one.noun {
            Noun::Credential => format!("credential:{}", one.id),
            Noun::ControlCredential => format!("control_credential:{}", one.id),
        };
        let draft = self
            .draft(kind, resource)
            .name(&one.name)
            .outcome(Outcome::Success, if replaces { Severity::Warning } else { Severity::Notice })
            .detail("provider", one.provider.as_str())
            .detail("standing", one.standing.as_str())
            .detail("last4", one.last4.as_str())
            .change("key", one.here.as_ref().map_or("none", |h| h.last4.as_str()), &one.last4);
        let recorded = draft.record(tx)?;
        // Plans stand in the order of the file: admin keys, then credentials.
        if let Some((text, row)) = contents.admins.get(at) {
            return restore_admin(&recorded, comparing, text, row, one);
        }
        let Some(file) = contents.credentials.get(at - contents.admins.len()) else { return Ok(()) };
        match (one.standing, replaces) {
            (Standing::New, _) => add(&recorded, comparing, contents, file, one),
            (_, true) => replace_key(&recorded, comparing, file),
            (_, false) => go_on(&recorded, comparing, file),
        }
    }
}

fn restore_admin(
    recorded: &Recorded<'_>,
    comparing: &Comparing<'_>,
    text: &ControlText,
    row: &Row,
    one: &Planned,
) -> Result<(), Error> {
    let (sealed, fingerprint) = comparing.admin_key(text, row)?;
    let stored = text.stored(one.name.clone(), sealed, fingerprint);
    let table = recorded.control_credentials();
    if one.standing == Standing::New {
        table.insert(&stored)?
    } else {
        table.change(&stored)?
    }
    Ok(())
}

/// A credential that is not here.
fn add(
    recorded: &Recorded<'_>,
    comparing: &Comparing<'_>,
    contents: &Contents<'_>,
    file: &InFile<'_>,
    one: &Planned,
) -> Result<(), Error> {
    let admin = comparing.admin_of(&file.text, contents);
    recorded
        .credentials()
        .restore(&file.text.stored(one.name.clone(), admin), file.text.revoked_at.map(Millis))?;
    for (text, row) in &file.versions {
        insert(recorded, comparing, file, text, row)?;
    }
    Ok(())
}

/// The file's versions that are not here; what was in use here is kept, unused.
fn go_on(recorded: &Recorded<'_>, comparing: &Comparing<'_>, file: &InFile<'_>) -> Result<(), Error> {
    let here = recorded.key_versions().reads().of(file.text.id)?;
    stand_down(recorded, &here)?;
    for (text, row) in file.versions.iter().filter(|(v, _)| !here.iter().any(|h| h.version == v.version)) {
        insert(recorded, comparing, file, text, row)?;
    }
    Ok(())
}

/// The key that is in use in the file, as a version behind all others: nothing is written over.
fn replace_key(recorded: &Recorded<'_>, comparing: &Comparing<'_>, file: &InFile<'_>) -> Result<(), Error> {
    let Some((text, row)) = file.current() else { return Ok(()) };
    let here = recorded.key_versions().reads().of(file.text.id)?;
    let highest = here.iter().map(|v| v.version).chain(file.versions.iter().map(|(v, _)| v.version)).max();
    let version = highest.unwrap_or(0) + 1;
    stand_down(recorded, &here)?;
    let key = comparing.key(&file.text, text, row, version)?;
    let mut stored = text.stored(version, VersionState::Current, Some(key));
    stored.promoted_at = Some(recorded.now());
    recorded.key_versions().insert(&stored)?;
    Ok(())
}

fn stand_down(
    recorded: &Recorded<'_>,
    here: &[reeve_store::table::key_versions::KeyVersion],
) -> Result<(), Error> {
    let used = |state| matches!(state, VersionState::Current | VersionState::Grace | VersionState::Pending);
    for version in here.iter().filter(|v| used(v.state)) {
        let mut version = version.clone();
        (version.state, version.grace_until) = (VersionState::Disabled, None);
        version.retired_at = version.retired_at.or(Some(recorded.now()));
        recorded.key_versions().stand(&version)?;
    }
    Ok(())
}

fn insert(
    recorded: &Recorded<'_>,
    comparing: &Comparing<'_>,
    file: &InFile<'_>,
    text: &VersionText,
    row: &Row,
) -> Result<(), Error> {
    let has_key = row.has_secret();
    let key = if has_key { Some(comparing.key(&file.text, text, row, text.version)?) } else { None };
    let stored = text.stored(text.version, text.state_here(has_key), key);
    let table = recorded.key_versions();
    table.insert(&stored)?;
    // The times of its end are no part of a version that begins.
    table.stand(&stored)?;
    Ok(())
}
