//! Begins rotations, and changes how keys are rotated.

use super::machine::{Change, Turn};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error, FieldError};
use reeve_core::id::{ControlCredentialId, CredentialId, RotationId};
use reeve_core::permission::Permission;
use reeve_core::rotation::{RotationCause, RotationState};
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_providers::control::Control;
use reeve_store::table::credentials::{Credential, RotationPolicy};
use reeve_store::table::rotations::Rotation;

/// A rotation that somebody asks for.
#[derive(Clone, Debug, Default)]
pub struct BeginRotation {
    /// The key is known to others: the old one ends as soon as the new one is in use.
    pub compromised: bool,
    /// Days the old key is kept for calls that the new one is refused for; the credential's own where absent.
    pub grace_days: Option<u32>,
    /// Last four characters of the key in use, as typed by whoever says that it is compromised.
    pub last4: Option<String>,
}

/// How the keys of a credential are to be rotated; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct SetRotation {
    /// Days a key is in use; 0: no schedule.
    pub period_days: Option<u32>,
    /// Days the key before is kept.
    pub grace_days: Option<u32>,
    /// Hours between disabling a key and deleting it.
    pub soak_hours: Option<u32>,
    /// How the provider is told about keys; `Some(None)`: by hand.
    pub control: Option<Option<serde_json::Value>>,
    /// The admin key that this is done with.
    pub control_credential: Option<Option<ControlCredentialId>>,
}

impl Engine {
    /// Begins a rotation now. It goes on in the background.
    ///
    /// # Errors
    /// If `cx` may not, has not just signed in, there is no such key, it is revoked, its last four characters are wrong, or a
    /// rotation of it is not over.
    pub async fn begin_rotation(
        &self,
        cx: &Cx,
        id: CredentialId,
        asked: BeginRotation,
    ) -> Result<Rotation, Error> {
        self.require(cx, Permission::CredentialWrite).await?;
        self.require_fresh(cx)?;
        if self.rotation_paused() {
            let message =
                "This is an older copy of the vault, so nothing is rotated. Look at the Vault page first.";
            return Err(Error::new(Code::PreconditionFailed, message));
        }
        let credential = self.live_credential(id).await?;
        if asked.compromised {
            typed_right(&credential.last4, asked.last4.as_deref())?;
        }
        let grace_days = asked.grace_days.unwrap_or(credential.policy.grace_days);
        wrong_policy(RotationPolicy { grace_days, ..credential.policy })?;
        let cause = if asked.compromised { RotationCause::Compromised } else { RotationCause::Force };
        let begun = self.plan_rotation(cx, &credential, cause, grace_days, None).await?;
        self.drive_soon(begun.id);
        Ok(begun)
    }

