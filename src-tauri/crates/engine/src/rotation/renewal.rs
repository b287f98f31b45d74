//! Admin keys that replace themselves. The versions of such a key are those of a credential that serves no calls: it is rotated as
//! any other, with the admin key in use, and whenever one of its keys is promoted that becomes the admin key, in the same
//! transaction. So all that is done with the admin key goes on with the new one.

use super::control::{ControlCredential, control_of};
use super::drive::Standing;
use super::machine::{Change, Verdict};
use crate::Engine;
use crate::credentials::{Credential, Probed, WEIGHT, first_version};
use crate::cx::Cx;
use crate::error::{Code, Error};
use reeve_core::id::{ControlCredentialId, CredentialId};
use reeve_core::permission::Permission;
use reeve_providers::control::{Control, ControlError, KeyInfo};
use reeve_providers::upstream::Key;
use reeve_store::table::credentials::{RotationPolicy, SealedKey};
use reeve_vault::Secret;

/// Why a new admin key is neither good nor bad.
const UNLISTED: &str = "The provider accepts the new admin key and does not list it yet.";

/// How an admin key is to replace itself.
#[derive(Clone, Debug)]
pub struct BeginRenewal {
    /// How its provider is told about such keys.
    pub control: serde_json::Value,
    /// Days a key is in use; 90 where absent.
    pub period_days: Option<u32>,
}

impl Engine {
    /// Has an admin key replaced by itself from now on. The credential that stands for it is rotated as any other.
    ///
    /// # Errors
    /// If `cx` may not, has not just signed in, there is no such key, it does so already, the settings are wrong or for keys of
    /// another kind, or the key may not list its own kind at the provider.
    pub async fn begin_renewal(
        &self,
        cx: &Cx,
        id: ControlCredentialId,
        asked: BeginRenewal,
    ) -> Result<Credential, Error> {
        self.require(cx, Permission::CredentialWrite).await?;
        self.require_fresh(cx)?;
        let admin = self.control_credential(id).await?;
        if self.renewer_of(id).await?.is_some() {
            let why = format!("{} is replaced by itself already.", admin.name);
            return Err(Error::new(Code::Conflict, why));
        }
        let stored = super::start::checked_control(asked.control)?;
        let control: Control =
            serde_json::from_str(&stored).map_err(|e| Error::field("control", e.to_string()))?;
        if !matches!(control, Control::OpenaiAdmin(_) | Control::AwsIam(_)) {
            return Err(Error::field(
                "control",
                "must be openai_admin or aws_iam: others make no admin keys",
            ));
        }
        let policy = RotationPolicy {
            period_days: asked.period_days.unwrap_or(RotationPolicy::default().period_days),
            ..RotationPolicy::default()
        };
        super::start::wrong_policy(policy)?;
        let key = self.open_control(id).await?;
        let listed = self.inner.controls.with(&control, Key(key.expose()), self.now()).list().await;
        let keys = listed.map_err(|e| {
            Error::field("control", format!("With this admin key its own kind cannot be listed: {e}."))
        })?;
        let credential = self.renewing(&admin, &key, stored, policy)?;
        let mut first = first_version(&credential);
        first.provider_key_id = own(&keys, &key).map(|own| own.id.clone());
        let draft = self
            .control_draft(cx, "control_credential.renewal_begin", &admin)
            .detail("credential", credential.id.to_string())
            .detail("period_days", policy.period_days);
        let added = credential.clone();
        self.write_control(draft, move |recorded| {
            recorded.credentials().insert(&added)?;
            recorded.key_versions().insert(&first)
        })
        .await?;
        Ok(credential)
    }

