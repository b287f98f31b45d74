//! An admitted call: it holds the reservation, lends the provider key, and ends in exactly one settlement or release.

use super::Call;
use super::attempts::FailedAttempt;
use super::live::LiveCall;
use super::pricing::Pricing;
use super::step::Step;
use super::waiting::{FirstUse, Unusual, Waiting};
use crate::Engine;
use crate::admission::keys::Identified;
use crate::admission::{Caller, Facets, Reservation};
use crate::entry::{Draft, Severity};
use crate::error::Error;
use crate::limits::Grant;
use crate::routing::credential::LiveCredential;
use crate::routing::plan::Trip;
use reeve_core::id::{ChargeId, CredentialId};
use reeve_core::money::NanoUsd;
use reeve_core::price::{Cost, UnpricedReason};
use reeve_core::usage::{Unit, Usage};
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::charges::Decisions;
use reeve_vault::Secret;
use std::sync::Arc;

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallEnd {
    /// The provider answered and the answer was delivered.
    Success,
    /// The provider refused or failed, or its answer was cut.
    Failure,
    /// The caller went away.
    Cancelled,
}

impl CallEnd {
    /// The word in the store and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What is known when a call has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// How.
    pub end: CallEnd,
    /// Status of the provider's answer.
    pub status: Option<u16>,
    /// What it used; `None` where the provider should have said and did not: the worst case is charged then.
    pub usage: Option<Usage>,
    /// Why `usage` is an estimate or contradicts itself, if so.
    pub flag: Option<&'static str>,
    /// Service tier it is charged at; the standard one where absent.
    pub service_tier: Option<String>,
    /// From arrival to end, in ms.
    pub latency_ms: i64,
    /// From arrival to the first byte of the answer, in ms.
    pub first_byte_ms: Option<i64>,
    /// Where its time went, as far as it is known.
    pub timing: Timing,
}

/// Where a call's time went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// From arrival until it went out to the provider, in microseconds.
    pub sent_us: Option<i64>,
    /// Spent in Reeve itself, in microseconds: neither waiting for the provider nor for the caller.
    pub added_us: Option<i64>,
}

impl Ended {
    /// A call of which nothing is known but that it ended.
    pub(super) const fn unknown(end: CallEnd) -> Self {
        Self {
            end,
            status: None,
            usage: None,
            flag: None,
            service_tier: None,
            latency_ms: 0,
            first_byte_ms: None,
            timing: Timing { sent_us: None, added_us: None },
        }
    }
}

/// A settled call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Id of the charge.
    pub charge: ChargeId,
    /// What it cost.
    pub cost: NanoUsd,
    /// What is left of the tightest hard budget above the call, this cost taken off; `None` without one.
    pub budget_remaining: Option<NanoUsd>,
}

/// An admitted call. Dropped unsettled it settles itself: released if nothing was sent, at its worst case if something
/// was, because nobody can know then what the provider will bill.
pub struct Admitted {
    pub(super) engine: Engine,
    pub(super) caller: Caller,
    pub(super) call: Arc<Call>,
    pub(super) trip: Trip,
    pub(super) credential: Arc<LiveCredential>,
    /// Whether this attempt is the trial of an open breaker.
    pub(super) trial: bool,
    pub(super) pricing: Pricing,
    /// The model as the provider spells it, where the caller did not.
    pub(super) model: Option<String>,
    pub(super) output_cap: Option<u64>,
    pub(super) reservation: Reservation,
    /// What it was measured against when it was admitted.
    pub(super) decisions: Decisions,
    /// What it took of its rate limits, until it ends.
    pub(super) grant: Option<Grant>,
    pub(super) sent: bool,
    pub(super) open: bool,
    /// Whether this attempt goes out with the key before the current one, and whether any did.
    pub(super) on_grace: bool,
    pub(super) fell_back: bool,
    /// Attempts that failed before this one.
    pub(super) failed: Vec<FailedAttempt>,
    /// What those of them cost that may have run: the last such charge, with the sum of all.
    pub(super) lost: Option<Settled>,
}

impl Admitted {
    pub(super) fn new(
        engine: Engine,
        caller: Caller,
        call: Arc<Call>,
        trip: Trip,
        step: Step,
        (reservation, decisions): (Reservation, Decisions),
        grant: Grant,
    ) -> Self {
        engine.inner.live.enter(LiveCall {
            call: Arc::clone(&call),
            caller,
            provider: step.chosen.credential.provider.clone(),
            since: reservation.at,
            reserved: reservation.amount,
        });
        Self {
            engine,
            caller,
            call,
            trip,
            credential: step.chosen.credential,
            trial: step.chosen.trial,
            pricing: step.pricing,
            model: step.model,
            output_cap: step.cap,
            reservation,
            decisions,
            grant: Some(grant),
            sent: false,
            open: true,
            on_grace: false,
            fell_back: false,
            failed: Vec::new(),
            lost: None,
        }
    }

