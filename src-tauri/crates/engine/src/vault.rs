//! The vault as a state of the engine: unlocked, or locked with a reason and a way out. The engine runs in both.
//!
//! - `open` opens it at the start and whenever somebody tries again, and makes it on the first run.
//! - `slots` are the ways to open it: the keyring, the environment, a recovery code, a passphrase.
//! - `root_key` replaces the key that everything is sealed under, in steps that a crash cannot turn into a loss.
//! - `status` is what people see of all that.
//!
//! Start reading at `open`.

mod notices;
mod open;
mod rewrap;
mod root_key;
mod rows;
mod slots;
mod status;

pub use open::How;
pub use slots::AddSlot;
pub(crate) use slots::has_checked_code;
pub use status::{MOST_SEALS, Rewrap, SlotStatus, VaultStatus, Warning};

pub use reeve_vault::SlotKind;

use crate::Engine;
use crate::cx::Cx;
use crate::error::{Code, Error};
use parking_lot::{Mutex, RwLock};
use reeve_core::time::Millis;
use reeve_vault::{EnvSecret, KeySources, Keyring, OsKeyring, Purpose, RecoveryCode, Vault};
use std::sync::Arc;

/// The header of an open vault, as it is stored.
pub(crate) fn header_row(vault: &Vault) -> reeve_store::table::vault::VaultHeader {
    rows::to_header(vault.header())
}

/// Makes the keyring handle for a vault's id, so that every data folder has an item of its own.
pub type KeyringOf = Arc<dyn Fn(&[u8; 16]) -> Arc<dyn Keyring> + Send + Sync>;

/// Makes the keyring handle for the name of an anchor, so that every data folder has one of its own.
pub type AnchorKeyringOf = Arc<dyn Fn(&str) -> Arc<dyn Keyring> + Send + Sync>;

/// Where the vault's root key comes from, and where the ledger's head is remembered.
#[derive(Clone, Default)]
pub struct VaultKeys {
    /// The operating system's keyring, if this host uses one.
    pub keyring: Option<KeyringOf>,
    /// `KEY_ENCRYPTION_SECRET`, if it is set.
    pub env: Option<Arc<dyn Fn() -> Option<EnvSecret> + Send + Sync>>,
    /// The keyring item that remembers the ledger's newest head, if this host uses one.
    pub anchor: Option<AnchorKeyringOf>,
}

impl VaultKeys {
    /// The operating system's keyring.
    #[must_use]
    pub fn os_keyring() -> Self {
        Self {
            keyring: Some(Arc::new(|id| Arc::new(OsKeyring::for_vault("reeve", id)))),
            env: None,
            anchor: Some(Arc::new(|name| Arc::new(OsKeyring::new("reeve", name)))),
        }
    }

    /// The same with `KEY_ENCRYPTION_SECRET` from `read`.
    #[must_use]
    pub fn with_env(mut self, read: impl Fn() -> Option<EnvSecret> + Send + Sync + 'static) -> Self {
        self.env = Some(Arc::new(read));
        self
    }

    fn sources(&self, vault_id: &[u8; 16]) -> KeySources {
        KeySources { keyring: self.keyring.as_ref().map(|of| of(vault_id)), env: self.secret() }
    }

    fn secret(&self) -> Option<EnvSecret> {
        self.env.as_ref().and_then(|read| read())
    }
}

/// Why the vault is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// A word for machines.
    pub reason: String,
    /// What happened and the way out.
    pub message: String,
    /// Whether there is no vault yet: what is missing is something to keep its key in.
    pub first_run: bool,
    /// Whether a passphrase opens it, or on the first run makes it.
    pub passphrase: bool,
}

/// A code that was shown, and not yet typed back in part.
struct Shown {
    slot: String,
    code: RecoveryCode,
    at: Millis,
}