    /// Writes down that a rotation is to happen.
    pub(super) async fn plan_rotation(
        &self,
        cx: &Cx,
        credential: &Credential,
        cause: RotationCause,
        grace_days: u32,
        next_at: Option<Millis>,
    ) -> Result<Rotation, Error> {
        let (id, now) = (RotationId(self.inner.ids.next()), self.now());
        let compromised = cause == RotationCause::Compromised;
        let rotation = Rotation {
            id,
            credential_id: credential.id,
            state: RotationState::Planned,
            resumes: None,
            cause,
            from_version: credential.version,
            to_version: None,
            tag: self.tag(id)?,
            snapshot: "[]".to_owned(),
            seen: "{}".to_owned(),
            grace_ms: if compromised { 0 } else { i64::from(grace_days) * Millis::DAY },
            soak_ms: i64::from(credential.policy.soak_hours) * Millis::HOUR,
            started_at: now,
            updated_at: now,
            mint_started_at: None,
            probe_started_at: None,
            promoted_at: None,
            grace_until: None,
            soak_until: None,
            next_at,
            ended_at: None,
            attempts: 0,
            extensions: 0,
            successes: 0,
            error_class: None,
            error: None,
        };
        let severity = if compromised { Severity::Critical } else { Severity::Info };
        let draft = self
            .draft(cx, "rotation.planned", format_args!("credential:{}", credential.id))
            .name(&credential.name)
            .detail("provider", credential.provider.as_str())
            .detail("rotation", id.to_string())
            .detail("cause", cause.as_str())
            .detail("version", credential.version)
            .outcome(Outcome::Success, severity);
        let stored = rotation.clone();
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                if tx.read().rotations().open_of(stored.credential_id)?.is_some() {
                    let why = "A rotation of this key is under way; see it through, or give it up first.";
                    return Err(Error::new(Code::Conflict, why));
                }
                let recorded = draft.record(tx)?;
                recorded.rotations().insert(&stored)?;
                Ok(recorded.sequence())
            })
            .await?;
        self.told_of(crate::EventKind::Credential, sequence);
        self.inner.rotations.look_soon();
        Ok(rotation)
    }

    /// What keys of a rotation are called at the provider: this vault and this rotation, and nothing that tells more.
    fn tag(&self, id: RotationId) -> Result<String, Error> {
        let vault = self.vault()?;
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        // The end of an id is random.
        Ok(format!("reeve-{}-{}", hex(&vault.header().vault_id[..4]), hex(&id.0.as_bytes()[10..])))
    }

    /// Changes how the keys of a credential are rotated.
    ///
    /// # Errors
    /// If `cx` may not, has not just signed in where it is about admin keys, there is no such key, or a value is wrong.
    pub async fn set_rotation(
        &self,
        cx: &Cx,
        id: CredentialId,
        set: SetRotation,
    ) -> Result<Credential, Error> {
        self.require(cx, Permission::CredentialWrite).await?;
        if set.control.is_some() || set.control_credential.is_some() {
            self.require_fresh(cx)?;
        }
        let before = self.live_credential(id).await?;
        if before.renews.is_some() && (set.control.is_some() || set.control_credential.is_some()) {
            return Err(Error::field(
                "control",
                "stays as it is for an admin key that is replaced by itself",
            ));
        }
        let policy = RotationPolicy {
            period_days: set.period_days.unwrap_or(before.policy.period_days),
            grace_days: set.grace_days.unwrap_or(before.policy.grace_days),
            soak_hours: set.soak_hours.unwrap_or(before.policy.soak_hours),
        };
        wrong_policy(policy)?;
        let control = match set.control {
            None => before.control.clone(),
            Some(None) => None,
            Some(Some(control)) => Some(checked_control(control)?),
        };
        let with = set.control_credential.unwrap_or(before.control_credential);
        self.checked_pair(control.as_deref(), with).await?;
        let none = "none".to_owned();
        let named = |id: Option<ControlCredentialId>| id.map_or_else(|| none.clone(), |id| id.to_string());
        let by_hand = "by hand";
        let draft = self
            .draft(cx, "credential.rotation_update", format_args!("credential:{id}"))
            .name(&before.name)
            .detail("provider", before.provider.as_str())
            .change("period_days", before.policy.period_days, policy.period_days)
            .change("grace_days", before.policy.grace_days, policy.grace_days)
            .change("soak_hours", before.policy.soak_hours, policy.soak_hours)
            .change(
                "control",
                before.control.as_deref().unwrap_or(by_hand),
                control.as_deref().unwrap_or(by_hand),
            )
            .change("control_credential", named(before.control_credential), named(with));
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.credentials().set_rotation(id, policy, control.as_deref(), with)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.told_of(crate::EventKind::Credential, sequence);
        self.stored_credential(id).await
    }

    async fn checked_pair(
        &self,
        control: Option<&str>,
        with: Option<ControlCredentialId>,
    ) -> Result<(), Error> {
        match (control, with) {
            (None, Some(_)) => Err(Error::field("control", "is needed beside an admin key")),
            (Some(_), None) => {
                Err(Error::field("control_credential_id", "is needed: which admin key is it done with?"))
            }
            (None, None) => Ok(()),
            (Some(_), Some(id)) => {
                let found = self.inner.store.read(move |r| r.control_credentials().get(id)).await?;
                match found.filter(|c| c.removed_at.is_none()) {
                    Some(_) => Ok(()),
                    None => Err(Error::field("control_credential_id", "is no admin key")),
                }
            }
        }
    }

    pub(super) async fn live_credential(&self, id: CredentialId) -> Result<Credential, Error> {
        let credential = self.stored_credential(id).await?;
        if credential.revoked_at.is_some() {
            let why = format!("{} is revoked and stays as it is.", credential.name);
            return Err(Error::new(Code::Conflict, why));
        }
        Ok(credential)
    }

    /// Ends the rotation of a credential that was revoked: there is nothing to rotate any more.
    pub(crate) async fn end_rotation_of(&self, cx: &Cx, id: CredentialId) -> Result<(), Error> {
        for _ in 0..5 {
            let open = self.inner.store.read(move |r| r.rotations().open_of(id)).await?;
            let Some(open) = open else { return Ok(()) };
            let Some(standing) = self.look_at_rotation(open.id).await? else { return Ok(()) };
            let mut next = open;
            (next.state, next.resumes) = (RotationState::RolledBack, None);
            (next.next_at, next.ended_at) = (None, Some(self.now()));
            (next.error_class, next.error) =
                (Some("revoked".to_owned()), Some("The key was revoked.".to_owned()));
            let turn = Turn {
                next,
                changes: Vec::<Change>::new(),
                kind: "rotation.rolled_back",
                outcome: Outcome::Success,
                severity: Severity::Notice,
                details: vec![("reason", "the key was revoked".to_owned())],
                fresh: false,
            };
            if self.commit_for(cx, &standing, turn).await? {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Whether somebody knows which key it is about.
pub(crate) fn typed_right(last4: &str, typed: Option<&str>) -> Result<(), Error> {
    if typed == Some(last4) {
        return Ok(());
    }
    Err(Error::field("last4", "must be the last four characters of the key"))
}

pub(super) fn wrong_policy(p: RotationPolicy) -> Result<(), Error> {
    let mut wrong = Vec::new();
    let mut note = |field: &str, message: &str| {
        wrong.push(FieldError { field: field.to_owned(), message: message.to_owned() });
    };
    if p.period_days > 3_650 {
        note("period_days", "must be from 0 (never by itself) to 3,650");
    }
    if p.grace_days > 90 {
        note("grace_days", "must be from 0 to 90");
    }
    if p.soak_hours > 720 {
        note("soak_hours", "must be from 0 to 720");
    }
    Error::fields(wrong).map_or(Ok(()), Err)
}

pub(super) fn checked_control(value: serde_json::Value) -> Result<String, Error> {
    let control: Control =
        serde_json::from_value(value).map_err(|e| Error::field("control", e.to_string()))?;
    control.check().map_err(|e| Error::field("control", e.to_string()))?;
    serde_json::to_string(&control).map_err(|e| Error::field("control", e.to_string()))
}
