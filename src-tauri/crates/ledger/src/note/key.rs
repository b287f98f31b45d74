//! The two halves of a note key: the signer, which is a secret, and the verifier key, which is published. What a key signs is part
//! of it: one that signs notes signs no cosignatures, and the other way round.

use crate::base64;
use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use zeroize::ZeroizeOnDrop;

use super::NoteError;
use super::lines::{PREFIX, is_name};

/// Signature type of plain Ed25519 in the C2SP registry.
pub(super) const ED25519: u8 = 1;
/// Signature type of a witness's Ed25519 cosignature, version 1, in the C2SP registry.
pub(super) const COSIGNATURE_V1: u8 = 4;

/// Public key of an Ed25519 seed.
#[must_use]
pub fn public_key(seed: &[u8; 32]) -> [u8; 32] {
    SigningKey::from_bytes(seed).verifying_key().to_bytes()
}

/// The first four bytes of SHA-256(name ‖ newline ‖ type ‖ public key).
fn key_id(name: &str, kind: u8, public: &[u8; 32]) -> [u8; 4] {
    let digest: [u8; 32] =
        Sha256::new().chain_update(name).chain_update([b'\n', kind]).chain_update(public).finalize().into();
    [digest[0], digest[1], digest[2], digest[3]]
}

/// A named Ed25519 signing key. The secret is wiped from memory on drop and never printed.
pub struct Signer {
    key: SigningKey,
    verifier: VerifierKey,
}

/// Wiping is an optional feature of the signature crate: without it, this does not compile.
const fn assert_wiped_on_drop<T: ZeroizeOnDrop>() {}
const _: () = assert_wiped_on_drop::<SigningKey>();

impl Signer {
    /// The signer of a seed. The caller's copy of the seed is the caller's to wipe.
    ///
    /// # Errors
    /// [`NoteError::Name`] if `name` cannot name a key; [`NoteError::PublicKey`] for a seed without a usable
    /// public key, which no random seed is.
    pub fn from_seed(name: impl Into<String>, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let key = SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, &key.verifying_key().to_bytes())?;
        Ok(Self { key, verifier })
    }

    /// The name of the key.
    #[must_use]
    pub fn name(&self) -> &str {
        self.verifier.name()
    }

    /// The public half, to be pinned by whoever verifies.
    #[must_use]
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.verifier
    }

    /// A whole signature line over the text, with its newline.
    pub(super) fn signature_line(&self, text: &str) -> String {
        let mut bytes = self.verifier.id().to_vec();
        bytes.extend_from_slice(&self.key.sign(text.as_bytes()).to_bytes());
        format!("{PREFIX}{} {}\n", self.name(), base64::encode(&bytes))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

/// A public key with its name and what it signs, written `name+id+key`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct NamedKey {
    kind: u8,
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

impl NamedKey {
    pub(super) fn new(name: impl Into<String>, kind: u8, public: &[u8; 32]) -> Result<Self, NoteError> {
        let name = name.into();
        if !is_name(&name) {
            return Err(NoteError::Name { name });
        }
        match VerifyingKey::from_bytes(public) {
            Ok(key) if !key.is_weak() => Ok(Self { kind, id: key_id(&name, kind, public), name, key }),
            _ => Err(NoteError::PublicKey { name }),
        }
    }

    pub(super) fn parse(text: &str, kind: u8) -> Result<Self, NoteError> {
        // A name has no plus sign, but base64 may have many: only the first two part the fields.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::VerifierKey);
        };
        let id = HEXLOWER.decode(id.as_bytes()).map_err(|_| NoteError::VerifierKey)?;
        let encoded = base64::decode(encoded).ok_or(NoteError::VerifierKey)?;
        let (found, public) = encoded.split_first().ok_or(NoteError::VerifierKey)?;
        if *found != kind {
            return Err(NoteError::KeyType { kind: *found });
        }
        let public = <&[u8; 32]>::try_from(public).map_err(|_| NoteError::VerifierKey)?;
        let key = Self::new(name, kind, public)?;
        if id == key.id { Ok(key) } else { Err(NoteError::KeyId { name: key.name }) }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn id(&self) -> [u8; 4] {
        self.id
    }

    pub(super) fn public_key(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    pub(super) fn verify_strict(&self, message: &[u8], signature: &[u8]) -> Result<(), NoteError> {
        let bad = || NoteError::BadSignature { name: self.name.clone() };
        let signature = Signature::from_slice(signature).map_err(|_| bad())?;
        self.key.verify_strict(message, &signature).map_err(|_| bad())
    }
}

impl fmt::Display for NamedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut encoded = [self.kind; 33];
        encoded[1..].copy_from_slice(self.key.as_bytes());
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id), base64::encode(&encoded))
    }
}

/// A named Ed25519 public key, written `name+id+key`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey(NamedKey);

impl VerifierKey {
    /// The verifier key of a public key.
    ///
    /// # Errors
    /// [`NoteError::Name`] if `name` cannot name a key, [`NoteError::PublicKey`] if the bytes are no public
    /// key or a weak one, for which a signature could fit more than one text.
    pub fn new(name: impl Into<String>, public: &[u8; 32]) -> Result<Self, NoteError> {
        NamedKey::new(name, ED25519, public).map(Self)
    }

    /// The name of the key.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// The short id that tells keys of one name apart. No fingerprint: collisions are easily made.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        self.0.id()
    }

    /// The public key's 32 bytes.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.0.public_key()
    }

    /// Checks a signature of 64 bytes, refusing the malleable and small-order ones RFC 8032 leaves open.
    ///
    /// # Errors
    /// [`NoteError::BadSignature`].
    pub fn verify_strict(&self, text: &[u8], signature: &[u8]) -> Result<(), NoteError> {
        self.0.verify_strict(text, signature)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        NamedKey::parse(text, ED25519).map(Self)
    }
}
