//! Making a backup.

use super::rows::{ControlText, CredentialText, Text, VersionText};
use crate::Engine;
use crate::cx::Cx;
use crate::engine::blocking;
use crate::entry::Severity;
use crate::error::{Code, Error};
use reeve_core::id::CredentialId;
use reeve_core::permission::Permission;
use reeve_core::rotation::VersionState;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::Read;
use reeve_store::table::control_credentials::ControlCredential;
use reeve_store::table::credentials::Credential;
use reeve_store::table::key_versions::KeyVersion;
pub use reeve_store::table::vault_backups::MadeBackup;
use reeve_vault::{BackupError, OsRandom, Purpose, SealedKey, Secret, Slot, Vault, backup::Draft};

/// Credentials read at once.
const PAGE: usize = 500;

/// A backup that was just made.
#[derive(Debug)]
pub struct MadeFile {
    /// The file.
    pub bytes: Vec<u8>,
    /// What to call it.
    pub file_name: String,
    /// Keys in use that are in it: provider keys and admin keys.
    pub keys: u64,
    /// Keys that did not open here and so are not in it.
    pub unreadable: u64,
}

/// How the backups of this vault stand.
#[derive(Clone, Debug)]
pub struct BackupStatus {
    /// The last one that was made here.
    pub last: Option<MadeBackup>,
    /// Keys in use: provider keys and admin keys.
    pub keys: u64,
    /// Of them those that came into use since the last backup.
    pub newer: u64,
    /// Whether the recovery code opens a backup: whether somebody has typed part of it back.
    pub recovery_code: bool,
}

/// Everything that goes into a backup, still sealed.
pub(super) struct Held {
    pub(super) admins: Vec<ControlCredential>,
    pub(super) credentials: Vec<(Credential, Vec<KeyVersion>)>,
}

/// The same, read in one go.
pub(super) fn held(r: &Read<'_>) -> Result<Held, reeve_store::StoreError> {
    let mut credentials: Vec<(Credential, Vec<KeyVersion>)> = Vec::new();
    let mut after: Option<CredentialId> = None;
    loop {
        let page = r.credentials().list(after, PAGE)?;
        after = page.last().map(|c| c.id).filter(|_| page.len() == PAGE);
        for credential in page {
            let versions = r.key_versions().of(credential.id)?;
            credentials.push((credential, versions));
        }
        if after.is_none() {
            break;
        }
    }
    Ok(Held { admins: r.control_credentials().all()?, credentials })
}

/// What went into a file.
#[derive(Clone, Copy, Default)]
struct Tally {
    keys: u64,
    unreadable: u64,
}

impl Engine {
    /// How the backups stand: when the last one was made, and what came since.
    ///
    /// # Errors
    /// If `cx` may not see it.
    pub async fn backup_status(&self, cx: &Cx) -> Result<BackupStatus, Error> {
        self.require(cx, Permission::VaultRead).await?;
        let slots = self.vault_slots().await?;
        let read = |r: &Read<'_>| {
            let last = r.vault_backups().newest()?;
            let since = last.as_ref().map_or(Millis(i64::MIN), |b| b.made_at);
            Ok::<_, Error>((r.vault_backups().to_back_up(since)?, last))
        };
        let (there, last) = self.inner.store.read(read).await?;
        Ok(BackupStatus {
            last,
            keys: there.keys,
            newer: there.newer,
            recovery_code: crate::vault::has_checked_code(&slots),
        })
    }

    /// Makes a backup of every provider key and admin key. The vault's recovery code opens it, where part of that was typed
    /// back, and `passphrase`, which is for this one file.
    ///
    /// # Errors
    /// If `cx` may not, [`Code::StepUpRequired`], the vault is locked, the passphrase is too weak, nothing would open the file,
    /// or there is more than a file may hold.
    pub async fn export_backup(&self, cx: &Cx, passphrase: Option<Secret>) -> Result<MadeFile, Error> {
        self.may_change_vault(cx).await?;
        if let Some(typed) = &passphrase {
            self.strong_enough(typed)?;
        }
        // The header, the slots and the keys are those of one moment.
        let _one = self.one_vault_change().await;
        let (vault, slots, now) = (self.vault()?, self.vault_slots().await?, self.now());
        let held = self.inner.store.read(held).await?;
        let with_passphrase = passphrase.is_some();
        let sealing = vault.clone();
        let sealed = blocking(move || seal(&sealing, &held, &slots, passphrase.as_ref(), now)).await?;
        let (bytes, tally) = sealed.map_err(not_made)?;
        let header = vault.header();
        let row = MadeBackup {
            made_at: now,
            keys: tally.keys,
            epoch: header.kek_epoch,
            generation: header.generation,
        };
        let severity = if tally.unreadable > 0 { Severity::Warning } else { Severity::Notice };
        let draft = self
            .draft(cx, "vault.backup_exported", "vault:local")
            .outcome(Outcome::Success, severity)
            .detail("keys", tally.keys)
            .detail("unreadable", tally.unreadable)
            .detail("with_passphrase", with_passphrase)
            .detail("epoch", header.kek_epoch);
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.vault_backups().insert(&row)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.told(sequence);
        Ok(MadeFile {
            bytes,
            file_name: format!("reeve-{}.reeve-backup", &now.to_string()[..10]),
            keys: tally.keys,
            unreadable: tally.unreadable,
        })
    }
}

