//! Quotas: what a tenant's plan allows, what an override changes, what is used.

use crate::Engine;
use crate::admission::TenantCounters;
use crate::cx::Cx;
use crate::error::{Error, FieldError};
use reeve_core::id::TenantId;
use reeve_core::permission::Permission;
use reeve_core::tenant::{Quota, QuotaOverride, Tier};

/// A tenant's quota.
#[derive(Clone, Debug)]
pub struct QuotaStatus {
    /// Plan.
    pub tier: Tier,
    /// What the plan allows.
    pub tier_limits: Quota,
    /// The override, if there is one.
    pub over: Option<QuotaOverride>,
    /// What holds now, and what is used.
    pub counters: TenantCounters,
}

impl Engine {
    /// A tenant's quota.
    ///
    /// # Errors
    /// If `cx` may not see it, or there is no such tenant.
    pub async fn quota(&self, cx: &Cx, id: TenantId) -> Result<QuotaStatus, Error> {
        self.require_for(cx, Permission::TenantRead, id).await?;
        self.quota_status(id).await
    }

    async fn quota_status(&self, id: TenantId) -> Result<QuotaStatus, Error> {
        let tenant = self.stored_tenant(id).await?;
        let over = self.inner.store.read(move |r| r.quota_overrides().get(id)).await?;
        let counters =
            self.inner.admission.counters(id, self.now()).ok_or_else(|| Error::not_found("tenant"))?;
        Ok(QuotaStatus { tier: tenant.tier, tier_limits: tenant.tier.quota(), over, counters })
    }

    /// Sets or removes a tenant's override.
    ///
    /// # Errors
    /// If `cx` may not, there is no such tenant, or a value is wrong.
    pub async fn set_quota_override(
        &self,
        cx: &Cx,
        id: TenantId,
        over: Option<QuotaOverride>,
    ) -> Result<QuotaStatus, Error> {
        self.require(cx, Permission::TenantWrite).await?;
        let tenant = self.stored_tenant(id).await?;
        if let Some(over) = &over {
            check(over, self.now())?;
        }
        let before = self.inner.store.read(move |r| r.quota_overrides().get(id)).await?;
        let draft = changes(
            self.draft(cx, "quota.update", format_args!("tenant:{id}")),
            before.as_ref(),
            over.as_ref(),
        )
        .tenant(id)
        .name(&tenant.name);
        let stored = over.clone();
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                match &stored {
                    Some(over) => recorded.quota_overrides().put(id, over)?,
                    None => recorded.quota_overrides().delete(id)?,
                }
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.inner.admission.put_override(id, over);
        self.told_of(crate::EventKind::Tenant, sequence);
        self.quota_status(id).await
    }
}

fn changes(
    draft: crate::entry::Draft,
    before: Option<&QuotaOverride>,
    after: Option<&QuotaOverride>,
) -> crate::entry::Draft {
    let plan = QuotaOverride::default();
    let (before, after) = (before.unwrap_or(&plan), after.unwrap_or(&plan));
    let number = |n: Option<u64>| n.map_or_else(|| "as planned".to_owned(), |n| n.to_string());
    let until = |o: &QuotaOverride| o.until.map_or_else(|| "no end".to_owned(), |t| t.to_string());
    draft
        .change("requests_per_day", number(before.requests_per_day), number(after.requests_per_day))
        .change("tokens_per_request", number(before.tokens_per_request), number(after.tokens_per_request))
        .change("concurrent_requests", number(before.concurrent_requests), number(after.concurrent_requests))
        .change("until", until(before), until(after))
        .change("reason", before.reason.as_deref().unwrap_or(""), after.reason.as_deref().unwrap_or(""))
}

fn check(over: &QuotaOverride, now: reeve_core::time::Millis) -> Result<(), Error> {
    const MOST: u64 = 1_000_000_000;
    let mut wrong = Vec::new();
    let fields = [
        ("requests_per_day", over.requests_per_day),
        ("tokens_per_request", over.tokens_per_request),
        ("concurrent_requests", over.concurrent_requests),
    ];
    for (field, value) in fields {
        if value.is_some_and(|n| n > MOST) {
            wrong.push(FieldError {
                field: field.to_owned(),
                message: "is more than 1,000,000,000".to_owned(),
            });
        }
    }
    if fields.iter().all(|(_, value)| value.is_none()) {
        let message = "set at least one limit, or remove the override".to_owned();
        wrong.push(FieldError { field: "requests_per_day".to_owned(), message });
    }
    if over.until.is_some_and(|end| end <= now) {
        wrong.push(FieldError { field: "until".to_owned(), message: "is in the past".to_owned() });
    }
    Error::fields(wrong).map_or(Ok(()), Err)
}
