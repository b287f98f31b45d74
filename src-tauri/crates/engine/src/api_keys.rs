//! Tenants' API keys: `rvk_` and 12 public characters, `_`, 43 secret ones, `_` and a checksum. Shown once.

mod rotate;

use crate::Engine;
use crate::admission::keys::{PREFIX_LEN, hash};
use crate::cx::Cx;
use crate::error::{Code, Error};
use data_encoding::BASE64URL_NOPAD;
use reeve_core::grant::Visible;
use reeve_core::id::{ApiKeyId, TenantId, UserId};
use reeve_core::permission::{KeyScope, Permission};
use reeve_core::principal::Principal;
use reeve_core::tenant::TenantStatus;
use reeve_core::time::Millis;
pub use reeve_store::table::api_keys::{ApiKey, PreviousSecret};
pub use rotate::RotateApiKey;
use zeroize::Zeroizing;

/// A fresh key: what is stored of it, and what is shown this once.
#[derive(Debug)]
pub struct Minted {
    /// What is stored.
    pub key: ApiKey,
    /// The whole key.
    pub secret: Zeroizing<String>,
}

impl Engine {
    /// A tenant's keys, oldest first, with whether there are more.
    ///
    /// # Errors
    /// If `cx` may not see them, or there is no such tenant.
    pub async fn api_keys(
        &self,
        cx: &Cx,
        tenant: TenantId,
        after: Option<ApiKeyId>,
        limit: usize,
    ) -> Result<(Vec<ApiKey>, bool), Error> {
        self.require_for(cx, Permission::TenantRead, tenant).await?;
        self.stored_tenant(tenant).await?;
        let mut keys =
            self.inner.store.read(move |r| r.api_keys().of_tenant(tenant, after, limit + 1)).await?;
        let more = keys.len() > limit;
        keys.truncate(limit);
        Ok((keys, more))
    }

    /// Keys of all tenants that `cx` sees, the newest first, with whether there are more: those that somebody made, where one is said.
    ///
    /// # Errors
    /// If `cx` may not see them. One's own need no permission.
    pub async fn newest_api_keys(
        &self,
        cx: &Cx,
        made_by: Option<UserId>,
        before: Option<ApiKeyId>,
        limit: usize,
    ) -> Result<(Vec<ApiKey>, bool), Error> {
        let own = matches!(&cx.principal, Principal::User { id, .. } if made_by == Some(*id));
        let visible =
            if own { Visible::All } else { self.require_visible(cx, Permission::TenantRead).await? };
        let newest =
            move |r: &reeve_store::Read<'_>| r.api_keys().newest(&visible, made_by, before, limit + 1);
        let mut keys = self.inner.store.read(newest).await?;
        let more = keys.len() > limit;
        keys.truncate(limit);
        Ok((keys, more))
    }

    /// Mints a key for a tenant's calls through the gateway.
    ///
    /// # Errors
    /// As [`Engine::mint_scoped_key`].
    pub async fn mint_api_key(
        &self,
        cx: &Cx,
        tenant: TenantId,
        name: &str,
        expires_at: Option<Millis>,
    ) -> Result<Minted, Error> {
        self.mint_scoped_key(cx, tenant, name, expires_at, vec![KeyScope::GatewayCall]).await
    }