    /// Leaves replacing an admin key to people again. The key in use stays the admin key.
    ///
    /// # Errors
    /// If `cx` may not, has not just signed in, there is no such key, it is not replaced by itself, or is being replaced now.
    pub async fn end_renewal(&self, cx: &Cx, id: ControlCredentialId) -> Result<(), Error> {
        self.require(cx, Permission::CredentialWrite).await?;
        self.require_fresh(cx)?;
        let admin = self.control_credential(id).await?;
        let Some(renewer) = self.renewer_of(id).await? else {
            return Err(Error::new(Code::Conflict, format!("{} is replaced by hand.", admin.name)));
        };
        let of = renewer.id;
        if self.inner.store.read(move |r| r.rotations().open_of(of)).await?.is_some() {
            let why = "This admin key is being replaced right now; see that through, or give it up first.";
            return Err(Error::new(Code::Conflict, why));
        }
        let draft = self
            .control_draft(cx, "control_credential.renewal_end", &admin)
            .detail("credential", of.to_string());
        self.write_control(draft, move |recorded| recorded.credentials().revoke(of, recorded.now())).await
    }

    /// The credentials that stand for admin keys, each by the admin key that it is.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn renewals(&self, cx: &Cx) -> Result<Vec<(ControlCredentialId, CredentialId)>, Error> {
        self.require_to_see(cx, Permission::CredentialRead, Permission::CredentialWrite).await?;
        let live = self.inner.store.read(|r| r.credentials().live()).await?;
        Ok(live.into_iter().filter_map(|c| Some((c.renews?, c.id))).collect())
    }

    pub(super) async fn renewer_of(&self, id: ControlCredentialId) -> Result<Option<Credential>, Error> {
        Ok(self.inner.store.read(move |r| r.credentials().renewer_of(id)).await?)
    }

    /// What people replace or remove must not be under way by itself.
    pub(super) async fn not_renewed(&self, admin: &ControlCredential) -> Result<(), Error> {
        if self.renewer_of(admin.id).await?.is_none() {
            return Ok(());
        }
        let why = format!("{} is replaced by itself. Rotate it under Keys, or end that first.", admin.name);
        Err(Error::new(Code::Conflict, why))
    }

    fn renewing(
        &self,
        admin: &ControlCredential,
        key: &Secret,
        control: String,
        policy: RotationPolicy,
    ) -> Result<Credential, Error> {
        let (id, now, vault) = (CredentialId(self.inner.ids.next()), self.now(), self.vault()?);
        let sealed = vault
            .seal_key(&admin.provider, &id.to_string(), 1, key)
            .map_err(|e| Error::new(Code::Internal, "The vault could not seal the key.").because(e))?;
        let base_url = crate::prices::provider(&admin.provider).and_then(|p| p.base_url);
        Ok(Credential {
            id,
            name: admin.name.clone(),
            provider: admin.provider.clone(),
            base_url: base_url.unwrap_or_default().to_owned(),
            models: Vec::new(),
            weight: WEIGHT,
            priority: 1,
            policy,
            control: Some(control),
            control_credential: Some(admin.id),
            renews: Some(admin.id),
            version: 1,
            promoted_at: admin.changed_at,
            expires_at: None,
            grace: None,
            fingerprint: admin.fingerprint.clone(),
            last4: admin.last4.clone(),
            sealed: Some(SealedKey { wrapped_dek: sealed.wrapped_dek, sealed: sealed.sealed }),
            created_at: now,
            revoked_at: None,
            last_used_at: None,
        })
    }

    /// Tries the admin key in use as a person asks.
    pub(crate) async fn probe_admin_key(&self, credential: &Credential, key: &Secret) -> Probed {
        let failed = |status, message| Probed { ok: false, status, message, models: None };
        let Some(control) = control_of(credential) else {
            return failed(None, "It is not known how this key is tried.".to_owned());
        };
        match self.try_admin_key(&control, key, None).await {
            Verdict::Passed { .. } => Probed {
                ok: true,
                status: None,
                message: "The provider accepts the admin key.".to_owned(),
                models: None,
            },
            Verdict::Refused(status) => {
                failed(Some(status), "The provider refuses the admin key.".to_owned())
            }
            Verdict::Inconclusive(why) => failed(None, why),
            Verdict::Lacks(_) | Verdict::OtherAccount => {
                failed(None, "The key belongs to another account.".to_owned())
            }
        }
    }

    /// Tries a new admin key: may it list its own kind, and does it find itself there, at the latest after a while?
    pub(super) async fn try_admin_key(
        &self,
        control: &Control,
        new: &Secret,
        new_id: Option<&str>,
    ) -> Verdict {
        let keys = match self.inner.controls.with(control, Key(new.expose()), self.now()).list().await {
            Ok(keys) => keys,
            Err(ControlError::Unauthorized { status, .. }) => return Verdict::Refused(status),
            Err(error) => return Verdict::Inconclusive(error.to_string()),
        };
        match new_id {
            // The list may lag behind; and of a key that no list ever shows, a person must say what it is.
            Some(id) if keys.iter().all(|key| key.id != id) => Verdict::Inconclusive(UNLISTED.to_owned()),
            _ => Verdict::Passed { models: None },
        }
    }

    /// What becomes the admin key where `changes` promote another of its keys: sealed as admin keys are.
    pub(super) fn renewed(
        &self,
        standing: &Standing,
        changes: &[Change],
    ) -> Result<Option<ControlCredential>, Error> {
        let Some(id) = standing.credential.renews else { return Ok(None) };
        let promoted = changes.iter().find_map(|change| match change {
            Change::Promote { new, .. } => Some(*new),
            _ => None,
        });
        let Some(promoted) = promoted else { return Ok(None) };
        let version = standing.versions.iter().find(|v| v.version == promoted);
        let version = version.ok_or_else(|| Error::not_found("new key"))?;
        let key = self
            .key_of(standing, Some(promoted))?
            .ok_or_else(|| Error::new(Code::Internal, "The new admin key is not kept."))?;
        let provider = standing.credential.provider.clone();
        Ok(Some(ControlCredential {
            id,
            name: String::new(),
            fingerprint: version.fingerprint.clone(),
            last4: version.last4.clone(),
            sealed: Some(self.seal_control(id, &provider, &key)?),
            provider,
            created_at: self.now(),
            changed_at: self.now(),
            last_used_at: None,
            removed_at: None,
        }))
    }
}