    /// The provider key of this attempt, and where it goes.
    #[must_use]
    pub fn credential(&self) -> &LiveCredential {
        &self.credential
    }

    /// Whether the call's price has a rate for `unit`, or for what it is a kind of.
    #[must_use]
    pub fn bills(&self, unit: Unit) -> bool {
        self.pricing.price.rate(unit, None, 0).is_some()
    }

    /// Whether the call's price says that nothing is charged for.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.pricing.price.is_free()
    }

    /// The model that is asked for, as the provider spells it.
    #[must_use]
    pub fn model(&self) -> &str {
        self.model.as_deref().unwrap_or(&self.call.model)
    }

    /// The model to write into the request, where the caller named another.
    #[must_use]
    pub fn other_model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The call.
    #[must_use]
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// The most one answer may generate, to be written into the request because the caller did not say.
    #[must_use]
    pub fn output_cap(&self) -> Option<u64> {
        self.output_cap
    }

    /// The provider key, in the clear, for this one request. From here on the call counts as sent.
    ///
    /// # Errors
    /// If the vault is locked or the key does not open.
    pub fn lend_key(&mut self) -> Result<Secret, Error> {
        let key = match self.on_grace {
            false => self.engine.open_credential(&self.credential)?,
            true => self.engine.open_grace(&self.credential)?,
        };
        self.sent = true;
        self.trip.sent();
        Ok(key)
    }

    /// What is left of the tightest hard budget above this call; `None` without one.
    #[must_use]
    pub fn budget_remaining(&self) -> Option<NanoUsd> {
        self.engine.inner.admission.tightest(self.caller.tenant, &self.facets())
    }

    /// What is kept of its bodies, where its tenant's rule asks for that.
    #[must_use]
    pub fn capture(&self) -> Option<crate::capture::Capture> {
        self.engine.capture(&self.call, self.caller.tenant, self.caller.key)
    }

    /// Replaces the estimate of tokens by what was `used`, and frees the places among concurrent calls.
    fn end_limits(&mut self, used: Option<u64>) {
        if let Some(grant) = self.grant.take() {
            self.engine.settle_limits(grant, used);
        }
    }

    /// The call has ended: its cost replaces the reservation at once, and the charge goes to the ledger
    /// a few milliseconds later.
    pub fn settle(mut self, ended: Ended) -> Settled {
        self.end_limits(ended.usage.as_ref().map(|u| u.input_tokens().saturating_add(u.output_tokens())));
        if let (false, Some(lost)) = (self.open, self.lost) {
            // The attempt that may have run was the last one.
            return lost;
        }
        self.open = false;
        let decisions = std::mem::take(&mut self.decisions);
        let own = self.charge(ended, decisions);
        Settled { cost: own.cost + self.lost.map_or(NanoUsd::ZERO, |lost| lost.cost), ..own }
    }

    pub(super) fn charge(&self, ended: Ended, decisions: Decisions) -> Settled {
        let (cost, priced, flag) = self.cost(&ended);
        let amount = cost.as_ref().map_or(self.reservation.amount, |c| c.total);
        if let Some(us) = ended.timing.added_us {
            self.engine.inner.added_latency.record(self.engine.now(), us);
        }
        if priced != "priced"
            && let Some(reason) = self.why_ceiling(flag)
        {
            let model = (self.credential.provider.as_str(), self.pricing.price.model.as_str());
            self.engine.note_ceiling(self.caller.tenant, model, reason, amount);
        }
        let waiting = Waiting {
            id: ChargeId(self.engine.inner.ids.next()),
            caller: self.caller,
            call: Arc::clone(&self.call),
            credential: Arc::clone(&self.credential),
            pricing: self.pricing.clone(),
            at: self.reservation.at,
            reserved: self.reservation.amount,
            decisions,
            attempts: self.trip.attempts().max(1),
            ended,
            cost,
            amount,
            priced,
            flag,
            renamed: self.model.is_some(),
            first_use_of: self.first_use(),
            unusual: self.unusual(amount).map(Box::new),
        };
        let id = waiting.id;
        let settle = || self.engine.inner.admission.settle(&self.reservation, &self.facets(), amount);
        self.engine.write_soon(waiting, settle);
        Settled { charge: id, cost: amount, budget_remaining: self.budget_remaining() }
    }

    /// The levels it belongs to.
    pub(super) fn facets(&self) -> Facets<'_> {
        facets(self.caller, &self.call, &self.pricing, self.credential.id)
    }

    /// The cost of what was used; the worst case, flagged, where the provider did not say or a rate is missing.
    fn cost(&self, ended: &Ended) -> (Option<Cost>, &'static str, Option<&'static str>) {
        let Some(usage) = &ended.usage else { return (None, "ceiling", Some("missing_usage")) };
        match self.pricing.cost(usage, ended.service_tier.as_deref()) {
            Ok(cost) => (Some(cost), self.pricing.word(), ended.flag),
            Err(reason) => (None, "ceiling", Some(reason.as_str())),
        }
    }

    /// Why a call went through at the ceiling, where a price could have helped.
    fn why_ceiling(&self, flag: Option<&str>) -> Option<UnpricedReason> {
        match flag {
            _ if self.pricing.ceiling => Some(UnpricedReason::UnknownModel),
            Some("missing_rate") => Some(UnpricedReason::MissingRate),
            _ => None,
        }
    }

    /// Counts the use of the key, and says whether it is the first in its minute.
    fn first_use(&self) -> Option<FirstUse> {
        let credential = &self.credential;
        if !self.on_grace {
            credential.handover.count();
        }
        credential.is_first_use_in_minute(self.reservation.at).then(|| FirstUse {
            credential: credential.id,
            version: credential.version,
            calls: credential.handover.take_calls(),
        })
    }

    /// What most calls have nothing of.
    fn unusual(&self, amount: NanoUsd) -> Option<Unusual> {
        let overrun = (amount > self.reservation.amount).then(|| self.overrun(amount));
        let is_any = overrun.is_some() || !self.failed.is_empty();
        is_any.then(|| Unusual { overrun, failed: self.failed.clone() })
    }

    /// The provider used more than the estimate allowed: it is charged, and people are told.
    fn overrun(&self, amount: NanoUsd) -> Draft {
        let cx = Engine::gateway_cx(Some(self.caller), self.call.origin(), self.call.trace_id.clone());
        self.engine
            .draft(&cx, "budget.overrun", format_args!("tenant:{}", self.caller.tenant))
            .tenant(self.caller.tenant)
            .detail("model", self.call.model.as_str())
            .detail("reserved_usd", self.reservation.amount.to_string())
            .detail("cost_usd", amount.to_string())
            .outcome(Outcome::Success, Severity::Critical)
    }
}

