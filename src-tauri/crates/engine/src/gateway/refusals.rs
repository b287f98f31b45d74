//! Refused calls: an entry in the audit trail and a count. A flood of the same refusal is written as one entry with a
//! number, so that nobody fills the ledger by being refused.

use super::{Call, Origin};
use crate::Engine;
use crate::admission::{Ask, Caller, Refusal};
use crate::entry::{Draft, Severity};
use crate::error::{Code, Error};
use crate::limits::Asker;
use parking_lot::Mutex;
use reeve_core::id::{ApiKeyId, BudgetId, RequestId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::budget_refusals::BudgetRefusal;
use reeve_store::table::refusals::RefusedCall;
use std::collections::HashMap;

/// Entries of one kind written in a second before they are gathered.
const EACH_SECOND: u32 = 10;
/// Callers told apart in one flood.
const MOST_CALLERS: usize = 50;

/// What kind of refusal: gathered together.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Kind {
    event: &'static str,
    reason: &'static str,
    tenant: Option<TenantId>,
    budget: Option<BudgetId>,
}

/// Whose call a budget refused; empty for several.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Who {
    api_key: Option<ApiKeyId>,
    model: String,
    user: String,
}

/// Calls and what they might have cost.
type Asked = (u64, NanoUsd);

#[derive(Default)]
struct Flood {
    second: i64,
    written: u32,
    calls: u64,
    asked: NanoUsd,
    who: HashMap<Who, Asked>,
}

impl Flood {
    fn gather(&mut self, who: Option<&Who>, asked: NanoUsd) {
        self.calls += 1;
        self.asked += asked;
        let Some(who) = who else { return };
        // Names come from callers: they must not fill the memory.
        let who = if self.who.len() < MOST_CALLERS || self.who.contains_key(who) {
            who.clone()
        } else {
            Who::default()
        };
        let (calls, sum) = self.who.entry(who).or_default();
        *calls += 1;
        *sum += asked;
    }
}

/// Refusals that are not written yet.
#[derive(Default)]
pub struct Pending(Mutex<HashMap<Kind, Flood>>);

impl Pending {
    /// Whether this one is written by itself; else it is gathered.
    fn write_now(&self, kind: &Kind, who: Option<&Who>, asked: NanoUsd, now: Millis) -> bool {
        let mut kinds = self.0.lock();
        let flood = kinds.entry(kind.clone()).or_default();
        if flood.second != now.0 / Millis::SECOND {
            (flood.second, flood.written) = (now.0 / Millis::SECOND, 0);
        }
        if flood.written < EACH_SECOND {
            flood.written += 1;
            return true;
        }
        flood.gather(who, asked);
        false
    }

    fn take(&self) -> Vec<(Kind, Flood)> {
        self.0.lock().drain().filter(|(_, f)| f.calls > 0).collect()
    }
}

impl Engine {
    /// A call by `caller` that could not be admitted for `error`.
    pub async fn refuse(&self, caller: Caller, call: &Call, error: Error) -> Error {
        let event = match error.code {
            Code::NotFound => "model.refuse",
            Code::PolicyDenied => "model.deny",
            _ => "request.refuse",
        };
        let kind = Kind { event, reason: error.code.as_str(), tenant: Some(caller.tenant), budget: None };
        let draft = self.refusal(&kind, Some(caller), call.origin(), call.trace_id.clone());
        let draft = draft.detail("message", clipped(&error.message)).detail("model", clipped(&call.model));
        let row = self.row(&kind, Some(caller), call.request_id, &error.message).of(self, call);
        self.write_refusal(kind, draft, row, None).await;
        error
    }

    /// A request by `caller` that is not a call at all: malformed, too large, of the wrong type.
    pub async fn refuse_request(&self, caller: Caller, origin: impl Into<Origin>, error: Error) -> Error {
        let origin = origin.into();
        self.count_refused(&Asker::caller(caller));
        let kind = Kind {
            event: "request.refuse",
            reason: error.code.as_str(),
            tenant: Some(caller.tenant),
            budget: None,
        };
        let draft =
            self.refusal(&kind, Some(caller), origin, None).detail("message", clipped(&error.message));
        let row = self.row(&kind, Some(caller), origin.request_id, &error.message);
        self.write_refusal(kind, draft, row, None).await;
        error
    }

