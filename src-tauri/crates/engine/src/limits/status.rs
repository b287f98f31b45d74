//! How limits stand, for people: the buckets in use, and what was refused.

use super::subject::{Asker, Subject};
use super::table::InUse;
use crate::Engine;
use crate::cx::Cx;
use crate::error::Error;
use reeve_core::id::{ApiKeyId, TenantId, UserId};
use reeve_core::limit::{Bucket, LimitScope};
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
pub use reeve_store::table::limit_refusals::LimitRefusals;
use reeve_store::{Read, StoreError};
use std::collections::HashMap;
use std::hash::Hash;

/// One bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BucketStatus {
    /// What may be used now.
    pub available: u64,
    /// The most at once.
    pub capacity: u64,
    /// What fills in a minute.
    pub rate: u64,
    /// When it is full.
    pub reset_at: Millis,
}

/// Requests at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConcurrentStatus {
    /// On their way.
    pub open: u64,
    /// The most; `None` without a limit.
    pub limit: Option<u64>,
}

/// The buckets of a subject.
#[derive(Clone, Debug)]
pub struct SubjectStatus {
    /// Whose.
    pub subject: Subject,
    /// Name of the tenant, key or person at the console; as the subject is spelled for others.
    pub name: String,
    /// Name of the tenant it belongs to.
    pub tenant_name: Option<String>,
    /// Its requests.
    pub requests: Option<BucketStatus>,
    /// Its tokens.
    pub tokens: Option<BucketStatus>,
    /// Its requests at the same time.
    pub concurrent: ConcurrentStatus,
}

/// What keys and people are called.
struct Names {
    keys: HashMap<ApiKeyId, (TenantId, String)>,
    people: HashMap<UserId, String>,
}

/// Calls refused by rate limits, at the gateway and at the console.
#[derive(Clone, Debug)]
pub struct RefusedCalls {
    /// Since when the last hour is counted, to five minutes.
    pub hour_from: Millis,
    /// Of the last hour.
    pub hour: Vec<LimitRefusals>,
    /// Since when the last day is counted.
    pub day_from: Millis,
    /// Of the last 24 hours.
    pub day: Vec<LimitRefusals>,
}

fn bucket(bucket: Bucket, now: Millis) -> BucketStatus {
    BucketStatus {
        available: bucket.available(),
        capacity: bucket.rate().capacity(),
        rate: bucket.rate().per_minute(),
        reset_at: now.plus(bucket.full_in()),
    }
}

