//! Rate limits: what holds for whom, and setting it.
//!
//! Every scope has a default; a limit of one tenant, key, user, model or address departs from it in the numbers it names.
//! The buckets themselves are in memory alone (see [`table`]): after a start they are full.

mod entry;
mod flood;
mod gate;
mod refused;
mod rules;
mod standing;
mod status;
mod subject;
pub(crate) mod table;
#[cfg(test)]
mod tests;

pub(crate) use flood::Floods;
pub use refused::Refused;
pub use standing::{Standing, Standings};
pub use status::{BucketStatus, ConcurrentStatus, LimitRefusals, RefusedCalls, SubjectStatus};
pub use subject::{Asker, Subject};
pub(crate) use table::Grant;

use crate::Engine;
use crate::cx::Cx;
use crate::entry::Draft;
use crate::error::{Code, Error, FieldError};
use crate::events::EventKind;
use reeve_core::id::{ApiKeyId, LimitId, TenantId, UserId};
use reeve_core::limit::{LimitScope, RateLimit};
use reeve_core::peer::one_caller;
use reeve_core::permission::Permission;
pub use reeve_store::table::limits::Limit;
use std::net::IpAddr;

/// The longest name of a user or model, in characters.
const MAX_NAME: usize = 200;

/// A new limit of one subject.
#[derive(Clone, Debug)]
pub struct SetLimit {
    /// Whose calls it counts.
    pub scope: LimitScope,
    /// Which of them: an id, a name or an address.
    pub subject: String,
    /// How much.
    pub numbers: RateLimit,
}

/// A limit, with what its subject is called and what holds in all.
#[derive(Clone, Debug)]
pub struct NamedLimit {
    /// The limit.
    pub limit: Limit,
    /// Name of the tenant or key; as the subject is spelled for others.
    pub name: String,
    /// Name of the tenant it belongs to.
    pub tenant_name: Option<String>,
    /// The numbers in force, those of the default filled in.
    pub effective: RateLimit,
}

/// The default of a scope.
#[derive(Clone, Copy, Debug)]
pub struct ScopeDefault {
    /// The scope.
    pub scope: LimitScope,
    /// What holds.
    pub numbers: RateLimit,
    /// What holds where nobody sets anything.
    pub built_in: RateLimit,
}

/// A subject that exists: how it is stored, whose it is and what it is called.
struct Known {
    subject: String,
    tenant: Option<TenantId>,
    name: String,
}

impl Engine {
    pub(crate) async fn load_limits(&self) -> Result<(), Error> {
        let limits = self.inner.store.read(|r| r.limits().all()).await?;
        self.inner.limits.load(&limits);
        Ok(())
    }

