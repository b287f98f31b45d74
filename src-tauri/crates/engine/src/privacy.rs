//! Personal data of entries: sealed under a key per person and month, so that destroying the key erases it while every
//! hash stays true.

mod destroy;
pub mod device_key;

use crate::error::Error;
use crate::vault::VaultCell;
use device_key::DeviceKeys;
use parking_lot::Mutex;
use reeve_ledger::commitment;
use reeve_store::{NewEntry, Private, Recorded, StoreError, Tx};
use reeve_vault::{Purpose, Vault};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Seals and opens private sections.
pub struct Privacy {
    vault: Arc<VaultCell>,
    // Unwrapped keys by id; a handful a month.
    keys: Mutex<HashMap<String, Arc<Zeroizing<[u8; 32]>>>>,
    device: DeviceKeys,
    // Keys are destroyed for one reason at a time.
    destroying: tokio::sync::Mutex<()>,
}

/// A key's id, its bytes, and its wrapped form if it was just made.
type SubjectKey = (String, Arc<Zeroizing<[u8; 32]>>, Option<Vec<u8>>);

impl Privacy {
    /// Reads the wrapping key beside the store, or makes it. Blocks.
    pub(crate) fn open_beside(vault: Arc<VaultCell>, folder: &Path) -> Result<Self, Error> {
        let device = DeviceKeys::open(folder)?;
        Ok(Self { vault, keys: Mutex::default(), device, destroying: Default::default() })
    }

