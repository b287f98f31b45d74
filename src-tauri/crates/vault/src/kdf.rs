//! Keys from keys (HKDF-SHA256, RFC 5869), keys from words (Argon2id, RFC 9106), and tags (HMAC-SHA256, RFC 2104).

use crate::key::{KEY_LEN, Key};
use crate::stack::wiped;
use argon2::{Algorithm, Argon2, Params, Version};
use hkdf::{Hkdf, InvalidLength};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// HKDF-SHA256: fills `out` from `secret`, `salt` and the concatenated `info`.
pub(crate) fn hkdf(secret: &[u8], salt: &[u8], info: &[&[u8]], out: &mut [u8]) -> Result<(), InvalidLength> {
    wiped(|| Hkdf::<Sha256>::new(Some(salt), secret).expand_multi_info(info, out))
}

/// The 32-byte key that `info` names under `secret`.
pub(crate) fn derive_key(secret: &[u8], salt: &[u8], info: &[&[u8]]) -> Key {
    match Key::filled(|out| hkdf(secret, salt, info, out)) {
        Ok(key) => key,
        Err(InvalidLength) => unreachable!("32 bytes are far below the 8,160 that HKDF-SHA256 can give"),
    }
}

/// HMAC-SHA256 over the concatenated `parts`. Callers make sure that the parts cannot be cut differently.
pub(crate) fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    wiped(|| {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
            unreachable!("HMAC takes a key of any length")
        };
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    })
}

/// How a slot's secret becomes the key that wraps the root key. Stored with the slot as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kdf {
    /// The secret is random already: one HKDF step.
    Hkdf,
    /// The secret was chosen by a person: Argon2id, version 1.3, one lane.
    Argon2id { memory_kib: u32, passes: u32 },
}

/// What a slot may ask for at most: its text comes from the database, and must not be able to hang the start.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_PASSES: u32 = 16;

impl Kdf {
    /// For `KEY_ENCRYPTION_SECRET` when it is words: about 0.16 s on a two-core machine.
    pub(crate) const ENV_WORDS: Self = Self::Argon2id { memory_kib: 64 * 1024, passes: 3 };

    /// For a passphrase that opens the vault: 256 MiB, about 0.7 s on a two-core machine.
    pub(crate) const PASSPHRASE: Self = Self::Argon2id { memory_kib: 256 * 1024, passes: 3 };

    /// Whether the secret is stretched.
    pub(crate) fn is_slow(self) -> bool {
        matches!(self, Self::Argon2id { .. })
    }

    /// Whether the memory that it needs is there now.
    pub(crate) fn has_memory(self) -> bool {
        match self {
            Self::Hkdf => true,
            Self::Argon2id { memory_kib, .. } => {
                let kib = usize::try_from(memory_kib).unwrap_or(usize::MAX);
                Vec::<u8>::new().try_reserve_exact(kib.saturating_mul(1_024)).is_ok()
            }
        }
    }

    pub(crate) fn text(self) -> String {
        match self {
            Self::Hkdf => "hkdf-sha256".to_owned(),
            Self::Argon2id { memory_kib, passes } => format!("argon2id;m={memory_kib};t={passes};p=1"),
        }
    }

    /// Reads what [`Kdf::text`] wrote; `None` for anything else, and for costs beyond the limits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "hkdf-sha256" {
            return Some(Self::Hkdf);
        }
        let costs = text.strip_prefix("argon2id;m=")?.strip_suffix(";p=1")?;
        let (memory, passes) = costs.split_once(";t=")?;
        let (memory_kib, passes) = (memory.parse().ok()?, passes.parse().ok()?);
        let sane = (8..=MAX_MEMORY_KIB).contains(&memory_kib) && (1..=MAX_PASSES).contains(&passes);
        sane.then_some(Self::Argon2id { memory_kib, passes }).filter(|kdf| kdf.text() == text)
    }

    /// The key that `secret` gives with `salt`, for the use named by `info`; `None` if Argon2id has no memory.
    pub(crate) fn derive(self, secret: &[u8], salt: &[u8], info: &[u8]) -> Option<Key> {
        self.derive_with(&[], secret, salt, info)
    }

    /// As [`Kdf::derive`], from a random key that is `held` somewhere and `secret` together: neither alone gives it.
    pub(crate) fn derive_with(self, held: &[u8], secret: &[u8], salt: &[u8], info: &[u8]) -> Option<Key> {
        match self {
            Self::Hkdf => Some(derive_key(&joined(held, secret), salt, &[info])),
            Self::Argon2id { memory_kib, passes } => {
                let params = Params::new(memory_kib, passes, 1, Some(KEY_LEN)).ok()?;
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
                let stretched = Key::filled(|out| argon2.hash_password_into(secret, salt, out)).ok()?;
                Some(derive_key(&joined(held, stretched.bytes()), salt, &[info]))
            }
        }
    }
}

fn joined(one: &[u8], two: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut joined = Zeroizing::new(Vec::with_capacity(one.len() + two.len()));
    joined.extend_from_slice(one);
    joined.extend_from_slice(two);
    joined
}

#[cfg(test)]
mod tests;
