//! One step of a call: with which key, at which price, for how much at most.

use super::Call;
use super::admitted::facets;
use super::pricing::Pricing;
use crate::Engine;
use crate::admission::{Ask, Caller};
use crate::error::{Code, Error};
use crate::limits::Asker;
use crate::routing::choice::{Chosen, NoKey, choose};
use crate::routing::plan::Trip;
use reeve_core::breaker::BreakerState;
use reeve_core::id::CredentialId;
use reeve_core::model_rules::Forbidden;
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;

/// What an attempt needs.
pub(super) struct Step {
    pub(super) chosen: Chosen,
    pub(super) pricing: Pricing,
    /// The model as the provider spells it, where the caller did not.
    pub(super) model: Option<String>,
    /// The most one answer may generate, where the caller did not say.
    pub(super) cap: Option<u64>,
    /// Prompt tokens and the most it may generate, together.
    pub(super) tokens: u64,
    /// The most it may cost.
    worst_case: NanoUsd,
}

impl Step {
    /// What the step asks of the budgets.
    pub(super) fn ask<'a>(&'a self, caller: Caller, call: &'a Call) -> Ask<'a> {
        let facets = facets(caller, call, &self.pricing, self.chosen.credential.id);
        Ask { caller, facets, tokens: self.tokens, worst_case: self.worst_case }
    }
}

impl Engine {
    /// The first step of a call: at the first target of its route that can serve it.
    pub(super) fn first_step(&self, caller: Caller, call: &Call, trip: &mut Trip) -> Result<Step, Error> {
        let mut first = match self.step(caller, call, trip, None) {
            Ok(step) => return Ok(step),
            Err(error) => error,
        };
        while trip.skip() {
            match self.step(caller, call, trip, None) {
                Ok(step) => return Ok(step),
                // Whoever waits for a provider would rather know that than what is wrong with another target.
                Err(error) if error.code == Code::Unavailable => first = error,
                Err(_) => {}
            }
        }
        Err(first)
    }

    /// What a call needs at the target it has come to. `avoid` has just failed it.
    pub(super) fn step(
        &self,
        caller: Caller,
        call: &Call,
        trip: &Trip,
        avoid: Option<CredentialId>,
    ) -> Result<Step, Error> {
        let stop = trip.stop(&call.model);
        let model = stop.model.unwrap_or(&call.model);
        if let Some(rules) = trip.table().rules(caller.tenant) {
            rules.check(&call.model, model).map_err(|rule| self.forbidden(caller, call, model, rule))?;
        }
        let now = self.now();
        let chosen = choose(stop.keys, avoid, now, self.inner.routing.dice.roll())
            .map_err(|why| self.no_key(&stop, model, why, now))?;
        self.vault()?;
        let (sent, priced) = chosen.credential.spelled(model);
        let pricing = self.call_pricing(caller, &chosen.credential.provider, priced)?;
        let choices = call.choices.max(1);
        let (per_choice, cap) = match call.max_output_tokens {
            Some(asked) => (asked, None),
            None => {
                let cap = self.output_cap(caller, call, choices, &pricing);
                (cap, Some(cap))
            }
        };
        let output = per_choice.saturating_mul(choices);
        let worst_case = self.worst_case(caller, call, &pricing, output)?;
        let tokens = call.input_tokens.saturating_add(output);
        let model = (sent != call.model).then(|| sent.to_owned());
        Ok(Step { chosen, pricing, model, cap, tokens, worst_case })
    }

    /// The most one answer may generate where the caller did not say: what the model writes at most, and what the
    /// tenant's quota and the limits of tokens leave beside the prompt.
    fn output_cap(&self, caller: Caller, call: &Call, choices: u64, pricing: &Pricing) -> u64 {
        const UNKNOWN_MODEL: u64 = 16_384;
        let model = pricing.price.max_output_tokens.unwrap_or(UNKNOWN_MODEL);
        let quota = self
            .inner
            .admission
            .counters(caller.tenant, self.now())
            .map_or(model, |c| c.quota.tokens_per_request);
        let asker = Asker::call(caller, call.user.as_deref(), &call.model);
        let most = self.inner.limits.most_tokens(&asker, self.now()).map_or(quota, |most| quota.min(most));
        model.min(most.saturating_sub(call.input_tokens) / choices).max(1)
    }

    fn forbidden(&self, caller: Caller, call: &Call, served: &str, rule: Forbidden<'_>) -> Error {
        let name = self.inner.admission.tenant_name(caller.tenant).unwrap_or_default();
        let model = match served == call.model {
            true => format!("\"{served}\""),
            false => format!("\"{}\" (served by \"{served}\")", call.model),
        };
        let sentence = match rule {
            Forbidden::Denied(pattern) => {
                format!("{name} may not call the model {model}: its list of denied models has \"{pattern}\".")
            }
            Forbidden::NotAllowed => {
                format!("{name} may not call the model {model}: it is not in its list of allowed models.")
            }
        };
        Error::new(Code::PolicyDenied, sentence)
    }

    fn no_key(&self, stop: &crate::routing::plan::Stop<'_>, model: &str, why: NoKey, now: Millis) -> Error {
        let NoKey::Blocked(until) = why else { return no_route(model) };
        let open = stop.keys.iter().find_map(|key| match key.health.figures(now).state {
            BreakerState::Open { cause, .. } | BreakerState::HalfOpen { cause, .. } => Some((key, cause)),
            BreakerState::Closed => None,
        });
        let because = open.map(|(key, cause)| format!(" ({}: {cause})", key.name)).unwrap_or_default();
        let sentence = format!(
            "Every provider key that serves \"{model}\" is kept from calls for the moment{because}. Nothing was sent."
        );
        let wait = u64::try_from((until.0 - now.0) / Millis::SECOND + 1).unwrap_or(1);
        Error::new(Code::Unavailable, sentence).retry_after(wait)
    }
}

fn no_route(model: &str) -> Error {
    Error::new(
        Code::NotFound,
        format!(
            "No provider key serves the model \"{model}\". Add one under Keys, or choose a model of GET /v1/models."
        ),
    )
}
