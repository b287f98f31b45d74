//! Making a backup.

use super::codec::Writer;
use super::{BackupError, BackupHeader, CHUNK, MARK, MAX_LEN, VERSION};
use crate::aad::Binding;
use crate::envelope::{self, OVERHEAD, SealError};
use crate::header::Header;
use crate::kdf::{Kdf, derive_key};
use crate::key::Key;
use crate::random::{Random, make_bytes};
use crate::secret::Secret;
use crate::slot::{NewSlot, Slot, SlotKind, SlotSecret, SlotState};
use crate::vault::{Purpose, SealedKey, Vault};
use reeve_core::time::Millis;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// What a row has beside its text.
pub(super) const PLAIN: u8 = 0;
pub(super) const KEY: u8 = 1;
pub(super) const VALUE: u8 = 2;

/// A backup on its way: rows are added, then it is sealed. Nothing of it is in the clear but the text of its rows.
pub struct Draft<'v> {
    vault: &'v Vault,
    /// The file as a vault of its own, whose root key is the file key.
    file: Vault,
    made_at: Millis,
    rows: u32,
    body: Zeroizing<Vec<u8>>,
}

impl Vault {
    /// Begins a backup of this vault.
    ///
    /// # Errors
    /// [`BackupError::Seal`] when there are no random bytes.
    pub fn begin_backup(&self, now: Millis, random: &mut dyn Random) -> Result<Draft<'_>, BackupError> {
        let file_key = Key::make(random).map_err(SealError::from)?;
        let file_id = make_bytes(random).map_err(SealError::from)?;
        let header = Header::first(&file_key, file_id, now.0);
        let file = Self::opened(header, file_key, None, Vec::new());
        Ok(Draft { vault: self, file, made_at: now, rows: 0, body: Zeroizing::default() })
    }

    /// What seals the file keys of this vault's backups.
    pub(super) fn backup_key(&self) -> Key {
        derive_key(self.root().bytes(), &self.header().vault_id, &[b"reeve/backup/v1"])
    }

    /// What seals the body of the backup whose file key is this vault's root key.
    pub(super) fn backup_body_key(&self) -> Key {
        derive_key(self.root().bytes(), &self.header().vault_id, &[b"reeve/backup-body/v1"])
    }
}

