//! Which tenant calls: API keys by their public prefix, checked against a hash in constant time.

use super::state::Admission;
use reeve_core::id::{ApiKeyId, TenantId};
use reeve_core::peer::one_caller;
use reeve_core::permission::KeyScope;
use reeve_core::time::Millis;
use reeve_store::table::api_keys::ApiKey;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;
use subtle::ConstantTimeEq;

/// Length of a key's public part: `rvk_` and 12 characters.
pub const PREFIX_LEN: usize = 16;
/// Addresses remembered of a key.
const ADDRESSES: usize = 8;

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
    scopes: Vec<KeyScope>,
    /// Whether another secret has taken this one's place, and it works for a while yet.
    is_previous: bool,
    // The minute of use that was last written down.
    pub(crate) touched: i64,
    // The addresses it was last heard from, newest first.
    heard_from: [Option<IpAddr>; ADDRESSES],
}

/// A right key, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Identified {
    /// Whose it is.
    pub caller: Caller,
    /// Whether its last use should be written down.
    pub first_this_minute: bool,
    /// Whether it was heard from this address before.
    pub is_known_here: bool,
    /// Whether it may be used for calls.
    pub may_call: bool,
    /// Whether it is the secret before the last rotation.
    pub is_previous: bool,
}

#[derive(Default)]
pub(crate) struct KeyTable {
    by_prefix: HashMap<String, KnownKey>,
    /// Of revoked keys too, for as long as this process lives: entries go on to name them.
    names: HashMap<ApiKeyId, String>,
}

impl KeyTable {
    pub(crate) fn insert(&mut self, key: &ApiKey) {
        // Whoever used the secret before is no stranger with the next one.
        let before = key.previous.as_ref().and_then(|previous| self.by_prefix.get(&previous.prefix));
        let before = before.or_else(|| self.by_prefix.get(&key.prefix));
        let heard_from = before.map_or([None; ADDRESSES], |known| known.heard_from);
        let known = |hash, expires_at, used: Option<Millis>, is_previous| KnownKey {
            id: key.id,
            tenant: key.tenant_id,
            hash,
            expires_at,
            scopes: key.scopes.clone(),
            is_previous,
            touched: used.map_or(0, |t| t.0 / Millis::MINUTE),
            heard_from,
        };
        let mut secrets =
            vec![(key.prefix.clone(), known(key.secret_hash, key.expires_at, key.last_used_at, false))];
        secrets.extend(key.previous.as_ref().map(|previous| {
            let until = key.expires_at.map_or(previous.until, |end| end.min(previous.until));
            (previous.prefix.clone(), known(previous.secret_hash, Some(until), previous.last_used_at, true))
        }));
        self.by_prefix.extend(secrets);
        self.names.insert(key.id, key.name.clone());
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

    /// Takes over a key whose secret was replaced, or whose secret before is to work no longer.
    pub fn replace_key(&self, key: &ApiKey) {
        let mut state = self.lock();
        let stays = [Some(&key.prefix), key.previous.as_ref().map(|previous| &previous.prefix)];
        state.keys.by_prefix.retain(|prefix, known| known.id != key.id || stays.contains(&Some(prefix)));
        state.keys.insert(key);
    }

    /// Forgets a revoked key.
    pub fn remove_key(&self, id: ApiKeyId) {
        self.lock().keys.retain(|key| key.id != id);
    }

    /// Who calls with `key`, and whether its last use should be written down (once a minute). `None` if the key is
    /// unknown, wrong, revoked or expired: the caller learns no more than that.
    pub fn identify(&self, key: &str, ip: Option<IpAddr>, now: Millis) -> Option<Identified> {
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
        let ip = ip.map(one_caller);
        Some(Identified {
            caller: Caller { key: known.id, tenant: known.tenant },
            first_this_minute: first,
            is_known_here: ip.is_none() || known.heard_from.contains(&ip),
            may_call: known.scopes.contains(&KeyScope::GatewayCall),
            is_previous: known.is_previous,
        })
    }

    /// What a key is called.
    pub fn key_name(&self, id: ApiKeyId) -> Option<String> {
        self.lock().keys.names.get(&id).cloned()
    }

    /// Whether a key, if there is one, may be used for `scope`. Looks at every key: not for the way of a call.
    pub fn key_may(&self, id: ApiKeyId, scope: KeyScope) -> bool {
        self.lock().keys.by_prefix.values().any(|key| key.id == id && key.scopes.contains(&scope))
    }

    /// Notes that a right key was heard from an address. The one it was not heard from for longest is forgotten for it.
    pub fn heard_from(&self, key: &str, ip: Option<IpAddr>) {
        let mut state = self.lock();
        let known = key.get(..PREFIX_LEN).and_then(|prefix| state.keys.by_prefix.get_mut(prefix));
        if let (Some(known), Some(ip)) = (known, ip) {
            known.heard_from.rotate_right(1);
            known.heard_from[0] = Some(one_caller(ip));
        }
    }
}
