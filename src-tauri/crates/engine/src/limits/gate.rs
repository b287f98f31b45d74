//! Where limits are asked, and what is written down of those who are refused.

use super::flood::Kind;
use super::refused::{Refused, plain_name};
use super::standing::Standings;
use super::subject::{Asker, Subject};
use super::table::Grant;
use crate::Engine;
use crate::admission::Caller;
use crate::cx::{Cx, Via};
use crate::entry::{Draft, Severity};
use crate::error::{Code, Error};
use crate::gateway::{Call, Origin};
use reeve_core::id::{BudgetId, TenantId};
use reeve_core::limit::{LimitScope, Metric};
use reeve_core::money::NanoUsd;
use reeve_core::principal::Principal;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::limit_refusals::LimitRefusals;
use reeve_store::table::refusals::RefusedCall;

impl Engine {
    /// Takes one request of whoever asks through the console.
    ///
    /// # Errors
    /// [`Code::RateLimited`]. It is counted and in the audit trail.
    pub async fn admit_request(&self, cx: &Cx) -> Result<(), Error> {
        self.hit(&Asker::of(cx), || cx.clone()).await
    }

    /// How the limits of `asker` stand, for the headers of an answer.
    #[must_use]
    pub fn limit_standings(&self, asker: &Asker) -> Standings {
        self.inner.limits.standings(asker, self.now())
    }

    /// Takes one request without tokens.
    pub(crate) async fn hit(&self, asker: &Asker, cx: impl FnOnce() -> Cx) -> Result<(), Error> {
        match self.inner.limits.hit(asker, self.now()) {
            Ok(()) => Ok(()),
            Err(refused) => Err(Box::pin(self.refuse_rate(refused, cx(), None)).await),
        }
    }

    /// Takes one request of a tenant's key that is no call, such as asking which models there are.
    ///
    /// # Errors
    /// [`Code::RateLimited`]. It is counted and in the audit trail.
    pub async fn admit_plain(&self, caller: Caller, origin: Origin) -> Result<(), Error> {
        self.hit(&Asker::caller(caller), || Self::gateway_cx(Some(caller), origin, None)).await
    }

    /// Takes one request of somebody at the gateway who shows no key.
    ///
    /// # Errors
    /// [`Code::RateLimited`]. It is counted and in the audit trail.
    pub async fn admit_stranger(&self, origin: Origin) -> Result<(), Error> {
        self.hit(&Asker::stranger(origin.ip), || Self::gateway_cx(None, origin, None)).await
    }

    /// Whether a request of `caller` has room at all, before its body is read. Takes nothing.
    ///
    /// # Errors
    /// [`Code::RateLimited`]. It is counted and in the audit trail.
    pub async fn check_limits(&self, caller: Caller, origin: Origin) -> Result<(), Error> {
        match self.inner.limits.check(&Asker::caller(caller), self.now()) {
            Ok(()) => Ok(()),
            Err(refused) => {
                let cx = Self::gateway_cx(Some(caller), origin, None);
                Err(Box::pin(self.refuse_rate(refused, cx, None)).await)
            }
        }
    }

    /// A call was refused for another reason: it still was a request.
    pub(crate) fn count_refused(&self, asker: &Asker) {
        // Where there was no room left in between, there is nothing to take.
        let _ = self.inner.limits.hit(asker, self.now());
    }

    /// Ends what a call took: `used` tokens replace the estimate, where they are known.
    pub(crate) fn settle_limits(&self, grant: Grant, used: Option<u64>) {
        self.inner.limits.settle(grant, used, self.now());
    }

    /// Forgets who has not called for a while.
    pub(crate) fn sweep_limits(&self) {
        let swept = self.inner.limits.sweep(self.now());
        tracing::debug!(swept, left = self.inner.limits.len(), "idle rate limits were forgotten");
    }

    /// Writes down that a limit refused a call.
    pub(crate) async fn refuse_rate_of(&self, refused: Refused, caller: Caller, call: &Call) -> Error {
        let cx = Self::gateway_cx(Some(caller), call.origin(), call.trace_id.clone());
        self.refuse_rate(refused, cx, Some(call)).await
    }

    /// Writes a refusal down and makes the answer.
    pub(crate) async fn refuse_rate(&self, refused: Refused, cx: Cx, call: Option<&Call>) -> Error {
        let tenant = match &cx.principal {
            Principal::ApiKey { tenant, .. } => Some(*tenant),
            _ => refused.subject.tenant(),
        };
        let kind = Kind { scope: refused.subject.scope(), metric: refused.metric, tenant, via: cx.via };
        if self.inner.floods.write_now(kind, self.now()) {
            let message = refused.sentence(&self.limited(&refused.subject, false));
            let draft = told(self.refusal_of(&cx, kind), &refused).detail("message", message.as_str());
            let mut row = self.refused_row(&cx, kind, message, 1);
            if let Some(call) = call {
                row.user.clone_from(&call.user);
                row.model = Some(call.model.clone());
                row.operation = Some(call.operation.to_owned());
                row.stream = call.stream;
                row.tags.clone_from(&call.tags);
            }
            self.submit_rate_refusals(kind, draft, row).await;
        }
        refused.error(&self.limited(&refused.subject, true))
    }

