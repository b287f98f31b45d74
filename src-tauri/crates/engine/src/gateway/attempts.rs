//! The attempts of one call: what each says of the key it used, and where the call goes when one fails.

use super::admitted::{Admitted, CallEnd, Ended, facets};
use super::step::Step;
use crate::Engine;
use crate::entry::Severity;
use crate::error::Error;
use crate::routing::credential::LiveCredential;
use crate::routing::health::Note;
pub use crate::routing::plan::Failed;
use crate::routing::plan::Onward;
use reeve_core::breaker::{Cause, Served, Transition};
use reeve_core::route::Patience;
use reeve_ledger::leaf::Ok as Outcome;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// An attempt that failed, for the charge's entry.
#[derive(Clone, Debug)]
pub(super) struct FailedAttempt {
    credential: String,
    provider: String,
    model: String,
    how: Failed,
}

impl FailedAttempt {
    pub(super) fn json(&self) -> Value {
        let Self { credential, provider, model, how } = self;
        // An entry holds no nulls.
        match how {
            Failed::Refused { status, .. } => json!({
                "credential": credential, "provider": provider, "model": model, "how": "refused", "status": status
            }),
            Failed::NotSent | Failed::Unknown => {
                let how = if *how == Failed::Unknown { "unknown" } else { "not_sent" };
                json!({ "credential": credential, "provider": provider, "model": model, "how": how })
            }
        }
    }
}

impl Admitted {
    /// Provider keys asked so far.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.trip.attempts()
    }

    /// How long the call's route waits; `None` without one, or where it does not say.
    #[must_use]
    pub fn patience(&self) -> Option<Patience> {
        self.trip.patience()
    }

    /// The provider's answer has begun, or it said no: what that tells of its key. A status that lies with the caller
    /// speaks for the key.
    pub fn heard(&self, status: u16, retry_after_ms: Option<u64>, latency_ms: i64) {
        if self.other_version(status).is_some() {
            // Another version of the key is asked before anything is held against this one.
            return;
        }
        if self.on_grace && (200..300).contains(&status) {
            self.engine.fell_back(&self.credential, self.caller);
        }
        let served = match status {
            401 => Served::KeyRefused(status),
            // There 403 says that the text was found improper, which is not the key's fault.
            403 if self.credential.provider != "openrouter" => Served::KeyRefused(status),
            500.. => Served::Badly,
            _ => Served::Well,
        };
        let error = match (status, served) {
            (429, _) => Some("The provider takes no more calls for now".to_owned()),
            (_, Served::Well) => None,
            (_, Served::KeyRefused(_)) => Some("The provider refuses the key".to_owned()),
            (_, Served::Badly) => Some("The provider failed".to_owned()),
        };
        let rest_ms = retry_after_ms.filter(|_| status == 429).and_then(|ms| i64::try_from(ms).ok());
        self.note(Note {
            served,
            trial: self.trial,
            status: Some(status),
            latency_ms: Some(latency_ms),
            rest_ms,
            error,
        });
    }

    /// No answer came, for `why`.
    pub fn unheard(&self, why: &str) {
        let served = Served::Badly;
        let error = Some(why.to_owned());
        self.note(Note { served, trial: self.trial, status: None, latency_ms: None, rest_ms: None, error });
    }

    /// The answer broke off, for `why`.
    pub fn broke_off(&self, why: &str) {
        let (now, random) = (self.engine.now(), self.engine.inner.routing.dice.roll());
        let transition = self.credential.health.note_break(why.to_owned(), now, random);
        self.engine.breaker_turned(&self.credential, transition);
    }

    fn note(&self, note: Note) {
        let (now, random) = (self.engine.now(), self.engine.inner.routing.dice.roll());
        let transition = self.credential.health.note(note, now, random);
        self.engine.breaker_turned(&self.credential, transition);
    }

    /// An attempt failed: makes the call ready for the next one, if its route has one, and says how long to wait before it.
    /// The reservation then covers the next attempt, at every budget level. Where the failed one may have run it has been
    /// charged at its worst case. Waits longer than `left` are not made: the next target is asked instead.
    pub async fn next_attempt(&mut self, failed: Failed, left: Duration) -> Option<Duration> {
        if let Failed::Refused { status, .. } = failed
            && let Some(other) = self.other_version(status)
        {
            self.failed.push(self.failed_attempt(failed));
            self.use_version(other);
            return Some(Duration::ZERO);
        }
        let mut onward = self.trip.onward(failed, self.engine.inner.routing.dice.roll())?;
        if matches!(onward, Onward::Again(ms) if Duration::from_millis(ms) >= left) {
            onward = Onward::Next;
        }
        let before = self.failed_attempt(failed);
        loop {
            if onward == Onward::Next && !self.trip.skip() {
                return None;
            }
            let from = self.credential.id;
            let step = self.engine.step(self.caller, &self.call, &self.trip, Some(from)).ok();
            let step = step.filter(|step| onward != Onward::OtherKey || step.chosen.credential.id != from);
            if let Some(step) = step {
                let elsewhere = step.chosen.credential.id != from;
                if self.move_to(step, failed).await {
                    if onward != Onward::Next {
                        self.trip.repeated();
                    }
                    self.failed.push(before);
                    return Some(match onward {
                        Onward::Again(ms) if !elsewhere => Duration::from_millis(ms),
                        _ => Duration::ZERO,
                    });
                }
            }
            onward = Onward::Next;
        }
    }

    fn failed_attempt(&self, how: Failed) -> FailedAttempt {
        FailedAttempt {
            credential: self.credential.id.to_string(),
            provider: self.credential.provider.clone(),
            model: self.pricing.price.model.clone(),
            how,
        }
    }

    /// Takes a step, if every budget has room for it. An attempt that may have run is charged first.
    async fn move_to(&mut self, step: Step, failed: Failed) -> bool {
        if failed == Failed::Unknown && self.open {
            self.settle_lost();
        }
        let admission = Arc::clone(&self.engine.inner.admission);
        let (now, ask) = (self.engine.now(), step.ask(self.caller, &self.call));
        let reserved = match self.open {
            true => {
                let from = facets(self.caller, &self.call, &self.pricing, self.credential.id);
                admission.rebook(&mut self.reservation, &from, &ask, now)
            }
            false => admission.reserve_again(&ask, now).map(|(reservation, raise)| {
                (self.reservation, self.open) = (reservation, true);
                raise
            }),
        };
        let Ok(raise) = reserved else { return false };
        // From here on the reservation is the step's, whatever becomes of it.
        self.take(step);
        // Until the bound is on disk the call may not go out; where that fails, this one does not.
        !raise || self.engine.raise_bound(self.caller).await.is_ok()
    }

    fn take(&mut self, step: Step) {
        self.credential = step.chosen.credential;
        (self.trial, self.on_grace) = (step.chosen.trial, false);
        (self.pricing, self.model, self.output_cap) = (step.pricing, step.model, step.cap);
        self.sent = false;
    }

    /// Charges an attempt that may have run at its worst case: a usage record of its own, because it is its provider that
    /// may bill it.
    fn settle_lost(&mut self) {
        let latency_ms = self.engine.now().0 - self.reservation.at.0;
        let lost = Ended { latency_ms, ..Ended::unknown(CallEnd::Failure) };
        let settled = self.charge(lost, self.decisions.clone());
        self.open = false;
        self.lost = Some(match self.lost {
            Some(before) => super::Settled { cost: before.cost + settled.cost, ..settled },
            None => settled,
        });
    }
}

