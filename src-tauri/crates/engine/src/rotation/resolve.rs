//! What a person decides about a rotation: the key they made at the provider, and the ways on where it waits for them.

use super::drive::Standing;
use super::machine::{Change, Turn};
use super::perform::fault;
use super::start::typed_right;
use super::views::SeenKey;
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error};
use reeve_core::id::RotationId;
use reeve_core::permission::Permission;
use reeve_core::rotation::RotationState as State;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_providers::control::ControlError;
use reeve_store::table::rotations::Rotation;
use reeve_vault::Secret;

/// What a person decides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Resolution {
    /// Try again from where it stopped.
    Retry,
    /// Give it up: the old key stays.
    GiveUp,
    /// Retire the old key now, whoever still uses it; with its last four characters.
    Retire(Option<String>),
    /// The old key is deleted at the provider.
    Deleted,
    /// Delete this key at the provider, to make room or to clear up.
    DeleteKey(String),
}

impl Engine {
    /// Takes the key that a person made at the provider.
    ///
    /// # Errors
    /// If `cx` may not, has not just signed in, there is no such rotation, it does not wait for a key, or the key cannot be one,
    /// or is the old one.
    pub async fn paste_rotated_key(
        &self,
        cx: &Cx,
        id: RotationId,
        key: Secret,
        provider_key_id: Option<String>,
    ) -> Result<Rotation, Error> {
        self.require(cx, Permission::CredentialWrite).await?;
        self.require_fresh(cx)?;
        let bytes = key.expose();
        if bytes.len() < 8 || bytes.len() > 4_096 || !bytes.iter().all(u8::is_ascii_graphic) {
            return Err(Error::field("api_key", "must be 8 to 4,096 visible characters without spaces"));
        }
        let standing = self.rotation_standing(id).await?;
        let waits = standing.rotation.state == State::AwaitingOperator
            && standing.rotation.resumes == Some(State::Minted);
        if !waits {
            return Err(Error::new(Code::Conflict, "This rotation does not wait for a key."));
        }
        let given = provider_key_id.filter(|id| !id.trim().is_empty());
        let new = self.seal_version(&standing, given, &key)?;
        if standing.versions.iter().any(|v| v.fingerprint == new.fingerprint) {
            return Err(Error::field("api_key", "is a key that Reeve had before; make a new one"));
        }
        let mut turn = decided(&standing, State::Minted, "rotation.minted");
        turn.next.to_version = Some(new.version);
        turn.details = vec![
            ("version", new.version.to_string()),
            ("fingerprint", new.fingerprint.clone()),
            ("last4", new.last4.clone()),
        ];
        turn.changes = vec![Change::Add(new)];
        self.take_decision(cx, &standing, turn).await
    }

    /// Goes on with a rotation as a person decides.
    ///
    /// # Errors
    /// If `cx` may not, has not just signed in, there is no such rotation, or it does not stand where that could be decided.
    pub async fn resolve_rotation(
        &self,
        cx: &Cx,
        id: RotationId,
        resolution: Resolution,
    ) -> Result<Rotation, Error> {
        self.require(cx, Permission::CredentialWrite).await?;
        self.require_fresh(cx)?;
        let standing = self.rotation_standing(id).await?;
        let r = &standing.rotation;
        let not_now =
            || Error::new(Code::Conflict, "This rotation does not stand where that can be decided.");
        if r.ended_at.is_some() {
            return Err(not_now());
        }
        let turn = match &resolution {
            Resolution::Retry => {
                let resumes = match r.state {
                    State::NeedsAttention => r.resumes.ok_or_else(not_now)?,
                    State::AwaitingOperator => return Err(not_now()),
                    // What waits only for its time need not.
                    other if r.error_class.is_some() => other,
                    _ => return Err(not_now()),
                };
                decided(&standing, resumes, "rotation.resolved")
            }
            Resolution::GiveUp if r.promoted_at.is_none() => {
                let mut turn = decided(&standing, State::RolledBack, "rotation.resolved");
                turn.next.error_class = Some("given_up".to_owned());
                turn.next.error = Some("It was given up.".to_owned());
                turn
            }
            Resolution::Retire(last4) if is_draining(r) => {
                let old = standing.versions.iter().find(|v| v.version == r.from_version);
                typed_right(old.map_or("", |v| v.last4.as_str()), last4.as_deref())?;
                let mut turn = decided(&standing, State::Disabling, "rotation.resolved");
                turn.next.soak_ms = 0;
                turn
            }
            Resolution::Deleted if r.state == State::AwaitingOperator && r.resumes == Some(State::Done) => {
                let mut turn = decided(&standing, State::Done, "rotation.revoked");
                turn.next.ended_at = Some(self.now());
                turn.changes = vec![Change::Revoke(r.from_version)];
                turn
            }
            Resolution::DeleteKey(key) => return self.delete_chosen(cx, &standing, key).await,
            Resolution::GiveUp | Resolution::Retire(_) | Resolution::Deleted => return Err(not_now()),
        };
        let turn = Turn { details: vec![("decision", resolution.word().to_owned())], ..turn };
        self.take_decision(cx, &standing, turn).await
    }

