//! The ways to open the vault: adding, removing, and putting the key back into the keyring. Every change raises the
//! generation of the header, and the keyring remembers it.

use super::Shown;
use super::rows::{from_slots, not_sealed, put, retired, to_header};
use crate::Engine;
use crate::cx::Cx;
use crate::engine::blocking;
use crate::entry::{Draft, Severity};
use crate::error::{Code, Error};
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::vault::VaultSlot;
use reeve_vault::{EnrolError, KeyringEnrolment, OsRandom, Secret, Slot, SlotKind, SlotState, Vault};
use zeroize::Zeroizing;

/// How long a recovery code that was shown may be typed back in part.
const CHECK_WITHIN: i64 = 30 * Millis::MINUTE;

/// A way to open the vault that shall be added.
pub enum AddSlot {
    /// The key goes into the keyring again: after a recovery, or on a machine that has a keyring now.
    Keyring,
    /// The `KEY_ENCRYPTION_SECRET` that is set now.
    Env,
    /// A passphrase, typed at every start.
    Passphrase(Secret),
    /// The keyring and a passphrase together; neither alone opens the vault any more.
    Strict(Secret),
}

impl AddSlot {
    const fn kind(&self) -> SlotKind {
        match self {
            Self::Keyring => SlotKind::Keyring,
            Self::Env => SlotKind::Env,
            Self::Passphrase(_) => SlotKind::Passphrase,
            Self::Strict(_) => SlotKind::Strict,
        }
    }

    /// Which slots it takes the place of: its own kind, and for the keyring's item whatever else opens with it.
    fn replaces(kind: SlotKind, old: &VaultSlot) -> bool {
        let Some(old) = SlotKind::parse(&old.kind) else { return false };
        match kind {
            // Each of them alone would open what shall need both.
            SlotKind::Strict => old.needs_keyring() || old == SlotKind::Passphrase,
            SlotKind::Keyring => old.needs_keyring(),
            other => old == other,
        }
    }
}

impl Engine {
    /// Adds a way to open the vault; it takes the place of the one of its kind.
    ///
    /// # Errors
    /// If `cx` may not, [`Code::StepUpRequired`], the vault is locked, the passphrase is too weak, the keyring does not take
    /// the key, or there is no checked recovery code where one is needed.
    pub async fn add_slot(&self, cx: &Cx, add: AddSlot) -> Result<(), Error> {
        self.may_change_vault(cx).await?;
        let _one = self.inner.vault.changing.lock().await;
        let vault = self.vault()?;
        if let AddSlot::Passphrase(typed) | AddSlot::Strict(typed) = &add {
            self.strong_enough(typed)?;
        }
        let slots = self.vault_slots().await?;
        if matches!(add, AddSlot::Strict(_) | AddSlot::Passphrase(_)) && !has_checked_code(&slots) {
            return Err(Error::new(
                Code::PreconditionFailed,
                "Make a recovery code first, and type part of it: a forgotten passphrase would close the vault for good.",
            ));
        }
        let kind = add.kind();
        let keys = self.inner.vault.keys.read().clone();
        let (sources, now, of) = (keys.sources(&vault.header().vault_id), self.now(), slots.clone());
        // The slot says the generation that its keyring item will remember.
        let next = vault.next_generation(0);
        let sealing = next.clone();
        let made = blocking(move || -> Result<Made, Error> {
            let keyring = || sources.keyring.clone().ok_or_else(no_keyring);
            Ok(match add {
                AddSlot::Keyring => Made::Enrolment(
                    sealing.enrol_keyring(keyring()?, &of, now, &mut OsRandom).map_err(not_sealed)?,
                ),
                AddSlot::Strict(typed) => Made::Enrolment(
                    sealing.enrol_strict(keyring()?, &of, &typed, now, &mut OsRandom).map_err(not_sealed)?,
                ),
                AddSlot::Passphrase(typed) => {
                    Made::Slot(sealing.enrol_passphrase(&typed, now, &mut OsRandom).map_err(not_sealed)?)
                }
                AddSlot::Env => {
                    let env = sources.env.as_ref().ok_or_else(no_env)?;
                    Made::Slot(sealing.enrol_env(env, now, &mut OsRandom).map_err(not_sealed)?)
                }
            })
        })
        .await??;
        let slot = match made {
            Made::Slot(slot) => slot,
            Made::Enrolment(enrolment) => self.enrolled(cx, enrolment, &next).await?,
        };
        let draft = self
            .draft(
                cx,
                if slots.iter().any(|s| s.kind == kind && s.state != SlotState::Retired) {
                    "vault.slot_reenrolled"
                } else {
                    "vault.slot_added"
                },
                "vault:local",
            )
            .outcome(Outcome::Success, Severity::Notice)
            .detail("slot", slot.id.as_str())
            .change("slot", format_args!("{} before", kind.as_str()), kind.as_str());
        let id = slot.id.clone();
        self.replace_slots(&next, draft, vec![slot], move |old| old.id != id && AddSlot::replaces(kind, old))
            .await
    }