fn seal(
    vault: &Vault,
    held: &Held,
    slots: &[Slot],
    passphrase: Option<&Secret>,
    now: Millis,
) -> Result<(Vec<u8>, Tally), BackupError> {
    let mut draft = vault.begin_backup(now, &mut OsRandom)?;
    let mut tally = Tally::default();
    for admin in &held.admins {
        add_admin(&mut draft, &mut tally, admin)?;
    }
    for (credential, versions) in &held.credentials {
        draft.add(&text(&Text::Credential(CredentialText::from(credential))))?;
        for version in versions {
            add_version(&mut draft, &mut tally, credential, version)?;
        }
    }
    Ok((draft.seal(slots, passphrase, &mut OsRandom)?, tally))
}

/// One that does not open is left out: the others are worth a backup all the same.
fn add_admin(draft: &mut Draft<'_>, tally: &mut Tally, admin: &ControlCredential) -> Result<(), BackupError> {
    let Some(sealed) = &admin.sealed else { return Ok(()) };
    let row = text(&Text::ControlCredential(ControlText::from(admin)));
    let context = crate::rotation::control::context(admin.id, &admin.provider);
    match draft.add_value(&row, Purpose::AdminCred, &context, sealed) {
        Ok(()) => tally.keys += 1,
        Err(BackupError::Open(_)) => tally.unreadable += 1,
        Err(error) => return Err(error),
    }
    Ok(())
}

fn add_version(
    draft: &mut Draft<'_>,
    tally: &mut Tally,
    credential: &Credential,
    version: &KeyVersion,
) -> Result<(), BackupError> {
    let row = text(&Text::KeyVersion(VersionText::from(version)));
    let Some(sealed) = &version.sealed else { return draft.add(&row) };
    let sealed = SealedKey { wrapped_dek: sealed.wrapped_dek.clone(), sealed: sealed.sealed.clone() };
    let id = credential.id.to_string();
    match draft.add_key(&row, &credential.provider, &id, version.version, &sealed) {
        Ok(()) => tally.keys += u64::from(version.state == VersionState::Current),
        Err(BackupError::Open(_)) => {
            tally.unreadable += 1;
            draft.add(&row)?;
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

fn text(row: &Text) -> Vec<u8> {
    // Strings, numbers and lists of them: nothing in it can fail to be written.
    serde_json::to_vec(row).unwrap_or_default()
}

fn not_made(error: BackupError) -> Error {
    match error {
        BackupError::NothingOpensIt => Error::new(
            Code::PreconditionFailed,
            "Nothing would open this backup: make a recovery code first and type part of it, or give a passphrase.",
        ),
        BackupError::TooLarge => Error::new(
            Code::PreconditionFailed,
            "There are more keys than one backup may hold. Back up the whole data folder instead.",
        ),
        other => Error::new(Code::Internal, "The backup could not be sealed.").because(other),
    }
}
