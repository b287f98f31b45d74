//! The one keyring item, and what a keyring may answer instead.

mod memory;
mod os;
mod plaintext;

pub use memory::{KeyringMode, MemoryKeyring};
pub use os::OsKeyring;
pub use plaintext::is_plaintext;

use crate::secret::Secret;

/// Why the keyring did not do what it was asked. Holds no text from the keyring: such text may contain the secret.
#[derive(Debug, thiserror::Error)]
pub enum KeyringFault {
    /// There is no such item. Also what a replaced, reset or broken keyring answers: never a reason to make a new key.
    #[error("the keyring has no such item")]
    NoEntry,
    /// The keyring is locked, and nobody unlocked it.
    #[error("the keyring is locked")]
    Locked,
    /// The service runs, but has no collection to keep items in.
    #[error("the keyring has no default collection")]
    NoDefaultCollection,
    /// Nothing answers.
    #[error("no keyring service answers")]
    NoService,
    /// Several items match. Holds the values that could be read, for the vault to try.
    #[error("several keyring items match ({} readable)", .0.len())]
    Ambiguous(Vec<Secret>),
    /// The item cannot be decoded.
    #[error("the keyring item is damaged")]
    Corrupt,
    /// No answer in time: usually a prompt that waits for a person.
    #[error("the keyring did not answer in time")]
    Timeout,
    /// Any other error, by the name of its variant only.
    #[error("keyring error {0}")]
    Other(&'static str),
}

/// One item in a keyring. Calls block, up to 20 s each: make them off the async threads, and read once per start.
pub trait Keyring: Send + Sync {
    /// The item's text.
    ///
    /// # Errors
    /// [`KeyringFault`], with [`KeyringFault::NoEntry`] if there is no item.
    fn read(&self) -> Result<Secret, KeyringFault>;

    /// Creates or replaces the item. `item` is one line of ASCII.
    ///
    /// # Errors
    /// [`KeyringFault`]; after a timeout the item may still be written later.
    fn write(&self, item: &str) -> Result<(), KeyringFault>;

    /// Removes the item.
    ///
    /// # Errors
    /// [`KeyringFault`], with [`KeyringFault::NoEntry`] if there is no item.
    fn delete(&self) -> Result<(), KeyringFault>;
}
