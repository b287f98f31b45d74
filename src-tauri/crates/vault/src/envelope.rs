//! The sealed form of a value: `"RV1" ‖ alg u8 ‖ epoch u32 ‖ nonce 12 ‖ ciphertext ‖ tag 16`, big-endian.
//!
//! It says how it was made, so that algorithms and epochs can change while old values still open.

use crate::aad::Binding;
use crate::cipher::{self, NONCE_LEN, Refused, TAG_LEN};
use crate::key::KEY_LEN;
use crate::random::{OsRandom, Random as _, RandomError};
use crate::secret::Secret;

const MAGIC: &[u8; 3] = b"RV1";
const HEAD_LEN: usize = MAGIC.len() + 1 + 4 + NONCE_LEN;

/// AES-256-GCM. Number 2 is kept for AES-256-GCM-SIV.
pub(crate) const ALG_AES_256_GCM: u8 = 1;

/// What an envelope is longer than its plaintext, in bytes.
pub const OVERHEAD: usize = HEAD_LEN + TAG_LEN;

/// A value could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// No nonce could be drawn.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The cipher takes at most 64 GiB.
    #[error("the value is too long to seal")]
    TooLong,
    /// Argon2id could not get its memory (64 MiB).
    #[error("not enough memory to derive a key from the passphrase")]
    OutOfMemory,
}

/// A sealed value did not open. Nothing of its content is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The bytes are not an envelope: too short, or without its mark.
    #[error("this is not a sealed value")]
    NotSealed,
    /// Sealed with an algorithm that this version does not know.
    #[error("sealed with algorithm {0}, which this version does not know")]
    UnknownAlgorithm(u8),
    /// The tag does not match: changed, moved from another place, or sealed by another vault.
    #[error("the sealed value was changed, or belongs somewhere else")]
    Refused,
    /// It opened, but what is inside is not a key of 32 bytes.
    #[error("the sealed value is not a key")]
    NotAKey,
}

/// Seals `plaintext` under `key`, bound to `binding` and `epoch`, with a nonce from the operating system.
pub(crate) fn seal(
    key: &[u8; KEY_LEN],
    epoch: u32,
    binding: &Binding<'_>,
    plaintext: &[u8],
) -> Result<Vec<u8>, SealError> {
    let mut nonce = [0; NONCE_LEN];
    OsRandom.fill(&mut nonce)?;
    let mut out = Vec::with_capacity(OVERHEAD + plaintext.len());
    out.extend_from_slice(MAGIC);
    out.push(ALG_AES_256_GCM);
    out.extend_from_slice(&epoch.to_be_bytes());
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plaintext);
    let tag = cipher::encrypt(key, &nonce, &binding.bytes(epoch), &mut out[HEAD_LEN..])
        .map_err(|Refused| SealError::TooLong)?;
    out.extend_from_slice(&tag);
    Ok(out)
}

/// An envelope taken apart; nothing in it is authenticated yet.
struct Parts<'a> {
    epoch: u32,
    nonce: &'a [u8; NONCE_LEN],
    text: &'a [u8],
    tag: &'a [u8; TAG_LEN],
}

impl<'a> Parts<'a> {
    fn read(sealed: &'a [u8]) -> Result<Self, OpenError> {
        let rest = sealed.strip_prefix(MAGIC).ok_or(OpenError::NotSealed)?;
        let (alg, rest) = rest.split_first().ok_or(OpenError::NotSealed)?;
        if *alg != ALG_AES_256_GCM {
            return Err(OpenError::UnknownAlgorithm(*alg));
        }
        let (epoch, rest) = rest.split_first_chunk().ok_or(OpenError::NotSealed)?;
        let (nonce, rest) = rest.split_first_chunk().ok_or(OpenError::NotSealed)?;
        let (text, tag) = rest.split_last_chunk().ok_or(OpenError::NotSealed)?;
        Ok(Self { epoch: u32::from_be_bytes(*epoch), nonce, text, tag })
    }
}

/// The epoch that an envelope says it was sealed under; the tag proves it only when it is opened.
pub(crate) fn epoch_of(sealed: &[u8]) -> Result<u32, OpenError> {
    Parts::read(sealed).map(|parts| parts.epoch)
}

/// Opens what [`seal`] made with the same key and binding.
pub(crate) fn open(key: &[u8; KEY_LEN], binding: &Binding<'_>, sealed: &[u8]) -> Result<Secret, OpenError> {
    let parts = Parts::read(sealed)?;
    let mut text = parts.text.to_vec();
    cipher::decrypt(key, parts.nonce, &binding.bytes(parts.epoch), &mut text, parts.tag)
        .map_err(|Refused| OpenError::Refused)?;
    Ok(Secret::new(text))
}

/// Seals `plaintext` under a data key of the caller's, such as the key of one person's records. `aad` names the place.
///
/// One key seals at most 2^32 values.
///
/// # Errors
/// [`SealError`] when there is no nonce to be had, or the value is beyond 64 GiB.
pub fn seal_with(key: &[u8; KEY_LEN], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    seal(key, 0, &data_key_binding(aad), plaintext)
}

/// Opens what [`seal_with`] made with the same key and `aad`.
///
/// # Errors
/// [`OpenError`] when it was changed, moved, or sealed under another key.
pub fn open_with(key: &[u8; KEY_LEN], aad: &[u8], sealed: &[u8]) -> Result<Secret, OpenError> {
    open(key, &data_key_binding(aad), sealed)
}

fn data_key_binding(object: &[u8]) -> Binding<'_> {
    Binding { purpose: "data-key", vault_id: &[], provider: "", object, version: 0 }
}
