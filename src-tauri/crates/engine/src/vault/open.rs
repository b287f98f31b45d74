//! Opening the vault: at the start, whenever somebody tries again, and with what a person types. And making it, on the first
//! run: only where no header exists, whatever the keyring says.

use super::rows::{from_header, from_slots, locked, no_random, put, to_header};
use super::{Locked, VaultKeys};
use crate::Engine;
use crate::cx::Cx;
use crate::engine::blocking;
use crate::entry::Severity;
use crate::error::{Code, Error};
use reeve_ledger::leaf::Ok as Outcome;
use reeve_vault::{
    CreateError, Header, KeySources, KeyringFault, LockReason, OsRandom, RecoveryCode, Secret, Slot,
    SlotKind, SlotState, Vault,
};
use std::sync::Arc;

/// What somebody opens the vault with.
pub enum How {
    /// What this machine has: the environment and the keyring, once more.
    Again,
    /// The recovery code.
    Recovery(RecoveryCode),
    /// A passphrase, with or without the keyring's half.
    Passphrase(Secret),
}

impl How {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Again => "again",
            Self::Recovery(_) => "recovery",
            Self::Passphrase(_) => "passphrase",
        }
    }

    fn open(&self, header: &Header, slots: &[Slot], sources: &KeySources) -> Result<Vault, LockReason> {
        match self {
            Self::Again => Vault::unlock(header, slots, sources),
            Self::Recovery(code) => Vault::unlock_with_recovery(header, slots, code),
            Self::Passphrase(typed) => Vault::unlock_with_passphrase(header, slots, sources, typed),
        }
    }

    /// The field of the request that a wrong secret came in.
    const fn field(&self) -> Option<&'static str> {
        match self {
            Self::Again => None,
            Self::Recovery(_) => Some("recovery_code"),
            Self::Passphrase(_) => Some("passphrase"),
        }
    }
}

/// The vault as the store has it: as it is, and as it is about to be while a new root key is on its way.
struct Stored {
    header: Header,
    slots: Vec<Slot>,
    next: Option<(Header, Vec<Slot>)>,
    /// Values sealed under it.
    seals: u64,
}

impl Stored {
    /// A first start broke off after the vault was stored and before the keyring took its key: nothing opens it, and nothing is
    /// in it.
    fn is_stillborn(&self, reason: &LockReason) -> bool {
        *reason == LockReason::KeyMissing
            && self.seals == 0
            && self.next.is_none()
            && self.slots.iter().all(|s| s.state == SlotState::Pending)
    }
}

/// What opening found.
enum Found {
    /// The vault as it is; whether one that was about to be is to be forgotten.
    Present { vault: Vault, forget_next: bool },
    /// The vault that was about to be: its key is in place.
    Next(Vault),
}

impl Engine {
    /// Opens the vault with what this machine has, or makes it on the first run.
    pub(crate) async fn open_vault(&self, keys: VaultKeys) -> Result<(), Error> {
        *self.inner.vault.keys.write() = keys;
        if let Err(locked) = self.attempt_unlock(Arc::new(How::Again)).await? {
            tracing::warn!(reason = locked.reason, "the vault is locked");
            if !locked.first_run {
                let draft = self
                    .draft(&Cx::system(), "vault.locked", "vault:local")
                    .detail("reason", locked.reason.as_str())
                    .outcome(Outcome::Denied, Severity::Warning);
                self.record(draft).await?;
            }
            self.inner.vault.set(Err(locked));
        }
        Ok(())
    }

