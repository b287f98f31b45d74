//! Refused calls: an entry in the audit trail and a count. A flood of the same refusal is written as one entry with a
//! number, so that nobody fills the ledger by being refused.

use super::Call;
use crate::Engine;
use crate::admission::{Ask, Caller, Refusal};
use crate::entry::{Draft, Severity};
use crate::error::{Code, Error};
use parking_lot::Mutex;
use reeve_core::id::{BudgetId, RequestId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::refusals::RefusedCall;
use std::collections::HashMap;

/// Entries of one kind written in a second before they are gathered.
const EACH_SECOND: u32 = 10;

/// What kind of refusal: gathered together.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Kind {
    event: &'static str,
    reason: &'static str,
    tenant: Option<TenantId>,
    budget: Option<BudgetId>,
}

#[derive(Default)]
struct Flood {
    second: i64,
    written: u32,
    calls: u64,
    asked: NanoUsd,
}

/// Refusals that are not written yet.
#[derive(Default)]
pub struct Pending(Mutex<HashMap<Kind, Flood>>);

impl Pending {
    /// Whether this one is written by itself; else it is gathered.
    fn write_now(&self, kind: &Kind, asked: NanoUsd, now: Millis) -> bool {
        let mut kinds = self.0.lock();
        let flood = kinds.entry(kind.clone()).or_default();
        if flood.second != now.0 / Millis::SECOND {
            (flood.second, flood.written) = (now.0 / Millis::SECOND, 0);
        }
        if flood.written < EACH_SECOND {
            flood.written += 1;
            return true;
        }
        flood.calls += 1;
        flood.asked += asked;
        false
    }

    fn take(&self) -> Vec<(Kind, u64, NanoUsd)> {
        let mut kinds = self.0.lock();
        let gathered = kinds.drain().filter(|(_, f)| f.calls > 0);
        gathered.map(|(kind, flood)| (kind, flood.calls, flood.asked)).collect()
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
        let draft = self.refusal(&kind, Some(caller), call.request_id, call.trace_id.clone());
        let draft = draft.detail("message", clipped(&error.message)).detail("model", clipped(&call.model));
        let row = self.row(&kind, Some(caller), call.request_id, &error.message).of(self, call);
        self.write_refusal(kind, draft, row).await;
        error
    }

    /// A request by `caller` that is not a call at all: malformed, too large, of the wrong type.
    pub async fn refuse_request(&self, caller: Caller, request_id: RequestId, error: Error) -> Error {
        let kind = Kind {
            event: "request.refuse",
            reason: error.code.as_str(),
            tenant: Some(caller.tenant),
            budget: None,
        };
        let draft =
            self.refusal(&kind, Some(caller), request_id, None).detail("message", clipped(&error.message));
        let row = self.row(&kind, Some(caller), request_id, &error.message);
        self.write_refusal(kind, draft, row).await;
        error
    }

    /// A request that is refused before anybody is known, because of where it comes from or to whom it was sent.
    pub async fn refuse_access(&self, request_id: RequestId, why: &str) {
        let kind =
            Kind { event: "access.denied", reason: Code::Forbidden.as_str(), tenant: None, budget: None };
        let draft = self.refusal(&kind, None, request_id, None).detail("message", clipped(why));
        let row = self.row(&kind, None, request_id, why);
        self.write_refusal(kind, draft, row).await;
    }

    pub(super) async fn refuse_key(&self, key: &str, request_id: RequestId) {
        let kind =
            Kind { event: "auth.failed", reason: Code::Unauthenticated.as_str(), tenant: None, budget: None };
        let mut draft = self.refusal(&kind, None, request_id, None);
        // The public part of a key of ours helps to find who uses a dead one; anything else may be a secret.
        if let Some(prefix) = key.get(..16).filter(|p| p.starts_with("rvk_")) {
            draft = draft.detail("prefix", clipped(prefix));
        }
        let row =
            self.row(&kind, None, request_id, "The API key is not known, or was revoked, or has expired.");
        self.write_refusal(kind, draft, row).await;
    }

    pub(super) async fn refuse_limit(
        &self,
        caller: Caller,
        call: &Call,
        ask: &Ask,
        refusal: Refusal,
    ) -> Error {
        let (event, error) = self.explain(caller, ask, &refusal);
        let budget = match refusal {
            Refusal::Budget { budget, .. } => Some(budget),
            _ => None,
        };
        let kind = Kind { event, reason: error.code.as_str(), tenant: Some(caller.tenant), budget };
        let draft = self
            .refusal(&kind, Some(caller), call.request_id, call.trace_id.clone())
            .detail("message", clipped(&error.message))
            .detail("model", clipped(&call.model))
            .detail("asked_usd", ask.worst_case.to_string());
        let row = self.row(&kind, Some(caller), call.request_id, &error.message).of(self, call);
        let row = Row(RefusedCall { asked: ask.worst_case, ..row.0 });
        self.write_refusal(kind, limits(draft, &refusal), row).await;
        error
    }

