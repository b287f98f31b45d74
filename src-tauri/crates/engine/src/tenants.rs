//! Tenants: their life, and what is shown of them.

use crate::Engine;
use crate::cx::Cx;
use crate::error::{Code, Error, FieldError};
use reeve_core::grant::Visible;
use reeve_core::id::TenantId;
use reeve_core::money::NanoUsd;
use reeve_core::period::{PeriodKind, Zone, local_day, start_of};
use reeve_core::permission::Permission;
use reeve_core::slug;
use reeve_core::tenant::{TenantStatus, Tier};
pub use reeve_store::table::tenants::{Tenant, TenantFilter};
use std::collections::HashMap;

/// Days of the small chart beside a tenant.
pub const SPARK_DAYS: usize = 30;

/// A new tenant.
#[derive(Clone, Debug)]
pub struct CreateTenant {
    /// Name.
    pub name: String,
    /// Short name; made from the name where absent.
    pub slug: Option<String>,
    /// Plan.
    pub tier: Tier,
    /// Zone of its quota's days; the workspace's where absent.
    pub time_zone: Option<Zone>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Notes.
    pub notes: Option<String>,
}

/// A change of a tenant; what is `None` stays, an inner `None` clears.
#[derive(Clone, Debug, Default)]
pub struct ChangeTenant {
    /// Name.
    pub name: Option<String>,
    /// Short name.
    pub slug: Option<String>,
    /// Plan.
    pub tier: Option<Tier>,
    /// Zone of its quota's days.
    pub time_zone: Option<Zone>,
    /// Who answers for it.
    pub owner: Option<Option<String>>,
    /// Tags.
    pub tags: Option<Vec<String>>,
    /// Notes.
    pub notes: Option<Option<String>>,
}

/// A tenant with its spending.
#[derive(Clone, Debug)]
pub struct TenantWithUsage {
    /// The tenant.
    pub tenant: Tenant,
    /// Settled cost and calls of the current day in the workspace's zone.
    pub today: (NanoUsd, u64),
    /// Settled cost and calls of the current month.
    pub month: (NanoUsd, u64),
    /// Cost of each of the last [`SPARK_DAYS`] days, oldest first.
    pub daily: Vec<NanoUsd>,
}