    /// A request that is refused before anybody is known, because of where it comes from or to whom it was sent.
    pub async fn refuse_access(&self, origin: impl Into<Origin>, why: &str) {
        let origin = origin.into();
        let kind =
            Kind { event: "access.denied", reason: Code::Forbidden.as_str(), tenant: None, budget: None };
        let draft = self.refusal(&kind, None, origin, None).detail("message", clipped(why));
        let row = self.row(&kind, None, origin.request_id, why);
        self.write_refusal(kind, draft, row, None).await;
    }

    /// A key that is not right: the address it came from has used a request of its limit.
    pub(super) async fn refuse_key(&self, key: &str, origin: Origin) -> Error {
        let cx = || Self::gateway_cx(None, origin, None);
        if let Err(limited) = self.hit(&Asker::stranger(origin.ip), cx).await {
            return limited;
        }
        let kind =
            Kind { event: "auth.failed", reason: Code::Unauthenticated.as_str(), tenant: None, budget: None };
        let mut draft = self.refusal(&kind, None, origin, None);
        // The public part of a key of ours helps to find who uses a dead one; anything else may be a secret.
        if let Some(prefix) = key.get(..16).filter(|p| Self::is_api_key(p)) {
            draft = draft.detail("prefix", clipped(prefix));
        }
        let told = "The API key is not known, or was revoked, or has expired.";
        let row = self.row(&kind, None, origin.request_id, told);
        self.write_refusal(kind, draft, row, None).await;
        Error::new(
            Code::Unauthenticated,
            "This API key is not known to Reeve, or was revoked, or has expired.",
        )
    }

    pub(super) async fn refuse_limit(
        &self,
        caller: Caller,
        call: &Call,
        ask: &Ask<'_>,
        refusal: Refusal,
    ) -> Error {
        let (event, error, sentence) = self.explain(caller, ask, &refusal).await;
        let budget = match refusal {
            Refusal::Budget { budget, .. } => Some(budget),
            _ => None,
        };
        let who = budget.map(|_| Who {
            api_key: Some(caller.key),
            model: clipped(ask.facets.model),
            user: clipped(call.user.as_deref().unwrap_or_default()),
        });
        let kind = Kind { event, reason: error.code.as_str(), tenant: Some(caller.tenant), budget };
        let draft = self
            .refusal(&kind, Some(caller), call.origin(), call.trace_id.clone())
            .detail("message", clipped(&sentence))
            .detail("model", clipped(&call.model))
            .detail("asked_usd", ask.worst_case.to_string());
        let row = self.row(&kind, Some(caller), call.request_id, &error.message).of(self, call);
        let row = Row(RefusedCall { asked: ask.worst_case, ..row.0 });
        self.write_refusal(kind, limits(draft, &refusal), row, who).await;
        error
    }

    fn refusal(
        &self,
        kind: &Kind,
        caller: Option<Caller>,
        origin: impl Into<Origin>,
        trace_id: Option<String>,
    ) -> Draft {
        let cx = Self::gateway_cx(caller, origin, trace_id);
        let resource = match (kind.budget, kind.tenant) {
            (Some(budget), _) => format!("budget:{budget}"),
            (None, Some(tenant)) => format!("tenant:{tenant}"),
            (None, None) => "gateway:listener".to_owned(),
        };
        let draft = self
            .draft(&cx, kind.event, resource)
            .detail("reason", kind.reason)
            .outcome(Outcome::Denied, Severity::Warning);
        match kind.tenant {
            Some(tenant) => draft.tenant(tenant),
            None => draft,
        }
    }

    /// The row of the request log.
    fn row(&self, kind: &Kind, caller: Option<Caller>, id: RequestId, message: &str) -> Row {
        Row(RefusedCall {
            seq: 0,
            id,
            time: self.now(),
            tenant_id: kind.tenant,
            api_key_id: caller.map(|c| c.key),
            user: None,
            provider: None,
            model: None,
            operation: None,
            stream: false,
            tags: Vec::new(),
            reason: kind.reason.to_owned(),
            message: (!message.is_empty()).then(|| clipped(message)),
            calls: 1,
            asked: NanoUsd::ZERO,
            trace_id: None,
        })
    }

