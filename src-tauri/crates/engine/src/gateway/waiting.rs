//! A settled call that waits for its charge to be written. It holds what the call itself held; the words of the charge and of
//! its entry are put together where they are written, and given back there at once.

use super::Call;
use super::admitted::{CallEnd, Ended};
use super::attempts::FailedAttempt;
use super::pricing::Pricing;
use crate::Engine;
use crate::admission::Caller;
use crate::cx::{Cx, Via};
use crate::entry::{Draft, Severity};
use crate::routing::credential::LiveCredential;
use reeve_core::id::{ChargeId, CredentialId};
use reeve_core::money::NanoUsd;
use reeve_core::price::Cost;
use reeve_core::principal::Principal;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::charges::{Charge, Decisions, Trail};
use std::sync::Arc;

/// A call that has ended, and what it cost.
pub(super) struct Waiting {
    pub(super) id: ChargeId,
    pub(super) caller: Caller,
    pub(super) call: Arc<Call>,
    pub(super) credential: Arc<LiveCredential>,
    pub(super) pricing: Pricing,
    /// The moment it counts to.
    pub(super) at: Millis,
    pub(super) reserved: NanoUsd,
    pub(super) decisions: Decisions,
    pub(super) attempts: u32,
    pub(super) ended: Ended,
    /// Line by line; `None` where the worst case is charged.
    pub(super) cost: Option<Cost>,
    pub(super) amount: NanoUsd,
    /// `priced` or `ceiling`.
    pub(super) priced: &'static str,
    /// Why the amount is no plain cost.
    pub(super) flag: Option<&'static str>,
    /// Whether a route made another model of the one the caller asked for.
    pub(super) renamed: bool,
    pub(super) first_use_of: Option<FirstUse>,
    pub(super) unusual: Option<Box<Unusual>>,
}

/// The first use of a provider key in a minute: with which version, and how many calls went out with it since the last.
#[derive(Clone, Copy)]
pub(super) struct FirstUse {
    pub(super) credential: CredentialId,
    pub(super) version: u32,
    pub(super) calls: u64,
}

/// What most calls have nothing of.
pub(super) struct Unusual {
    /// The entry that says it cost more than was reserved.
    pub(super) overrun: Option<Draft>,
    /// The attempts that failed before.
    pub(super) failed: Vec<FailedAttempt>,
}

impl Waiting {
    /// The charge.
    pub(super) fn charge(&self) -> Charge {
        let Self { call, pricing, ended, .. } = self;
        let tier = ended.service_tier.as_deref();
        let usage = ended.usage.as_ref().map(|usage| pricing.price.charged(usage).into_owned());
        Charge {
            seq: 0,
            id: self.id,
            time: self.at,
            tenant_id: self.caller.tenant,
            api_key_id: Some(self.caller.key),
            user: call.user.clone(),
            provider: self.credential.provider.clone(),
            model: pricing.price.model.clone(),
            operation: call.operation.to_owned(),
            source: "gateway".to_owned(),
            outcome: ended.end.as_str().to_owned(),
            status: ended.status,
            usage: usage.unwrap_or_default(),
            cost: Some(self.amount),
            pricing: self.priced.to_owned(),
            unpriced_reason: self.flag.map(str::to_owned),
            price: self.cost.as_ref().map(|cost| pricing.applied(cost, tier)),
            latency_ms: Some(ended.latency_ms),
            first_byte_ms: ended.first_byte_ms,
            stream: call.stream,
            trace_id: call.trace_id.clone(),
            request_id: Some(call.request_id.to_string()),
            import_id: None,
            dedupe: None,
            credential_id: Some(self.credential.id),
            tags: call.tags.clone(),
            attempts: self.attempts,
            trail: Trail {
                reserved: Some(self.reserved),
                decisions: self.decisions.clone(),
                sent_us: ended.timing.sent_us,
                added_us: ended.timing.added_us,
            },
        }
    }

    /// Who asked for the call, and how it ended.
    pub(super) fn entry(&self, engine: &Engine) -> Draft {
        let Self { caller, call, .. } = self;
        let cx = Cx {
            principal: Principal::ApiKey { id: caller.key, tenant: caller.tenant },
            via: Via::Gateway,
            request_id: Some(call.request_id),
            trace_id: call.trace_id.clone(),
            ip: None,
            user_agent: None,
        };
        let (provider, model) = (&self.credential.provider, &self.pricing.price.model);
        let outcome = if self.ended.end == CallEnd::Success { Outcome::Success } else { Outcome::Error };
        let draft = engine.draft(&cx, "charge.settle", format_args!("model:{provider}/{model}"));
        let mut draft = draft.outcome(outcome, Severity::Info);
        if self.attempts > 1 {
            draft = draft.detail("attempts", self.attempts);
        }
        if self.renamed {
            draft = draft.detail("asked", call.model.as_str());
        }
        match self.unusual.as_deref() {
            Some(Unusual { failed, .. }) if !failed.is_empty() => {
                draft.detail("failed_attempts", failed.iter().map(FailedAttempt::json).collect::<Vec<_>>())
            }
            _ => draft,
        }
    }
}