/// Which of the listed keys `key` is: by its id, where that is part of it, else by what the provider shows of it. None, unless it
/// can be only one.
fn own<'k>(keys: &'k [KeyInfo], key: &Secret) -> Option<&'k KeyInfo> {
    let text = std::str::from_utf8(key.expose()).ok()?;
    let shown = |hint: &str| {
        let mut ends = hint.split(['.', '*', '…']).filter(|end| !end.is_empty());
        let (first, last) = (ends.next()?, ends.next_back()?);
        Some(first.len() + last.len() >= 6 && text.starts_with(first) && text.ends_with(last))
    };
    let is_own = |k: &&KeyInfo| {
        text.split_once(':').is_some_and(|(id, _)| id == k.id)
            || k.hint.as_deref().and_then(shown).unwrap_or(false)
    };
    let mut fits = keys.iter().filter(is_own);
    fits.next().filter(|_| fits.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_providers::control::{KeyState, LastUse};

    fn listed(id: &str, hint: Option<&str>) -> KeyInfo {
        KeyInfo {
            id: id.to_owned(),
            name: None,
            hint: hint.map(str::to_owned),
            state: KeyState::Active,
            created_at: None,
            last_use: LastUse { at: None, by: None },
        }
    }

    #[test]
    fn a_key_is_its_own_only_where_it_can_be_no_other() {
        let id = |keys: &[KeyInfo], key: &str| {
            own(keys, &Secret::copy_of(key.as_bytes())).map(|own| own.id.clone())
        };
        let two =
            [listed("a", Some("sk-admin...abc")), listed("b", Some("sk-admin...xyz")), listed("c", None)];
        assert_eq!(id(&two, "sk-admin-12345-abc").as_deref(), Some("a"));
        assert_eq!(id(&two, "sk-admin-12345-abd"), None);
        assert_eq!(id(&[two[0].clone(), listed("d", Some("sk-admin...abc"))], "sk-admin-1-abc"), None);
        assert_eq!(id(&[listed("AKIA1", None)], "AKIA1:secret").as_deref(), Some("AKIA1"));
        assert_eq!(id(&[listed("e", Some("..."))], "sk-admin-12345-abc"), None);
    }
}