    /// The default of every scope: it holds for every tenant without a limit of its own, so who sees a tenant's limits sees it.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn limit_defaults(&self, cx: &Cx) -> Result<Vec<ScopeDefault>, Error> {
        self.require_visible(cx, Permission::LimitRead).await?;
        Ok(LimitScope::ALL.iter().map(|scope| self.default_of(*scope)).collect())
    }

    fn default_of(&self, scope: LimitScope) -> ScopeDefault {
        ScopeDefault { scope, numbers: self.inner.limits.default_of(scope), built_in: scope.built_in() }
    }

    /// Sets the default of a scope; `None` brings back what is built in.
    ///
    /// # Errors
    /// If `cx` may not, or a number is wrong.
    pub async fn set_limit_default(
        &self,
        cx: &Cx,
        scope: LimitScope,
        numbers: Option<RateLimit>,
    ) -> Result<ScopeDefault, Error> {
        self.require(cx, Permission::LimitWrite).await?;
        if let Some(numbers) = &numbers {
            check(scope, numbers)?;
        }
        let stored = self.inner.store.read(move |r| r.limits().default_of(scope)).await?;
        let before = self.inner.limits.default_of(scope);
        let after = numbers.unwrap_or(scope.built_in());
        let now = self.now();
        let limit = Limit {
            id: stored.as_ref().map_or_else(|| LimitId(self.inner.ids.next()), |s| s.id),
            scope,
            subject: None,
            tenant_id: None,
            numbers: after,
            created_at: stored.as_ref().map_or(now, |s| s.created_at),
            updated_at: now,
        };
        let draft = self
            .draft(cx, "limit.update", format_args!("limit:{}", scope.as_str()))
            .name(default_name(scope))
            .detail("scope", scope.as_str());
        let draft = changes(draft, &before, &after, "none");
        let row = limit.clone();
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                match numbers {
                    Some(_) => recorded.limits().put(&row)?,
                    None => recorded.limits().delete(row.id)?,
                }
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.inner.limits.put(&limit);
        self.told_of(EventKind::Limit, sequence);
        Ok(self.default_of(scope))
    }

    /// Limits of subjects that `cx` sees, in the order they were made, with whether there are more.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn limits(
        &self,
        cx: &Cx,
        after: Option<LimitId>,
        limit: usize,
    ) -> Result<(Vec<NamedLimit>, bool), Error> {
        let visible = self.require_visible(cx, Permission::LimitRead).await?;
        let list = move |r: &reeve_store::Read<'_>| r.limits().list(&visible, after, limit + 1);
        let mut limits = self.inner.store.read(list).await?;
        let more = limits.len() > limit;
        limits.truncate(limit);
        Ok((self.named(limits).await?, more))
    }

    /// A limit.
    ///
    /// # Errors
    /// If `cx` may not see it, or there is none.
    pub async fn limit(&self, cx: &Cx, id: LimitId) -> Result<NamedLimit, Error> {
        let visible = self.require_visible(cx, Permission::LimitRead).await?;
        let limit = self.stored_limit(id).await?;
        if !visible.shows(limit.tenant_id) {
            return Err(Error::not_found("limit"));
        }
        self.one_named(limit).await
    }

    async fn stored_limit(&self, id: LimitId) -> Result<Limit, Error> {
        self.inner.store.read(move |r| r.limits().get(id)).await?.ok_or_else(|| Error::not_found("limit"))
    }

    async fn one_named(&self, limit: Limit) -> Result<NamedLimit, Error> {
        self.named(vec![limit]).await?.pop().ok_or_else(|| Error::not_found("limit"))
    }

    async fn named(&self, limits: Vec<Limit>) -> Result<Vec<NamedLimit>, Error> {
        let keys: Vec<ApiKeyId> = limits
            .iter()
            .filter(|limit| limit.scope == LimitScope::ApiKey)
            .filter_map(|limit| limit.subject.as_deref()?.parse().ok())
            .collect();
        let keys = self.api_key_names(keys).await?;
        let named = |limit: Limit| {
            let subject = limit.subject.clone().unwrap_or_default();
            let own = match limit.scope {
                LimitScope::Tenant => limit.tenant_id.and_then(|id| self.tenant_name(id)),
                LimitScope::ApiKey => subject.parse().ok().and_then(|id: ApiKeyId| keys.get(&id).cloned()),
                LimitScope::User | LimitScope::Model | LimitScope::Ip => None,
            };
            let effective = limit.numbers.or(self.inner.limits.default_of(limit.scope));
            let tenant_name = limit.tenant_id.and_then(|id| self.tenant_name(id));
            NamedLimit { limit, name: own.unwrap_or(subject), tenant_name, effective }
        };
        Ok(limits.into_iter().map(named).collect())
    }

    /// Sets the limit of a subject that has none.
    ///
    /// # Errors
    /// If `cx` may not, there is no such subject, a number is wrong, or the subject has a limit.
    pub async fn set_limit(&self, cx: &Cx, new: SetLimit) -> Result<NamedLimit, Error> {
        self.require(cx, Permission::LimitWrite).await?;
        let known = self.known(new.scope, &new.subject).await?;
        check_own(new.scope, &new.numbers)?;
        let now = self.now();
        let limit = Limit {
            id: LimitId(self.inner.ids.next()),
            scope: new.scope,
            subject: Some(known.subject),
            tenant_id: known.tenant,
            numbers: new.numbers,
            created_at: now,
            updated_at: now,
        };
        let draft = self.limit_draft(cx, "limit.create", &limit, &known.name);
        self.put_limit(limit, changes(draft, &RateLimit::default(), &new.numbers, "as the default")).await
    }

    /// Changes the numbers of a limit.
    ///
    /// # Errors
    /// If `cx` may not, there is none, or a number is wrong.
    pub async fn change_limit(
        &self,
        cx: &Cx,
        id: LimitId,
        change: impl FnOnce(RateLimit) -> RateLimit,
    ) -> Result<NamedLimit, Error> {
        self.require(cx, Permission::LimitWrite).await?;
        let before = self.one_named(self.stored_limit(id).await?).await?;
        let numbers = change(before.limit.numbers);
        check_own(before.limit.scope, &numbers)?;
        let limit = Limit { numbers, updated_at: self.now(), ..before.limit.clone() };
        let draft = self.limit_draft(cx, "limit.update", &limit, &before.name);
        self.put_limit(limit, changes(draft, &before.limit.numbers, &numbers, "as the default")).await
    }

    async fn put_limit(&self, limit: Limit, draft: Draft) -> Result<NamedLimit, Error> {
        let row = limit.clone();
        let written = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.limits().put(&row)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await;
        let sequence = written.map_err(|e| match e.code {
            Code::Conflict => {
                Error::new(Code::Conflict, "There is a limit for this already; change that one.")
            }
            _ => e,
        })?;
        self.inner.limits.put(&limit);
        self.told_of(EventKind::Limit, sequence);
        self.one_named(limit).await
    }

    /// Removes a limit: the default holds again.
    ///
    /// # Errors
    /// If `cx` may not, or there is none.
    pub async fn remove_limit(&self, cx: &Cx, id: LimitId) -> Result<(), Error> {
        self.require(cx, Permission::LimitWrite).await?;
        let before = self.one_named(self.stored_limit(id).await?).await?;
        let draft = self.limit_draft(cx, "limit.delete", &before.limit, &before.name);
        let draft = changes(draft, &before.limit.numbers, &RateLimit::default(), "as the default");
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.limits().delete(id)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.inner.limits.remove(before.limit.scope, before.limit.subject.as_deref());
        self.told_of(EventKind::Limit, sequence);
        Ok(())
    }

    fn limit_draft(&self, cx: &Cx, kind: &str, limit: &Limit, name: &str) -> Draft {
        let draft =
            self.draft(cx, kind, format_args!("limit:{}", limit.id)).detail("scope", limit.scope.as_str());
        let draft = match limit.tenant_id {
            Some(tenant) => draft.tenant(tenant),
            None => draft,
        };
        match limit.scope {
            // Who that is belongs to the person.
            LimitScope::User => draft.name("an end user").private("subject", name),
            LimitScope::Ip => draft.name("a network address").private("subject", name),
            _ => draft.name(name).detail("subject", limit.subject.as_deref().unwrap_or_default()),
        }
    }

    /// The subject a limit is for, if there is one.
    async fn known(&self, scope: LimitScope, subject: &str) -> Result<Known, Error> {
        let subject = subject.trim();
        let wrong = |message: &str| Error::field("subject", message);
        match scope {
            LimitScope::Tenant => {
                let id: TenantId = subject.parse().map_err(|_| wrong("must be the id of a tenant"))?;
                let tenant = self.inner.store.read(move |r| r.tenants().get(id)).await?;
                let tenant = tenant.ok_or_else(|| wrong("there is no such tenant"))?;
                Ok(Known { subject: id.to_string(), tenant: Some(id), name: tenant.name })
            }
            LimitScope::ApiKey => {
                let id: ApiKeyId = subject.parse().map_err(|_| wrong("must be the id of an API key"))?;
                let key = self.inner.store.read(move |r| r.api_keys().find(id)).await?;
                let key = key.ok_or_else(|| wrong("there is no such API key"))?;
                Ok(Known { subject: id.to_string(), tenant: Some(key.tenant_id), name: key.name })
            }
            LimitScope::Ip => {
                let address: IpAddr = subject.parse().map_err(|_| wrong("must be a network address"))?;
                let subject = one_caller(address).to_string();
                Ok(Known { name: subject.clone(), subject, tenant: None })
            }
            LimitScope::User if subject.starts_with(UserId::PREFIX) => {
                let id: UserId = subject.parse().map_err(|_| wrong("is not the id of a person"))?;
                let user = self.inner.store.read(move |r| r.users().get(id)).await?;
                user.ok_or_else(|| wrong("there is no such person"))?;
                Ok(Known { subject: id.to_string(), tenant: None, name: id.to_string() })
            }
            LimitScope::User | LimitScope::Model => {
                let length = subject.chars().count();
                if length == 0 || length > MAX_NAME || subject.chars().any(char::is_control) {
                    return Err(wrong("must be 1 to 200 visible characters"));
                }
                Ok(Known { subject: subject.to_owned(), tenant: None, name: subject.to_owned() })
            }
        }
    }
}

