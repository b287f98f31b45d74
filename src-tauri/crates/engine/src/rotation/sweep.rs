//! Clears up at providers: keys that were made for a rotation and that nobody knows. Only what our own ledger names is ever deleted.

use super::commit::orphan;
use super::control::control_of;
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::Error;
use reeve_core::rotation::{RotationState, VersionState};
use reeve_ledger::leaf::Ok as Outcome;
use reeve_providers::control::{ControlError, KeyInfo};
use reeve_store::table::credentials::Credential;
use reeve_store::table::key_versions::KeyVersion;
use reeve_store::table::rotations::Rotation;

/// Rotations of a credential that are looked back on.
const LOOK_BACK: usize = 200;

impl Engine {
    /// Looks at every credential whose provider lists its keys.
    pub(super) async fn sweep_orphans(&self) {
        let live = match self.inner.store.read(|r| r.credentials().live()).await {
            Ok(live) => live,
            Err(error) => {
                return tracing::error!(error = &error as &dyn std::error::Error, "keys could not be read");
            }
        };
        for credential in live {
            if let Err(error) = self.sweep_credential(&credential).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, credential = %credential.id, "a provider's keys could not be looked through");
            }
        }
    }

    async fn sweep_credential(&self, credential: &Credential) -> Result<(), Error> {
        let can = self.abilities(credential);
        if control_of(credential).is_none() || !(can.list && can.delete && can.create) {
            return Ok(());
        }
        let id = credential.id;
        let (rotations, versions) = self
            .inner
            .store
            .read(move |r| {
                Ok::<_, Error>((r.rotations().list(Some(id), None, LOOK_BACK)?, r.key_versions().of(id)?))
            })
            .await?;
        let unsettled = rotations.iter().any(|r| {
            let at = r.resumes.unwrap_or(r.state);
            r.ended_at.is_none()
                && matches!(at, RotationState::Planned | RotationState::Intent | RotationState::Minting)
        });
        if rotations.is_empty() || unsettled {
            return Ok(());
        }
        let Some(desk) = self.desk(credential).await? else { return Ok(()) };
        let at = self.controlled(&desk);
        let keys = at.list().await.map_err(refused)?;
        for (rotation, key) in lost_ones(&keys, &rotations, &versions) {
            self.note_orphan(credential, rotation, &key.id).await?;
        }
        let versions = self.inner.store.read(move |r| r.key_versions().of(id)).await?;
        for lost in versions.into_iter().filter(|v| v.state == VersionState::Orphan) {
            let Some(key) = lost.provider_key_id.clone() else { continue };
            match at.delete(&key).await {
                Ok(()) | Err(ControlError::NotFound) => self.orphan_gone(credential, lost).await?,
                Err(error) => return Err(refused(error)),
            }
        }
        Ok(())
    }

    async fn note_orphan(
        &self,
        credential: &Credential,
        rotation: &Rotation,
        key: &str,
    ) -> Result<(), Error> {
        let draft = self
            .draft(&Cx::system(), "rotation.orphan_found", format_args!("credential:{}", credential.id))
            .name(&credential.name)
            .detail("provider", credential.provider.as_str())
            .detail("rotation", rotation.id.to_string())
            .detail("provider_key_id", key)
            .outcome(Outcome::Error, Severity::Warning);
        let (rotation, key) = (rotation.clone(), key.to_owned());
        let write = move |tx: &mut reeve_store::Tx<'_>| {
            let newest =
                tx.read().key_versions().of(rotation.credential_id)?.first().map_or(0, |v| v.version);
            let recorded = draft.record(tx)?;
            recorded.key_versions().insert(&orphan(&rotation, newest + 1, &key, recorded.now()))?;
            Ok::<_, Error>(recorded.sequence())
        };
        let sequence = self.inner.store.write(write).await?;
        self.told_of(crate::EventKind::Credential, sequence);
        Ok(())
    }

    async fn orphan_gone(&self, credential: &Credential, mut lost: KeyVersion) -> Result<(), Error> {
        let draft = self
            .draft(&Cx::system(), "rotation.orphan_deleted", format_args!("credential:{}", credential.id))
            .name(&credential.name)
            .detail("provider", credential.provider.as_str())
            .detail("version", lost.version)
            .detail("provider_key_id", lost.provider_key_id.as_deref().unwrap_or_default());
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                (lost.state, lost.revoked_at) = (VersionState::Revoked, Some(recorded.now()));
                recorded.key_versions().stand(&lost)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.told_of(crate::EventKind::Credential, sequence);
        Ok(())
    }
}

/// Keys that carry the name of a rotation of ours and are no version of ours.
fn lost_ones<'a>(
    keys: &'a [KeyInfo],
    rotations: &'a [Rotation],
    versions: &[KeyVersion],
) -> Vec<(&'a Rotation, &'a KeyInfo)> {
    let known = |key: &KeyInfo| versions.iter().any(|v| v.provider_key_id.as_deref() == Some(&key.id));
    let made_for =
        |key: &KeyInfo| rotations.iter().find(|r| key.name.as_deref() == Some(&r.tag) || key.id == r.tag);
    keys.iter().filter(|key| !known(key)).filter_map(|key| Some((made_for(key)?, key))).collect()
}

fn refused(error: ControlError) -> Error {
    Error::new(crate::error::Code::Unavailable, "The provider's list of keys could not be read.")
        .because(error)
}
