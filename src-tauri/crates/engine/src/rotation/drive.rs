//! Drives rotations: looks where one stands, does what follows, writes that down, until there is nothing to do for now.

use super::control::control_of;
use super::machine::{Act, Facts, act, turn};
use crate::Engine;
use crate::error::Error;
use reeve_core::id::RotationId;
use reeve_core::rotation::VersionState;
use reeve_providers::control::Abilities;
use reeve_store::table::credentials::Credential;
use reeve_store::table::key_versions::{Fallback, KeyVersion};
use reeve_store::table::rotations::Rotation;

/// A rotation as it stands, with all that is known of it.
pub(super) struct Standing {
    pub(super) rotation: Rotation,
    pub(super) credential: Credential,
    /// Newest first.
    pub(super) versions: Vec<KeyVersion>,
    pub(super) facts: Facts,
}

impl Standing {
    /// The number of the next version.
    pub(super) fn next_version(&self) -> u32 {
        self.versions.first().map_or(1, |newest| newest.version + 1)
    }
}

/// Leaves the list of those that are being driven however the drive ends.
struct Driving<'e>(&'e Engine, RotationId);

impl Drop for Driving<'_> {
    fn drop(&mut self) {
        self.0.inner.rotations.driven.lock().remove(&self.1);
    }
}

impl Engine {
    /// Goes on with a rotation as far as it goes now. Where another task does so already, that one goes on.
    pub(super) async fn drive(&self, id: RotationId) -> Result<(), Error> {
        if !self.inner.rotations.driven.lock().insert(id) {
            return Ok(());
        }
        let _driving = Driving(self, id);
        let mut fresh = false;
        while !self.inner.tasks.stopping().is_cancelled() {
            let Some(mut standing) = self.look_at_rotation(id).await? else { return Ok(()) };
            standing.facts.fresh = fresh;
            let next = act(&standing.rotation, &standing.facts);
            if next == Act::Wait {
                return Ok(());
            }
            if self.ends_at("before", standing.rotation.state) {
                return Ok(());
            }
            let seen = self.perform(&standing, next).await;
            if self.ends_at("called", standing.rotation.state) {
                return Ok(());
            }
            let turn = turn(&standing.rotation, &standing.facts, seen);
            let asks = turn.fresh;
            let written = self.commit(&standing, turn).await?;
            fresh = asks && written;
            if self.ends_at("after", standing.rotation.state) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Goes on with a rotation in the background.
    pub(super) fn drive_soon(&self, id: RotationId) {
        let engine = self.clone();
        self.inner.tasks.spawn(async move {
            if let Err(error) = engine.drive(id).await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, rotation = %id, "a rotation could not go on");
            }
            engine.inner.rotations.look_soon();
        });
    }

    /// A rotation with all that is known of it.
    pub(super) async fn look_at_rotation(&self, id: RotationId) -> Result<Option<Standing>, Error> {
        let found = self
            .inner
            .store
            .read(move |r| {
                let Some(rotation) = r.rotations().get(id)? else { return Ok(None) };
                let of = rotation.credential_id;
                let Some(credential) = r.credentials().get(of)? else { return Ok(None) };
                let (versions, fallbacks) = (r.key_versions().of(of)?, r.key_versions().fallbacks(of)?);
                Ok::<_, Error>(Some((rotation, credential, versions, fallbacks)))
            })
            .await?;
        Ok(found.map(|(rotation, credential, versions, fallbacks)| {
            let facts = self.facts(&rotation, &credential, &versions, &fallbacks);
            Standing { rotation, credential, versions, facts }
        }))
    }

    fn facts(&self, r: &Rotation, c: &Credential, versions: &[KeyVersion], fallbacks: &[Fallback]) -> Facts {
        let of = |version: Option<u32>| versions.iter().find(|v| Some(v.version) == version);
        let id_of = |version| of(version).and_then(|v| v.provider_key_id.clone());
        let orphan = versions.iter().find(|v| v.state == VersionState::Orphan);
        let old = fallbacks.iter().filter(|f| f.version == r.from_version).map(|f| f.last_at);
        Facts {
            now: self.now(),
            pace: self.inner.rotations.pace(),
            can: self.abilities(c),
            fresh: false,
            orphan: orphan.and_then(|v| Some((v.version, v.provider_key_id.clone()?))),
            old_id: id_of(Some(r.from_version)),
            new_id: id_of(r.to_version),
            last_fallback: old.max().filter(|at| Some(*at) > r.promoted_at),
            served: of(r.to_version).map_or(0, |v| v.calls),
        }
    }

    /// What can be done about a credential's keys without a person.
    pub(super) fn abilities(&self, credential: &Credential) -> Abilities {
        let control = control_of(credential).filter(|_| credential.control_credential.is_some());
        control.map(|control| control.abilities()).unwrap_or_default()
    }

    /// A place where tests may have rotations break off: in debug builds alone, see `failpoint`.
    #[cfg(not(debug_assertions))]
    const fn ends_at(&self, _: &str, _: reeve_core::rotation::RotationState) -> bool {
        false
    }
}
