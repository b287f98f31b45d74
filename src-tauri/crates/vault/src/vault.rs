//! The open vault: sealing, opening, fingerprints and derived keys.

use crate::aad::Binding;
use crate::envelope::{self, OpenError, SealError};
use crate::header::Header;
use crate::kdf::{derive_key, hmac};
use crate::key::{KEY_LEN, Key};
use crate::random::{OsRandom, Random, RandomError, make_bytes};
use crate::secret::Secret;
use crate::slot::SlotKind;
use data_encoding::HEXLOWER;
use std::fmt;
use std::sync::{Arc, OnceLock};
use zeroize::Zeroizing;

/// What a small sealed value is for. A value opens only under the purpose it was sealed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The key that signs access tokens.
    JwtKey,
    /// The key that signs the audit log's checkpoints.
    LogKey,
    /// The data key of one person's records; losing it erases them.
    SubjectKey,
    /// The data key of a tenant's captured bodies; losing it deletes them.
    CaptureKey,
    /// The secret that signs what a listener is sent.
    ListenerSecret,
    /// A second factor's seed.
    TotpSeed,
    /// A provider's administrative credential.
    AdminCred,
    /// The root key before this one, until nothing is sealed under it any more.
    RootKey,
}

impl Purpose {
    const fn label(self) -> &'static str {
        match self {
            Self::JwtKey => "jwt-key",
            Self::LogKey => "log-key",
            Self::SubjectKey => "subject-key",
            Self::CaptureKey => "capture-key",
            Self::ListenerSecret => "listener-secret",
            Self::TotpSeed => "totp-seed",
            Self::AdminCred => "admin-cred",
            Self::RootKey => "root-key",
        }
    }
}

/// Something a person or the audit trail should know about how the vault opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Several keyring items matched; one of them opened the vault.
    KeyringAmbiguous {
        /// How many matched and could be read.
        candidates: usize,
    },
    /// A crash came between writing the keyring and marking the slot: mark it active now.
    KeyringSlotPending {
        /// The slot's id.
        slot: String,
    },
    /// The keyring has seen a newer header: this database is an older copy, and some keys in it may be dead.
    OlderCopy {
        /// The generation that the keyring remembers.
        kept: u64,
        /// The generation of this database.
        found: u64,
    },
    /// The keyring's file is not encrypted: who reads the disk reads the key.
    PlaintextKeyring,
    /// `KEY_ENCRYPTION_SECRET` did not open its slot; the keyring opened the vault.
    EnvMismatch {
        /// The newest slot that it should open.
        expected_slot: String,
    },
    /// `KEY_ENCRYPTION_SECRET_PREVIOUS` opened the vault: make a slot for the current one with [`Vault::enrol_env`].
    EnvPrevious {
        /// The slot that it opened, to be retired.
        slot: String,
    },
}

/// A provider key, sealed under a data key of its own, and that data key, sealed under the vault's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// The data key under the epoch's key-encryption key. Erase it to make `sealed` unreadable for good.
    pub wrapped_dek: Vec<u8>,
    /// The provider key under the data key.
    pub sealed: Vec<u8>,
}

/// A data key could not be moved to the newest epoch.
#[derive(Debug, thiserror::Error)]
pub enum RewrapError {
    /// The old wrapping did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The new one could not be made.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// What the root key before this one is sealed as.
const OLDER_ROOT: &str = "the root key before this one";

struct Inner {
    header: Header,
    root: Arc<Key>,
    /// The root key of the epochs before the header's root epoch, while something is sealed under it.
    older: Option<Arc<Key>>,
    opened_by: Option<(SlotKind, String)>,
    notices: Vec<Notice>,
    /// The key-encryption key of the newest epoch, once it was needed.
    kek: OnceLock<Key>,
}

/// An open vault. Cloning is cheap; the root key is wiped when the last clone is dropped.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

/// A random vault id, for [`Vault::create_as`].
///
/// # Errors
/// [`RandomError`] when there are no random bytes.
pub fn make_vault_id() -> Result<[u8; 16], RandomError> {
    make_bytes(&mut OsRandom)
}

impl Vault {
    pub(crate) fn opened(
        header: Header,
        root: Key,
        opened_by: Option<(SlotKind, String)>,
        notices: Vec<Notice>,
    ) -> Self {
        let root = Arc::new(root);
        Self(Arc::new(Inner { header, root, older: None, opened_by, notices, kek: OnceLock::new() }))
    }

