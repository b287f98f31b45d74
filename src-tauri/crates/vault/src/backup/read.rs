//! Reading a backup, and taking its keys over into a vault.

use super::codec::Reader;
use super::write::{KEY, PLAIN, VALUE, chunk_binding, file_key_binding};
use super::{BackupHeader, CHUNK, DIGEST, MARK, MAX_HEADER, MAX_LEN, ReadError, VERSION};
use crate::envelope::{self, OVERHEAD, OpenError, SealError};
use crate::header::Header;
use crate::kdf::Kdf;
use crate::key::Key;
use crate::recovery::RecoveryCode;
use crate::secret::Secret;
use crate::slot::{SlotKind, SlotSecret};
use crate::vault::{Purpose, RewrapError, SealedKey, Vault};
use sha2::{Digest as _, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// A whole file, not opened yet.
#[derive(Debug)]
pub struct BackupFile {
    header: BackupHeader,
    header_hash: [u8; 32],
    body: Vec<u8>,
}

/// A row of an open backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What the writer said of it.
    pub text: Vec<u8>,
    secret: Sealed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Sealed {
    No,
    Key(SealedKey),
    Value(Vec<u8>),
}

/// An open backup. Its keys are sealed still, and leave it only for another vault.
pub struct Opened {
    header: BackupHeader,
    /// The file as a vault of its own.
    file: Vault,
    rows: Vec<Row>,
}

impl BackupFile {
    /// Reads a file and finds out whether it is whole. Nothing secret is needed, and nothing in it is proven yet.
    ///
    /// # Errors
    /// [`ReadError`]: not a backup, of another version, cut off, or damaged.
    pub fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        if bytes.len() > MAX_LEN {
            return Err(ReadError::TooLarge);
        }
        let rest = after_mark(bytes)?;
        let mut from = Reader(rest);
        let cut = |expected: usize| ReadError::Truncated {
            expected: u64::try_from(expected).unwrap_or(u64::MAX),
            found: bytes.len() as u64,
        };
        // As long as it is not known how long it should be, it is longer than it is.
        let len = from.number().ok_or_else(|| cut(bytes.len() + 1))?;
        let len = usize::try_from(len).ok().filter(|len| *len <= MAX_HEADER).ok_or(ReadError::Damaged)?;
        let head = bytes.len() - from.0.len();
        let header = from.bytes(len).ok_or_else(|| cut(head + len + 8 + DIGEST))?;
        let body_len = from.take().map(u64::from_be_bytes).ok_or_else(|| cut(head + len + 8 + DIGEST))?;
        let body_len =
            usize::try_from(body_len).ok().filter(|len| *len <= MAX_LEN).ok_or(ReadError::Damaged)?;
        let expected = head + len + 8 + body_len + DIGEST;
        if bytes.len() < expected {
            return Err(cut(expected));
        }
        let body = from.bytes(body_len).ok_or(ReadError::Damaged)?;
        let (written, digest) = bytes.split_last_chunk::<DIGEST>().ok_or(ReadError::Damaged)?;
        if bytes.len() != expected || Sha256::digest(written).as_slice() != digest {
            return Err(ReadError::Damaged);
        }
        Ok(Self {
            header: BackupHeader::decode(header).ok_or(ReadError::Damaged)?,
            header_hash: Sha256::digest(header).into(),
            body: body.to_vec(),
        })
    }

    /// What it says about itself.
    #[must_use]
    pub const fn header(&self) -> &BackupHeader {
        &self.header
    }

    /// Opens it with the recovery code that the vault had when it was made.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn open_with_recovery(&self, code: &RecoveryCode) -> Result<Opened, ReadError> {
        if !self.header.opens_with_recovery() {
            return Err(ReadError::NoRecovery);
        }
        let root = self.unwrap(SlotKind::Recovery, &self.header.vault_id, code.bytes());
        let root = root.ok_or(ReadError::RecoveryWrong)?;
        let vault_header = Header::first(&root, self.header.vault_id, 0);
        if vault_header.kcv != self.header.vault_kcv {
            return Err(ReadError::Altered);
        }
        let vault = Vault::opened(vault_header, root, None, Vec::new());
        self.open(self.file_key(&vault).ok_or(ReadError::Altered)?)
    }

    /// Opens it with the passphrase that it was made with. Takes about a second.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn open_with_passphrase(&self, typed: &Secret) -> Result<Opened, ReadError> {
        let slot = self.header.slots.iter().find(|slot| slot.kind == SlotKind::Passphrase);
        let slot = slot.ok_or(ReadError::NoPassphrase)?;
        // The derivation alone, so that a lack of memory is not taken for a wrong passphrase.
        let kdf = Kdf::parse(&slot.kdf).ok_or(ReadError::Damaged)?;
        let key = self.unwrap(SlotKind::Passphrase, &self.header.file_id, typed.expose());
        match key {
            Some(key) => self.open(key),
            None if kdf.has_memory() => Err(ReadError::PassphraseWrong),
            None => Err(ReadError::OutOfMemory),
        }
    }

    /// Opens it with the vault that made it, for as long as that has the same root key.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn open_with_vault(&self, vault: &Vault) -> Result<Opened, ReadError> {
        self.open(self.file_key(vault).ok_or(ReadError::OtherVault)?)
    }

    fn file_key(&self, vault: &Vault) -> Option<Key> {
        let place = file_key_binding(&self.header.vault_id, &self.header.file_id);
        if vault.header().vault_id != self.header.vault_id {
            return None;
        }
        let key = envelope::open(vault.backup_key().bytes(), &place, &self.header.by_vault).ok()?;
        Key::copy_of(key.expose())
    }

    fn unwrap(&self, kind: SlotKind, of: &[u8; 16], secret: &[u8]) -> Option<Key> {
        let mut fitting = self.header.slots.iter().filter(|slot| slot.kind == kind);
        fitting.find_map(|slot| slot.unwrap(of, SlotSecret::One(secret)))
    }

    fn open(&self, file_key: Key) -> Result<Opened, ReadError> {
        let header = Header::first(&file_key, self.header.file_id, self.header.made_at);
        if header.kcv != self.header.kcv {
            return Err(ReadError::Altered);
        }
        let file = Vault::opened(header, file_key, None, Vec::new());
        let body = self.body(&file).ok_or(ReadError::Altered)?;
        let rows = rows(&body, self.header.rows).ok_or(ReadError::Altered)?;
        Ok(Opened { header: self.header.clone(), file, rows })
    }

    fn body(&self, file: &Vault) -> Option<Zeroizing<Vec<u8>>> {
        let key = file.backup_body_key();
        let mut from = Reader(&self.body);
        let mut body = Zeroizing::new(Vec::with_capacity(self.body.len()));
        let mut at = 0;
        while !from.0.is_empty() {
            let chunk = from.string().filter(|chunk| chunk.len() <= CHUNK + OVERHEAD)?;
            if envelope::epoch_of(chunk).ok()? != at {
                return None;
            }
            let last = from.0.is_empty();
            let place = chunk_binding(&self.header.file_id, &self.header_hash, last);
            body.extend_from_slice(envelope::open(key.bytes(), &place, chunk).ok()?.expose());
            at += 1;
        }
        (at > 0).then_some(body)
    }
}

