//! Requests: calls as they settled and calls that were refused, as one list; and everything that is known of one.

use crate::Engine;
use crate::cx::Cx;
use crate::error::Error;
use crate::usage::Explanation;
use reeve_core::budget::BudgetKind;
use reeve_core::grant::Visible;
use reeve_core::id::{ApiKeyId, BudgetId, ChargeId, CredentialId, RequestId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_store::requests::Stretch;
pub use reeve_store::requests::{Kind, Place, RequestFilter};
pub use reeve_store::table::budgets::Budget;
pub use reeve_store::table::charges::{Charge, QuotaLeft};
pub use reeve_store::table::refusals::RefusedCall;
use std::collections::HashMap;

/// How long refused calls stay in the request log, in days.
const REFUSALS_KEPT_DAYS: i64 = 90;
/// Refused calls that go in one transaction.
const SWEEP: usize = 2_000;

/// One request.
#[derive(Clone, PartialEq, Debug)]
pub enum Request {
    /// It was let through and charged.
    Charged(Box<Charge>),
    /// It was refused.
    Refused(Box<RefusedCall>),
}

impl Request {
    /// Its place in the list.
    #[must_use]
    pub fn place(&self) -> Place {
        match self {
            Self::Charged(c) => Place { time: c.time, kind: Kind::Charge, seq: c.seq },
            Self::Refused(r) => Place { time: r.time, kind: Kind::Refusal, seq: r.seq },
        }
    }

    /// Whose; `None` for a call that was refused before that was known.
    #[must_use]
    pub fn tenant_id(&self) -> Option<TenantId> {
        match self {
            Self::Charged(c) => Some(c.tenant_id),
            Self::Refused(r) => r.tenant_id,
        }
    }

    /// Through which key.
    #[must_use]
    pub fn api_key_id(&self) -> Option<ApiKeyId> {
        match self {
            Self::Charged(c) => c.api_key_id,
            Self::Refused(r) => r.api_key_id,
        }
    }
}

/// A page of requests.
#[derive(Clone, Debug)]
pub struct RequestPage {
    /// The requests, newest first.
    pub items: Vec<Request>,
    /// Names of the keys they came through.
    pub key_names: HashMap<ApiKeyId, String>,
    /// Where the next page begins; `None` at the end. A page may be short, or empty, and not be the last: what it was
    /// asked for is rare then, and no page reads more than a bounded part of the store.
    pub next: Option<Place>,
}

/// Which request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestRef {
    /// By its charge.
    Charge(ChargeId),
    /// By the id its caller was told.
    Request(RequestId),
}

/// A budget a request was measured against.
#[derive(Clone, Debug)]
pub struct BudgetDecision {
    /// Which.
    pub budget_id: BudgetId,
    /// The budget as it is now; `None` if it was removed.
    pub budget: Option<Budget>,
    /// What it allowed then.
    pub limit: NanoUsd,
    /// What was left of it with this request's reservation taken off; below zero where a soft budget was over.
    pub left: NanoUsd,
}

impl BudgetDecision {
    /// Whether it refuses at its limit; `None` if it is not known any more.
    #[must_use]
    pub fn is_hard(&self) -> Option<bool> {
        self.budget.as_ref().map(|b| b.limit.kind == BudgetKind::Hard)
    }
}

/// Everything that is known of one request.
#[derive(Clone, Debug)]
pub struct RequestDetail {
    /// The request.
    pub request: Request,
    /// Name of its key.
    pub key_name: Option<String>,
    /// What its cost is made of, if it was charged.
    pub explanation: Option<Explanation>,
    /// The budgets it was measured against.
    pub budgets: Vec<BudgetDecision>,
    /// What the tenant's quota had left.
    pub quota: Option<QuotaLeft>,
    /// The provider key that paid: its name.
    pub credential: Option<(CredentialId, String)>,
    /// Until when its bodies are kept, if they are.
    pub captured_until: Option<Millis>,
}

/// Reads what somebody typed: an id or a trace finds the one request, anything else is looked for.
#[must_use]
pub fn typed(filter: RequestFilter, text: &str) -> RequestFilter {
    let text = text.trim();
    if let Ok(id) = text.parse::<ChargeId>() {
        return RequestFilter { charge: Some(id), ..filter };
    }
    if let Ok(id) = text.parse::<RequestId>() {
        return RequestFilter { request: Some(id), ..filter };
    }
    if text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return RequestFilter { trace: Some(text.to_ascii_lowercase()), ..filter };
    }
    RequestFilter { text: (!text.is_empty()).then(|| text.to_lowercase()), ..filter }
}

/// The newest of both tables, as far as both were looked at.
fn merged(
    charges: Stretch<Charge>,
    refusals: Stretch<RefusedCall>,
    limit: usize,
) -> (Vec<Request>, Option<Place>) {
    // What lies behind the end of either may be missing in it, so it waits for the next page.
    let horizon = charges.end.max(refusals.end);
    let mut items: Vec<_> = charges.rows.into_iter().map(|c| Request::Charged(Box::new(c))).collect();
    items.extend(refusals.rows.into_iter().map(|r| Request::Refused(Box::new(r))));
    items.sort_by_key(|r| std::cmp::Reverse(r.place()));
    let known = items.iter().take_while(|r| horizon.is_none_or(|end| r.place() >= end)).count();
    if known > limit || (known == limit && items.len() > limit) {
        items.truncate(limit);
        let last = items.last().map(Request::place);
        return (items, last);
    }
    items.truncate(known);
    (items, horizon)
}