    /// The sentence for the caller: what refused, how much is left, when to come back.
    fn explain(&self, caller: Caller, ask: &Ask, refusal: &Refusal) -> (&'static str, Error) {
        let name = self.inner.admission.tenant_name(caller.tenant).unwrap_or_default();
        let wait = |until: Millis| u64::try_from((until.0 - self.now().0) / Millis::SECOND + 1).unwrap_or(1);
        match refusal {
            Refusal::UnknownTenant => {
                ("access.denied", Error::new(Code::Unauthenticated, "This key's tenant no longer exists."))
            }
            Refusal::Inactive(status) => (
                "access.denied",
                Error::new(
                    Code::Forbidden,
                    format!("The tenant {name} is {}; its calls are refused.", status.as_str()),
                ),
            ),
            Refusal::Tokens { limit, asked } => {
                let sentence = format!(
                    "This call may use {asked} tokens; {name}'s plan allows {limit} in one call. Lower max_tokens or shorten the prompt."
                );
                ("quota.exceeded", Error::new(Code::QuotaExceeded, sentence))
            }
            Refusal::RequestsPerDay { limit, resets_at } => {
                let sentence = format!(
                    "{name} has used its {limit} calls of today. The count starts anew at {resets_at}."
                );
                ("quota.exceeded", Error::new(Code::QuotaExceeded, sentence).retry_after(wait(*resets_at)))
            }
            Refusal::Concurrent { limit } => {
                let sentence = format!(
                    "{name} has {limit} calls on their way, the most its plan allows at the same time."
                );
                ("quota.exceeded", Error::new(Code::QuotaExceeded, sentence).retry_after(1))
            }
            Refusal::Budget { scope, period, remaining, limit, resets_at, .. } => {
                let whose = match scope {
                    reeve_core::budget::BudgetScope::Workspace => "the workspace's".to_owned(),
                    reeve_core::budget::BudgetScope::Tenant => format!("{name}'s"),
                };
                let span = if *period == reeve_core::period::PeriodKind::Day { "daily" } else { "monthly" };
                let sentence = format!(
                    "This call may cost ${}, and {whose} {span} budget of ${limit} has ${remaining} left. It starts anew at {resets_at}.",
                    ask.worst_case
                );
                ("budget.exceeded", Error::new(Code::BudgetExceeded, sentence).retry_after(wait(*resets_at)))
            }
        }
    }

    fn refusal(
        &self,
        kind: &Kind,
        caller: Option<Caller>,
        request_id: RequestId,
        trace_id: Option<String>,
    ) -> Draft {
        let cx = Self::gateway_cx(caller, request_id, trace_id);
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

    async fn write_refusal(&self, kind: Kind, draft: Draft, row: Row) {
        if self.inner.refusals.write_now(&kind, row.0.asked, self.now()) {
            self.submit_refusal(kind, draft, row).await;
        }
    }

    async fn submit_refusal(&self, kind: Kind, draft: Draft, Row(row): Row) {
        let engine = self.clone();
        let (calls, asked) = (row.calls, row.asked);
        let submitted = self.inner.store.submit(
            move |tx| {
                let recorded = draft.record(tx)?;
                let mut rest = asked;
                for call in 0..calls {
                    // The sum goes with the first, the number with all.
                    let share = if call == 0 { std::mem::take(&mut rest) } else { NanoUsd::ZERO };
                    recorded.refusal_slots().add(
                        recorded.now(),
                        kind.tenant,
                        kind.reason,
                        kind.budget,
                        share,
                    )?;
                }
                recorded.refusals().insert_at(recorded.sequence(), recorded.now(), &row)?;
                Ok::<_, Error>(recorded.sequence())
            },
            move |written| match written {
                Ok(sequence) => engine.told(sequence),
                Err(error) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a refusal could not be recorded"
                ),
            },
        );
        if let Err(error) = submitted.await {
            tracing::error!(error = &error as &dyn std::error::Error, "a refusal could not be recorded");
        }
    }

    /// Writes the gathered refusals.
    pub(crate) async fn flush_refusals(&self) {
        for (kind, calls, asked) in self.inner.refusals.take() {
            let id = self.new_request_id();
            let draft = self.refusal(&kind, None, id, None).detail("calls", calls);
            let row = Row(RefusedCall { calls, asked, ..self.row(&kind, None, id, "").0 });
            self.submit_refusal(kind, draft, row).await;
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
        Refusal::Budget { scope, period, limit, remaining, .. } => draft
            .detail("level", scope.as_str())
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
