//! The vault as a state of the engine: unlocked, or locked with a reason and a way out. The engine runs in both.

use crate::Engine;
use crate::cx::Cx;
use crate::engine::blocking;
use crate::entry::Severity;
use crate::error::{Code, Error};
use parking_lot::RwLock;
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::Recorded;
use reeve_store::table::vault::{VaultHeader, VaultSlot};
use reeve_vault::{
    CreateError, EnvSecret, Header, KeySources, Keyring, LockReason, Notice, OsKeyring, OsRandom, Purpose,
    RecoveryCode, Slot, SlotKind, SlotState, Vault,
};
use std::sync::Arc;

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
        KeySources {
            keyring: self.keyring.as_ref().map(|of| of(vault_id)),
            env: self.env.as_ref().and_then(|read| read()),
        }
    }
}

/// Why the vault is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// A word for machines.
    pub reason: String,
    /// What happened and the way out.
    pub message: String,
}

/// The vault's state.
#[derive(Default)]
pub struct VaultCell {
    state: RwLock<Option<Result<Vault, Locked>>>,
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

    /// The open vault, or the error that says why not.
    pub(crate) fn vault(&self) -> Result<Vault, Error> {
        self.inner.vault.unlocked().ok_or_else(|| {
            let why = self.inner.vault.locked().map_or_else(String::new, |l| l.message);
            Error::new(Code::Unavailable, format!("The vault is locked. {why}"))
        })
    }

    /// Opens the vault, or makes it on the first run: and only where no header exists, whatever the keyring says.
    pub(crate) async fn open_vault(&self, keys: VaultKeys) -> Result<(), Error> {
        let (header, slots) =
            self.inner.store.read(|r| Ok::<_, Error>((r.vault().header()?, r.vault().slots()?))).await?;
        let state = match header {
            Some(header) => self.unlock(header, slots, &keys).await?,
            None => self.create_vault(&keys).await?,
        };
        match state {
            Ok(vault) => self.opened(vault).await,
            Err(locked) => {
                tracing::warn!(reason = locked.reason, "the vault is locked");
                self.inner.vault.set(Err(locked));
                Ok(())
            }
        }
    }

    async fn unlock(
        &self,
        header: VaultHeader,
        slots: Vec<VaultSlot>,
        keys: &VaultKeys,
    ) -> Result<Result<Vault, Locked>, Error> {
        let (header, slots, sources) =
            (from_header(&header)?, from_slots(&slots)?, keys.sources(&header.vault_id));
        Ok(blocking(move || Vault::unlock(&header, &slots, &sources))
            .await?
            .map_err(|reason| locked(&reason)))
    }