    /// Tries to open a locked vault, or to make one where there is none yet. Anybody at the console may try.
    ///
    /// # Errors
    /// [`Code::Invalid`] if what was typed does not open it, [`Code::VaultLocked`] if this machine's keys still do not.
    pub(crate) async fn unlock_vault(&self, cx: &Cx, how: How) -> Result<(), Error> {
        let _one = self.inner.vault.changing.lock().await;
        if self.inner.vault.locked().is_none() {
            return Ok(());
        }
        let how = Arc::new(how);
        match self.attempt_unlock(Arc::clone(&how)).await? {
            Ok(()) => {
                let slot = self.inner.vault.unlocked();
                let slot =
                    slot.as_ref().and_then(Vault::opened_by).map_or("first_run", |(kind, _)| kind.as_str());
                self.record(self.draft(cx, "vault.unlocked", "vault:local").detail("slot", slot)).await?;
                Ok(())
            }
            Err(locked) => {
                let draft = self
                    .draft(cx, "vault.unlocked", "vault:local")
                    .detail("slot", how.as_str())
                    .detail("reason", locked.reason.as_str());
                self.record(draft.outcome(Outcome::Denied, Severity::Warning)).await?;
                let error = match how.field() {
                    Some(field) if locked.reason.ends_with("_wrong") => Error::field(field, &locked.message),
                    _ => Error::new(Code::VaultLocked, &locked.message),
                };
                if matches!(*how, How::Again) {
                    self.inner.vault.set(Err(locked));
                }
                Err(error)
            }
        }
    }

    /// Opens it, or says why it stays shut.
    async fn attempt_unlock(&self, how: Arc<How>) -> Result<Result<(), Locked>, Error> {
        let Some(stored) = self.stored_vault().await? else { return self.begin_vault(&how).await };
        let sources = self.inner.vault.keys.read().sources(&stored.header.vault_id);
        let typed = stored.slots.iter().any(|s| {
            matches!(s.kind, SlotKind::Passphrase | SlotKind::Strict) && s.state != SlotState::Retired
        });
        let (stored, asked) = (Arc::new(stored), Arc::clone(&how));
        let looked_in = Arc::clone(&stored);
        match blocking(move || find(&looked_in, &sources, &asked)).await? {
            Err(reason) if stored.is_stillborn(&reason) => self.begin_vault(&how).await,
            Ok(Found::Present { vault, forget_next }) => {
                if forget_next {
                    self.forget_next_root().await?;
                }
                self.opened(vault).await?;
                if forget_next {
                    self.restore_keyring_slot().await;
                }
                Ok(Ok(()))
            }
            Ok(Found::Next(vault)) => {
                self.take_next_root(&Cx::system()).await?;
                self.opened(vault).await.map(Ok)
            }
            Err(reason) => Ok(Err(Locked { passphrase: typed, ..locked(&reason) })),
        }
    }

    async fn begin_vault(&self, how: &How) -> Result<Result<(), Locked>, Error> {
        match self.create_vault(how).await? {
            Ok(vault) => self.opened(vault).await.map(Ok),
            Err(locked) => Ok(Err(locked)),
        }
    }