impl Engine {
    /// Tenants by name, of those that `cx` sees, with whether there are more.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn tenants(
        &self,
        cx: &Cx,
        filter: TenantFilter,
        limit: usize,
    ) -> Result<(Vec<TenantWithUsage>, bool), Error> {
        let visible = self.require_visible(cx, Permission::TenantRead).await?;
        let list = move |r: &reeve_store::Read<'_>| r.tenants().list(&visible, &filter, limit + 1);
        let mut tenants = self.inner.store.read(list).await?;
        let more = tenants.len() > limit;
        tenants.truncate(limit);
        Ok((self.with_usage(tenants).await?, more))
    }

    /// A tenant.
    ///
    /// # Errors
    /// If `cx` may not see it, or there is none.
    pub async fn tenant(&self, cx: &Cx, id: TenantId) -> Result<TenantWithUsage, Error> {
        self.require_for(cx, Permission::TenantRead, id).await?;
        let tenant = self.stored_tenant(id).await?;
        let mut found = self.with_usage(vec![tenant]).await?;
        found.pop().ok_or_else(|| Error::not_found("tenant"))
    }

    pub(crate) async fn stored_tenant(&self, id: TenantId) -> Result<Tenant, Error> {
        self.inner.store.read(move |r| r.tenants().get(id)).await?.ok_or_else(|| Error::not_found("tenant"))
    }

    pub(crate) async fn with_usage(&self, tenants: Vec<Tenant>) -> Result<Vec<TenantWithUsage>, Error> {
        let (zone, now) = (self.zone(), self.now());
        let today = local_day(zone, now);
        let first = today - chrono::Days::new(SPARK_DAYS as u64 - 1);
        let (from, one) = (start_of(zone, first), (tenants.len() == 1).then(|| tenants[0].id));
        let mut daily: HashMap<TenantId, Vec<NanoUsd>> =
            tenants.iter().map(|t| (t.id, vec![NanoUsd::ZERO; SPARK_DAYS])).collect();
        if !tenants.is_empty() {
            daily = self
                .inner
                .store
                .read(move |r| {
                    r.usage_slots().visit(&Visible::All, one, from, now.plus(1), |slot| {
                        let day = (local_day(zone, slot.start()) - first).num_days();
                        let days = daily.get_mut(&slot.tenant_id);
                        if let Some(cost) = usize::try_from(day).ok().and_then(|day| days?.get_mut(day)) {
                            *cost += slot.sums.cost;
                        }
                    })?;
                    Ok::<_, Error>(daily)
                })
                .await?;
        }
        let admission = &self.inner.admission;
        let view = |tenant: Tenant| {
            let limits = admission.limits(Some(tenant.id), now);
            let of = |kind| {
                limits.as_ref().map_or((NanoUsd::ZERO, 0), |l| {
                    let m = if kind == PeriodKind::Day { &l.day } else { &l.month };
                    (m.meter.spent, m.requests)
                })
            };
            let daily = daily.get(&tenant.id).cloned().unwrap_or_default();
            TenantWithUsage { today: of(PeriodKind::Day), month: of(PeriodKind::Month), daily, tenant }
        };
        Ok(tenants.into_iter().map(view).collect())
    }

    /// Makes a tenant.
    ///
    /// # Errors
    /// If `cx` may not, a field is wrong, or the slug is taken.
    pub async fn create_tenant(&self, cx: &Cx, new: CreateTenant) -> Result<TenantWithUsage, Error> {
        self.require(cx, Permission::TenantWrite).await?;
        let now = self.now();
        let slug = new.slug.unwrap_or_else(|| slug::from_name(&new.name));
        let tenant = Tenant {
            id: TenantId(self.inner.ids.next()),
            name: new.name,
            slug,
            tier: new.tier,
            status: TenantStatus::Active,
            time_zone: new.time_zone.unwrap_or_else(|| self.zone()),
            owner: new.owner,
            tags: new.tags,
            notes: new.notes,
            sample: false,
            created_at: now,
            updated_at: now,
        };
        let tenant = checked(tenant)?;
        let draft = self
            .draft(cx, "tenant.create", format_args!("tenant:{}", tenant.id))
            .tenant(tenant.id)
            .name(&tenant.name)
            .detail("tier", tenant.tier.as_str())
            .detail("slug", tenant.slug.as_str());
        self.put_tenant(tenant, draft).await
    }

    /// Changes a tenant.
    ///
    /// # Errors
    /// If `cx` may not, there is none, a field is wrong, or the slug is taken.
    pub async fn change_tenant(
        &self,
        cx: &Cx,
        id: TenantId,
        change: ChangeTenant,
    ) -> Result<TenantWithUsage, Error> {
        self.require(cx, Permission::TenantWrite).await?;
        let before = self.stored_tenant(id).await?;
        if before.status == TenantStatus::Archived {
            return Err(Error::new(
                Code::Conflict,
                format!("{} is archived and stays as it is.", before.name),
            ));
        }
        let after = checked(Tenant {
            name: change.name.unwrap_or_else(|| before.name.clone()),
            slug: change.slug.unwrap_or_else(|| before.slug.clone()),
            tier: change.tier.unwrap_or(before.tier),
            time_zone: change.time_zone.unwrap_or(before.time_zone),
            owner: change.owner.unwrap_or_else(|| before.owner.clone()),
            tags: change.tags.unwrap_or_else(|| before.tags.clone()),
            notes: change.notes.unwrap_or_else(|| before.notes.clone()),
            updated_at: self.now(),
            ..before.clone()
        })?;
        let none = String::new;
        let draft = self
            .draft(cx, "tenant.update", format_args!("tenant:{id}"))
            .tenant(id)
            .name(&after.name)
            .change("name", &before.name, &after.name)
            .change("slug", &before.slug, &after.slug)
            .change("tier", before.tier.as_str(), after.tier.as_str())
            .change("time_zone", before.time_zone.name(), after.time_zone.name())
            .change("tags", before.tags.join(", "), after.tags.join(", "))
            // An owner is a person and notes may name one: what they were is not for the ledger's public part.
            .change("owner", marked(&before.owner, &after.owner).0, marked(&before.owner, &after.owner).1)
            .change("notes", marked(&before.notes, &after.notes).0, marked(&before.notes, &after.notes).1)
            .private("owner", after.owner.as_deref().unwrap_or(&none()));
        self.put_tenant(after, draft).await
    }

    /// Moves a tenant to another state.
    ///
    /// # Errors
    /// If `cx` may not, there is none, or the state cannot follow.
    pub async fn set_tenant_status(
        &self,
        cx: &Cx,
        id: TenantId,
        status: TenantStatus,
        reason: Option<String>,
    ) -> Result<TenantWithUsage, Error> {
        self.require(cx, Permission::TenantWrite).await?;
        let before = self.stored_tenant(id).await?;
        if !before.status.may_become(status) {
            let sentence = format!(
                "{} is {} and cannot become {}.",
                before.name,
                before.status.as_str(),
                status.as_str()
            );
            return Err(Error::new(Code::Conflict, sentence));
        }
        let kind = match status {
            TenantStatus::Active => "tenant.resume",
            TenantStatus::Suspended => "tenant.suspend",
            TenantStatus::Archived => "tenant.archive",
        };
        let mut draft = self
            .draft(cx, kind, format_args!("tenant:{id}"))
            .tenant(id)
            .name(&before.name)
            .change("status", before.status.as_str(), status.as_str());
        if let Some(reason) = reason.filter(|r| !r.trim().is_empty()) {
            draft = draft.detail("reason", reason.chars().take(500).collect::<String>());
        }
        self.put_tenant(Tenant { status, updated_at: self.now(), ..before }, draft).await
    }

    async fn put_tenant(&self, tenant: Tenant, draft: crate::entry::Draft) -> Result<TenantWithUsage, Error> {
        let stored = tenant.clone();
        let written = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.tenants().put(&stored)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await;
        let sequence = written.map_err(|e| slug_taken(e, &tenant.slug))?;
        self.inner.admission.put_tenant(tenant.clone(), self.now());
        self.told_of(crate::EventKind::Tenant, sequence);
        let mut views = self.with_usage(vec![tenant]).await?;
        views.pop().ok_or_else(|| Error::not_found("tenant"))
    }
}