    /// The crash-safe order: commit header and slots, then write the keyring and read it back, then mark its slot active.
    async fn create_vault(&self, keys: &VaultKeys) -> Result<Result<Vault, Locked>, Error> {
        let vault_id = reeve_vault::make_vault_id().map_err(no_random)?;
        let (sources, now) = (keys.sources(&vault_id), self.now());
        let created = blocking(move || Vault::create_as(vault_id, &sources, now, &mut OsRandom)).await?;
        let created = match created {
            Ok(created) => Arc::new(created),
            Err(CreateError::NoKeySource(_)) => return Ok(Err(no_key_source())),
            Err(other) => {
                return Ok(Err(Locked {
                    reason: "create_failed".to_owned(),
                    message: format!("The vault could not be made: {other}."),
                }));
            }
        };
        let header = to_header(&created.header);
        self.put_slots("vault.initialize", Some(header), created.slots.clone()).await?;
        let enrolling = Arc::clone(&created);
        match blocking(move || enrolling.enrol_keyring()).await? {
            Ok(Some(active)) => self.put_slots("vault.slot_update", None, vec![active]).await?,
            Ok(None) => {}
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the keyring did not keep the vault's key"
                );
            }
        }
        Ok(Ok(created.vault.clone()))
    }

    async fn put_slots(
        &self,
        kind: &'static str,
        header: Option<VaultHeader>,
        slots: Vec<Slot>,
    ) -> Result<(), Error> {
        let draft = self.draft(&Cx::system(), kind, "vault:local").detail("slots", slots.len());
        self.inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                put(&recorded, header.as_ref(), &slots)
            })
            .await
    }

    /// Takes the vault into use: the ledger's signing key is opened, or made with a new vault.
    async fn opened(&self, vault: Vault) -> Result<(), Error> {
        for notice in vault.notices() {
            self.notice(notice).await?;
            if let Notice::KeyringSlotPending { slot } = notice {
                self.activate_slot(slot).await?;
            }
        }
        self.inner.vault.set(Ok(vault.clone()));
        self.sign_ledger(&vault).await
    }

    /// A random secret of Reeve's own, kept sealed; made when it is first needed.
    pub(crate) async fn own_secret(
        &self,
        vault: &Vault,
        purpose: Purpose,
        name: &'static str,
    ) -> Result<zeroize::Zeroizing<[u8; 32]>, Error> {
        if let Some(sealed) = self.inner.store.read(move |r| r.sealed_items().get(name)).await? {
            let opened = vault.open(purpose, name, &sealed).map_err(|e| {
                Error::new(Code::Internal, "A key of Reeve's own cannot be opened; the vault is damaged.")
                    .because(e)
            })?;
            let bytes = <[u8; 32]>::try_from(opened.expose()).map_err(|e| {
                Error::new(Code::Internal, "A key of Reeve's own has the wrong length.").because(e)
            })?;
            return Ok(zeroize::Zeroizing::new(bytes));
        }
        let fresh = zeroize::Zeroizing::new(crate::random::bytes::<32>()?);
        let sealed = vault
            .seal(purpose, name, fresh.as_slice())
            .map_err(|e| Error::new(Code::Internal, "A key of Reeve's own cannot be sealed.").because(e))?;
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

    /// A crash came between writing the keyring and marking its slot: the keyring opened it, so it is active.
    async fn activate_slot(&self, id: &str) -> Result<(), Error> {
        let (draft, id) =
            (self.draft(&Cx::system(), "vault.slot_update", "vault:local").detail("slot", id), id.to_owned());
        self.inner
            .store
            .write(move |tx| {
                let slots = tx.read().vault().slots()?;
                let recorded = draft.record(tx)?;
                for slot in slots.into_iter().filter(|s| s.id == id) {
                    recorded
                        .vault()
                        .put_slot(&VaultSlot { state: SlotState::Active.as_str().to_owned(), ..slot })?;
                }
                Ok(())
            })
            .await
    }

    async fn notice(&self, notice: &Notice) -> Result<(), Error> {
        let (what, severity) = match notice {
            Notice::KeyringAmbiguous { .. } => ("several keyring items matched", Severity::Warning),
            Notice::KeyringSlotPending { .. } => {
                ("a keyring slot was left pending by a crash", Severity::Info)
            }
            Notice::OlderCopy { .. } => {
                ("this database is an older copy than the keyring remembers", Severity::Critical)
            }
            Notice::EnvMismatch { .. } => (
                "KEY_ENCRYPTION_SECRET is not the one of this vault; the keyring opened it",
                Severity::Warning,
            ),
            Notice::EnvPrevious { .. } => {
                ("KEY_ENCRYPTION_SECRET_PREVIOUS opened the vault", Severity::Notice)
            }
        };
        tracing::warn!(what, "the vault was opened with a notice");
        let draft = self.draft(&Cx::system(), "vault.notice", "vault:local").detail("what", what);
        self.record(draft.outcome(Outcome::Success, severity)).await?;
        Ok(())
    }

    /// Makes a new recovery code; the one before it opens nothing any more. It is shown this once.
    ///
    /// # Errors
    /// If `cx` may not change the vault, [`Code::StepUpRequired`], or the vault is locked.
    pub async fn make_recovery_code(&self, cx: &Cx) -> Result<zeroize::Zeroizing<String>, Error> {
        self.require(cx, Permission::VaultWrite).await?;
        self.require_fresh(cx)?;
        let (vault, now) = (self.vault()?, self.now());
        let (code, slot) = vault.enrol_recovery(now, &mut OsRandom).map_err(not_sealed)?;
        let draft = self.draft(cx, "vault.recovery_rotate", "vault:local").change(
            "recovery_code",
            "the one before, if there was one",
            "a new one",
        );
        self.inner
            .store
            .write(move |tx| {
                let old = tx.read().vault().slots()?;
                let recorded = draft.record(tx)?;
                for old in old.iter().filter(|s| s.kind == SlotKind::Recovery.as_str()) {
                    recorded.vault().put_slot(&retired(old))?;
                }
                put(&recorded, None, &[slot])
            })
            .await?;
        Ok(code.reveal())
    }

    /// Opens a locked vault with the recovery code. Anybody at the console may try: the code is 160 bits.
    ///
    /// # Errors
    /// [`Code::Invalid`] if the code is not one, or not this vault's.
    pub async fn unlock_with_recovery(&self, cx: &Cx, typed: &str) -> Result<(), Error> {
        let code = RecoveryCode::parse(typed).map_err(|e| Error::field("recovery_code", e.to_string()))?;
        let (header, slots) =
            self.inner.store.read(|r| Ok::<_, Error>((r.vault().header()?, r.vault().slots()?))).await?;
        let header = header.ok_or_else(|| Error::not_found("vault yet"))?;
        let (header, slots) = (from_header(&header)?, from_slots(&slots)?);
        match Vault::unlock_with_recovery(&header, &slots, &code) {
            Ok(vault) => {
                self.opened(vault).await?;
                self.record(self.draft(cx, "vault.unlock", "vault:local").detail("slot", "recovery")).await?;
                Ok(())
            }
            Err(reason) => {
                let draft = self.draft(cx, "vault.unlock", "vault:local").detail("slot", "recovery");
                self.record(draft.outcome(Outcome::Denied, Severity::Warning)).await?;
                Err(Error::field("recovery_code", reason.message()))
            }
        }
    }
}

