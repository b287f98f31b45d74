//! A 32-byte key on the heap, wiped on drop. On the heap because moving an array leaves copies on the stack.

use crate::random::{Random, RandomError};
use std::fmt;
use zeroize::Zeroize;

pub(crate) const KEY_LEN: usize = 32;

pub(crate) struct Key(Box<[u8; KEY_LEN]>);

impl Key {
    /// A key whose bytes `fill` writes in place.
    pub(crate) fn filled<E>(fill: impl FnOnce(&mut [u8; KEY_LEN]) -> Result<(), E>) -> Result<Self, E> {
        let mut key = Self(Box::new([0; KEY_LEN]));
        fill(&mut key.0)?;
        Ok(key)
    }

    pub(crate) fn make(random: &mut dyn Random) -> Result<Self, RandomError> {
        Self::filled(|bytes| random.fill(bytes))
    }

    /// The key held in `bytes`, if there are exactly 32.
    pub(crate) fn copy_of(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; KEY_LEN] = bytes.try_into().ok()?;
        let mut key = Self(Box::new([0; KEY_LEN]));
        key.0.copy_from_slice(bytes);
        Some(key)
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}
