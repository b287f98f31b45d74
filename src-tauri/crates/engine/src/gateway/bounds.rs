//! What a call may cost at most: reserved before it goes out.

use super::Call;
use super::pricing::Pricing;
use crate::Engine;
use crate::admission::Caller;
use crate::error::{Code, Error};
use reeve_core::money::NanoUsd;
use reeve_core::price::UnpricedReason;

impl Engine {
    /// The price of a call to `model` of `provider`. A model without one is noted, so that somebody can give it a price.
    pub(super) fn call_pricing(&self, caller: Caller, provider: &str, model: &str) -> Result<Pricing, Error> {
        let pricing = self.pricing(caller.tenant, provider, model, self.now());
        pricing.inspect_err(|_| {
            self.note_refused(caller.tenant, provider, model, UnpricedReason::UnknownModel);
        })
    }

    /// The most the call may cost with `output` generated tokens, at the service tier it asked for.
    pub(super) fn worst_case(
        &self,
        caller: Caller,
        call: &Call,
        pricing: &Pricing,
        output: u64,
    ) -> Result<NanoUsd, Error> {
        let (provider, model) = (&pricing.price.provider, &pricing.price.model);
        pricing.worst_case(call, output).map_err(|reason| {
            self.note_refused(caller.tenant, provider, model, reason);
            Error::new(Code::NotFound, format!("The price of {model} lacks a rate this call needs."))
        })
    }
}