impl Draft<'_> {
    /// Adds a row without a secret.
    ///
    /// # Errors
    /// [`BackupError::TooLarge`].
    pub fn add(&mut self, text: &[u8]) -> Result<(), BackupError> {
        self.push(PLAIN, text, &[])
    }

    /// Adds a row with a provider key of the vault.
    ///
    /// # Errors
    /// [`BackupError`]; the row was not added then.
    pub fn add_key(
        &mut self,
        text: &[u8],
        provider: &str,
        credential_id: &str,
        version: u32,
        key: &SealedKey,
    ) -> Result<(), BackupError> {
        let opened = self.vault.open_key(provider, credential_id, version, key)?;
        let sealed = self.file.seal_key(provider, credential_id, version, &opened)?;
        self.push(KEY, text, &[&sealed.wrapped_dek, &sealed.sealed])
    }

    /// Adds a row with a small sealed value of the vault.
    ///
    /// # Errors
    /// [`BackupError`]; the row was not added then.
    pub fn add_value(
        &mut self,
        text: &[u8],
        purpose: Purpose,
        context: &str,
        sealed: &[u8],
    ) -> Result<(), BackupError> {
        let opened = self.vault.open(purpose, context, sealed)?;
        let sealed = self.file.seal(purpose, context, opened.expose())?;
        self.push(VALUE, text, &[&sealed])
    }

    fn push(&mut self, kind: u8, text: &[u8], secrets: &[&[u8]]) -> Result<(), BackupError> {
        let mut row = Writer(vec![kind]);
        row.string(text).ok_or(BackupError::TooLarge)?;
        for secret in secrets {
            row.string(secret).ok_or(BackupError::TooLarge)?;
        }
        let len = self.body.len() + row.0.len();
        if len + len / CHUNK * (OVERHEAD + 4) > MAX_LEN - 128 * 1024 {
            return Err(BackupError::TooLarge);
        }
        self.body.extend_from_slice(&row.0);
        self.rows += 1;
        Ok(())
    }

    /// The file. `slots` are the vault's as stored: its checked recovery codes open the file, and `passphrase` does.
    /// Takes about a second with a passphrase.
    ///
    /// # Errors
    /// [`BackupError`].
    pub fn seal(
        self,
        slots: &[Slot],
        passphrase: Option<&Secret>,
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, BackupError> {
        let recovery = |slot: &&Slot| slot.kind == SlotKind::Recovery && slot.state == SlotState::Active;
        let mut slots: Vec<_> = slots.iter().filter(recovery).cloned().collect();
        if let Some(typed) = passphrase {
            let new = NewSlot {
                vault_id: &self.file.header().vault_id,
                kind: SlotKind::Passphrase,
                kdf: Kdf::PASSPHRASE,
                created_at: self.made_at.0,
                state: SlotState::Active,
            };
            slots.push(Slot::wrap(&new, self.file.root(), SlotSecret::One(typed.expose()), random)?);
        }
        if slots.is_empty() {
            return Err(BackupError::NothingOpensIt);
        }
        let header = self.header(slots)?.encode().ok_or(BackupError::TooLarge)?;
        let mut out = Writer::default();
        out.put(format!("{}{VERSION}\n", String::from_utf8_lossy(MARK)).as_bytes());
        out.string(&header).ok_or(BackupError::TooLarge)?;
        let body = self.sealed_body(&Sha256::digest(&header))?;
        out.put(&(body.len() as u64).to_be_bytes());
        out.put(&body);
        let digest = Sha256::digest(&out.0);
        out.put(&digest);
        Ok(out.0)
    }

    fn header(&self, slots: Vec<Slot>) -> Result<BackupHeader, SealError> {
        let (vault, file) = (self.vault.header(), self.file.header());
        let key = self.vault.backup_key();
        let by_vault = envelope::seal(
            key.bytes(),
            0,
            &file_key_binding(&vault.vault_id, &file.vault_id),
            self.file.root().bytes(),
        )?;
        Ok(BackupHeader {
            file_id: file.vault_id,
            vault_id: vault.vault_id,
            made_at: self.made_at.0,
            epoch: vault.kek_epoch,
            generation: vault.generation,
            rows: self.rows,
            kcv: file.kcv,
            vault_kcv: vault.kcv,
            by_vault,
            slots,
        })
    }

    /// At least one chunk: an empty backup is authenticated, too.
    fn sealed_body(&self, header: &[u8]) -> Result<Vec<u8>, BackupError> {
        let key = self.file.backup_body_key();
        let count = self.body.len().div_ceil(CHUNK).max(1);
        let mut out = Writer(Vec::with_capacity(self.body.len() + count * (OVERHEAD + 4)));
        for at in 0..count {
            let chunk = &self.body[at * CHUNK..self.body.len().min((at + 1) * CHUNK)];
            let place = chunk_binding(&self.file.header().vault_id, header, at + 1 == count);
            let at = u32::try_from(at).map_err(|_| BackupError::TooLarge)?;
            out.string(&envelope::seal(key.bytes(), at, &place, chunk)?).ok_or(BackupError::TooLarge)?;
        }
        Ok(out.0)
    }
}

pub(super) fn file_key_binding<'a>(vault_id: &'a [u8; 16], file_id: &'a [u8; 16]) -> Binding<'a> {
    Binding { purpose: "backup", vault_id, provider: "", object: file_id, version: 0 }
}

/// A chunk's number stands where an envelope has its epoch.
pub(super) fn chunk_binding<'a>(file_id: &'a [u8; 16], header: &'a [u8], last: bool) -> Binding<'a> {
    Binding { purpose: "backup", vault_id: file_id, provider: "", object: header, version: u32::from(last) }
}
