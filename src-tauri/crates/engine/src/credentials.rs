//! Provider credentials: sealed on the way in, lent for one request, never shown again.

use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error, FieldError};
pub use crate::routing::credential::LiveCredential;
use reeve_core::id::CredentialId;
use reeve_core::permission::Permission;
use reeve_core::rotation::VersionState;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_providers::upstream::{BaseUrl, Key, ProbeOutcome};
pub use reeve_store::table::credentials::Credential;
use reeve_store::table::credentials::SealedKey;
use reeve_store::table::key_versions::KeyVersion;
use reeve_vault::{Secret, Vault};

/// The weight of a credential where nobody says.
pub const WEIGHT: u32 = 100;
/// The largest weight.
const MOST_WEIGHT: u32 = 1_000;
/// The largest priority number.
const MOST_PRIORITY: u32 = 100;

/// A change of what calls a credential takes; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ChangeCredential {
    /// Name.
    pub name: Option<String>,
    /// Models it serves; empty serves all.
    pub models: Option<Vec<String>>,
    /// Its share of the calls.
    pub weight: Option<u32>,
    /// Keys with a lower number go first.
    pub priority: Option<u32>,
}

/// A new credential.
#[derive(Debug)]
pub struct AddCredential {
    /// Name.
    pub name: String,
    /// Provider, as the price catalogue spells it, or `custom`.
    pub provider: String,
    /// Where calls go; the provider's own where absent.
    pub base_url: Option<String>,
    /// Models it serves; empty serves all.
    pub models: Vec<String>,
    /// Its share of the calls against other keys of the same priority; [`WEIGHT`] where absent.
    pub weight: Option<u32>,
    /// Keys with a lower number go first; 1 where absent.
    pub priority: Option<u32>,
    /// The key.
    pub api_key: Secret,
}

/// What a test of a credential found.
#[derive(Clone, Debug)]
pub struct Probed {
    /// Whether the provider took the key.
    pub ok: bool,
    /// Status of its answer, if it answered.
    pub status: Option<u16>,
    /// In words.
    pub message: String,
    /// How many models it sees.
    pub models: Option<u64>,
}

impl Engine {
    /// The key itself, in the clear.
    pub(crate) fn open_credential(&self, live: &LiveCredential) -> Result<Secret, Error> {
        self.open_version(&live.provider, live.id, live.version, &live.sealed)
    }

    /// The key before it, in the clear, where calls may go out with that.
    pub(crate) fn open_grace(&self, live: &LiveCredential) -> Result<Secret, Error> {
        let grace = live.grace.as_ref().ok_or_else(|| Error::not_found("older key"))?;
        self.open_version(&live.provider, live.id, grace.version, &grace.sealed)
    }

    /// A version of a key, in the clear.
    pub(crate) fn open_version(
        &self,
        provider: &str,
        id: CredentialId,
        version: u32,
        sealed: &reeve_vault::SealedKey,
    ) -> Result<Secret, Error> {
        self.vault()?.open_key(provider, &id.to_string(), version, sealed).map_err(|e| {
            Error::new(Code::Internal, "The provider key does not open; the vault or the store is damaged.")
                .because(e)
        })
    }

