//! Another secret for an API key that stays the same one: its id, name, budgets and history go on. The secret before works beside
//! it for a while, so that whoever uses it can be given the next one without a failed call.

use super::{ApiKey, Minted, PreviousSecret, make_secret};
use crate::Engine;
use crate::admission::keys::{PREFIX_LEN, hash};
use crate::cx::Cx;
use crate::entry::Draft;
use crate::error::{Code, Error};
use reeve_core::id::{ApiKeyId, TenantId};
use reeve_core::permission::Permission;
use reeve_core::tenant::TenantStatus;
use reeve_core::time::Millis;

/// So long the secret before works where nothing else is said.
const OVERLAP_MS: i64 = Millis::DAY;
/// So long at most: a secret that goes on for ever is not replaced.
const MAX_OVERLAP_MS: i64 = 30 * Millis::DAY;

/// How to replace a key's secret.
#[derive(Clone, Copy, Default, Debug)]
pub struct RotateApiKey {
    /// How long the secret before goes on working, in ms; a day if absent, 0 for not at all.
    pub overlap_ms: Option<i64>,
    /// Whether to end the secret before the present one, where it still works.
    pub force: bool,
}

impl Engine {
    /// Gives a key another secret. A key with an end lives as long again as it was to live before.
    ///
    /// # Errors
    /// If `cx` may not, the tenant has no such key, the overlap is out of bounds; [`Code::Conflict`] if the key or its tenant
    /// is at an end, or the secret before still works and `force` is not said.
    pub async fn rotate_api_key(
        &self,
        cx: &Cx,
        tenant: TenantId,
        id: ApiKeyId,
        how: RotateApiKey,
    ) -> Result<Minted, Error> {
        self.require_for(cx, Permission::ApiKeyWrite, tenant).await?;
        let overlap = how.overlap_ms.unwrap_or(OVERLAP_MS);
        if !(0..=MAX_OVERLAP_MS).contains(&overlap) {
            return Err(Error::field("overlap_seconds", "must be from 0 to 2592000, which is 30 days"));
        }
        let _one = self.inner.key_rotations.lock().await;
        let (key, now) = (self.key_to_rotate(tenant, id).await?, self.now());
        self.require_carried(cx, tenant, &key.scopes).await?;
        if let Some(previous) = key.previous.as_ref().filter(|p| p.until > now && !how.force) {
            return Err(Error::new(
                Code::Conflict,
                format!(
                    "The secret before the last rotation works until {}. End it first, or rotate with force, which ends it now.",
                    previous.until
                ),
            ));
        }
        let secret = make_secret()?;
        let rotated = rotated(&key, &secret, overlap, now);
        let draft = self.draft_of(cx, "api_key.rotate", &key).change(
            "prefix",
            key.prefix.as_str(),
            rotated.prefix.as_str(),
        );
        let draft = match &rotated.previous {
            Some(previous) => draft.detail("previous_until", previous.until.to_string()),
            None => draft.detail("previous_until", "ended"),
        };
        self.write_rotated(draft, &rotated).await?;
        Ok(Minted { key: rotated, secret })
    }

    /// Ends the secret before the last rotation at once.
    ///
    /// # Errors
    /// If `cx` may not, or the tenant has no such key.
    pub async fn end_previous_secret(
        &self,
        cx: &Cx,
        tenant: TenantId,
        id: ApiKeyId,
    ) -> Result<ApiKey, Error> {
        self.require_for(cx, Permission::ApiKeyWrite, tenant).await?;
        let _one = self.inner.key_rotations.lock().await;
        let key = self.stored_key(tenant, id).await?;
        let Some(previous) = key.previous.as_ref().filter(|_| key.revoked_at.is_none()) else {
            return Ok(key);
        };
        let draft = self
            .draft_of(cx, "api_key.end_previous", &key)
            .change("previous", "working", "ended")
            .detail("previous_prefix", previous.prefix.as_str());
        let ended = ApiKey { previous: None, ..key };
        self.write_rotated(draft, &ended).await?;
        Ok(ended)
    }

    pub(super) async fn stored_key(&self, tenant: TenantId, id: ApiKeyId) -> Result<ApiKey, Error> {
        let key = self.inner.store.read(move |r| r.api_keys().get(tenant, id)).await?;
        key.ok_or_else(|| Error::not_found("API key"))
    }

    async fn key_to_rotate(&self, tenant: TenantId, id: ApiKeyId) -> Result<ApiKey, Error> {
        let owner = self.stored_tenant(tenant).await?;
        let (key, now) = (self.stored_key(tenant, id).await?, self.now());
        let over = |what: String| Err(Error::new(Code::Conflict, what));
        if owner.status == TenantStatus::Archived {
            return over(format!("{} is archived; its keys stay as they are.", owner.name));
        }
        if key.revoked_at.is_some() {
            return over(format!("{} is revoked; make a new key instead.", key.name));
        }
        if key.expires_at.is_some_and(|end| end <= now) {
            return over(format!("{} has expired; make a new key instead.", key.name));
        }
        Ok(key)
    }

    pub(super) fn draft_of(&self, cx: &Cx, event: &'static str, key: &ApiKey) -> Draft {
        self.draft(cx, event, format_args!("api_key:{}", key.id)).tenant(key.tenant_id).name(&key.name)
    }

    async fn write_rotated(&self, draft: Draft, key: &ApiKey) -> Result<(), Error> {
        let stored = key.clone();
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.api_keys().rotate(&stored)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.inner.admission.replace_key(key);
        self.told_of(crate::EventKind::Tenant, sequence);
        Ok(())
    }
}

fn rotated(key: &ApiKey, secret: &str, overlap: i64, now: Millis) -> ApiKey {
    let lifetime = key.expires_at.map(|end| end.0 - key.rotated_at.unwrap_or(key.created_at).0);
    let previous = PreviousSecret {
        prefix: key.prefix.clone(),
        secret_hash: key.secret_hash,
        // Its own end stays: a rotation lets no secret live longer.
        until: key.expires_at.map_or(now.plus(overlap), |end| end.min(now.plus(overlap))),
        last_used_at: None,
    };
    ApiKey {
        prefix: secret.get(..PREFIX_LEN).unwrap_or_default().to_owned(),
        secret_hash: hash(secret),
        expires_at: lifetime.map(|ms| now.plus(ms)),
        rotated_at: Some(now),
        last_used_at: None,
        previous: (overlap > 0).then_some(previous),
        ..key.clone()
    }
}