/// What follows the mark, if this version reads it.
fn after_mark(bytes: &[u8]) -> Result<&[u8], ReadError> {
    let Some(rest) = bytes.strip_prefix(MARK) else {
        // The beginning of a mark, and nothing else, is a file that was cut off very early.
        return if !bytes.is_empty() && MARK.starts_with(bytes) {
            let found = bytes.len() as u64;
            Err(ReadError::Truncated { expected: found + 1, found })
        } else {
            Err(ReadError::NotABackup)
        };
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(&rest[..digits]).ok().and_then(|text| text.parse::<u32>().ok());
    match (number, rest.get(digits)) {
        (_, None) if digits < 9 => {
            let found = bytes.len() as u64;
            Err(ReadError::Truncated { expected: found + 1, found })
        }
        (Some(VERSION), Some(b'\n')) => Ok(&rest[digits + 1..]),
        (Some(newer), Some(b'\n')) if newer > VERSION => Err(ReadError::Newer(newer)),
        (Some(older), Some(b'\n')) => Err(ReadError::Older(older)),
        _ => Err(ReadError::NotABackup),
    }
}

fn rows(body: &[u8], count: u32) -> Option<Vec<Row>> {
    let mut from = Reader(body);
    let mut rows = Vec::new();
    while !from.0.is_empty() {
        let [kind] = from.take()?;
        let text = from.string()?.to_vec();
        let secret = match kind {
            PLAIN => Sealed::No,
            KEY => Sealed::Key(SealedKey {
                wrapped_dek: from.string()?.to_vec(),
                sealed: from.string()?.to_vec(),
            }),
            VALUE => Sealed::Value(from.string()?.to_vec()),
            _ => return None,
        };
        rows.push(Row { text, secret });
    }
    (rows.len() == usize::try_from(count).ok()?).then_some(rows)
}

impl Row {
    /// Whether a secret came with it.
    #[must_use]
    pub const fn has_secret(&self) -> bool {
        !matches!(self.secret, Sealed::No)
    }
}

impl Opened {
    /// What the file says about itself; it is proven now.
    #[must_use]
    pub const fn header(&self) -> &BackupHeader {
        &self.header
    }

    /// Its rows, in the order in which they were added.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The key of a row, sealed anew for `into` under the same provider, credential and `version`, and its fingerprint there.
    ///
    /// # Errors
    /// [`RewrapError`] when the row has no key of that name.
    pub fn key_for(
        &self,
        into: &Vault,
        row: &Row,
        place: (&str, &str, u32),
        version: u32,
    ) -> Result<(SealedKey, String), RewrapError> {
        let Sealed::Key(sealed) = &row.secret else { return Err(OpenError::NotSealed.into()) };
        let (provider, credential_id, of) = place;
        let key = self.file.open_key(provider, credential_id, of, sealed)?;
        Ok((into.seal_key(provider, credential_id, version, &key)?, into.fingerprint(&key)))
    }

    /// The small value of a row, sealed anew for `into`, and its fingerprint there.
    ///
    /// # Errors
    /// [`RewrapError`] when the row has no value of that purpose and context.
    pub fn value_for(
        &self,
        into: &Vault,
        row: &Row,
        purpose: Purpose,
        context: &str,
    ) -> Result<(Vec<u8>, String), RewrapError> {
        let Sealed::Value(sealed) = &row.secret else { return Err(OpenError::NotSealed.into()) };
        let value = self.file.open(purpose, context, sealed)?;
        let anew: Result<_, SealError> = into.seal(purpose, context, value.expose());
        Ok((anew?, into.fingerprint(&value)))
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}