    /// Credentials, oldest first, with whether there are more.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn credentials(
        &self,
        cx: &Cx,
        after: Option<CredentialId>,
        limit: usize,
    ) -> Result<(Vec<Credential>, bool), Error> {
        self.require(cx, Permission::CredentialRead).await?;
        let mut found = self.inner.store.read(move |r| r.credentials().list(after, limit + 1)).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        Ok((found, more))
    }

    /// Seals a new provider key and takes it into use.
    ///
    /// # Errors
    /// If `cx` may not, a field is wrong, the name is taken, or the vault is locked.
    pub async fn add_credential(&self, cx: &Cx, new: AddCredential) -> Result<Credential, Error> {
        self.require(cx, Permission::CredentialWrite).await?;
        let vault = self.vault()?;
        let credential = self.sealed(&vault, new)?;
        let draft = self
            .draft(cx, "key.import", format_args!("credential:{}", credential.id))
            .name(&credential.name)
            .detail("provider", credential.provider.as_str())
            .detail("base_url", credential.base_url.as_str())
            .detail("fingerprint", credential.fingerprint.as_str())
            .detail("last4", credential.last4.as_str());
        let stored = credential.clone();
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.credentials().insert(&stored)?;
                recorded.key_versions().insert(&first_version(&stored))?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.load_routing().await?;
        self.told_of(crate::EventKind::Credential, sequence);
        Ok(credential)
    }

    fn sealed(&self, vault: &Vault, new: AddCredential) -> Result<Credential, Error> {
        let (id, now) = (CredentialId(self.inner.ids.next()), self.now());
        let (name, base_url) = checked(&new)?;
        let sealed = vault
            .seal_key(&new.provider, &id.to_string(), 1, &new.api_key)
            .map_err(|e| Error::new(Code::Internal, "The vault could not seal the key.").because(e))?;
        Ok(Credential {
            id,
            name,
            provider: new.provider,
            base_url,
            models: new.models,
            weight: new.weight.unwrap_or(WEIGHT),
            priority: new.priority.unwrap_or(1),
            policy: Default::default(),
            control: None,
            control_credential: None,
            renews: None,
            version: 1,
            promoted_at: now,
            expires_at: None,
            grace: None,
            fingerprint: vault.fingerprint(&new.api_key),
            last4: new.api_key.last4(),
            sealed: Some(SealedKey { wrapped_dek: sealed.wrapped_dek, sealed: sealed.sealed }),
            created_at: now,
            revoked_at: None,
            last_used_at: None,
        })
    }

    /// Revokes a credential and shreds its keys. `last4` is what a person typed to say which; programs need not. Keys that
    /// Reeve had the provider make are deleted there in the background; it honours others until somebody deletes them.
    ///
    /// # Errors
    /// If `cx` may not, has not just signed in, there is none, or `last4` is another's.
    pub async fn revoke_credential(
        &self,
        cx: &Cx,
        id: CredentialId,
        last4: Option<&str>,
    ) -> Result<Credential, Error> {
        self.require(cx, Permission::CredentialWrite).await?;
        self.require_fresh(cx)?;
        let credential = self.stored_credential(id).await?;
        if credential.revoked_at.is_some() {
            return Ok(credential);
        }
        if credential.renews.is_some() {
            let why = "This is an admin key. End its renewal or remove it under Admin keys; where others know it, rotate it as compromised.";
            return Err(Error::new(Code::Conflict, why));
        }
        if last4.is_some() {
            crate::rotation::typed_right(&credential.last4, last4)?;
        }
        let versions = self.inner.store.read(move |r| r.key_versions().of(id)).await?;
        let draft = self
            .draft(cx, "key.revoke", format_args!("credential:{id}"))
            .name(&credential.name)
            .change("state", "current", "revoked")
            .detail("provider", credential.provider.as_str())
            .detail("fingerprint", credential.fingerprint.as_str());
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.credentials().revoke(id, recorded.now())?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.load_routing().await?;
        self.told_of(crate::EventKind::Credential, sequence);
        self.end_rotation_of(cx, id).await?;
        self.delete_revoked(credential, versions);
        self.stored_credential(id).await
    }

    pub(crate) async fn stored_credential(&self, id: CredentialId) -> Result<Credential, Error> {
        self.inner
            .store
            .read(move |r| r.credentials().get(id))
            .await?
            .ok_or_else(|| Error::not_found("provider key"))
    }

    /// Asks the provider for its models with the key: does it authenticate?
    ///
    /// # Errors
    /// If `cx` may not, there is none, or it is revoked. A key the provider refuses is an answer, not an error.
    pub async fn probe_credential(&self, cx: &Cx, id: CredentialId) -> Result<Probed, Error> {
        self.require(cx, Permission::CredentialWrite).await?;
        let credential = self.stored_credential(id).await?;
        let key = self.key_to_probe(&credential)?;
        // What goes out is noted before it does: where no result follows, its outcome is not known.
        let pair = cx.request_id.map_or_else(|| self.new_request_id().to_string(), |id| id.to_string());
        let intent = self
            .draft(cx, "key.probe_intent", format_args!("credential:{id}"))
            .name(&credential.name)
            .detail("provider", credential.provider.as_str())
            .outcome(Outcome::Unknown, Severity::Info)
            .paired(&pair);
        self.record(intent).await?;
        let probed = match credential.renews {
            Some(_) => self.probe_admin_key(&credential, &key).await,
            None => self.probe_key(&credential, &key).await?,
        };
        let outcome = if probed.ok { Outcome::Success } else { Outcome::Error };
        let severity = if probed.ok { Severity::Info } else { Severity::Warning };
        let draft = self
            .draft(cx, "key.probe", format_args!("credential:{id}"))
            .name(&credential.name)
            .detail("message", probed.message.as_str())
            .outcome(outcome, severity)
            .paired(&pair);
        self.record(draft).await?;
        if let Some(live) = self.inner.routing.table().key(id).filter(|_| probed.ok) {
            // Found to work, it need not wait for a call to try it.
            self.breaker_turned(live, live.health.close());
        }
        Ok(probed)
    }

    /// The key that calls would go out with; of an admin key the one in use.
    fn key_to_probe(&self, credential: &Credential) -> Result<Secret, Error> {
        let gone = || Error::new(Code::PreconditionFailed, "This key is revoked and cannot be tested.");
        if credential.renews.is_none() {
            let table = self.inner.routing.table();
            return self.open_credential(table.key(credential.id).ok_or_else(gone)?);
        }
        let kept = credential.sealed.clone().filter(|_| credential.revoked_at.is_none());
        let sealed = crate::routing::credential::from_stored(kept.ok_or_else(gone)?);
        self.open_version(&credential.provider, credential.id, credential.version, &sealed)
    }

    async fn probe_key(&self, credential: &Credential, key: &Secret) -> Result<Probed, Error> {
        let base_url =
            BaseUrl::parse(&credential.base_url).map_err(|e| Error::field("base_url", e.to_string()))?;
        let asked = self.inner.upstream.probe(&credential.provider, &base_url, Key(key.expose()), self.now());
        Ok(match asked.await {
            Ok(p) => Probed {
                ok: p.outcome == ProbeOutcome::Accepted,
                status: Some(p.status),
                message: p.outcome.message().to_owned(),
                models: p.models.and_then(|n| u64::try_from(n).ok()),
            },
            Err(error) => Probed { ok: false, status: None, message: error.to_string(), models: None },
        })
    }

    /// Changes what calls a credential takes.
    ///
    /// # Errors
    /// If `cx` may not, there is none, it is revoked, a value is wrong, or another has the name.
    pub async fn change_credential(
        &self,
        cx: &Cx,
        id: CredentialId,
        change: ChangeCredential,
    ) -> Result<Credential, Error> {
        self.require(cx, Permission::CredentialWrite).await?;
        let before = self.stored_credential(id).await?;
        if before.revoked_at.is_some() {
            return Err(Error::new(
                Code::Conflict,
                format!("{} is revoked and stays as it is.", before.name),
            ));
        }
        let mut after = Credential {
            name: change.name.unwrap_or_else(|| before.name.clone()),
            models: change.models.unwrap_or_else(|| before.models.clone()),
            weight: change.weight.unwrap_or(before.weight),
            priority: change.priority.unwrap_or(before.priority),
            ..before.clone()
        };
        after.name = crate::tenants::name(&after.name, "name")?;
        Error::fields(wrong_share(&after.models, after.weight, after.priority)).map_or(Ok(()), Err)?;
        let draft = self
            .draft(cx, "credential.update", format_args!("credential:{id}"))
            .name(&after.name)
            .detail("provider", after.provider.as_str())
            .change("name", &before.name, &after.name)
            .change("models", before.models.join(", "), after.models.join(", "))
            .change("weight", before.weight, after.weight)
            .change("priority", before.priority, after.priority);
        let stored = after.clone();
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.credentials().change(&stored)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.load_routing().await?;
        self.told_of(crate::EventKind::Credential, sequence);
        Ok(after)
    }
}