    /// Records `entry` with `private` sealed. While the vault is locked nothing personal can be kept; the entry says so.
    pub(crate) fn record<'c>(
        &self,
        tx: &mut Tx<'c>,
        subject: &str,
        mut entry: NewEntry,
        private: &Map<String, Value>,
    ) -> Result<Recorded<'c>, StoreError> {
        let month = month_of(tx.now());
        let Some((key_id, key, fresh)) = self.key(tx, subject, month)? else {
            entry.details.insert("private".to_owned(), "withheld: the vault is locked".into());
            return tx.record(entry);
        };
        match seal(&key_id, &key, private) {
            Some(section) => entry.private.push(section),
            None => {
                entry.details.insert("private".to_owned(), "withheld: it could not be sealed".into());
            }
        }
        let recorded = tx.record(entry)?;
        if let Some(wrapped) = fresh {
            recorded.subject_keys().insert(&key_id, subject, month, &wrapped)?;
            self.keys.lock().insert(key_id, key);
        }
        Ok(recorded)
    }

    fn key(&self, tx: &Tx<'_>, subject: &str, month: i64) -> Result<Option<SubjectKey>, StoreError> {
        let Some(vault) = self.vault.unlocked() else { return Ok(None) };
        if let Some((id, wrapped)) = tx.read().subject_keys().of(subject, month)? {
            return Ok(self.unwrapped(&id, &wrapped).map(|key| (id, key, None)));
        }
        let (Ok(id), Ok(bytes)) = (crate::random::bytes::<12>(), crate::random::bytes::<32>()) else {
            return Ok(None);
        };
        let (id, key) = (data_encoding::HEXLOWER.encode(&id), Zeroizing::new(bytes));
        let wrapped = self.wrap(&vault, &id, &key);
        Ok(wrapped.map(|wrapped| (id, Arc::new(key), Some(wrapped))))
    }

    fn unwrapped(&self, id: &str, wrapped: &[u8]) -> Option<Arc<Zeroizing<[u8; 32]>>> {
        if let Some(key) = self.keys.lock().get(id) {
            return Some(Arc::clone(key));
        }
        let key = Arc::new(self.unwrap(&self.vault.unlocked()?, id, wrapped)?);
        self.keys.lock().insert(id.to_owned(), Arc::clone(&key));
        Some(key)
    }

    /// A key under the newest wrapping key, and that under the vault's.
    fn wrap(&self, vault: &Vault, id: &str, key: &[u8; 32]) -> Option<Vec<u8>> {
        let device = self.device.current()?;
        let inner = reeve_vault::seal_with(&device.bytes, &wrapping_aad(id), key).ok()?;
        vault.seal(Purpose::SubjectKey, id, &[&device.id[..], &inner].concat()).ok()
    }

    fn unwrap(&self, vault: &Vault, id: &str, wrapped: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let opened = vault.open(Purpose::SubjectKey, id, wrapped).ok()?;
        // From before there was a wrapping key beside the vault's: the key itself.
        if let Ok(key) = <[u8; 32]>::try_from(opened.expose()) {
            return Some(Zeroizing::new(key));
        }
        let (device, inner) = opened.expose().split_first_chunk()?;
        let key = reeve_vault::open_with(&self.device.get(*device)?.bytes, &wrapping_aad(id), inner).ok()?;
        Some(Zeroizing::new(<[u8; 32]>::try_from(key.expose()).ok()?))
    }

    /// Forgets keys that are destroyed.
    fn forget(&self, ids: &[String]) {
        let mut keys = self.keys.lock();
        ids.iter().for_each(|id| drop(keys.remove(id)));
    }

    /// Whether a key opens, so that what it sealed can be read.
    pub(crate) fn opens(&self, key_id: &str, wrapped: &[u8]) -> bool {
        self.unwrapped(key_id, wrapped).is_some()
    }

    /// Opens a sealed section; `None` if its key is erased, or the vault locked.
    #[must_use]
    pub fn open(
        &self,
        key_id: &str,
        wrapped: &[u8],
        sealed: &[u8],
        expected: &[u8; 32],
    ) -> Option<Map<String, Value>> {
        let (_, json) = self.open_salted(key_id, wrapped, sealed, expected)?;
        serde_json::from_slice(&json).ok()
    }

    /// As [`Privacy::open`]: the salt and the text that the entry committed to, byte for byte.
    #[must_use]
    pub fn open_salted(
        &self,
        key_id: &str,
        wrapped: &[u8],
        sealed: &[u8],
        expected: &[u8; 32],
    ) -> Option<([u8; 32], Vec<u8>)> {
        let key = self.unwrapped(key_id, wrapped)?;
        let opened = reeve_vault::open_with(&key, &aad(key_id), sealed).ok()?;
        let (salt, json) = opened.expose().split_at_checked(32)?;
        let salt: [u8; 32] = salt.try_into().ok()?;
        // The ledger's commitment decides what was said, not the blob.
        (commitment(&salt, json) == *expected).then(|| (salt, json.to_vec()))
    }
}

fn seal(key_id: &str, key: &[u8; 32], private: &Map<String, Value>) -> Option<Private> {
    let json = reeve_ledger::canonical::encode(&Value::Object(private.clone())).ok()?;
    let salt = crate::random::bytes::<32>().ok()?;
    let sealed = reeve_vault::seal_with(key, &aad(key_id), &[&salt[..], &json].concat()).ok()?;
    Some(Private { key_id: key_id.to_owned(), commitment: commitment(&salt, &json), sealed })
}

fn aad(key_id: &str) -> Vec<u8> {
    [b"reeve.audit.priv.v1\n", key_id.as_bytes()].concat()
}

fn wrapping_aad(key_id: &str) -> Vec<u8> {
    [b"reeve.privacy.wrap.v1\n", key_id.as_bytes()].concat()
}

/// The month of a moment, as keys name it: 202611.
pub(crate) fn month_of(now: reeve_core::time::Millis) -> i64 {
    reeve_core::period::day_number(reeve_core::period::local_day(reeve_core::period::Zone::UTC, now)) / 100
}

#[cfg(test)]
impl Privacy {
    pub(crate) fn begin_change_for_test(&self) {
        self.device.begin_change().unwrap();
    }

    pub(crate) fn changing_for_test(&self) -> bool {
        self.device.changing()
    }
}