fn put(recorded: &Recorded<'_>, header: Option<&VaultHeader>, slots: &[Slot]) -> Result<(), Error> {
    if let Some(header) = header {
        recorded.vault().put_header(header)?;
    }
    for slot in slots {
        recorded.vault().put_slot(&to_slot(slot))?;
    }
    Ok(())
}

fn retired(slot: &VaultSlot) -> VaultSlot {
    VaultSlot { state: SlotState::Retired.as_str().to_owned(), wrapped_vrk: Vec::new(), ..slot.clone() }
}

fn locked(reason: &LockReason) -> Locked {
    Locked { reason: reason.code().to_owned(), message: reason.message().to_owned() }
}

fn no_key_source() -> Locked {
    Locked {
        reason: "no_service".to_owned(),
        message: "There is no keyring service and KEY_ENCRYPTION_SECRET is not set. Start a keyring (gnome-keyring, KWallet), or set \
                  KEY_ENCRYPTION_SECRET to 32 random bytes, then start Reeve again."
            .to_owned(),
    }
}

fn no_random(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Code::Unavailable, "The operating system gave no random numbers.").because(error)
}

fn not_sealed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Code::Internal, "The vault could not seal this.").because(error)
}

fn damaged() -> Error {
    Error::new(Code::Internal, "The vault's stored header or slots are damaged; restore a backup.")
}

fn to_header(h: &Header) -> VaultHeader {
    VaultHeader {
        vault_id: h.vault_id,
        kcv: h.kcv,
        kek_epoch: h.kek_epoch,
        generation: h.generation,
        mac: h.mac.to_vec(),
        created_at: Millis(h.created_at),
    }
}

fn from_header(h: &VaultHeader) -> Result<Header, Error> {
    Ok(Header {
        vault_id: h.vault_id,
        kcv: h.kcv,
        kek_epoch: h.kek_epoch,
        generation: h.generation,
        mac: h.mac.as_slice().try_into().map_err(|_| damaged())?,
        created_at: h.created_at.0,
    })
}

fn to_slot(s: &Slot) -> VaultSlot {
    VaultSlot {
        id: s.id.clone(),
        kind: s.kind.as_str().to_owned(),
        kdf: s.kdf.clone(),
        salt: s.salt.clone(),
        nonce: s.nonce.clone(),
        wrapped_vrk: s.wrapped_vrk.clone(),
        state: s.state.as_str().to_owned(),
        created_at: Millis(s.created_at),
    }
}

fn from_slots(slots: &[VaultSlot]) -> Result<Vec<Slot>, Error> {
    let from = |s: &VaultSlot| {
        Some(Slot {
            id: s.id.clone(),
            kind: SlotKind::parse(&s.kind)?,
            kdf: s.kdf.clone(),
            salt: s.salt.clone(),
            nonce: s.nonce.clone(),
            wrapped_vrk: s.wrapped_vrk.clone(),
            created_at: s.created_at.0,
            state: SlotState::parse(&s.state)?,
        })
    };
    slots.iter().map(|s| from(s).ok_or_else(damaged)).collect()
}