/// Why calls do not go to a key, in a sentence.
pub(crate) fn kept_from_calls(credential: &LiveCredential, cause: Cause) -> String {
    format!("No calls go to the key {} of {}: {cause}", credential.name, credential.provider)
}

impl Engine {
    /// Writes down that a breaker opened or closed, and tells people.
    pub(crate) fn breaker_turned(&self, credential: &LiveCredential, transition: Option<Transition>) {
        let Some(transition) = transition else { return };
        let kind = match transition {
            Transition::Opened(..) => "credential.breaker_open",
            Transition::Closed(_) => "credential.breaker_close",
        };
        let cx = crate::Cx::system();
        let draft = self
            .draft(&cx, kind, format_args!("credential:{}", credential.id))
            .name(&credential.name)
            .detail("provider", credential.provider.as_str());
        let draft = match transition {
            Transition::Opened(cause, until) => draft
                .detail("message", kept_from_calls(credential, cause))
                .detail("until", until.to_string())
                .outcome(Outcome::Error, Severity::Critical),
            Transition::Closed(since) => draft.detail("open_since", since.to_string()),
        };
        let engine = self.clone();
        self.inner.store.submit_now(
            move |tx| draft.record(tx).map(|recorded| recorded.sequence()).map_err(Error::from),
            move |written| match written {
                Ok(sequence) => engine.told_of(crate::EventKind::Credential, sequence),
                Err(error) => {
                    engine.inner.keeping.dropped(kind);
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "a breaker's turn could not be recorded"
                    );
                }
            },
        );
    }
}
