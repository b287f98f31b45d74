//! Replacing the master key. *Routine*: the next epoch, from the same root key. *Compromised*: another root key.
//!
//! A new root key comes in this order: it and a new recovery code are made in memory, and part of the code is typed back; the
//! header and slots that are about to be are committed beside the present ones; the keyring is written and read back; then
//! what was about to be becomes what is, together with the old root key sealed under the new one, for as long as something is
//! still sealed under the old. Wherever it dies, the keyring opens one of the two.

use super::rows::{no_random, not_sealed, to_header, to_slot};
use crate::Engine;
use crate::cx::Cx;
use crate::engine::blocking;
use crate::entry::Severity;
use crate::error::{Code, Error};
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::Recorded;
use reeve_store::table::vault::NextHeader;
use reeve_store::table::vault_rewraps::Rewrap;
use reeve_store::table::vault_seals;
use reeve_vault::{OsRandom, RecoveryCode, Secret, Slot, SlotKind, SlotState, Vault};
use zeroize::Zeroizing;

/// How long a new root key waits for part of its recovery code.
const CHECK_WITHIN: i64 = 30 * Millis::MINUTE;

/// A root key that waits for part of its recovery code. In memory alone: forgotten, nothing has changed.
pub(super) struct Prepared {
    vault: Vault,
    code: RecoveryCode,
    recovery: Slot,
    passphrase: Option<Secret>,
    at: Millis,
}

impl Engine {
    /// Begins the next epoch of the master key and seals everything anew under it, in the background.
    ///
    /// # Errors
    /// If `cx` may not, [`Code::StepUpRequired`], the vault is locked, or a rotation is under way.
    pub async fn rotate_master_key(&self, cx: &Cx) -> Result<(), Error> {
        self.may_change_vault(cx).await?;
        self.begin_epoch(cx).await
    }

    /// Begins the next epoch where the present one has sealed half of what it may. Asked daily.
    pub(crate) async fn renew_worn_key(&self) -> Result<(), Error> {
        let seals = self.inner.store.read(|r| r.vault().seals()).await?;
        if seals < vault_seals::MOST / 2 || self.vault().is_err() {
            return Ok(());
        }
        self.begin_epoch(&Cx::system()).await
    }

    async fn begin_epoch(&self, cx: &Cx) -> Result<(), Error> {
        let _one = self.inner.vault.changing.lock().await;
        self.no_rewrap_under_way().await?;
        let vault = self.vault()?;
        let next = vault.next_epoch();
        let draft = self
            .draft(cx, "vault.kek_rotated", "vault:local")
            .outcome(Outcome::Success, Severity::Notice)
            .change("epoch", vault.header().kek_epoch, next.header().kek_epoch);
        let header = to_header(next.header());
        let epoch = header.kek_epoch;
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.vault().put_header(&header)?;
                begin(&recorded, epoch, None)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.inner.vault.set(Ok(next.clone()));
        self.told(sequence);
        self.remember_generation(&next).await;
        self.start_rewrap(epoch);
        Ok(())
    }

    /// Makes another root key and its recovery code, which is shown this once. Nothing changes before
    /// [`Engine::confirm_root_key`]. `passphrase` is needed where one is in use: its slot is made anew.
    ///
    /// # Errors
    /// As [`Engine::rotate_master_key`]; [`Code::Invalid`] without the passphrase, or with a weak one.
    pub async fn prepare_root_key(
        &self,
        cx: &Cx,
        passphrase: Option<Secret>,
    ) -> Result<Zeroizing<String>, Error> {
        self.may_change_vault(cx).await?;
        let _one = self.inner.vault.changing.lock().await;
        self.no_rewrap_under_way().await?;
        let vault = self.vault()?;
        let typed = |s: &Slot| matches!(s.kind, SlotKind::Passphrase | SlotKind::Strict);
        let in_use = self.vault_slots().await?.iter().any(|s| typed(s) && s.state == SlotState::Active);
        match &passphrase {
            Some(typed) if in_use => self.strong_enough(typed)?,
            None if in_use => {
                return Err(Error::field("passphrase", "is needed: it has to open the new key, too"));
            }
            _ => {}
        }
        let next = vault.next_root(&mut OsRandom).map_err(no_random)?;
        let at = self.now();
        let (code, recovery) = next.enrol_recovery(at, &mut OsRandom).map_err(not_sealed)?;
        let text = code.reveal();
        let passphrase = passphrase.filter(|_| in_use);
        *self.inner.vault.next_root.lock() = Some(Prepared { vault: next, code, recovery, passphrase, at });
        let draft = self.draft(cx, "vault.vrk_prepared", "vault:local");
        self.record(draft.outcome(Outcome::Success, Severity::Notice)).await?;
        Ok(text)
    }