    /// Mints a key for a tenant, good for `scopes`.
    ///
    /// # Errors
    /// If `cx` may not, or may not do itself what the key may; if there is no such tenant, or a field is wrong.
    pub async fn mint_scoped_key(
        &self,
        cx: &Cx,
        tenant: TenantId,
        name: &str,
        expires_at: Option<Millis>,
        mut scopes: Vec<KeyScope>,
    ) -> Result<Minted, Error> {
        self.require_for(cx, Permission::ApiKeyWrite, tenant).await?;
        self.require_carried(cx, tenant, &scopes).await?;
        let owner = self.stored_tenant(tenant).await?;
        if owner.status == TenantStatus::Archived {
            return Err(Error::new(
                Code::Conflict,
                format!("{} is archived; it gets no new keys.", owner.name),
            ));
        }
        let (name, now) = (crate::tenants::name(name, "name")?, self.now());
        if expires_at.is_some_and(|end| end <= now) {
            return Err(Error::field("expires_at", "is in the past"));
        }
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            return Err(Error::field("scopes", "needs at least one: a key without any is good for nothing"));
        }
        let secret = make_secret()?;
        let key = ApiKey {
            id: ApiKeyId(self.inner.ids.next()),
            tenant_id: tenant,
            name,
            prefix: secret.get(..PREFIX_LEN).unwrap_or_default().to_owned(),
            secret_hash: hash(&secret),
            created_at: now,
            expires_at,
            revoked_at: None,
            last_used_at: None,
            scopes,
            rotated_at: None,
            previous: None,
            created_by: match cx.principal {
                Principal::User { id, .. } => Some(id),
                _ => None,
            },
        };
        let draft = self
            .draft_of(cx, "api_key.create", &key)
            .detail("prefix", key.prefix.as_str())
            .detail("scopes", key.scopes.iter().map(|s| s.as_str()).collect::<Vec<_>>())
            .detail("expires_at", expires_at.map_or_else(|| "never".to_owned(), |t| t.to_string()));
        let stored = key.clone();
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.api_keys().insert(&stored)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.inner.admission.put_key(&key);
        self.told_of(crate::EventKind::Tenant, sequence);
        Ok(Minted { key, secret })
    }

    /// Revokes a key: the next call with it is refused.
    ///
    /// # Errors
    /// If `cx` may not, or the tenant has no such key.
    pub async fn revoke_api_key(&self, cx: &Cx, tenant: TenantId, id: ApiKeyId) -> Result<ApiKey, Error> {
        self.require_for(cx, Permission::ApiKeyWrite, tenant).await?;
        let _one = self.inner.key_rotations.lock().await;
        let key = self.stored_key(tenant, id).await?;
        if key.revoked_at.is_some() {
            return Ok(key);
        }
        // Out of memory first: once the answer is given, no call with it goes through.
        self.inner.admission.remove_key(id);
        let draft = self
            .draft_of(cx, "api_key.revoke", &key)
            .change("state", "active", "revoked")
            .detail("prefix", key.prefix.as_str());
        let (sequence, now) = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.api_keys().revoke(id, recorded.now())?;
                Ok::<_, Error>((recorded.sequence(), recorded.now()))
            })
            .await?;
        self.told_of(crate::EventKind::Tenant, sequence);
        self.inner.sessions.tell();
        Ok(ApiKey { revoked_at: Some(now), ..key })
    }

    /// Lets `cx` pass if it holds for the tenant what a key hands on to whoever has it.
    async fn require_carried(&self, cx: &Cx, tenant: TenantId, scopes: &[KeyScope]) -> Result<(), Error> {
        for scope in scopes {
            self.require_for(cx, scope.permission(), tenant).await?;
        }
        Ok(())
    }
}

fn make_secret() -> Result<Zeroizing<String>, Error> {
    const PUBLIC: data_encoding::Encoding = data_encoding::BASE32_NOPAD;
    let public = PUBLIC.encode(&crate::random::bytes::<8>()?).to_lowercase();
    let secret = Zeroizing::new(BASE64URL_NOPAD.encode(&crate::random::bytes::<32>()?));
    let body = Zeroizing::new(format!("rvk_{}_{}", public.get(..12).unwrap_or_default(), secret.as_str()));
    // The checksum serves typing errors and leak scanners, not security.
    let check = hash(&body);
    let check = data_encoding::HEXLOWER.encode(check.get(..3).unwrap_or_default());
    Ok(Zeroizing::new(format!("{}_{check}", body.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_shape() {
        let key = make_secret().unwrap();
        let parts: Vec<_> = key.splitn(3, '_').collect();
        assert_eq!((parts[0], parts[1].len()), ("rvk", 12));
        assert_eq!(key.len(), 4 + 12 + 1 + 43 + 1 + 6);
        assert_ne!(*key, *make_secret().unwrap());
    }
}