    /// The row of the request log.
    fn refused_row(&self, cx: &Cx, kind: Kind, message: String, calls: u64) -> RefusedCall {
        RefusedCall {
            seq: 0,
            id: cx.request_id.unwrap_or_else(|| self.new_request_id()),
            time: self.now(),
            tenant_id: kind.tenant,
            api_key_id: match cx.principal {
                Principal::ApiKey { id, .. } => Some(id),
                _ => None,
            },
            user: None,
            provider: None,
            model: None,
            operation: None,
            stream: false,
            tags: Vec::new(),
            reason: Code::RateLimited.as_str().to_owned(),
            message: Some(message),
            calls,
            asked: NanoUsd::ZERO,
            trace_id: cx.trace_id.clone(),
        }
    }

    /// What a subject is called; a person or an address by name only to themselves.
    fn limited(&self, subject: &Subject, to_themselves: bool) -> String {
        let name = match subject {
            Subject::Tenant(id) => self.tenant_name(*id),
            Subject::ApiKey(id) => Some(format!("the API key {id}")),
            Subject::Model(name) => Some(format!("the model {name}")),
            Subject::User(_, name) if to_themselves => Some(format!("the user {name}")),
            Subject::Address(Some(address)) if to_themselves => {
                Some(format!("the address {address} without a good key"))
            }
            Subject::Visitor(Some(address)) if to_themselves => {
                Some(format!("the address {address} without a sign-in"))
            }
            _ => None,
        };
        name.unwrap_or_else(|| plain_name(subject.scope()).to_owned())
    }

    fn refusal_of(&self, cx: &Cx, kind: Kind) -> Draft {
        let resource = match kind.tenant {
            Some(tenant) => format!("tenant:{tenant}"),
            None => format!("limit:{}", kind.scope.as_str()),
        };
        let draft = self
            .draft(cx, "limit.exceeded", resource)
            .detail("reason", Code::RateLimited.as_str())
            .detail("scope", kind.scope.as_str())
            .detail("type", word(kind.metric))
            .outcome(Outcome::Denied, Severity::Warning);
        match kind.tenant {
            Some(tenant) => draft.tenant(tenant),
            None => draft,
        }
    }

    /// Writes what was gathered of floods.
    pub(crate) async fn flush_rate_refusals(&self) {
        for (kind, calls) in self.inner.floods.take(self.now()) {
            let cx = Cx { principal: Principal::Anonymous, via: kind.via, ..Cx::system() };
            let whose = whose_all(kind.scope, kind.tenant.and_then(|id| self.tenant_name(id)));
            let message = match calls {
                1 => format!("One further request of {whose} was refused by a rate limit."),
                n => format!("{n} further requests of {whose} were refused by a rate limit."),
            };
            let draft = self.refusal_of(&cx, kind).detail("calls", calls).detail("message", message.as_str());
            let row = self.refused_row(&cx, kind, message, calls);
            self.submit_rate_refusals(kind, draft, row).await;
        }
    }

    async fn submit_rate_refusals(&self, kind: Kind, draft: Draft, row: RefusedCall) {
        let (engine, calls) = (self.clone(), row.calls);
        let submitted = self.inner.store.submit(
            move |tx| {
                let recorded = draft.record(tx)?;
                let Kind { scope, metric, tenant, .. } = kind;
                let sums = LimitRefusals { scope, metric, tenant_id: tenant, calls };
                recorded.limit_refusals().add(recorded.now(), &sums)?;
                // What the overview counts are calls at the gateway.
                if kind.via == Via::Gateway {
                    count(&recorded, tenant, calls)?;
                    recorded.refusals().insert_at(recorded.sequence(), recorded.now(), &row)?;
                }
                Ok::<_, Error>(recorded.sequence())
            },
            move |written| match written {
                Ok(sequence) => engine.told(sequence),
                Err(error) => {
                    engine.inner.keeping.dropped("limit.exceeded");
                    log(&error);
                }
            },
        );
        if let Err(error) = submitted.await {
            self.inner.keeping.dropped("limit.exceeded");
            log(&error.into());
        }
    }
}

fn count(recorded: &reeve_store::Recorded<'_>, tenant: Option<TenantId>, calls: u64) -> Result<(), Error> {
    let reason = Code::RateLimited.as_str();
    let none: Option<BudgetId> = None;
    recorded.refusal_slots().add(recorded.now(), tenant, reason, none, (calls, NanoUsd::ZERO))?;
    Ok(())
}

fn log(error: &Error) {
    tracing::error!(error = error as &dyn std::error::Error, "a refusal could not be recorded");
}

/// The facts of a refusal, those of a person sealed apart.
fn told(draft: Draft, refused: &Refused) -> Draft {
    let draft = draft
        .detail("limit", refused.limit)
        .detail("asked", refused.asked)
        .detail("current", refused.capacity.saturating_sub(refused.available));
    match (&refused.subject, refused.subject.text()) {
        (_, None) => draft,
        (Subject::User(..) | Subject::Person(_) | Subject::Address(_) | Subject::Visitor(_), Some(text)) => {
            draft.private("subject", &text)
        }
        (_, Some(text)) => draft.detail("subject", text.as_ref()),
    }
}

const fn word(metric: Metric) -> &'static str {
    match metric {
        Metric::Requests => "requests_per_minute",
        Metric::Tokens => "tokens_per_minute",
        Metric::Concurrent => "concurrent_requests",
    }
}

fn whose_all(scope: LimitScope, tenant: Option<String>) -> String {
    let what = match scope {
        LimitScope::Tenant => return tenant.unwrap_or_else(|| "a tenant".to_owned()),
        LimitScope::ApiKey => "keys",
        LimitScope::User => "users",
        LimitScope::Model => "models",
        LimitScope::Ip => "network addresses without a good key",
    };
    tenant.map_or_else(|| what.to_owned(), |name| format!("{name} ({what})"))
}