/// The first version of a new credential's key.
pub(crate) fn first_version(c: &Credential) -> KeyVersion {
    KeyVersion {
        credential_id: c.id,
        version: c.version,
        state: VersionState::Current,
        provider_key_id: None,
        fingerprint: c.fingerprint.clone(),
        last4: c.last4.clone(),
        sealed: c.sealed.clone(),
        rotation_id: None,
        created_at: c.created_at,
        expires_at: None,
        promoted_at: Some(c.promoted_at),
        retired_at: None,
        grace_until: None,
        revoked_at: None,
        last_used_at: None,
        calls: 0,
    }
}

/// What is wrong with the share of calls a credential is to take.
fn wrong_share(models: &[String], weight: u32, priority: u32) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    let mut note = |field: &str, message: String| wrong.push(FieldError { field: field.to_owned(), message });
    if models.len() > 500 || models.iter().any(|m| m.is_empty() || m.len() > 200) {
        note("models", "may be 500 at most, of 1 to 200 characters each".to_owned());
    }
    if !(1..=MOST_WEIGHT).contains(&weight) {
        note("weight", format!("must be from 1 to {MOST_WEIGHT}"));
    }
    if !(1..=MOST_PRIORITY).contains(&priority) {
        note("priority", format!("must be from 1 to {MOST_PRIORITY}"));
    }
    wrong
}

fn checked(new: &AddCredential) -> Result<(String, String), Error> {
    let name = crate::tenants::name(&new.name, "name")?;
    let mut wrong = Vec::new();
    let mut note = |field: &str, message: String| wrong.push(FieldError { field: field.to_owned(), message });
    let known = crate::prices::provider(&new.provider);
    if known.is_none() && new.provider != "custom" {
        note(
            "provider",
            format!("\"{}\" is not known; choose one of GET /providers, or custom", new.provider),
        );
    }
    let base_url = new
        .base_url
        .clone()
        .or_else(|| known.and_then(|p| p.base_url.map(str::to_owned)))
        .unwrap_or_default();
    match BaseUrl::parse(&base_url) {
        Ok(_) => {}
        Err(_) if base_url.is_empty() => note("base_url", "is needed for this provider".to_owned()),
        Err(e) => note("base_url", e.to_string()),
    }
    let key = new.api_key.expose();
    if key.len() < 8 || key.len() > 4_096 || !key.iter().all(u8::is_ascii_graphic) {
        note("api_key", "must be 8 to 4,096 visible characters without spaces".to_owned());
    }
    wrong.extend(wrong_share(&new.models, new.weight.unwrap_or(WEIGHT), new.priority.unwrap_or(1)));
    Error::fields(wrong).map_or(Ok((name, base_url)), Err)
}
