//! Cosignatures: what a witness says about a checkpoint, C2SP tlog-cosignature version 1 with Ed25519.
//!
//! A witness signs the checkpoint's text together with a time, and says: at this time, this was the largest head of this log that
//! I have seen, and it continued every one I had seen before.

use crate::base64;
use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signer as _, SigningKey};

use super::key::{COSIGNATURE_V1, NamedKey};
use super::lines::{PREFIX, signatures, split};
use super::{NoteError, VerifierKey};

/// A witness's public key, written `name+id+key`.
#[derive(Clone, PartialEq, Eq)]
pub struct WitnessKey(NamedKey);

/// A witness's word on a checkpoint. The text it belongs to is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cosignature {
    /// When it was made, in seconds since 1970 by the witness's clock.
    pub time: u64,
    /// The Ed25519 signature.
    pub signature: [u8; 64],
}

/// A witness's secret half. It is wiped from memory on drop and never printed.
///
/// Whether a checkpoint continues the one signed before is the caller's to check: this signs whatever it is given.
pub struct Cosigner {
    key: SigningKey,
    witness: WitnessKey,
}

impl WitnessKey {
    /// The witness key of a public key.
    ///
    /// # Errors
    /// [`NoteError::Name`] or [`NoteError::PublicKey`], as for [`VerifierKey::new`].
    pub fn new(name: impl Into<String>, public: &[u8; 32]) -> Result<Self, NoteError> {
        NamedKey::new(name, COSIGNATURE_V1, public).map(Self)
    }

    /// The name of the witness.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// The short id that tells keys of one name apart.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        self.0.id()
    }

    /// The public key's 32 bytes. No two witnesses may share one: a cosignature does not name its witness.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.0.public_key()
    }

    /// Whether a log signs with the same key pair: then it would be its own witness.
    #[must_use]
    pub fn same_pair(&self, log: &VerifierKey) -> bool {
        self.public_key() == log.public_key()
    }

    /// Checks a cosignature of the text of a checkpoint, final newline included.
    ///
    /// # Errors
    /// [`NoteError::BadSignature`], also for a time beyond 2^63 - 1.
    pub fn verify(&self, text: &str, cosignature: &Cosignature) -> Result<(), NoteError> {
        if i64::try_from(cosignature.time).is_err() {
            return Err(NoteError::BadSignature { name: self.name().to_owned() });
        }
        self.0.verify_strict(message(text, cosignature.time).as_bytes(), &cosignature.signature)
    }

    /// The whole signature line that a cosignature is written as in a note, with its newline.
    #[must_use]
    pub fn line(&self, cosignature: &Cosignature) -> String {
        let mut bytes = self.id().to_vec();
        bytes.extend_from_slice(&cosignature.time.to_be_bytes());
        bytes.extend_from_slice(&cosignature.signature);
        format!("{PREFIX}{} {}\n", self.name(), base64::encode(&bytes))
    }
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WitnessKey({self})")
    }
}

impl FromStr for WitnessKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        NamedKey::parse(text, COSIGNATURE_V1).map(Self)
    }
}

impl Cosigner {
    /// The cosigner of a seed. The caller's copy of the seed is the caller's to wipe.
    ///
    /// # Errors
    /// [`NoteError::Name`] if `name` cannot name a key; [`NoteError::PublicKey`] for a seed without a usable
    /// public key, which no random seed is.
    pub fn from_seed(name: impl Into<String>, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let key = SigningKey::from_bytes(seed);
        let witness = WitnessKey::new(name, &key.verifying_key().to_bytes())?;
        Ok(Self { key, witness })
    }

    /// The public half, for whoever checks the cosignatures.
    #[must_use]
    pub fn witness_key(&self) -> &WitnessKey {
        &self.witness
    }

    /// Cosigns the text of a checkpoint at a time in seconds since 1970.
    #[must_use]
    pub fn cosign(&self, text: &str, time: u64) -> Cosignature {
        Cosignature { time, signature: self.key.sign(message(text, time).as_bytes()).to_bytes() }
    }
}

impl fmt::Debug for Cosigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cosigner").field("witness", &self.witness).finish_non_exhaustive()
    }
}

fn message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// The cosignatures of a witness on a note, in the order they stand there; none is an empty list.
///
/// Lines of other keys are ignored, as in [`open`](super::open). Every line of this witness must verify.
///
/// # Errors
/// Any [`NoteError`] about notes: a malformed note, or [`NoteError::BadSignature`].
pub fn cosignatures(note: &str, witness: &WitnessKey) -> Result<Vec<Cosignature>, NoteError> {
    let (text, block) = split(note)?;
    let mut found = Vec::new();
    for line in signatures(block)? {
        if line.name != witness.name() || line.key_id != witness.id() {
            continue;
        }
        let bad = || NoteError::BadSignature { name: line.name.to_owned() };
        let (time, signature) = line.bytes.split_first_chunk::<8>().ok_or_else(bad)?;
        let signature = signature.try_into().map_err(|_| bad())?;
        let cosignature = Cosignature { time: u64::from_be_bytes(*time), signature };
        witness.verify(text, &cosignature)?;
        found.push(cosignature);
    }
    Ok(found)
}

/// The note with one more signature line, of a cosignature that belongs to its text.
#[must_use]
pub fn cosigned(note: &str, witness: &WitnessKey, cosignature: &Cosignature) -> String {
    format!("{note}{}", witness.line(cosignature))
}
