//! AES-256-GCM, and nothing else: the one module that touches the cipher and the only one that handles a nonce.

use crate::key::KEY_LEN;
use crate::stack::wiped;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut as _, Aes256Gcm, KeyInit as _};

pub(crate) const NONCE_LEN: usize = 12;
pub(crate) const TAG_LEN: usize = 16;

/// The cipher refused: a tag that does not match, or a message beyond 64 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused;

/// Encrypts `text` in place and gives the tag.
pub(crate) fn encrypt(
    key: &[u8; KEY_LEN],
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    text: &mut [u8],
) -> Result<[u8; TAG_LEN], Refused> {
    let encrypt =
        || Aes256Gcm::new(key.into()).encrypt_inout_detached(nonce.into(), aad, InOutBuf::from(text));
    wiped(encrypt).map(Into::into).map_err(|_| Refused)
}

/// Decrypts `text` in place. When the tag does not match, `text` is left as it was.
pub(crate) fn decrypt(
    key: &[u8; KEY_LEN],
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    text: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Result<(), Refused> {
    let text = InOutBuf::from(text);
    let decrypt = || Aes256Gcm::new(key.into()).decrypt_inout_detached(nonce.into(), aad, text, tag.into());
    wiped(decrypt).map_err(|_| Refused)
}

#[cfg(test)]
mod tests;