/// The vault's state.
#[derive(Default)]
pub struct VaultCell {
    state: RwLock<Option<Result<Vault, Locked>>>,
    keys: RwLock<VaultKeys>,
    /// One change of the vault at a time.
    changing: tokio::sync::Mutex<()>,
    shown: Mutex<Option<Shown>>,
    next_root: Mutex<Option<root_key::Prepared>>,
    /// The keyring had seen a newer copy of the vault: that generation.
    newer_seen: RwLock<Option<u64>>,
    plaintext_keyring: RwLock<bool>,
}

impl VaultCell {
    /// The vault, if it is open.
    #[must_use]
    pub fn unlocked(&self) -> Option<Vault> {
        self.state.read().as_ref().and_then(|s| s.as_ref().ok().cloned())
    }

    /// Why it is not open.
    #[must_use]
    pub fn locked(&self) -> Option<Locked> {
        match self.state.read().as_ref() {
            None => Some(Locked {
                reason: "starting".to_owned(),
                message: "The vault is being opened.".to_owned(),
                first_run: false,
                passphrase: false,
            }),
            Some(Err(locked)) => Some(locked.clone()),
            Some(Ok(_)) => None,
        }
    }

    fn set(&self, state: Result<Vault, Locked>) {
        *self.state.write() = Some(state);
    }
}

impl Engine {
    /// Why the vault is locked; `None` if it is open.
    #[must_use]
    pub fn vault_locked(&self) -> Option<Locked> {
        self.inner.vault.locked()
    }

    /// Whether nothing may be rotated at providers: this is an older copy of the vault, and keys in it may have been
    /// replaced since. [`Engine::accept_older_copy`] ends it.
    #[must_use]
    pub fn rotation_paused(&self) -> bool {
        self.inner.vault.newer_seen.read().is_some()
    }

    /// The open vault, or the error that says why not.
    pub(crate) fn vault(&self) -> Result<Vault, Error> {
        self.inner.vault.unlocked().ok_or_else(|| {
            let why = self.inner.vault.locked().map_or_else(String::new, |l| l.message);
            Error::new(Code::VaultLocked, format!("The vault is locked. {why}"))
        })
    }

    /// A random secret of Reeve's own, kept sealed; made when it is first needed.
    pub(crate) async fn own_secret(
        &self,
        vault: &Vault,
        purpose: Purpose,
        name: &'static str,
    ) -> Result<zeroize::Zeroizing<[u8; 32]>, Error> {
        if let Some(sealed) = self.inner.store.read(move |r| r.sealed_items().get(name)).await? {
            return open_own(vault, purpose, name, &sealed);
        }
        let fresh = zeroize::Zeroizing::new(crate::random::bytes::<32>()?);
        let sealed = seal_own(vault, purpose, name, &fresh)?;
        let draft = self.draft(&Cx::system(), "vault.key_create", format_args!("vault_key:{name}"));
        self.inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.sealed_items().insert(name, &sealed, recorded.now())?;
                Ok::<_, Error>(())
            })
            .await?;
        Ok(fresh)
    }
}

/// A sealed key of Reeve's own, opened.
pub(crate) fn open_own(
    vault: &Vault,
    purpose: Purpose,
    name: &str,
    sealed: &[u8],
) -> Result<zeroize::Zeroizing<[u8; 32]>, Error> {
    let opened = vault.open(purpose, name, sealed).map_err(|e| {
        Error::new(Code::Internal, "A key of Reeve's own cannot be opened; the vault is damaged.").because(e)
    })?;
    let bytes = <[u8; 32]>::try_from(opened.expose())
        .map_err(|e| Error::new(Code::Internal, "A key of Reeve's own has the wrong length.").because(e))?;
    Ok(zeroize::Zeroizing::new(bytes))
}

/// A key of Reeve's own, sealed.
pub(crate) fn seal_own(
    vault: &Vault,
    purpose: Purpose,
    name: &str,
    key: &[u8; 32],
) -> Result<Vec<u8>, Error> {
    vault
        .seal(purpose, name, key)
        .map_err(|e| Error::new(Code::Internal, "A key of Reeve's own cannot be sealed.").because(e))
}
