//! What a backup says of each key. These words are the file's format: they never change their meaning.

use reeve_core::id::{ControlCredentialId, CredentialId};
use reeve_core::rotation::VersionState;
use reeve_core::time::Millis;
use reeve_store::table::control_credentials::ControlCredential;
use reeve_store::table::credentials::{Credential, RotationPolicy, SealedKey};
use reeve_store::table::key_versions::KeyVersion;
use serde::{Deserialize, Serialize};

/// A row of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "row", rename_all = "snake_case")]
pub(super) enum Text {
    /// A provider's admin key, with its secret.
    ControlCredential(ControlText),
    /// A credential, without one.
    Credential(CredentialText),
    /// A version of the credential before it, with its key where that is kept.
    KeyVersion(VersionText),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ControlText {
    pub(super) id: ControlCredentialId,
    pub(super) name: String,
    pub(super) provider: String,
    pub(super) last4: String,
    pub(super) created_at: i64,
    pub(super) changed_at: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CredentialText {
    pub(super) id: CredentialId,
    pub(super) name: String,
    pub(super) provider: String,
    pub(super) base_url: String,
    pub(super) models: Vec<String>,
    pub(super) weight: u32,
    pub(super) priority: u32,
    pub(super) period_days: u32,
    pub(super) grace_days: u32,
    pub(super) soak_hours: u32,
    pub(super) control: Option<String>,
    pub(super) control_credential: Option<ControlCredentialId>,
    /// Whether its keys are that admin key, one after the other, and serve no calls.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) renews: bool,
    pub(super) created_at: i64,
    pub(super) revoked_at: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct VersionText {
    pub(super) credential: CredentialId,
    pub(super) version: u32,
    pub(super) state: String,
    pub(super) provider_key_id: Option<String>,
    pub(super) last4: String,
    pub(super) created_at: i64,
    pub(super) expires_at: Option<i64>,
    pub(super) promoted_at: Option<i64>,
    pub(super) retired_at: Option<i64>,
    pub(super) revoked_at: Option<i64>,
}

impl From<&ControlCredential> for ControlText {
    fn from(c: &ControlCredential) -> Self {
        Self {
            id: c.id,
            name: c.name.clone(),
            provider: c.provider.clone(),
            last4: c.last4.clone(),
            created_at: c.created_at.0,
            changed_at: c.changed_at.0,
        }
    }
}

impl ControlText {
    pub(super) fn stored(&self, name: String, sealed: Vec<u8>, fingerprint: String) -> ControlCredential {
        ControlCredential {
            id: self.id,
            name,
            provider: self.provider.clone(),
            fingerprint,
            last4: self.last4.clone(),
            sealed: Some(sealed),
            created_at: Millis(self.created_at),
            changed_at: Millis(self.changed_at),
            last_used_at: None,
            removed_at: None,
        }
    }
}

impl From<&Credential> for CredentialText {
    fn from(c: &Credential) -> Self {
        Self {
            id: c.id,
            name: c.name.clone(),
            provider: c.provider.clone(),
            base_url: c.base_url.clone(),
            models: c.models.clone(),
            weight: c.weight,
            priority: c.priority,
            period_days: c.policy.period_days,
            grace_days: c.policy.grace_days,
            soak_hours: c.policy.soak_hours,
            control: c.control.clone(),
            control_credential: c.control_credential,
            renews: c.renews.is_some(),
            created_at: c.created_at.0,
            revoked_at: c.revoked_at.map(|t| t.0),
        }
    }
}

impl CredentialText {
    /// The credential's own row; of its keys it says nothing.
    pub(super) fn stored(&self, name: String, admin: Option<ControlCredentialId>) -> Credential {
        Credential {
            id: self.id,
            name,
            provider: self.provider.clone(),
            base_url: self.base_url.clone(),
            models: self.models.clone(),
            weight: self.weight,
            priority: self.priority,
            policy: RotationPolicy {
                period_days: self.period_days,
                grace_days: self.grace_days,
                soak_hours: self.soak_hours,
            },
            control: self.control.clone(),
            control_credential: admin,
            renews: admin.filter(|_| self.renews),
            version: 0,
            fingerprint: String::new(),
            last4: String::new(),
            sealed: None,
            promoted_at: Millis(self.created_at),
            expires_at: None,
            grace: None,
            created_at: Millis(self.created_at),
            revoked_at: None,
            last_used_at: None,
        }
    }
}

impl From<&KeyVersion> for VersionText {
    fn from(v: &KeyVersion) -> Self {
        Self {
            credential: v.credential_id,
            version: v.version,
            state: v.state.as_str().to_owned(),
            provider_key_id: v.provider_key_id.clone(),
            last4: v.last4.clone(),
            created_at: v.created_at.0,
            expires_at: v.expires_at.map(|t| t.0),
            promoted_at: v.promoted_at.map(|t| t.0),
            retired_at: v.retired_at.map(|t| t.0),
            revoked_at: v.revoked_at.map(|t| t.0),
        }
    }
}

impl VersionText {
    pub(super) fn is_current(&self) -> bool {
        self.state == VersionState::Current.as_str()
    }

    /// What it becomes where it is restored. The rotation that a pending key or a grace belonged to is not in the file:
    /// nobody would promote the one or end the other, so both are kept, unused.
    pub(super) fn state_here(&self, has_key: bool) -> VersionState {
        match VersionState::parse(&self.state) {
            Some(VersionState::Pending | VersionState::Grace) if has_key => VersionState::Disabled,
            Some(state) if has_key || !state.is_kept() => state,
            _ => VersionState::Lost,
        }
    }

    pub(super) fn stored(
        &self,
        version: u32,
        state: VersionState,
        key: Option<(SealedKey, String)>,
    ) -> KeyVersion {
        let (sealed, fingerprint) = key.unzip();
        KeyVersion {
            credential_id: self.credential,
            version,
            state,
            provider_key_id: self.provider_key_id.clone(),
            fingerprint: fingerprint.unwrap_or_default(),
            last4: self.last4.clone(),
            sealed,
            rotation_id: None,
            created_at: Millis(self.created_at),
            expires_at: self.expires_at.map(Millis),
            promoted_at: self.promoted_at.map(Millis),
            retired_at: self.retired_at.map(Millis),
            grace_until: None,
            revoked_at: self.revoked_at.map(Millis),
            last_used_at: None,
            calls: 0,
        }
    }
}