    /// Deletes a key that a person chose among those the provider listed. Never the ones in use.
    async fn delete_chosen(&self, cx: &Cx, standing: &Standing, key: &str) -> Result<Rotation, Error> {
        let r = &standing.rotation;
        let snapshot: Vec<SeenKey> = serde_json::from_str(&r.snapshot).unwrap_or_default();
        let of_old = r.state == State::AwaitingOperator && r.resumes == Some(State::Done);
        let seen = snapshot.iter().find(|seen| seen.id == key);
        let in_use = standing.versions.iter().any(|v| {
            let is_it = v.provider_key_id.as_deref() == Some(key) || seen.is_some_and(|seen| seen.is(v));
            is_it && v.sealed.is_some() && !(of_old && v.version == r.from_version)
        });
        let listed = seen.is_some() || r.error.as_deref().is_some_and(|error| error.contains(key));
        if in_use || !(listed || of_old) || !(of_old || r.state == State::NeedsAttention) {
            return Err(Error::field("provider_key_id", "is not a key that can be deleted here"));
        }
        let desk = self.desk(&standing.credential).await?;
        let desk = desk.ok_or_else(|| {
            Error::new(
                Code::PreconditionFailed,
                "There is no admin key to delete it with; delete it at the provider.",
            )
        })?;
        // What goes out is noted before it does.
        let intent = self
            .draft(cx, "rotation.delete_chosen", format_args!("credential:{}", standing.credential.id))
            .name(&standing.credential.name)
            .detail("rotation", r.id.to_string())
            .detail("provider_key_id", key)
            .outcome(Outcome::Success, Severity::Warning);
        self.record(intent).await?;
        match self.controlled(&desk).delete(key).await {
            Ok(()) | Err(ControlError::NotFound) => {}
            Err(error) => return Err(Error::new(Code::Unavailable, fault(&error).message)),
        }
        let mut turn = if of_old {
            let mut turn = decided(standing, State::Done, "rotation.revoked");
            turn.next.ended_at = Some(self.now());
            turn.changes = vec![Change::Revoke(r.from_version)];
            turn
        } else {
            decided(standing, r.resumes.unwrap_or(State::Intent), "rotation.resolved")
        };
        turn.details = vec![("decision", "delete_key".to_owned()), ("provider_key_id", key.to_owned())];
        self.take_decision(cx, standing, turn).await
    }

    async fn take_decision(&self, cx: &Cx, standing: &Standing, turn: Turn) -> Result<Rotation, Error> {
        let next = turn.next.clone();
        if !self.commit_for(cx, standing, turn).await? {
            return Err(Error::new(Code::Conflict, "The rotation went on in the meantime; look again."));
        }
        self.drive_soon(next.id);
        Ok(next)
    }

    pub(super) async fn rotation_standing(&self, id: RotationId) -> Result<Standing, Error> {
        self.look_at_rotation(id).await?.ok_or_else(|| Error::not_found("rotation"))
    }
}

impl Resolution {
    const fn word(&self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::GiveUp => "give_up",
            Self::Retire(_) => "retire",
            Self::Deleted => "deleted",
            Self::DeleteKey(_) => "delete_key",
        }
    }
}

fn is_draining(r: &Rotation) -> bool {
    let at = if r.state == State::NeedsAttention { r.resumes } else { Some(r.state) };
    matches!(at, Some(State::Draining | State::Disabling | State::Soaking))
}

fn decided(standing: &Standing, to: State, kind: &'static str) -> Turn {
    let mut next = standing.rotation.clone();
    (next.state, next.resumes, next.next_at, next.attempts) = (to, None, None, 0);
    (next.error_class, next.error) = (None, None);
    Turn {
        next,
        changes: Vec::new(),
        kind,
        outcome: Outcome::Success,
        severity: Severity::Notice,
        details: Vec::new(),
        fresh: false,
    }
}