    /// Commits the slot as pending, then writes the keyring and reads it back. The header is committed with the generation
    /// that the keyring will say, so that a crash in between is not taken for an older copy.
    async fn enrolled(&self, cx: &Cx, enrolment: KeyringEnrolment, next: &Vault) -> Result<Slot, Error> {
        let slot = enrolment.slot().clone();
        let draft = self
            .draft(cx, "vault.slot_pending", "vault:local")
            .detail("slot", slot.id.as_str())
            .detail("generation", next.header().generation);
        let (pending, header) = (slot.clone(), to_header(next.header()));
        self.inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                put(&recorded, Some(&header), &[pending])
            })
            .await?;
        self.inner.vault.set(Ok(next.clone()));
        match blocking(move || enrolment.finish()).await? {
            Ok(active) => Ok(active),
            Err(error) => {
                let draft = self
                    .draft(cx, "vault.slot_removed", "vault:local")
                    .detail("slot", slot.id.as_str())
                    .outcome(Outcome::Error, Severity::Warning);
                self.inner
                    .store
                    .write(move |tx| {
                        let recorded = draft.record(tx)?;
                        put(
                            &recorded,
                            None,
                            &[Slot { state: SlotState::Retired, wrapped_vrk: Vec::new(), ..slot }],
                        )
                    })
                    .await?;
                let code =
                    if matches!(error, EnrolError::Keyring(_)) { Code::Unavailable } else { Code::Conflict };
                let message = format!("{error}.");
                Err(Error::new(code, message[..1].to_uppercase() + &message[1..]).because(error))
            }
        }
    }

    /// Removes a way to open the vault; never the last that does without the keyring.
    ///
    /// # Errors
    /// If `cx` may not, [`Code::StepUpRequired`], the vault is locked, there is no such slot, or it is needed.
    pub async fn remove_slot(&self, cx: &Cx, id: &str) -> Result<(), Error> {
        self.may_change_vault(cx).await?;
        let _one = self.inner.vault.changing.lock().await;
        let vault = self.vault()?;
        let slots = self.vault_slots().await?;
        let open = |s: &&Slot| s.state != SlotState::Retired;
        let slot = slots.iter().filter(open).find(|s| s.id == id).ok_or_else(|| Error::not_found("slot"))?;
        let rest = || slots.iter().filter(|s| s.id != id && s.state == SlotState::Active);
        if !slot.kind.needs_keyring() && !rest().any(|s| !s.kind.needs_keyring()) {
            return Err(Error::new(
                Code::PreconditionFailed,
                "This is the last way to open the vault without the keyring. Make another one first.",
            ));
        }
        let typed = rest().any(|s| matches!(s.kind, SlotKind::Strict | SlotKind::Passphrase));
        if slot.kind == SlotKind::Recovery && typed && !rest().any(|s| s.kind == SlotKind::Recovery) {
            return Err(Error::new(
                Code::PreconditionFailed,
                "With a passphrase the recovery code stays: passphrases are forgotten.",
            ));
        }
        let draft = self
            .draft(cx, "vault.slot_removed", "vault:local")
            .outcome(Outcome::Success, Severity::Notice)
            .detail("slot", id)
            .detail("kind", slot.kind.as_str());
        let id = id.to_owned();
        self.replace_slots(&vault, draft, Vec::new(), move |old| old.id == id).await
    }

    /// Makes a new recovery code. It opens the vault at once; the one before it goes with [`Engine::check_recovery_code`].
    ///
    /// # Errors
    /// If `cx` may not change the vault, [`Code::StepUpRequired`], or the vault is locked.
    pub async fn make_recovery_code(&self, cx: &Cx) -> Result<Zeroizing<String>, Error> {
        self.may_change_vault(cx).await?;
        let _one = self.inner.vault.changing.lock().await;
        let (vault, now) = (self.vault()?, self.now());
        let (code, slot) = vault.enrol_recovery(now, &mut OsRandom).map_err(not_sealed)?;
        let slot = Slot { state: SlotState::Pending, ..slot };
        let draft = self
            .draft(cx, "vault.slot_added", "vault:local")
            .outcome(Outcome::Success, Severity::Notice)
            .detail("slot", slot.id.as_str())
            .detail("kind", SlotKind::Recovery.as_str());
        let (shown, text) = (Shown { slot: slot.id.clone(), code, at: now }, slot.id.clone());
        // Codes that were shown before and never typed back are nobody's.
        let unchecked = move |old: &VaultSlot| {
            old.kind == SlotKind::Recovery.as_str()
                && old.state == SlotState::Pending.as_str()
                && old.id != text
        };
        self.replace_slots(&vault, draft, vec![slot], unchecked).await?;
        let text = shown.code.reveal();
        *self.inner.vault.shown.lock() = Some(shown);
        Ok(text)
    }

    /// Takes the last group of the code that was shown: it is kept, and the code before it opens nothing any more.
    ///
    /// # Errors
    /// If `cx` may not, the vault is locked, no code was shown within half an hour, or the group is another one.
    pub async fn check_recovery_code(&self, cx: &Cx, last_group: &str) -> Result<(), Error> {
        self.require(cx, Permission::VaultWrite).await?;
        let _one = self.inner.vault.changing.lock().await;
        let vault = self.vault()?;
        let slot = {
            let shown = self.inner.vault.shown.lock();
            let shown =
                shown.as_ref().filter(|s| self.now().0 - s.at.0 <= CHECK_WITHIN).ok_or_else(|| {
                    Error::new(Code::PreconditionFailed, "No recovery code was shown lately; make a new one.")
                })?;
            if !shown.code.ends_with(last_group) {
                return Err(Error::field("last_group", "is not the last group of the code that was shown"));
            }
            shown.slot.clone()
        };
        let slots = self.vault_slots().await?;
        let slot = slots.into_iter().find(|s| s.id == slot).ok_or_else(|| Error::not_found("slot"))?;
        let slot = Slot { state: SlotState::Active, ..slot };
        let draft = self
            .draft(cx, "vault.slot_reenrolled", "vault:local")
            .outcome(Outcome::Success, Severity::Notice)
            .detail("slot", slot.id.as_str())
            .change("recovery_code", "the one before, if there was one", "a new one");
        let id = slot.id.clone();
        let before = move |old: &VaultSlot| old.kind == SlotKind::Recovery.as_str() && old.id != id;
        self.replace_slots(&vault, draft, vec![slot], before).await?;
        *self.inner.vault.shown.lock() = None;
        Ok(())
    }

    /// Takes this copy of the vault for the one to go on with, although the keyring has seen a newer one.
    ///
    /// # Errors
    /// If `cx` may not, [`Code::StepUpRequired`], the vault is locked, or it is no older copy.
    pub async fn accept_older_copy(&self, cx: &Cx) -> Result<(), Error> {
        self.may_change_vault(cx).await?;
        let _one = self.inner.vault.changing.lock().await;
        let vault = self.vault()?;
        let seen = (*self.inner.vault.newer_seen.read()).ok_or_else(|| {
            Error::new(Code::PreconditionFailed, "The keyring has seen no newer copy of this vault.")
        })?;
        let draft = self
            .draft(cx, "vault.rollback_accepted", "vault:local")
            .outcome(Outcome::Success, Severity::Critical)
            .detail("keyring_generation", seen)
            .detail("generation", vault.header().generation);
        self.replace_slots(&vault.next_generation(seen), draft, Vec::new(), |_| false).await?;
        *self.inner.vault.newer_seen.write() = None;
        self.remember_generation(&self.vault()?).await;
        Ok(())
    }

    /// Says in the vault's header that something of it changed which an older copy does not know, such as a key that was
    /// retired; the keyring remembers it.
    ///
    /// # Errors
    /// If the vault is locked or the store cannot write.
    pub async fn vault_moved_on(&self, cx: &Cx) -> Result<(), Error> {
        let _one = self.inner.vault.changing.lock().await;
        let vault = self.vault()?;
        let draft =
            self.draft(cx, "vault.moved_on", "vault:local").detail("generation", vault.header().generation);
        self.replace_slots(&vault, draft, Vec::new(), |_| false).await
    }

    pub(crate) async fn may_change_vault(&self, cx: &Cx) -> Result<(), Error> {
        self.require(cx, Permission::VaultWrite).await?;
        self.require_fresh(cx)
    }

    pub(crate) async fn vault_slots(&self) -> Result<Vec<Slot>, Error> {
        from_slots(&self.inner.store.read(|r| r.vault().slots()).await?)
    }

    /// Commits `add`, retires what `gone` says, and moves the header on; then the keyring remembers its generation.
    pub(super) async fn replace_slots(
        &self,
        vault: &Vault,
        draft: Draft,
        add: Vec<Slot>,
        gone: impl Fn(&VaultSlot) -> bool + Send + 'static,
    ) -> Result<(), Error> {
        let vault = vault.next_generation(0);
        let header = to_header(vault.header());
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let old = tx.read().vault().slots()?;
                let recorded = draft.record(tx)?;
                for old in old.iter().filter(|old| old.state != SlotState::Retired.as_str() && gone(old)) {
                    recorded.vault().put_slot(&retired(old))?;
                }
                put(&recorded, Some(&header), &add)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.inner.vault.set(Ok(vault.clone()));
        self.told(sequence);
        self.remember_generation(&vault).await;
        Ok(())
    }

    /// Takes over a header that was committed with other changes.
    pub(crate) async fn vault_went_on(&self, vault: Vault) {
        self.inner.vault.set(Ok(vault.clone()));
        self.remember_generation(&vault).await;
    }

    /// One change of the vault at a time.
    pub(crate) async fn one_vault_change(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.inner.vault.changing.lock().await
    }

    /// Best effort: a keyring that is away now is told with the next change.
    pub(super) async fn remember_generation(&self, vault: &Vault) {
        let keyring = self.inner.vault.keys.read().sources(&vault.header().vault_id).keyring;
        let Some(keyring) = keyring.filter(|_| !self.rotation_paused()) else { return };
        let Ok(slots) = self.vault_slots().await else { return };
        let vault = vault.clone();
        let told = blocking(move || vault.remember_generation(keyring.as_ref(), &slots)).await;
        if let Ok(Err(fault)) = told {
            tracing::warn!(%fault, "the keyring could not be told that the vault changed");
        }
    }

    /// Puts the key back into the keyring, after its item was overwritten for a root key that never came.
    pub(super) async fn restore_keyring_slot(&self) {
        let Ok(slots) = self.vault_slots().await else { return };
        if !slots.iter().any(|s| s.kind == SlotKind::Keyring && s.state == SlotState::Active) {
            return;
        }
        let added = async {
            let vault = self.vault()?;
            let sources = self.inner.vault.keys.read().sources(&vault.header().vault_id);
            let (Some(keyring), now) = (sources.keyring, self.now()) else { return Ok(()) };
            let (sealing, of) = (vault.clone(), slots.clone());
            let enrolment = blocking(move || sealing.enrol_keyring(keyring, &of, now, &mut OsRandom)).await?;
            let enrolment = enrolment.map_err(not_sealed)?;
            let slot = enrolment.slot().clone();
            blocking(move || enrolment.finish_replacing())
                .await?
                .map_err(|e| Error::new(Code::Unavailable, "The keyring did not take the key.").because(e))?;
            let slot = Slot { state: SlotState::Active, ..slot };
            let draft = self
                .draft(&Cx::system(), "vault.slot_reenrolled", "vault:local")
                .detail("slot", slot.id.as_str())
                .change("slot", "keyring before", "keyring");
            let id = slot.id.clone();
            self.replace_slots(&vault, draft, vec![slot], move |old| old.kind == "keyring" && old.id != id)
                .await
        };
        if let Err(error) = Box::pin(added).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the key could not be put back into the keyring"
            );
        }
    }

    pub(crate) fn strong_enough(&self, typed: &Secret) -> Result<(), Error> {
        let Ok(text) = std::str::from_utf8(typed.expose()) else {
            return Err(Error::field("passphrase", "must be text"));
        };
        let workspace = self.current_settings().map_or_else(String::new, |s| s.workspace_name);
        match crate::identity::objection(text, &[&workspace]) {
            Some(why) => Err(Error::field("passphrase", why)),
            None => Ok(()),
        }
    }
}

enum Made {
    Slot(Slot),
    Enrolment(KeyringEnrolment),
}

pub(crate) fn has_checked_code(slots: &[Slot]) -> bool {
    slots.iter().any(|s| s.kind == SlotKind::Recovery && s.state == SlotState::Active)
}

fn no_keyring() -> Error {
    Error::new(Code::PreconditionFailed, "This Reeve was started without a keyring.")
}

fn no_env() -> Error {
    Error::new(Code::PreconditionFailed, "KEY_ENCRYPTION_SECRET is not set.")
}