fn marked(before: &Option<String>, after: &Option<String>) -> (&'static str, &'static str) {
    if before == after { ("", "") } else { ("before", "after") }
}

fn slug_taken(error: Error, slug: &str) -> Error {
    if error.code != Code::Conflict {
        return error;
    }
    let message = format!("\"{slug}\" is another tenant's short name; choose one of its own");
    let mut conflict = Error::new(Code::Conflict, message.clone());
    conflict.fields.push(FieldError { field: "slug".to_owned(), message });
    conflict
}

/// A name: 1 to 100 characters, no control characters.
pub(crate) fn name(text: &str, field: &str) -> Result<String, Error> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(Error::field(field, "is needed"));
    }
    if trimmed.chars().count() > 100 {
        return Err(Error::field(field, "is too long; 100 characters are the most"));
    }
    if trimmed.chars().any(char::is_control) {
        return Err(Error::field(field, "holds a control character"));
    }
    Ok(trimmed.to_owned())
}

fn checked(mut tenant: Tenant) -> Result<Tenant, Error> {
    let mut wrong = Vec::new();
    let mut note = |field: &str, message: &str| {
        wrong.push(FieldError { field: field.to_owned(), message: message.to_owned() })
    };
    match name(&tenant.name, "name") {
        Ok(name) => tenant.name = name,
        Err(e) => note("name", e.fields.first().map_or("is wrong", |f| f.message.as_str())),
    }
    if !slug::is_valid(&tenant.slug) {
        note("slug", "may hold small letters, digits and single dashes, at most 63");
    }
    if tenant.tags.len() > 50
        || tenant
            .tags
            .iter()
            .any(|t| t.is_empty() || t.chars().count() > 50 || t.chars().any(char::is_control))
    {
        note("tags", "may be 50 at most, of 1 to 50 characters each");
    }
    if tenant.owner.as_ref().is_some_and(|o| o.chars().count() > 200) {
        note("owner", "is too long; 200 characters are the most");
    }
    if tenant.notes.as_ref().is_some_and(|n| n.chars().count() > 5_000) {
        note("notes", "are too long; 5,000 characters are the most");
    }
    Error::fields(wrong).map_or(Ok(tenant), Err)
}
