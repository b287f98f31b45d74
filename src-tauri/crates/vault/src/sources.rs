//! What this start of the process may try to open the vault with.

use crate::env_secret::EnvSecret;
use crate::keyring::Keyring;
use std::fmt;
use std::sync::Arc;

/// The secrets at hand. Both may be absent; the recovery code comes from a person, later.
#[derive(Default)]
pub struct KeySources {
    /// The operating system's keyring, if this host uses one.
    pub keyring: Option<Arc<dyn Keyring>>,
    /// `KEY_ENCRYPTION_SECRET`, if it is set.
    pub env: Option<EnvSecret>,
}

impl fmt::Debug for KeySources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySources")
            .field("keyring", &self.keyring.is_some())
            .field("env", &self.env.is_some())
            .finish()
    }
}
