//! A step of a rotation, written down: the rotation, the versions it changes and the entry that says so, in one transaction.

use super::drive::Standing;
use super::machine::{Change, NewKey, Turn};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Draft;
use crate::error::Error;
use reeve_core::rotation::VersionState;
use reeve_core::time::Millis;
use reeve_store::Recorded;
use reeve_store::table::control_credentials::ControlCredential;
use reeve_store::table::key_versions::KeyVersion;
use reeve_store::table::rotations::Rotation;

impl Engine {
    /// Writes `turn` down for Reeve itself; see [`Engine::commit_for`].
    pub(super) async fn commit(&self, standing: &Standing, turn: Turn) -> Result<bool, Error> {
        self.commit_for(&Cx::system(), standing, turn).await
    }

    /// Writes `turn` down, if the rotation still stands where it began; whether it did.
    pub(super) async fn commit_for(&self, cx: &Cx, standing: &Standing, turn: Turn) -> Result<bool, Error> {
        let draft = self.turn_draft(cx, standing, &turn);
        let (before, swaps) = (standing.rotation.clone(), !turn.changes.is_empty());
        let at_provider = matches!(
            turn.kind,
            "rotation.intent" | "rotation.minted" | "rotation.orphan_deleted" | "rotation.revoked"
        );
        // An older copy of the file would go out with keys that have been replaced since, or are gone.
        let moves_on = matches!(turn.kind, "rotation.promoted" | "rotation.revoked");
        let renewed = self.renewed(standing, &turn.changes)?;
        let used = standing.credential.control_credential.filter(|_| at_provider);
        let Turn { mut next, changes, .. } = turn;
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                if tx.read().rotations().get(before.id)?.as_ref() != Some(&before) {
                    return Ok(None);
                }
                let versions = tx.read().key_versions().of(before.credential_id)?;
                let recorded = draft.record(tx)?;
                next.updated_at = recorded.now();
                for change in &changes {
                    apply(&recorded, &next, &versions, change)?;
                }
                if let Some(admin) = &renewed {
                    let named = tx.read().control_credentials().get(admin.id)?;
                    let name = named.map(|c| c.name).unwrap_or_default();
                    recorded.control_credentials().change(&ControlCredential { name, ..admin.clone() })?;
                }
                recorded.rotations().update(&next)?;
                if let Some(admin) = used {
                    recorded.control_credentials().touch(admin, recorded.now())?;
                }
                Ok::<_, Error>(Some(recorded.sequence()))
            })
            .await?;
        let Some(sequence) = sequence else { return Ok(false) };
        if swaps {
            // Calls go by what is written: at once, whoever wrote it.
            self.load_routing().await?;
        }
        if moves_on && let Err(error) = self.vault_moved_on(cx).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the vault's header does not say yet that a key was replaced");
        }
        self.told_of(crate::EventKind::Credential, sequence);
        Ok(true)
    }

    fn turn_draft(&self, cx: &Cx, standing: &Standing, turn: &Turn) -> Draft {
        let (r, c) = (&standing.rotation, &standing.credential);
        let draft = self
            .draft(cx, turn.kind, format_args!("credential:{}", c.id))
            .name(&c.name)
            .detail("provider", c.provider.as_str())
            .detail("rotation", r.id.to_string())
            .detail("cause", r.cause.as_str())
            .change("state", r.state.as_str(), turn.next.state.as_str())
            .outcome(turn.outcome, turn.severity);
        turn.details.iter().fold(draft, |draft, (name, value)| draft.detail(name, value.as_str()))
    }
}

fn apply(
    recorded: &Recorded<'_>,
    r: &Rotation,
    versions: &[KeyVersion],
    change: &Change,
) -> Result<(), Error> {
    let (table, now) = (recorded.key_versions(), recorded.now());
    // As it is now: an earlier change of the same step may have moved it.
    let of = |version: u32| table.reads().get(r.credential_id, version);
    let newest = versions.first().map_or(0, |v| v.version);
    match change {
        Change::Add(key) => table.insert(&added(r, key, now))?,
        Change::Orphan(id) => {
            let taken = table.reads().of(r.credential_id)?.first().map_or(newest, |v| v.version);
            table.insert(&orphan(r, taken + 1, id, now))?;
        }
        Change::Promote { old, new, grace_until } => {
            if let Some(mut old) = of(*old)? {
                old.state = if grace_until.is_some() { VersionState::Grace } else { VersionState::Disabled };
                (old.retired_at, old.grace_until) = (Some(now), *grace_until);
                table.stand(&old)?;
            }
            if let Some(mut new) = of(*new)? {
                (new.state, new.promoted_at) = (VersionState::Current, Some(now));
                table.stand(&new)?;
            }
        }
        Change::Extend { version, grace_until } => {
            if let Some(mut version) = of(*version)? {
                version.grace_until = Some(*grace_until);
                table.stand(&version)?;
            }
        }
        Change::Disable(version) => {
            if let Some(mut version) = of(*version)? {
                (version.state, version.grace_until) = (VersionState::Disabled, None);
                version.retired_at = version.retired_at.or(Some(now));
                table.stand(&version)?;
            }
        }
        Change::Revoke(version) => {
            if let Some(mut version) = of(*version)? {
                (version.state, version.grace_until) = (VersionState::Revoked, None);
                (version.retired_at, version.revoked_at) = (version.retired_at.or(Some(now)), Some(now));
                table.stand(&version)?;
            }
        }
    }
    Ok(())
}

fn added(r: &Rotation, key: &NewKey, now: Millis) -> KeyVersion {
    KeyVersion {
        credential_id: r.credential_id,
        version: key.version,
        state: VersionState::Pending,
        provider_key_id: key.provider_key_id.clone(),
        fingerprint: key.fingerprint.clone(),
        last4: key.last4.clone(),
        sealed: Some(key.sealed.clone()),
        rotation_id: Some(r.id),
        created_at: now,
        expires_at: key.expires_at,
        promoted_at: None,
        retired_at: None,
        grace_until: None,
        revoked_at: None,
        last_used_at: None,
        calls: 0,
    }
}

/// A key at the provider that was made for us and that nobody knows.
pub(super) fn orphan(r: &Rotation, version: u32, id: &str, now: Millis) -> KeyVersion {
    let key = NewKey {
        version,
        provider_key_id: Some(id.to_owned()),
        fingerprint: String::new(),
        last4: String::new(),
        sealed: reeve_store::table::credentials::SealedKey { wrapped_dek: Vec::new(), sealed: Vec::new() },
        expires_at: None,
    };
    KeyVersion { state: VersionState::Orphan, sealed: None, ..added(r, &key, now) }
}
