//! Secret types, envelope encryption and the OS keyring: the only place where a provider key exists in the clear.
//!
//! It must not know the database, the network or the clock. What has to survive a restart leaves as plain structs
//! ([`Header`], [`Slot`], [`SealedKey`], sealed bytes) and the engine stores them; times are arguments.
//!
//! One random *vault root key* exists only in memory. Each *slot* holds a copy of it, wrapped under one secret: the OS
//! keyring item, `KEY_ENCRYPTION_SECRET`, or the printed recovery code. Any slot alone opens the vault. Everything else
//! is derived from the root key by label, so nothing else has to be kept.
//!
//! Two rules shape the code. A keyring that answers "no such item" never causes a new root key when a vault exists:
//! that answer is also what a replaced, reset or broken keyring gives, and a new key would orphan every stored secret.
//! And no function that seals takes a nonce: every nonce is drawn from the operating system.
//!
//! Start reading at [`create`] (the first run), then [`unlock`] (every later run), then [`vault`] (sealing); [`backup`] stands by
//! itself.

mod aad;
pub mod backup;
mod cipher;
pub mod create;
pub mod enrol;
pub mod env_secret;
pub mod envelope;
pub mod harden;
pub mod header;
mod item;
mod kdf;
mod key;
pub mod keyring;
pub mod random;
pub mod reason;
pub mod recovery;
pub mod secret;
pub mod slot;
pub mod sources;
mod stack;
pub mod unlock;
pub mod vault;

pub use backup::{BackupError, BackupFile, BackupHeader, ReadError};
pub use create::{CreateError, Created};
pub use enrol::{EnrolError, KeyringEnrolment};
pub use env_secret::{EnvError, EnvSecret};
pub use envelope::{OpenError, SealError, open_with, seal_with};
pub use harden::harden_process;
pub use header::Header;
pub use keyring::{Keyring, KeyringFault, MemoryKeyring, OsKeyring, is_plaintext};
pub use random::{OsRandom, Random, RandomError};
pub use reason::LockReason;
pub use recovery::{RecoveryCode, RecoveryCodeError};
pub use secret::Secret;
pub use slot::{Slot, SlotKind, SlotState};
pub use sources::KeySources;
pub use vault::{Notice, Purpose, RewrapError, SealedKey, Vault, make_vault_id};