/// The levels a call belongs to below its tenant.
pub(super) fn facets<'a>(
    caller: Caller,
    call: &'a Call,
    pricing: &'a Pricing,
    credential: CredentialId,
) -> Facets<'a> {
    Facets {
        api_key: Some(caller.key),
        user: call.user.as_deref(),
        model: &pricing.price.model,
        tags: &call.tags,
        credential: Some(credential),
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.engine.inner.live.leave(self.call.request_id);
        if !std::mem::take(&mut self.open) {
            return;
        }
        if self.sent {
            let decisions = std::mem::take(&mut self.decisions);
            self.charge(Ended::unknown(CallEnd::Failure), decisions);
        } else {
            self.engine.inner.admission.release(&self.reservation, &self.facets());
        }
    }
}

impl Engine {
    /// Notes when a key was last used, once a minute.
    pub(super) async fn touch_key(&self, found: Identified) {
        let Identified { caller, is_previous, .. } = found;
        let draft = self.draft(
            &Self::gateway_cx(Some(caller), self.new_request_id(), None),
            "api_key.use",
            format_args!("api_key:{}", caller.key),
        );
        let draft = Arc::new(draft.tenant(caller.tenant));
        let engine = self.clone();
        let submitted = self.inner.store.submit(
            move |tx| {
                let recorded = draft.meter(tx)?;
                let (keys, now) = (recorded.api_keys(), recorded.now());
                if is_previous { keys.touch_previous(caller.key, now) } else { keys.touch(caller.key, now) }?;
                Ok::<_, Error>(())
            },
            move |written| {
                if let Err(error) = written {
                    engine.inner.keeping.dropped("api_key.use");
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "a key's last use could not be noted"
                    );
                }
            },
        );
        if let Err(error) = submitted.await {
            self.inner.keeping.dropped("api_key.use");
            tracing::error!(error = &error as &dyn std::error::Error, "a key's last use could not be noted");
        }
    }
}
