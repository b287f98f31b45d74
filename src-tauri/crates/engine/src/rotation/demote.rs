//! Taking back a new key that its provider refuses while the old one still serves.

use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::Error;
use reeve_core::id::CredentialId;
use reeve_core::rotation::{RotationState, VersionState};
use reeve_ledger::leaf::Ok as Outcome;

impl Engine {
    /// Puts the key before `version` back into use, if `version` still is the one in use and the one before it is kept.
    pub(crate) async fn demote(&self, id: CredentialId, version: u32) -> Result<(), Error> {
        self.flush_fallbacks().await;
        let credential = self.stored_credential(id).await?;
        let draft = self
            .draft(&Cx::system(), "rotation.demoted", format_args!("credential:{id}"))
            .name(&credential.name)
            .detail("provider", credential.provider.as_str())
            .detail("version", version)
            .outcome(Outcome::Error, Severity::Critical);
        let why = format!("{} refused v{version} while the key before it still served.", credential.provider);
        let done = self
            .inner
            .store
            .write(move |tx| {
                let (versions, rotation) =
                    (tx.read().key_versions().of(id)?, tx.read().rotations().open_of(id)?);
                let state_of = |state| versions.iter().find(|v| v.state == state).cloned();
                let (Some(mut new), Some(mut old)) =
                    (state_of(VersionState::Current), state_of(VersionState::Grace))
                else {
                    return Ok(None);
                };
                if new.version != version {
                    return Ok(None);
                }
                let recorded = draft.change("version", new.version, old.version).record(tx)?;
                let now = recorded.now();
                (new.state, new.retired_at) = (VersionState::Disabled, Some(now));
                (old.state, old.retired_at, old.grace_until) = (VersionState::Current, None, None);
                recorded.key_versions().stand(&new)?;
                recorded.key_versions().stand(&old)?;
                if let Some(mut rotation) = rotation {
                    rotation.state = RotationState::RolledBack;
                    (rotation.updated_at, rotation.next_at) = (now, Some(now));
                    (rotation.attempts, rotation.grace_until) = (0, None);
                    (rotation.error_class, rotation.error) = (Some("demoted".to_owned()), Some(why));
                    recorded.rotations().update(&rotation)?;
                }
                Ok::<_, Error>(Some(recorded.sequence()))
            })
            .await?;
        let Some(sequence) = done else { return Ok(()) };
        self.load_routing().await?;
        // What is no good is cleared away now, not when the grace would have ended.
        self.inner.rotations.look_soon();
        self.told_of(crate::EventKind::Credential, sequence);
        Ok(())
    }
}