impl Engine {
    /// Requests that `cx` sees behind `before`, newest first.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn requests(
        &self,
        cx: &Cx,
        filter: RequestFilter,
        before: Option<Place>,
        limit: usize,
    ) -> Result<RequestPage, Error> {
        let visible = self.require_visible(cx, Permission::UsageRead).await?;
        self.request_page(visible, filter, before, limit).await
    }

    /// As [`Engine::requests`], for an export that was allowed and noted by [`Engine::record_request_export`].
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn exported_requests(
        &self,
        visible: Visible,
        filter: RequestFilter,
        before: Option<Place>,
        limit: usize,
    ) -> Result<RequestPage, Error> {
        self.request_page(visible, filter, before, limit).await
    }

    /// Notes in the audit trail that `cx` exports requests, and tells whose.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn record_request_export(&self, cx: &Cx, format: &str) -> Result<Visible, Error> {
        let visible = self.require_visible(cx, Permission::UsageRead).await?;
        let draft = self.draft(cx, "data.export", "requests:log").name("requests").detail("format", format);
        self.record(draft).await?;
        Ok(visible)
    }

    async fn request_page(
        &self,
        visible: Visible,
        filter: RequestFilter,
        before: Option<Place>,
        limit: usize,
    ) -> Result<RequestPage, Error> {
        self.inner
            .store
            .read(move |r| {
                let charges = r.charges().stretch(&visible, &filter, before, limit)?;
                let refusals = r.refusals().stretch(&visible, &filter, before, limit)?;
                let (items, next) = merged(charges, refusals, limit);
                let mut key_names = HashMap::new();
                for key in items.iter().filter_map(Request::api_key_id) {
                    if let std::collections::hash_map::Entry::Vacant(unknown) = key_names.entry(key)
                        && let Some(name) = r.api_keys().name(key)?
                    {
                        unknown.insert(name);
                    }
                }
                Ok(RequestPage { items, key_names, next })
            })
            .await
    }

    /// Takes refused calls out of the request log that are older than [`REFUSALS_KEPT_DAYS`]; their entries stay in the
    /// audit trail. Each round is one entry.
    pub(crate) async fn sweep_refusals(&self) -> Result<(), Error> {
        let before = self.now().plus(-REFUSALS_KEPT_DAYS * Millis::DAY);
        while self.inner.store.read(move |r| r.refusals().any_before(before)).await? {
            let draft = self
                .draft(&Cx::system(), "data.delete", "requests:refused")
                .detail("what", "refused calls of the request log")
                .detail("before", before.to_string());
            let swept = self.inner.store.write(move |tx| {
                let recorded = draft.record(tx)?;
                Ok::<_, Error>(recorded.refusals().delete_before(before, SWEEP)?)
            });
            swept.await?;
        }
        Ok(())
    }

    /// Everything that is known of one request.
    ///
    /// # Errors
    /// If `cx` may not see it, or there is none.
    pub async fn request(&self, cx: &Cx, id: RequestRef) -> Result<RequestDetail, Error> {
        let visible = self.require_visible(cx, Permission::UsageRead).await?;
        self.inner
            .store
            .read(move |r| {
                let charge = match id {
                    RequestRef::Charge(id) => r.charges().get(id)?,
                    RequestRef::Request(id) => r.charges().of_request(id)?,
                };
                let request = match (charge, id) {
                    (Some(charge), _) => Request::Charged(Box::new(charge)),
                    (None, RequestRef::Request(id)) => {
                        let refused = r.refusals().get(id)?.ok_or_else(|| Error::not_found("request"))?;
                        Request::Refused(Box::new(refused))
                    }
                    (None, RequestRef::Charge(_)) => return Err(Error::not_found("request")),
                };
                if !visible.shows(request.tenant_id()) {
                    return Err(Error::not_found("request"));
                }
                let key_name = request.api_key_id().map(|k| r.api_keys().name(k)).transpose()?.flatten();
                let mut detail = RequestDetail {
                    request,
                    key_name,
                    explanation: None,
                    budgets: Vec::new(),
                    quota: None,
                    credential: None,
                    captured_until: None,
                };
                if let Request::Charged(charge) = &detail.request {
                    let decisions = &charge.trail.decisions;
                    for b in &decisions.budgets {
                        let budget = r.budgets().get(b.budget)?;
                        // What the workspace has left is not for who sees single tenants; nor is what is not known any more.
                        if !visible.shows(budget.as_ref().and_then(|budget| budget.level.tenant_id)) {
                            continue;
                        }
                        detail.budgets.push(BudgetDecision {
                            budget_id: b.budget,
                            budget,
                            limit: NanoUsd(b.limit),
                            left: NanoUsd(b.left),
                        });
                    }
                    detail.quota = decisions.quota;
                    // Provider keys are the workspace's.
                    if let Some(id) = charge.credential_id.filter(|_| visible == Visible::All) {
                        detail.credential = r.credentials().get(id)?.map(|c| (id, c.name));
                    }
                    detail.captured_until = r.captures().expiry(charge.id)?;
                    detail.explanation = Some(crate::usage::explained(r, charge.as_ref().clone())?);
                }
                Ok(detail)
            })
            .await
    }
}

#[cfg(test)]
mod tests;
