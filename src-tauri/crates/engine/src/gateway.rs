//! The way of one call: identify, admit, lend the key, settle. The gateway crate speaks HTTP around it.

pub mod admitted;
mod exposure;
pub(crate) mod pricing;
pub mod refusals;
mod served;
pub(crate) mod settling;

pub use admitted::{Admitted, CallEnd, Ended, Settled};
pub use exposure::Recovery;

use crate::Engine;
use crate::admission::{Ask, Caller};
use crate::cx::{Cx, Via};
use crate::error::{Code, Error};
use pricing::Pricing;
use reeve_core::id::RequestId;
use reeve_core::principal::Principal;

/// A call as the gateway understood it.
#[derive(Clone, Debug)]
pub struct Call {
    /// Id the caller is told.
    pub request_id: RequestId,
    /// W3C trace id.
    pub trace_id: Option<String>,
    /// `chat`, `embeddings` …
    pub operation: &'static str,
    /// Model, as the caller spelled it.
    pub model: String,
    /// End user, as the caller named them.
    pub user: Option<String>,
    /// Labels, as the caller gave them.
    pub tags: Vec<String>,
    /// Whether the answer is streamed.
    pub stream: bool,
    /// Prompt tokens: an upper estimate.
    pub input_tokens: u64,
    /// The most one answer may generate, if the caller said; 0 for operations that generate nothing.
    pub max_output_tokens: Option<u64>,
    /// How many answers are asked for.
    pub choices: u64,
    /// Service tier, as the caller spelled it.
    pub service_tier: Option<String>,
}

impl Engine {
    /// Who calls with `key`.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`], with an entry in the audit trail.
    pub async fn identify(&self, key: &str, request_id: RequestId) -> Result<Caller, Error> {
        let now = self.now();
        let Some((caller, first_this_minute)) = self.inner.admission.identify(key, now) else {
            // Boxed, as all that is rare: a call's future is moved about and should be small.
            Box::pin(self.refuse_key(key, request_id)).await;
            return Err(Error::new(
                Code::Unauthenticated,
                "This API key is not known to Reeve, or was revoked, or has expired.",
            ));
        };
        if first_this_minute {
            Box::pin(self.touch_key(caller)).await;
        }
        Ok(caller)
    }

    /// The context of a call by `caller`.
    pub(crate) fn gateway_cx(caller: Option<Caller>, request_id: RequestId, trace_id: Option<String>) -> Cx {
        let principal =
            caller.map_or(Principal::Anonymous, |c| Principal::ApiKey { id: c.key, tenant: c.tenant });
        Cx {
            principal,
            via: Via::Gateway,
            request_id: Some(request_id),
            trace_id,
            ip: None,
            user_agent: None,
        }
    }

    /// Admits a call: finds its provider and price, checks quotas, reserves its worst case at every budget level, and
    /// makes what may be spent durable. Nothing is reserved if it fails.
    ///
    /// # Errors
    /// [`Code::NotFound`] for a model no credential serves or no list prices, [`Code::QuotaExceeded`],
    /// [`Code::BudgetExceeded`], [`Code::Forbidden`] for an inactive tenant, [`Code::Unavailable`] while the vault is
    /// locked. Each refusal is an entry in the audit trail.
    pub async fn admit(&self, caller: Caller, call: Call) -> Result<Admitted, Error> {
        let now = self.now();
        let prepared = self.prepare(caller, &call);
        let (route, pricing, output_cap, ask) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return Err(Box::pin(self.refuse(caller, &call, error)).await),
        };
        match self.inner.admission.reserve(&ask, now) {
            Ok((reservation, raise)) => {
                let admitted =
                    Admitted::new(self.clone(), caller, call, route, pricing, output_cap, reservation);
                if raise {
                    Box::pin(self.raise_bound(caller)).await?;
                }
                Ok(admitted)
            }
            Err(refusal) => Err(Box::pin(self.refuse_limit(caller, &call, &ask, refusal)).await),
        }
    }

    /// What a call needs: where it goes, what it costs at most, and how much it may generate.
    fn prepare(
        &self,
        caller: Caller,
        call: &Call,
    ) -> Result<(crate::credentials::Route, Pricing, Option<u64>, Ask), Error> {
        let route = self.inner.credentials.route(&call.model).ok_or_else(|| no_route(&call.model))?;
        self.vault()?;
        let pricing = self.pricing(&route.provider, &call.model)?;
        let choices = call.choices.max(1);
        let (per_choice, cap) = match call.max_output_tokens {
            Some(asked) => (asked, None),
            None => {
                let cap = self.output_cap(caller, call, choices, &pricing);
                (cap, Some(cap))
            }
        };
        let output = per_choice.saturating_mul(choices);
        let worst_case = pricing.price.worst_case(call.input_tokens, output).map_err(|_| {
            Error::new(Code::NotFound, format!("The price of {} lacks a rate this call needs.", call.model))
        })?;
        let tokens = call.input_tokens.saturating_add(output);
        Ok((route, pricing, cap, Ask { caller, tokens, worst_case }))
    }

    /// The most one answer may generate where the caller did not say: what the model writes at most, and what the
    /// tenant's quota leaves beside the prompt.
    fn output_cap(&self, caller: Caller, call: &Call, choices: u64, pricing: &Pricing) -> u64 {
        const UNKNOWN_MODEL: u64 = 16_384;
        let model = pricing.price.max_output_tokens.unwrap_or(UNKNOWN_MODEL);
        let quota = self
            .inner
            .admission
            .counters(caller.tenant, self.now())
            .map_or(model, |c| c.quota.tokens_per_request);
        model.min(quota.saturating_sub(call.input_tokens) / choices).max(1)
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