    async fn stored_vault(&self) -> Result<Option<Stored>, Error> {
        let read = |r: &reeve_store::Read<'_>| {
            let vault = r.vault();
            Ok::<_, Error>((
                vault.header()?,
                vault.slots()?,
                vault.next()?,
                vault.next_slots()?,
                vault.seals()?,
            ))
        };
        let (header, slots, next, next_slots, seals) = self.inner.store.read(read).await?;
        let Some(header) = header else { return Ok(None) };
        let next = match next {
            Some(next) => Some((from_header(&next.header)?, from_slots(&next_slots)?)),
            None => None,
        };
        Ok(Some(Stored { header: from_header(&header)?, slots: from_slots(&slots)?, next, seals }))
    }

    /// The crash-safe order: commit header and slots, then write the keyring and read it back, then mark its slot active. What
    /// breaks off before the keyring has the key is begun anew at the next start.
    async fn create_vault(&self, how: &How) -> Result<Result<Vault, Locked>, Error> {
        if let How::Recovery(_) = how {
            return Err(Error::not_found("vault yet"));
        }
        let vault_id = reeve_vault::make_vault_id().map_err(no_random)?;
        let (sources, now) = (self.inner.vault.keys.read().sources(&vault_id), self.now());
        let typed = match how {
            How::Passphrase(typed) => Some(Secret::copy_of(typed.expose())),
            _ => None,
        };
        let create = move || match typed {
            Some(typed) => Vault::create_with_passphrase(vault_id, &sources, &typed, now, &mut OsRandom),
            None => Vault::create_as(vault_id, &sources, now, &mut OsRandom),
        };
        let mut created = match blocking(create).await? {
            Ok(created) => created,
            Err(error) => return Ok(Err(not_made(&error))),
        };
        // Nobody has seen its code yet: the one that is shown in set-up, and typed back in part, replaces it.
        for slot in created.slots.iter_mut().filter(|s| s.kind == SlotKind::Recovery) {
            slot.state = SlotState::Pending;
        }
        let created = Arc::new(created);
        let header = to_header(&created.header);
        let draft = self
            .draft(&Cx::system(), "vault.initialized", "vault:local")
            .detail("slots", created.slots.len());
        let slots = created.slots.clone();
        self.inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                if !recorded.vault().drop_unused()? {
                    return Err(Error::new(
                        Code::Conflict,
                        "There is a vault already, and values are sealed under it.",
                    ));
                }
                put(&recorded, Some(&header), &slots)
            })
            .await?;
        let enrolling = Arc::clone(&created);
        match blocking(move || enrolling.enrol_keyring()).await? {
            Ok(Some(active)) => self.activate_slot(&active.id).await?,
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

    /// Takes the vault into use: the ledger's signing key is opened, or made with a new vault.
    async fn opened(&self, vault: Vault) -> Result<(), Error> {
        let vault = self.with_unfinished_root(vault).await?;
        self.inner.vault.set(Ok(vault.clone()));
        self.tell_notices(&vault).await?;
        self.sign_ledger(&vault).await?;
        self.resume_rewrap().await
    }
}

/// The vault that is about to be comes first: where its key is in place, it is the one.
fn find(stored: &Stored, sources: &KeySources, how: &How) -> Result<Found, LockReason> {
    if let Some((header, slots)) = &stored.next
        && let Ok(vault) = how.open(header, slots, sources)
    {
        return Ok(Found::Next(vault));
    }
    let vault = how.open(&stored.header, &stored.slots, sources)?;
    Ok(Found::Present { vault, forget_next: stored.next.is_some() })
}

/// Why there is no vault yet.
fn not_made(error: &CreateError) -> Locked {
    let reason = match error {
        CreateError::NoKeySource(fault) => match fault {
            KeyringFault::Locked | KeyringFault::Timeout => "keyring_locked",
            KeyringFault::NoDefaultCollection => "no_default_collection",
            _ => "no_service",
        },
        CreateError::KeyringOccupied => "keyring_occupied",
        CreateError::Seal(_) => "create_failed",
    };
    let message = match reason {
        "keyring_locked" => {
            "The keyring is locked or did not answer, so the vault's key cannot be kept there yet. Unlock it and try again, or set \
             a passphrase."
        }
        "no_default_collection" => {
            "The keyring service runs, but has no keyring to keep keys in. Create a default keyring and try again, or set a \
             passphrase, or start Reeve with KEY_ENCRYPTION_SECRET."
        }
        "no_service" => {
            "No keyring answers, and KEY_ENCRYPTION_SECRET is not set: there is nothing to keep the vault's key in. Set a passphrase, \
             start a keyring (gnome-keyring, KWallet) and try again, or start Reeve with KEY_ENCRYPTION_SECRET."
        }
        "keyring_occupied" => {
            "The keyring already holds a vault's key, but there is no vault here. Put the old data folder back, or remove that item."
        }
        _ => "The vault could not be made; the log says why.",
    };
    if reason == "create_failed" {
        tracing::error!(error = error as &dyn std::error::Error, "the vault could not be made");
    }
    Locked {
        reason: reason.to_owned(),
        message: message.to_owned(),
        first_run: true,
        passphrase: matches!(error, CreateError::NoKeySource(_)),
    }
}
