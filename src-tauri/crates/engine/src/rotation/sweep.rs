//! Clears up at providers: keys that were made for a rotation and that nobody knows. Only what our own ledger names is ever deleted.

use super::commit::orphan;
use super::control::control_of;
use super::machine::asked;
use super::perform::ids_before;
use super::reconcile::{Before, Found, compare};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::Error;
use reeve_core::rotation::{RotationState, VersionState};
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_providers::control::{Control, ControlError, KeyInfo};
use reeve_store::table::credentials::Credential;
use reeve_store::table::key_versions::KeyVersion;
use reeve_store::table::rotations::Rotation;

/// Rotations of a credential that are looked back on.
const LOOK_BACK: usize = 200;
/// Credentials that are looked at.
const MOST: usize = 100_000;
/// What was revoked before is not looked at any more.
const LONG_REVOKED_MS: i64 = 7 * Millis::DAY;

impl Engine {
    /// Looks at every credential whose provider lists its keys; of those that were revoked, at the ones of the last days.
    pub(super) async fn sweep_orphans(&self) {
        let all = match self.inner.store.read(|r| r.credentials().list(None, MOST)).await {
            Ok(all) => all,
            Err(error) => {
                return tracing::error!(error = &error as &dyn std::error::Error, "keys could not be read");
            }
        };
        let since = self.now().plus(-LONG_REVOKED_MS);
        for credential in all.into_iter().filter(|c| c.revoked_at.is_none_or(|at| at > since)) {
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
        // A crash may have come between a revocation and the provider's hearing of it.
        for version in still_there(credential, &keys, &versions) {
            if let Some(key) = &version.provider_key_id {
                self.delete_one(credential, version.version, key).await?;
            }
        }
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

/// Versions of a revoked credential that its provider still has. Where keys are places (Azure), there always is one at each.
fn still_there<'v>(
    credential: &Credential,
    keys: &[KeyInfo],
    versions: &'v [KeyVersion],
) -> Vec<&'v KeyVersion> {
    let places = matches!(control_of(credential), Some(Control::Azure(_)));
    if credential.revoked_at.is_none() || places {
        return Vec::new();
    }
    let is_there = |v: &&KeyVersion| keys.iter().any(|key| v.provider_key_id.as_deref() == Some(&key.id));
    versions.iter().filter(|v| v.state == VersionState::Revoked).filter(is_there).collect()
}

/// Keys that carry the name of a rotation of ours and are no version of ours; and where keys have no names, those that a rotation
/// which ended without one may have made.
fn lost_ones<'a>(
    keys: &'a [KeyInfo],
    rotations: &'a [Rotation],
    versions: &[KeyVersion],
) -> Vec<(&'a Rotation, &'a KeyInfo)> {
    let known: Vec<String> = versions.iter().filter_map(|v| v.provider_key_id.clone()).collect();
    let made_for =
        |key: &KeyInfo| rotations.iter().find(|r| key.name.as_deref() == Some(&r.tag) || key.id == r.tag);
    let mut lost: Vec<_> = keys
        .iter()
        .filter(|key| !known.contains(&key.id))
        .filter_map(|key| Some((made_for(key)?, key)))
        .collect();
    for r in rotations.iter().filter(|r| r.ended_at.is_some() && r.to_version.is_none()) {
        let (ids, asked) = (ids_before(r), asked(r));
        let before = Before { ids: &ids, known: &known, tag: &r.tag, asked: &asked };
        let Found::Ours(ours) = compare(keys, &before) else { continue };
        let nameless = keys.iter().filter(|key| key.name.is_none() && ours.contains(&key.id));
        lost.extend(nameless.filter(|_| !asked.is_empty()).map(|key| (r, key)));
    }
    lost
}

fn refused(error: ControlError) -> Error {
    Error::new(crate::error::Code::Unavailable, "The provider's list of keys could not be read.")
        .because(error)
}
