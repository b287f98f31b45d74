//! What was noticed when the vault opened: told in the audit trail, and where that is safe, put right.

use super::rows::not_sealed;
use crate::Engine;
use crate::cx::Cx;
use crate::engine::blocking;
use crate::entry::{Draft, Severity};
use crate::error::Error;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::vault::VaultSlot;
use reeve_vault::{Notice, OsRandom, SlotKind, SlotState, Vault};

impl Engine {
    pub(super) async fn tell_notices(&self, vault: &Vault) -> Result<(), Error> {
        for notice in vault.notices() {
            tracing::warn!(?notice, "the vault was opened with a notice");
            self.record(self.notice(notice)).await?;
            match notice {
                Notice::KeyringSlotPending { slot } => self.activate_slot(slot).await?,
                Notice::OlderCopy { kept, .. } => *self.inner.vault.newer_seen.write() = Some(*kept),
                Notice::EnvPrevious { .. } => self.renew_env_slot(vault).await?,
                _ => {}
            }
        }
        let by_keyring = vault.opened_by().is_none_or(|(kind, _)| kind.needs_keyring());
        let uses_os = self.inner.vault.keys.read().keyring.is_some();
        if by_keyring && uses_os && blocking(reeve_vault::is_plaintext).await? {
            *self.inner.vault.plaintext_keyring.write() = true;
            self.record(self.notice(&Notice::PlaintextKeyring)).await?;
        }
        Ok(())
    }

    fn notice(&self, notice: &Notice) -> Draft {
        let draft = |kind, severity| {
            self.draft(&Cx::system(), kind, "vault:local").outcome(Outcome::Success, severity)
        };
        match notice {
            Notice::KeyringAmbiguous { candidates } => {
                draft("keyring.ambiguous", Severity::Warning).detail("candidates", *candidates)
            }
            Notice::KeyringSlotPending { slot } => {
                draft("vault.slot_pending", Severity::Info).detail("slot", slot.as_str())
            }
            Notice::OlderCopy { kept, found } => draft("vault.rollback_detected", Severity::Critical)
                .detail("keyring_generation", *kept)
                .detail("generation", *found),
            Notice::PlaintextKeyring => draft("vault.plaintext_keyring", Severity::Warning),
            Notice::EnvMismatch { expected_slot } => {
                draft("vault.env_mismatch", Severity::Warning).detail("expected_slot", expected_slot.as_str())
            }
            Notice::EnvPrevious { slot } => {
                draft("vault.env_previous", Severity::Notice).detail("slot", slot.as_str())
            }
        }
    }

    /// Its secret turned out to be kept: the slot is active.
    pub(super) async fn activate_slot(&self, id: &str) -> Result<(), Error> {
        let draft = self
            .draft(&Cx::system(), "vault.slot_reenrolled", "vault:local")
            .detail("slot", id)
            .change("state", SlotState::Pending.as_str(), SlotState::Active.as_str());
        let id = id.to_owned();
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

    /// The previous secret of the environment opened the vault: the current one gets a slot, and the previous one's goes.
    async fn renew_env_slot(&self, vault: &Vault) -> Result<(), Error> {
        let Some(env) = self.inner.vault.keys.read().secret() else { return Ok(()) };
        let (sealing, now) = (vault.clone(), self.now());
        let slot =
            blocking(move || sealing.enrol_env(&env, now, &mut OsRandom)).await?.map_err(not_sealed)?;
        let draft = self
            .draft(&Cx::system(), "vault.slot_reenrolled", "vault:local")
            .detail("slot", slot.id.as_str())
            .change("KEY_ENCRYPTION_SECRET", "the previous one", "the current one");
        self.replace_slots(vault, draft, vec![slot], |old| old.kind == SlotKind::Env.as_str()).await?;
        Ok(())
    }
}