    /// Takes the last group of the recovery code that was shown, puts the new root key into use, and seals everything anew
    /// under it, in the background.
    ///
    /// # Errors
    /// If `cx` may not, [`Code::StepUpRequired`], no root key was prepared within half an hour, the group is another one, or
    /// the keyring does not take the key: then nothing has changed.
    pub async fn confirm_root_key(&self, cx: &Cx, last_group: &str) -> Result<(), Error> {
        self.may_change_vault(cx).await?;
        let _one = self.inner.vault.changing.lock().await;
        self.no_rewrap_under_way().await?;
        let prepared = {
            let mut waiting = self.inner.vault.next_root.lock();
            let now = self.now();
            let found = waiting.as_ref().filter(|p| now.0 - p.at.0 <= CHECK_WITHIN).ok_or_else(|| {
                Error::new(Code::PreconditionFailed, "No new key was prepared lately; begin again.")
            })?;
            if !found.code.ends_with(last_group) {
                return Err(Error::field("last_group", "is not the last group of the code that was shown"));
            }
            waiting.take().ok_or_else(|| Error::not_found("prepared key"))?
        };
        // Something else of the vault may have changed meanwhile; its header must still follow the present one.
        let now = self.vault()?;
        if prepared.vault.header().kek_epoch != now.header().kek_epoch.saturating_add(1) {
            return Err(Error::new(Code::Conflict, "The vault changed meanwhile; begin again."));
        }
        let next = prepared.vault.next_generation(now.header().generation);
        self.commit_next_root(cx, next.clone(), prepared).await?;
        self.take_next_root(cx).await?;
        self.inner.vault.set(Ok(next.clone()));
        self.start_rewrap(next.header().kek_epoch);
        Ok(())
    }

    /// Commits what is about to be, and puts its key into the keyring.
    async fn commit_next_root(&self, cx: &Cx, next: Vault, prepared: Prepared) -> Result<(), Error> {
        let old = self.vault_slots().await?;
        let sources = self.inner.vault.keys.read().sources(&next.header().vault_id);
        let (sealing, now, of) = (next.clone(), self.now(), old.clone());
        let has = move |kind| of.iter().any(|s: &Slot| s.kind == kind && s.state == SlotState::Active);
        let Prepared { recovery, passphrase, .. } = prepared;
        let made = blocking(move || {
            let mut slots = vec![recovery];
            if let Some(env) = sources.env.as_ref().filter(|_| has(SlotKind::Env)) {
                slots.push(sealing.enrol_env(env, now, &mut OsRandom)?);
            }
            if let Some(typed) = passphrase.as_ref().filter(|_| has(SlotKind::Passphrase)) {
                slots.push(sealing.enrol_passphrase(typed, now, &mut OsRandom)?);
            }
            let enrolment = match (sources.keyring, &passphrase) {
                (Some(keyring), Some(typed)) if has(SlotKind::Strict) => {
                    Some(sealing.enrol_strict(keyring, &old, typed, now, &mut OsRandom)?)
                }
                (Some(keyring), _) if has(SlotKind::Keyring) => {
                    Some(sealing.enrol_keyring(keyring, &old, now, &mut OsRandom)?)
                }
                _ => None,
            };
            slots.extend(enrolment.as_ref().map(|e| e.slot().clone()));
            Ok((slots, enrolment))
        });
        let (slots, enrolment) = made.await?.map_err(|e: reeve_vault::SealError| not_sealed(e))?;
        let older_root = next.seal_older_root().map_err(not_sealed)?.unwrap_or_default();
        let row = NextHeader { header: to_header(next.header()), older_root };
        let rows: Vec<_> = slots.iter().map(to_slot).collect();
        let draft = self.draft(cx, "vault.vrk_pending", "vault:local").detail("slots", rows.len());
        self.inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.vault().drop_next()?;
                recorded.vault().put_next(&row, &rows)?;
                Ok::<_, Error>(())
            })
            .await?;
        let Some(enrolment) = enrolment else { return Ok(()) };
        if let Err(error) = blocking(move || enrolment.finish()).await? {
            self.forget_next_root().await?;
            self.restore_keyring_slot().await;
            let message = "The keyring did not take the new key. Nothing was changed.";
            return Err(Error::new(Code::Unavailable, message).because(error));
        }
        Ok(())
    }

    /// What was about to be becomes what is.
    pub(super) async fn take_next_root(&self, cx: &Cx) -> Result<(), Error> {
        let draft = self
            .draft(cx, "vault.vrk_rotated", "vault:local")
            .outcome(Outcome::Success, Severity::Warning)
            .change("root_key", "the one before", "a new one")
            .change("recovery_code", "the one before", "a new one");
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let next = tx.read().vault().next()?;
                let next = next.ok_or_else(|| Error::not_found("prepared key"))?;
                let recorded = draft.record(tx)?;
                recorded.vault().take_next()?;
                begin(&recorded, next.header.kek_epoch, Some(next.older_root))?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.told(sequence);
        Ok(())
    }

    /// The present key opened the vault: the one that was about to be never came.
    pub(super) async fn forget_next_root(&self) -> Result<(), Error> {
        let draft = self.draft(&Cx::system(), "vault.vrk_dropped", "vault:local");
        self.inner
            .store
            .write(move |tx| {
                let recorded = draft.outcome(Outcome::Error, Severity::Warning).record(tx)?;
                recorded.vault().drop_next()?;
                Ok::<_, Error>(())
            })
            .await
    }

    pub(crate) async fn no_rewrap_under_way(&self) -> Result<(), Error> {
        match self.inner.store.read(|r| r.vault_rewraps().newest()).await? {
            Some(rewrap) if rewrap.ended_at.is_none() => Err(Error::new(
                Code::Conflict,
                "A rotation of the master key is under way; wait until it has ended.",
            )),
            _ => Ok(()),
        }
    }
}

fn begin(recorded: &Recorded<'_>, epoch: u32, older_root: Option<Vec<u8>>) -> Result<(), Error> {
    let rewraps = recorded.vault_rewraps();
    rewraps.begin(&Rewrap {
        epoch,
        compromised: older_root.is_some(),
        total: rewraps.reads().count()?,
        done: 0,
        unreadable: 0,
        older_root,
        started_at: recorded.now(),
        ended_at: None,
    })?;
    Ok(())
}