const fn default_name(scope: LimitScope) -> &'static str {
    match scope {
        LimitScope::Tenant => "every tenant",
        LimitScope::ApiKey => "every API key",
        LimitScope::User => "every user",
        LimitScope::Model => "every model",
        LimitScope::Ip => "every network address",
    }
}

fn changes(draft: Draft, before: &RateLimit, after: &RateLimit, nothing: &str) -> Draft {
    let number = |n: Option<u64>| n.map_or_else(|| nothing.to_owned(), |n| n.to_string());
    draft
        .change("requests_per_minute", number(before.requests_per_minute), number(after.requests_per_minute))
        .change("tokens_per_minute", number(before.tokens_per_minute), number(after.tokens_per_minute))
        .change("burst", number(before.burst), number(after.burst))
        .change("concurrent_requests", number(before.concurrent_requests), number(after.concurrent_requests))
}

/// A subject's own limit must say something.
fn check_own(scope: LimitScope, numbers: &RateLimit) -> Result<(), Error> {
    if numbers.is_none() {
        return Err(Error::field("requests_per_minute", "set at least one number, or remove the limit"));
    }
    check(scope, numbers)
}

fn check(scope: LimitScope, numbers: &RateLimit) -> Result<(), Error> {
    let mut wrong = Vec::new();
    let mut say = |field: &str, message: &str| {
        wrong.push(FieldError { field: field.to_owned(), message: message.to_owned() });
    };
    for (field, value) in [
        ("requests_per_minute", numbers.requests_per_minute),
        ("tokens_per_minute", numbers.tokens_per_minute),
        ("burst", numbers.burst),
        ("concurrent_requests", numbers.concurrent_requests),
    ] {
        if value.is_some_and(|n| n == 0 || n > RateLimit::MOST) {
            say(field, "must be 1 to 1,000,000,000");
        }
    }
    if numbers.burst.is_some() && numbers.requests_per_minute.is_none() {
        say("burst", "needs requests_per_minute: it is the part of them that may come at once");
    }
    if scope == LimitScope::Tenant && numbers.concurrent_requests.is_some() {
        say("concurrent_requests", "is part of a tenant's quota; set it there");
    }
    if scope == LimitScope::Ip && (numbers.tokens_per_minute.or(numbers.concurrent_requests)).is_some() {
        say("tokens_per_minute", "an address without a key uses no tokens; set requests_per_minute alone");
    }
    Error::fields(wrong).map_or(Ok(()), Err)
}
