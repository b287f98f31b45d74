//! Why the vault stays locked, and what a person can do about it.

/// Why no slot opened the vault. The data is untouched in every case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the vault is locked: {}{}", self.code(), self.slot_text())]
pub enum LockReason {
    /// The keyring works, and has no item of this vault.
    KeyMissing,
    /// The keyring waits to be unlocked, or did not answer within 20 s.
    KeyringLocked,
    /// The keyring service has no collection to keep items in.
    NoDefaultCollection,
    /// No keyring answers.
    NoService,
    /// Several items match, and none of them opens the vault.
    Ambiguous,
    /// The item was read, and belongs to another vault.
    KeyMismatch,
    /// The item was read, and is damaged.
    Corrupt,
    /// `KEY_ENCRYPTION_SECRET` is not the one that the vault was sealed with.
    EnvMismatch {
        /// The id of the newest slot that it should open.
        expected_slot: String,
    },
    /// The vault opens with `KEY_ENCRYPTION_SECRET`, which is not set.
    EnvMissing {
        /// The id of the newest slot that it would open.
        expected_slot: String,
    },
    /// The recovery code is well formed, and of another vault or replaced by a newer one.
    RecoveryWrong,
    /// The vault opens with a passphrase that a person types.
    PassphraseNeeded {
        /// Together with the key in the keyring, which is there.
        with_keyring: bool,
    },
    /// The passphrase is not the one of this vault.
    PassphraseWrong,
    /// The key is right, and the vault's header is not what the vault wrote.
    HeaderAltered,
}

impl LockReason {
    /// A stable word for APIs and logs, in `snake_case`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::KeyMissing => "key_missing",
            Self::KeyringLocked => "keyring_locked",
            Self::NoDefaultCollection => "no_default_collection",
            Self::NoService => "no_service",
            Self::Ambiguous => "ambiguous",
            Self::KeyMismatch => "key_mismatch",
            Self::Corrupt => "corrupt",
            Self::EnvMismatch { .. } => "env_mismatch",
            Self::EnvMissing { .. } => "env_missing",
            Self::RecoveryWrong => "recovery_wrong",
            Self::PassphraseNeeded { .. } => "passphrase_needed",
            Self::PassphraseWrong => "passphrase_wrong",
            Self::HeaderAltered => "header_altered",
        }
    }

    /// The slot that a secret was expected for, where that is known.
    #[must_use]
    pub fn expected_slot(&self) -> Option<&str> {
        match self {
            Self::EnvMismatch { expected_slot } | Self::EnvMissing { expected_slot } => Some(expected_slot),
            _ => None,
        }
    }

    fn slot_text(&self) -> String {
        self.expected_slot().map(|slot| format!(", slot {slot}")).unwrap_or_default()
    }

    /// What happened and the way out, in plain words.
    #[must_use]
    pub const fn message(&self) -> &'static str {
        match self {
            Self::KeyMissing => {
                "The keyring no longer has this vault's key. This happens when the keyring was reset, replaced or \
                 restored. Enter the recovery code to open the vault and put the key back."
            }
            Self::KeyringLocked => {
                "The keyring is locked or did not answer. Unlock it and try again, or enter the recovery code."
            }
            Self::NoDefaultCollection => {
                "The keyring service runs, but has no keyring to keep keys in. Create a default keyring, or set \
                 KEY_ENCRYPTION_SECRET, or enter the recovery code."
            }
            Self::NoService => {
                "No keyring answers on this machine. Start one and restart Reeve, or set KEY_ENCRYPTION_SECRET, or \
                 enter the recovery code."
            }
            Self::Ambiguous => {
                "Several keyring items carry this vault's name, and none of them opens it. Remove those that are not \
                 Reeve's and try again, or enter the recovery code."
            }
            Self::KeyMismatch => {
                "The keyring holds the key of another vault; it was left as it is. This happens when the data or the \
                 home directory was restored from elsewhere. Enter the recovery code of this vault."
            }
            Self::Corrupt => {
                "The keyring item is damaged; it was left as it is. Restore the keyring, or enter the recovery code."
            }
            Self::EnvMismatch { .. } => {
                "KEY_ENCRYPTION_SECRET is not the secret that this vault was sealed with. Set the old value and \
                 restart, or set it as KEY_ENCRYPTION_SECRET_PREVIOUS to change it, or enter the recovery code."
            }
            Self::EnvMissing { .. } => {
                "This vault opens with KEY_ENCRYPTION_SECRET, which is not set. Set it and restart, or enter the \
                 recovery code."
            }
            Self::RecoveryWrong => {
                "This recovery code is complete, but not the one of this vault. Look for a newer sheet, or for the \
                 one printed on this installation."
            }
            Self::PassphraseNeeded { with_keyring: false } => {
                "This vault opens with its passphrase. Enter it, or the recovery code."
            }
            Self::PassphraseNeeded { with_keyring: true } => {
                "The keyring has its half of this vault's key; the passphrase is the other. Enter it, or the recovery code."
            }
            Self::PassphraseWrong => {
                "This is not the passphrase of this vault. Try again, or enter the recovery code."
            }
            Self::HeaderAltered => {
                "The key is right, but the vault's header was changed from outside. Nothing was opened. Restore the \
                 database from a backup."
            }
        }
    }
}
