//! Which tenant calls: API keys by their public prefix, checked against a hash in constant time.

use super::state::Admission;
use reeve_core::id::{ApiKeyId, TenantId};
use reeve_core::time::Millis;
use reeve_store::table::api_keys::ApiKey;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use subtle::ConstantTimeEq;

/// Length of a key's public part: `rvk_` and 12 characters.
pub const PREFIX_LEN: usize = 16;

/// Who calls at the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Through which key.
    pub key: ApiKeyId,
    /// Whose.
    pub tenant: TenantId,
}

pub(crate) struct KnownKey {
    pub(crate) id: ApiKeyId,
    pub(crate) tenant: TenantId,
    hash: [u8; 32],
    expires_at: Option<Millis>,
    // The minute of use that was last written down.
    pub(crate) touched: i64,
}

#[derive(Default)]
pub(crate) struct KeyTable {
    by_prefix: HashMap<String, KnownKey>,
}

impl KeyTable {
    pub(crate) fn insert(&mut self, key: &ApiKey) {
        let known = KnownKey {
            id: key.id,
            tenant: key.tenant_id,
            hash: key.secret_hash,
            expires_at: key.expires_at,
            touched: key.last_used_at.map_or(0, |t| t.0 / Millis::MINUTE),
        };
        self.by_prefix.insert(key.prefix.clone(), known);
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&KnownKey) -> bool) {
        self.by_prefix.retain(|_, key| keep(key));
    }
}

/// SHA-256 of a whole key, as it is stored.
#[must_use]
pub fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

impl Admission {
    /// Takes over a new key.
    pub fn put_key(&self, key: &ApiKey) {
        self.lock().keys.insert(key);
    }

    /// Forgets a revoked key.
    pub fn remove_key(&self, id: ApiKeyId) {
        self.lock().keys.retain(|key| key.id != id);
    }

    /// Who calls with `key`, and whether its last use should be written down (once a minute). `None` if the key is
    /// unknown, wrong, revoked or expired: the caller learns no more than that.
    pub fn identify(&self, key: &str, now: Millis) -> Option<(Caller, bool)> {
        let prefix = key.get(..PREFIX_LEN)?;
        // Hashed outside the lock; it is the dearest part.
        let given = hash(key);
        let mut state = self.lock();
        let known = state.keys.by_prefix.get_mut(prefix)?;
        let right: bool = known.hash.ct_eq(&given).into();
        if !right || known.expires_at.is_some_and(|end| end <= now) {
            return None;
        }
        let minute = now.0 / Millis::MINUTE;
        let first = minute > known.touched;
        known.touched = known.touched.max(minute);
        Some((Caller { key: known.id, tenant: known.tenant }, first))
    }
}
