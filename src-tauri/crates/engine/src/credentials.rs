//! Provider credentials: sealed on the way in, lent for one request, never shown again.

use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error, FieldError};
use arc_swap::ArcSwap;
use reeve_core::id::CredentialId;
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_providers::upstream::{BaseUrl, Key, ProbeOutcome};
pub use reeve_store::table::credentials::Credential;
use reeve_store::table::credentials::SealedKey;
use reeve_vault::{Secret, Vault};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Where a call goes, and with which sealed key.
#[derive(Clone, Debug)]
pub struct Route {
    /// Which credential.
    pub credential: CredentialId,
    /// Provider, as the price catalogue spells it.
    pub provider: String,
    /// Where calls go.
    pub base_url: BaseUrl,
    version: u32,
    sealed: Arc<reeve_vault::SealedKey>,
    // The minute of use that was last written down.
    touched: Arc<AtomicI64>,
}

struct Served {
    models: Vec<String>,
    route: Route,
}

/// The live credentials, for the hot path.
pub(crate) struct Live(ArcSwap<Vec<Served>>);

impl Default for Live {
    fn default() -> Self {
        Self(ArcSwap::from_pointee(Vec::new()))
    }
}

impl Live {
    /// The oldest credential that names the model, else the oldest that serves all models.
    pub(crate) fn route(&self, model: &str) -> Option<Route> {
        serving(&self.0.load(), model).map(|s| s.route.clone())
    }

    /// The provider that [`Live::route`] leads to.
    pub(crate) fn provider(&self, model: &str) -> Option<String> {
        serving(&self.0.load(), model).map(|s| s.route.provider.clone())
    }

    /// The models named by credentials, and the providers whose whole list is served.
    pub(crate) fn served(&self) -> (Vec<(String, String)>, Vec<String>) {
        let served = self.0.load();
        let named = served
            .iter()
            .flat_map(|s| s.models.iter().map(|m| (s.route.provider.clone(), m.clone())))
            .collect();
        let whole =
            served.iter().filter(|s| s.models.is_empty()).map(|s| s.route.provider.clone()).take(1).collect();
        (named, whole)
    }
}

impl Route {
    /// Whether its last use should be written down: once a minute.
    pub(crate) fn is_first_use_in_minute(&self, now: Millis) -> bool {
        let minute = now.0 / Millis::MINUTE;
        self.touched.fetch_max(minute, Ordering::Relaxed) < minute
    }
}

fn from_stored(key: SealedKey) -> reeve_vault::SealedKey {
    reeve_vault::SealedKey { wrapped_dek: key.wrapped_dek, sealed: key.sealed }
}

fn serving<'a>(served: &'a [Served], model: &str) -> Option<&'a Served> {
    let named = served.iter().find(|s| s.models.iter().any(|m| m == model));
    named.or_else(|| served.iter().find(|s| s.models.is_empty()))
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
    pub(crate) async fn load_credentials(&self) -> Result<(), Error> {
        let live = self.inner.store.read(|r| r.credentials().live()).await?;
        let served = live.into_iter().filter_map(|c| {
            let route = Route {
                credential: c.id,
                base_url: BaseUrl::parse(&c.base_url).ok()?,
                provider: c.provider,
                version: c.version,
                sealed: Arc::new(from_stored(c.sealed?)),
                touched: Arc::new(AtomicI64::new(c.last_used_at.map_or(0, |t| t.0 / Millis::MINUTE))),
            };
            Some(Served { models: c.models, route })
        });
        self.inner.credentials.0.store(Arc::new(served.collect()));
        Ok(())
    }

    /// The key of a route, in the clear.
    pub(crate) fn open_credential(&self, route: &Route) -> Result<Secret, Error> {
        self.vault()?
            .open_key(&route.provider, &route.credential.to_string(), route.version, &route.sealed)
            .map_err(|e| {
                Error::new(
                    Code::Internal,
                    "The provider key does not open; the vault or the store is damaged.",
                )
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
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.load_credentials().await?;
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
            version: 1,
            fingerprint: vault.fingerprint(&new.api_key),
            last4: new.api_key.last4(),
            sealed: Some(SealedKey { wrapped_dek: sealed.wrapped_dek, sealed: sealed.sealed }),
            created_at: now,
            revoked_at: None,
            last_used_at: None,
        })
    }

    /// Revokes a credential and shreds its key. The provider still honours the key until it is deleted there.
    ///
    /// # Errors
    /// If `cx` may not, or there is none.
    pub async fn revoke_credential(&self, cx: &Cx, id: CredentialId) -> Result<Credential, Error> {
        self.require(cx, Permission::CredentialWrite).await?;
        let credential = self.stored_credential(id).await?;
        if credential.revoked_at.is_some() {
            return Ok(credential);
        }
        let draft = self
            .draft(cx, "key.revoke", format_args!("credential:{id}"))
            .name(&credential.name)
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
        self.load_credentials().await?;
        self.told_of(crate::EventKind::Credential, sequence);
        self.stored_credential(id).await
    }

    async fn stored_credential(&self, id: CredentialId) -> Result<Credential, Error> {
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
        let route = self
            .inner
            .credentials
            .0
            .load()
            .iter()
            .find(|s| s.route.credential == id)
            .map(|s| s.route.clone());
        let route = route.ok_or_else(|| {
            Error::new(Code::PreconditionFailed, "This key is revoked and cannot be tested.")
        })?;
        let key = self.open_credential(&route)?;
        let probed = match self.inner.upstream.probe(&route.base_url, Key(key.expose())).await {
            Ok(p) => Probed {
                ok: p.outcome == ProbeOutcome::Accepted,
                status: Some(p.status),
                message: p.outcome.message().to_owned(),
                models: p.models.and_then(|n| u64::try_from(n).ok()),
            },
            Err(error) => Probed { ok: false, status: None, message: error.to_string(), models: None },
        };
        let outcome = if probed.ok { Outcome::Success } else { Outcome::Error };
        let severity = if probed.ok { Severity::Info } else { Severity::Warning };
        let draft = self
            .draft(cx, "key.probe", format_args!("credential:{id}"))
            .name(&credential.name)
            .detail("message", probed.message.as_str())
            .outcome(outcome, severity);
        self.record(draft).await?;
        Ok(probed)
    }
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
    if new.models.len() > 500 || new.models.iter().any(|m| m.is_empty() || m.len() > 200) {
        note("models", "may be 500 at most, of 1 to 200 characters each".to_owned());
    }
    Error::fields(wrong).map_or(Ok((name, base_url)), Err)
}