impl Engine {
    /// The busiest subjects, at most `most`, of one scope or all. A subject that is named is told also if it is idle.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn limit_status(
        &self,
        cx: &Cx,
        scope: Option<LimitScope>,
        subject: Option<&str>,
        most: usize,
    ) -> Result<Vec<SubjectStatus>, Error> {
        self.require(cx, Permission::LimitRead).await?;
        let now = self.now();
        let wanted = |s: &Subject| {
            scope.is_none_or(|scope| s.scope() == scope)
                && subject.is_none_or(|text| s.text().is_some_and(|own| own == text))
        };
        let mut found = self.inner.limits.busiest(wanted, most, now);
        if found.is_empty()
            && let Some(subject) = scope.zip(subject).and_then(|(scope, text)| named(scope, text))
        {
            let entry = super::entry::Entry::new(&self.inner.limits.numbers(&subject), 0, now);
            found.push(InUse { subject, entry });
        }
        let keys = found.iter().filter_map(|f| match f.subject {
            Subject::ApiKey(id) => Some(id),
            _ => None,
        });
        let people = found.iter().filter_map(|f| match f.subject {
            Subject::Person(id) => Some(id),
            _ => None,
        });
        let names = Names {
            keys: self.api_keys_by_id(keys.collect()).await?,
            people: self.people_by_id(people.collect()).await?,
        };
        Ok(found.into_iter().map(|f| self.told_status(f, &names, now)).collect())
    }

    fn told_status(&self, InUse { subject, entry }: InUse, names: &Names, now: Millis) -> SubjectStatus {
        let key = match &subject {
            Subject::ApiKey(id) => names.keys.get(id),
            _ => None,
        };
        let tenant = subject.tenant().or(key.map(|(tenant, _)| *tenant));
        let tenant_name = tenant.and_then(|id| self.tenant_name(id));
        let name = match &subject {
            Subject::Tenant(_) => tenant_name.clone(),
            Subject::ApiKey(_) => key.map(|(_, name)| name.clone()),
            Subject::Person(id) => names.people.get(id).cloned(),
            Subject::Rest(..) => Some("all others together".to_owned()),
            Subject::Address(None) | Subject::Visitor(None) => Some("this window".to_owned()),
            Subject::Visitor(Some(address)) => Some(format!("{address} at the console")),
            _ => None,
        };
        SubjectStatus {
            name: name.or_else(|| subject.text().map(Into::into)).unwrap_or_default(),
            tenant_name,
            requests: entry.requests.map(|b| bucket(b, now)),
            tokens: entry.tokens.map(|b| bucket(b, now)),
            concurrent: ConcurrentStatus { open: entry.open, limit: entry.concurrent },
            subject,
        }
    }

    /// What rate limits refused in the last hour and the last day.
    ///
    /// # Errors
    /// If `cx` may not see it.
    pub async fn limit_refusals(&self, cx: &Cx) -> Result<RefusedCalls, Error> {
        self.require(cx, Permission::LimitRead).await?;
        let slot = reeve_store::table::limit_refusals::SLOT;
        let floor = |t: Millis| Millis(t.0 - t.0.rem_euclid(slot));
        let (hour_from, day_from) =
            (floor(self.now().plus(-Millis::HOUR)), floor(self.now().plus(-Millis::DAY)));
        let (hour, day) = self
            .inner
            .store
            .read(move |r| {
                let refusals = r.limit_refusals();
                Ok::<_, Error>((refusals.since(hour_from)?, refusals.since(day_from)?))
            })
            .await?;
        Ok(RefusedCalls { hour_from, hour, day_from, day })
    }

    pub(super) async fn api_key_names(&self, ids: Vec<ApiKeyId>) -> Result<HashMap<ApiKeyId, String>, Error> {
        Ok(self.api_keys_by_id(ids).await?.into_iter().map(|(id, (_, name))| (id, name)).collect())
    }

    async fn people_by_id(&self, ids: Vec<UserId>) -> Result<HashMap<UserId, String>, Error> {
        self.found(ids, |read, id| Ok(read.users().get(id)?.map(|person| person.name))).await
    }

    async fn api_keys_by_id(
        &self,
        ids: Vec<ApiKeyId>,
    ) -> Result<HashMap<ApiKeyId, (TenantId, String)>, Error> {
        self.found(ids, |read, id| Ok(read.api_keys().find(id)?.map(|key| (key.tenant_id, key.name)))).await
    }

    /// What `find` says of each id it knows.
    async fn found<K: Copy + Eq + Hash + Send + 'static, V: Send + 'static>(
        &self,
        ids: Vec<K>,
        find: impl Fn(&Read<'_>, K) -> Result<Option<V>, StoreError> + Send + 'static,
    ) -> Result<HashMap<K, V>, Error> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let all = move |read: &Read<'_>| {
            let mut known = HashMap::with_capacity(ids.len());
            for id in ids {
                if let Some(value) = find(read, id)? {
                    known.insert(id, value);
                }
            }
            Ok::<_, Error>(known)
        };
        self.inner.store.read(all).await
    }
}

/// The subject a scope and a text mean. An end user belongs to a tenant, so one who is idle cannot be told.
fn named(scope: LimitScope, text: &str) -> Option<Subject> {
    let first = |asker: Asker| asker.0.into_iter().next();
    match scope {
        LimitScope::Tenant => text.parse().ok().map(Subject::Tenant),
        LimitScope::ApiKey => text.parse().ok().map(Subject::ApiKey),
        LimitScope::User => text.parse().ok().map(Subject::Person),
        LimitScope::Model => Some(Subject::Model(text.into())),
        LimitScope::Ip => text.parse().ok().and_then(|address| first(Asker::stranger(Some(address)))),
    }
}