    /// The same vault with another header and, where they changed, other keys.
    fn with(&self, header: Header, root: &Arc<Key>, older: Option<&Arc<Key>>) -> Self {
        let header = header.signed(root);
        let (opened_by, notices) = (self.0.opened_by.clone(), self.0.notices.clone());
        let (root, older) = (Arc::clone(root), older.map(Arc::clone));
        Self(Arc::new(Inner { header, root, older, opened_by, notices, kek: OnceLock::new() }))
    }

    /// The header as it was read, or as [`Vault::next_epoch`] made it.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.0.header
    }

    /// The kind and id of the slot that opened the vault; `None` when this process created it.
    #[must_use]
    pub fn opened_by(&self) -> Option<(SlotKind, &str)> {
        self.0.opened_by.as_ref().map(|(kind, id)| (*kind, id.as_str()))
    }

    /// What should be known about how it opened.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.0.notices
    }

    pub(crate) fn root(&self) -> &Key {
        &self.0.root
    }

    /// Seals a provider key, bound to this vault, provider, credential and version.
    ///
    /// # Errors
    /// [`SealError`] when there are no random bytes.
    pub fn seal_key(
        &self,
        provider: &str,
        credential_id: &str,
        version: u32,
        key: &Secret,
    ) -> Result<SealedKey, SealError> {
        let epoch = self.0.header.kek_epoch;
        let dek = Key::make(&mut OsRandom)?;
        let place = self.place("key-value", provider, credential_id, version);
        let sealed = envelope::seal(dek.bytes(), epoch, &place, key.expose())?;
        let wrapped_dek = self.wrap_dek(&dek, provider, credential_id, version)?;
        Ok(SealedKey { wrapped_dek, sealed })
    }

    /// Opens what [`Vault::seal_key`] made for the same provider, credential and version.
    ///
    /// # Errors
    /// [`OpenError`] when it was changed, moved, or sealed by another vault.
    pub fn open_key(
        &self,
        provider: &str,
        credential_id: &str,
        version: u32,
        key: &SealedKey,
    ) -> Result<Secret, OpenError> {
        let dek = self.unwrap_dek(provider, credential_id, version, &key.wrapped_dek)?;
        let place = self.place("key-value", provider, credential_id, version);
        envelope::open(dek.bytes(), &place, &key.sealed)
    }

    /// The data key of `key`, wrapped under the current epoch; `key.sealed` stays as it is.
    ///
    /// # Errors
    /// [`RewrapError`] when the old wrapping does not open.
    pub fn rewrap_key(
        &self,
        provider: &str,
        credential_id: &str,
        version: u32,
        key: &SealedKey,
    ) -> Result<Vec<u8>, RewrapError> {
        let dek = self.unwrap_dek(provider, credential_id, version, &key.wrapped_dek)?;
        Ok(self.wrap_dek(&dek, provider, credential_id, version)?)
    }

    /// The same vault, sealing under the next epoch. Commit its [`Vault::header`] before sealing with it; then
    /// rewrap every data key. Values of older epochs keep opening.
    #[must_use]
    pub fn next_epoch(&self) -> Self {
        let mut header = self.0.header.clone();
        header.kek_epoch = header.kek_epoch.saturating_add(1);
        header.generation = header.generation.saturating_add(1);
        self.with(header, &self.0.root, self.0.older.as_ref())
    }

    /// The same vault with the next generation in its header: something of it changed, and an older copy is to be
    /// noticed. `seen` is the newest generation that was met elsewhere.
    #[must_use]
    pub fn next_generation(&self, seen: u64) -> Self {
        let mut header = self.0.header.clone();
        header.generation = header.generation.max(seen).saturating_add(1);
        self.with(header, &self.0.root, self.0.older.as_ref())
    }

    /// The same vault under a new random root key, from the next epoch on. What was sealed before keeps opening until
    /// [`Vault::without_older_root`]. None of its slots opens it yet: make new ones with it. Commit
    /// [`Vault::seal_older_root`] together with its header, or what is not sealed anew is lost with this process.
    ///
    /// # Errors
    /// [`RandomError`] when there are no random bytes.
    pub fn next_root(&self, random: &mut dyn Random) -> Result<Self, RandomError> {
        let root = Arc::new(Key::make(random)?);
        let old = &self.0.header;
        let epoch = old.kek_epoch.saturating_add(1);
        let header = Header {
            kek_epoch: epoch,
            root_epoch: epoch,
            generation: old.generation.saturating_add(1),
            ..Header::first(&root, old.vault_id, old.created_at)
        };
        Ok(self.with(header, &root, Some(&self.0.root)))
    }

    /// Whether something may still be sealed under the root key before this one.
    #[must_use]
    pub fn has_older_root(&self) -> bool {
        self.0.older.is_some()
    }

    /// The root key before this one, sealed under this one; `None` if there is none.
    ///
    /// # Errors
    /// [`SealError`] when there are no random bytes.
    pub fn seal_older_root(&self) -> Result<Option<Vec<u8>>, SealError> {
        let Some(older) = &self.0.older else { return Ok(None) };
        self.seal(Purpose::RootKey, OLDER_ROOT, older.bytes()).map(Some)
    }

    /// The same vault with the root key before this one, from [`Vault::seal_older_root`].
    ///
    /// # Errors
    /// [`OpenError`] when it was changed, or is another vault's.
    pub fn with_older_root(&self, sealed: &[u8]) -> Result<Self, OpenError> {
        let older = Key::copy_of(self.open(Purpose::RootKey, OLDER_ROOT, sealed)?.expose());
        let older = Arc::new(older.ok_or(OpenError::NotAKey)?);
        Ok(self.with(self.0.header.clone(), &self.0.root, Some(&older)))
    }

    /// The same vault without the root key before this one: call it when nothing is sealed under that any more.
    #[must_use]
    pub fn without_older_root(&self) -> Self {
        self.with(self.0.header.clone(), &self.0.root, None)
    }

    /// Whether `sealed` is of an epoch before the newest, so that it is to be wrapped or sealed anew.
    ///
    /// # Errors
    /// [`OpenError`] when it is not a sealed value.
    pub fn is_outdated(&self, sealed: &[u8]) -> Result<bool, OpenError> {
        Ok(envelope::epoch_of(sealed)? < self.0.header.kek_epoch)
    }

    /// A data key, wrapped under the current epoch.
    ///
    /// # Errors
    /// [`RewrapError`] when the old wrapping does not open.
    pub fn rewrap_dek(
        &self,
        provider: &str,
        credential_id: &str,
        version: u32,
        wrapped: &[u8],
    ) -> Result<Vec<u8>, RewrapError> {
        let dek = self.unwrap_dek(provider, credential_id, version, wrapped)?;
        Ok(self.wrap_dek(&dek, provider, credential_id, version)?)
    }

    /// A small value, sealed under the current epoch.
    ///
    /// # Errors
    /// [`RewrapError`] when it does not open.
    pub fn reseal(&self, purpose: Purpose, context: &str, sealed: &[u8]) -> Result<Vec<u8>, RewrapError> {
        let value = self.open(purpose, context, sealed)?;
        Ok(self.seal(purpose, context, value.expose())?)
    }

    /// Seals a small value. `context` names what it belongs to, such as an id; it must be the same to open it.
    ///
    /// # Errors
    /// [`SealError`] when there are no random bytes.
    pub fn seal(&self, purpose: Purpose, context: &str, value: &[u8]) -> Result<Vec<u8>, SealError> {
        let epoch = self.0.header.kek_epoch;
        let place = self.place(purpose.label(), "", context, 0);
        envelope::seal(self.derive_seal_key(purpose, epoch).bytes(), epoch, &place, value)
    }

    /// Opens what [`Vault::seal`] made for the same purpose and context, in this epoch or an earlier one.
    ///
    /// # Errors
    /// [`OpenError`] when it was changed, moved, or sealed by another vault.
    pub fn open(&self, purpose: Purpose, context: &str, sealed: &[u8]) -> Result<Secret, OpenError> {
        let epoch = envelope::epoch_of(sealed)?;
        let place = self.place(purpose.label(), "", context, 0);
        envelope::open(self.derive_seal_key(purpose, epoch).bytes(), &place, sealed)
    }

    /// A name for a secret that does not give it away: 16 hex digits of HMAC-SHA256 under a key of this vault. The same
    /// secret has another fingerprint in another vault.
    #[must_use]
    pub fn fingerprint(&self, secret: &Secret) -> String {
        let key = self.derive_key(&[b"reeve/fingerprint/v1"]);
        HEXLOWER.encode(&hmac(key.bytes(), &[secret.expose()])[..8])
    }

    /// The 32-byte key that belongs to `label` in this vault, the same at every start. Labels cannot reach the keys
    /// that the vault derives for itself.
    #[must_use]
    pub fn derive(&self, label: &str) -> Zeroizing<[u8; KEY_LEN]> {
        let key = self.derive_key(&[b"reeve/app/", label.as_bytes(), b"/v1"]);
        Zeroizing::new(*key.bytes())
    }

    fn derive_key(&self, info: &[&[u8]]) -> Key {
        derive_key(self.0.root.bytes(), &self.0.header.vault_id, info)
    }

    /// A key of an epoch: from the root key that the epoch had.
    fn derive_of(&self, epoch: u32, info: &[&[u8]]) -> Key {
        let root = self.0.older.as_ref().filter(|_| epoch < self.0.header.root_epoch).unwrap_or(&self.0.root);
        derive_key(root.bytes(), &self.0.header.vault_id, info)
    }

    /// Lends the key-encryption key of an epoch. That of the newest is kept beside the root key it comes from, because
    /// every call needs it.
    fn with_kek<T>(&self, epoch: u32, work: impl FnOnce(&Key) -> T) -> T {
        let derive = || self.derive_of(epoch, &[b"reeve/kek/v1", &epoch.to_be_bytes()]);
        if epoch == self.0.header.kek_epoch { work(self.0.kek.get_or_init(derive)) } else { work(&derive()) }
    }

    /// Small values have keys of their own, so that their nonces do not use up the data keys' share of an epoch.
    fn derive_seal_key(&self, purpose: Purpose, epoch: u32) -> Key {
        self.derive_of(epoch, &[b"reeve/seal/v1", &epoch.to_be_bytes(), purpose.label().as_bytes()])
    }

    fn wrap_dek(
        &self,
        dek: &Key,
        provider: &str,
        credential_id: &str,
        version: u32,
    ) -> Result<Vec<u8>, SealError> {
        let epoch = self.0.header.kek_epoch;
        let place = self.place("dek-wrap", provider, credential_id, version);
        self.with_kek(epoch, |kek| envelope::seal(kek.bytes(), epoch, &place, dek.bytes()))
    }

    fn unwrap_dek(
        &self,
        provider: &str,
        credential_id: &str,
        version: u32,
        wrapped: &[u8],
    ) -> Result<Key, OpenError> {
        let place = self.place("dek-wrap", provider, credential_id, version);
        let dek =
            self.with_kek(envelope::epoch_of(wrapped)?, |kek| envelope::open(kek.bytes(), &place, wrapped))?;
        Key::copy_of(dek.expose()).ok_or(OpenError::NotAKey)
    }

    fn place<'a>(
        &'a self,
        purpose: &'a str,
        provider: &'a str,
        object: &'a str,
        version: u32,
    ) -> Binding<'a> {
        Binding { purpose, vault_id: &self.0.header.vault_id, provider, object: object.as_bytes(), version }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({})", HEXLOWER.encode(&self.0.header.vault_id))
    }
}