    async fn write_refusal(&self, kind: Kind, draft: Draft, row: Row, who: Option<Who>) {
        let asked = row.0.asked;
        if self.inner.refusals.write_now(&kind, who.as_ref(), asked, self.now()) {
            let who = who.map(|who| (who, (1, asked))).into_iter().collect();
            self.submit_refusal(kind, draft, row, who).await;
        }
    }

    async fn submit_refusal(&self, kind: Kind, draft: Draft, Row(row): Row, who: Vec<(Who, Asked)>) {
        let engine = self.clone();
        let event = kind.event;
        let asked = (row.calls, row.asked);
        let submitted = self.inner.store.submit(
            move |tx| {
                let recorded = draft.record(tx)?;
                let now = recorded.now();
                recorded.refusal_slots().add(now, kind.tenant, kind.reason, kind.budget, asked)?;
                for (who, (calls, asked)) in who {
                    let Some((budget_id, tenant_id)) = kind.budget.zip(kind.tenant) else { continue };
                    let Who { api_key: api_key_id, model, user } = who;
                    let last_at = now;
                    let refusal = BudgetRefusal {
                        budget_id,
                        tenant_id,
                        api_key_id,
                        model,
                        user,
                        calls,
                        asked,
                        last_at,
                    };
                    recorded.budget_refusals().add(&refusal)?;
                }
                recorded.refusals().insert_at(recorded.sequence(), recorded.now(), &row)?;
                Ok::<_, Error>(recorded.sequence())
            },
            move |written| match written {
                Ok(sequence) => engine.told(sequence),
                Err(error) => {
                    engine.inner.keeping.dropped(event);
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "a refusal could not be recorded"
                    );
                }
            },
        );
        if let Err(error) = submitted.await {
            self.inner.keeping.dropped(event);
            tracing::error!(error = &error as &dyn std::error::Error, "a refusal could not be recorded");
        }
    }

    /// Writes the gathered refusals.
    pub(crate) async fn flush_refusals(&self) {
        for (kind, flood) in self.inner.refusals.take() {
            let id = self.new_request_id();
            let draft = self.refusal(&kind, None, id, None).detail("calls", flood.calls);
            let (calls, asked) = (flood.calls, flood.asked);
            let row = Row(RefusedCall { calls, asked, ..self.row(&kind, None, id, "").0 });
            self.submit_refusal(kind, draft, row, flood.who.into_iter().collect()).await;
        }
    }
}

/// A refused call on its way to the request log.
struct Row(RefusedCall);

impl Row {
    /// With what is known of the call.
    fn of(self, engine: &Engine, call: &Call) -> Self {
        Self(RefusedCall {
            user: call.user.clone(),
            provider: engine.provider_of(&call.model),
            model: Some(clipped(&call.model)),
            operation: Some(call.operation.to_owned()),
            stream: call.stream,
            tags: call.tags.clone(),
            trace_id: call.trace_id.clone(),
            ..self.0
        })
    }
}

fn limits(draft: Draft, refusal: &Refusal) -> Draft {
    match refusal {
        Refusal::Tokens { limit, asked } => {
            draft.detail("type", "tokens_per_request").detail("limit", *limit).detail("current", *asked)
        }
        Refusal::RequestsPerDay { limit, .. } => {
            draft.detail("type", "requests_per_day").detail("limit", *limit).detail("current", *limit)
        }
        Refusal::Concurrent { limit } => {
            draft.detail("type", "concurrent_requests").detail("limit", *limit).detail("current", *limit)
        }
        Refusal::Budget { level, period, limit, remaining, .. } => draft
            .detail("level", level.scope.as_str())
            .detail("period", period.as_str())
            .detail("limit_usd", limit.to_string())
            .detail("remaining_usd", remaining.to_string()),
        Refusal::Inactive(status) => draft.detail("status", status.as_str()),
        Refusal::UnknownTenant => draft,
    }
}

fn clipped(text: &str) -> String {
    text.chars().take(500).collect()
}
