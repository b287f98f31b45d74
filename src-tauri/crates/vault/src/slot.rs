//! One way to open the vault: the root key, wrapped under one secret.

use crate::aad::fields;
use crate::cipher::{self, NONCE_LEN, Refused, TAG_LEN};
use crate::envelope::{ALG_AES_256_GCM, SealError};
use crate::kdf::Kdf;
use crate::key::{KEY_LEN, Key};
use crate::random::{Random, make_bytes};
use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

/// Whose secret opens the slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotKind {
    /// A random key in the operating system's keyring.
    Keyring,
    /// `KEY_ENCRYPTION_SECRET`.
    Env,
    /// The printed recovery code.
    Recovery,
    /// A passphrase that a person types at every start.
    Passphrase,
    /// The key in the keyring and a passphrase together; neither alone opens it.
    Strict,
}

impl SlotKind {
    /// The word that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::Env => "env",
            Self::Recovery => "recovery",
            Self::Passphrase => "passphrase",
            Self::Strict => "strict",
        }
    }

    /// Reads a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Keyring, Self::Env, Self::Recovery, Self::Passphrase, Self::Strict];
        all.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether its slot needs the item in the keyring.
    #[must_use]
    pub const fn needs_keyring(self) -> bool {
        matches!(self, Self::Keyring | Self::Strict)
    }

    fn info(self) -> &'static [u8] {
        match self {
            Self::Keyring => b"reeve/slot-keyring/v1",
            Self::Env => b"reeve/slot-env/v1",
            Self::Recovery => b"reeve/slot-recovery/v1",
            Self::Passphrase => b"reeve/slot-passphrase/v1",
            Self::Strict => b"reeve/slot-strict/v1",
        }
    }
}

/// Where a slot is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotState {
    /// Committed before its secret was known to be kept. It opens the vault if the secret turns out to be there.
    Pending,
    /// Its secret was read back after it was kept.
    Active,
    /// Replaced by a newer slot; opens nothing. Wipe its `wrapped_vrk` in the database.
    Retired,
}

impl SlotState {
    /// The word that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }

    /// Reads a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pending, Self::Active, Self::Retired].into_iter().find(|state| state.as_str() == word)
    }
}

/// What the database keeps about one slot. None of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// 16 lower-case hex digits, random.
    pub id: String,
    /// Whose secret opens it.
    pub kind: SlotKind,
    /// How the secret becomes a key, with its costs, as text: `hkdf-sha256` or `argon2id;m=65536;t=3;p=1`.
    pub kdf: String,
    /// 16 random bytes for the key derivation.
    pub salt: Vec<u8>,
    /// 12 bytes.
    pub nonce: Vec<u8>,
    /// The root key under AES-256-GCM: 32 bytes and a tag of 16.
    pub wrapped_vrk: Vec<u8>,
    /// When the slot was made, UTC milliseconds.
    pub created_at: i64,
    /// The only field that changes; the only one that is not authenticated.
    pub state: SlotState,
}

impl Slot {
    /// Wraps `root` under `secret` in a new slot.
    pub(crate) fn wrap(
        new: &NewSlot<'_>,
        root: &Key,
        secret: SlotSecret<'_>,
        random: &mut dyn Random,
    ) -> Result<Self, SealError> {
        let mut slot = Self {
            id: HEXLOWER.encode(&make_bytes::<8>(random)?),
            kind: new.kind,
            kdf: new.kdf.text(),
            salt: make_bytes::<16>(random)?.to_vec(),
            nonce: Vec::new(),
            wrapped_vrk: Vec::with_capacity(KEY_LEN + TAG_LEN),
            created_at: new.created_at,
            state: new.state,
        };
        let key = secret.key(new.kdf, &slot.salt, slot.kind.info()).ok_or(SealError::OutOfMemory)?;
        let nonce = make_bytes::<NONCE_LEN>(random)?;
        slot.nonce = nonce.to_vec();
        slot.wrapped_vrk.extend_from_slice(root.bytes());
        let aad = slot.bound_to(new.vault_id);
        let tag = cipher::encrypt(key.bytes(), &nonce, &aad, &mut slot.wrapped_vrk)
            .map_err(|Refused| SealError::TooLong)?;
        slot.wrapped_vrk.extend_from_slice(&tag);
        Ok(slot)
    }

    /// The root key, if `secret` opens this slot of the vault `vault_id`; `None` also for damage.
    pub(crate) fn unwrap(&self, vault_id: &[u8; 16], secret: SlotSecret<'_>) -> Option<Key> {
        let kdf = Kdf::parse(&self.kdf)?;
        let nonce = self.nonce.as_slice().try_into().ok()?;
        let (wrapped, tag) = self.wrapped_vrk.split_last_chunk::<TAG_LEN>()?;
        let mut root = Zeroizing::new(wrapped.to_vec());
        let key = secret.key(kdf, &self.salt, self.kind.info())?;
        cipher::decrypt(key.bytes(), nonce, &self.bound_to(vault_id), &mut root, tag).ok()?;
        Key::copy_of(&root)
    }

    /// Whether the slot may open the vault.
    pub(crate) fn is_open(&self, kind: SlotKind) -> bool {
        self.kind == kind && self.state != SlotState::Retired
    }

    /// Whether its secret is stretched; a damaged slot counts as not.
    pub(crate) fn is_slow(&self) -> bool {
        Kdf::parse(&self.kdf).is_some_and(Kdf::is_slow)
    }

    fn bound_to(&self, vault_id: &[u8; 16]) -> Vec<u8> {
        fields(&[
            b"reeve.aad.v1",
            b"slot",
            vault_id,
            self.kind.as_str().as_bytes(),
            self.id.as_bytes(),
            self.kdf.as_bytes(),
            &self.salt,
            &self.created_at.to_be_bytes(),
            &[ALG_AES_256_GCM],
        ])
    }
}

/// What is known about a slot before it is made.
pub(crate) struct NewSlot<'a> {
    pub(crate) vault_id: &'a [u8; 16],
    pub(crate) kind: SlotKind,
    pub(crate) kdf: Kdf,
    pub(crate) created_at: i64,
    pub(crate) state: SlotState,
}

/// What opens a slot: one secret, or the key in the keyring and a passphrase together.
#[derive(Clone, Copy)]
pub(crate) enum SlotSecret<'a> {
    One(&'a [u8]),
    Both { held: &'a [u8], typed: &'a [u8] },
}

impl SlotSecret<'_> {
    fn key(self, kdf: Kdf, salt: &[u8], info: &[u8]) -> Option<Key> {
        match self {
            Self::One(secret) => kdf.derive(secret, salt, info),
            Self::Both { held, typed } => kdf.derive_with(held, typed, salt, info),
        }
    }
}
