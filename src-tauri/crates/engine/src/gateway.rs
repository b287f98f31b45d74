//! The way of one call: identify, admit, lend the key, settle. The gateway crate speaks HTTP around it.

pub mod admitted;
pub(crate) mod attempts;
mod bounds;
mod explain;
mod exposure;
mod handover;
pub(crate) mod live;
pub(crate) mod pricing;
pub mod refusals;
mod served;
pub(crate) mod settling;
mod step;
mod waiting;

pub use admitted::{Admitted, CallEnd, Ended, Settled, Timing};
pub use attempts::Failed;
pub use exposure::Recovery;
pub use live::LiveCall;
pub use served::Destinations;

use crate::Engine;
use crate::admission::{Caller, Refusal};
use crate::cx::{Cx, Via};
use crate::entry::Severity;
use crate::error::Code;
use crate::error::Error;
use crate::limits::{Asker, Refused};
use crate::routing::plan::Trip;
use reeve_core::id::RequestId;
use reeve_core::principal::Principal;
use reeve_core::usage::{Units, Usage};
use reeve_ledger::leaf::Ok as Outcome;
use std::net::IpAddr;
use std::sync::Arc;
use step::Step;

/// Which request, and from where.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// Id the caller is told.
    pub request_id: RequestId,
    /// Network address of the caller, where there is one.
    pub ip: Option<IpAddr>,
}

impl From<RequestId> for Origin {
    fn from(request_id: RequestId) -> Self {
        Self { request_id, ip: None }
    }
}

/// What decides what a call is billed by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Billing {
    /// Tokens, with the call's other units beside them: each needs a rate.
    Tokens,
    /// The price: tokens, or other units, or both, whichever it has rates for. What it has none for is not billed by.
    ByPrice,
}

/// A call as the gateway understood it.
#[derive(Clone, Debug)]
pub struct Call {
    /// Id the caller is told.
    pub request_id: RequestId,
    /// Network address of the caller, where there is one.
    pub ip: Option<IpAddr>,
    /// W3C trace id.
    pub trace_id: Option<String>,
    /// `chat`, `embeddings` …
    pub operation: &'static str,
    /// Model, as the caller spelled it.
    pub model: String,
    /// The only provider whose keys may serve it, where the call is made in that provider's own words.
    pub provider: Option<&'static str>,
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
    /// What else it may be billed for, at most: pictures, seconds, characters, searches.
    pub others: Usage,
    /// What decides between tokens and those.
    pub billing: Billing,
    /// The kinds of token it can make; [`Units::ALL`] where that is not known.
    pub kinds: Units,
}

impl Call {
    /// Which request it came with, and from where.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        Origin { request_id: self.request_id, ip: self.ip }
    }
}

impl Engine {
    /// Who calls with `key`. Wrong keys use up the limit of the address they come from. Beyond it a right key is heard only
    /// where it was heard before, so that nobody learns by trying whether a key is right, and nobody who calls already is
    /// kept out by a stranger at the same address.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] or [`Code::RateLimited`], with an entry in the audit trail.
    pub async fn identify(&self, key: &str, origin: impl Into<Origin>) -> Result<Caller, Error> {
        let (now, origin) = (self.now(), origin.into());
        let Some(found) = self.inner.admission.identify(key, origin.ip, now) else {
            // Boxed, as all that is rare: a call's future is moved about and should be small.
            return Err(Box::pin(self.refuse_key(key, origin)).await);
        };
        if !found.is_known_here {
            Box::pin(self.first_from(key, origin)).await?;
        }
        if !found.may_call {
            let sentence = "This API key is not for calls; it needs the scope gateway:call.";
            let error = Error::new(Code::Forbidden, sentence);
            return Err(Box::pin(self.refuse_request(found.caller, origin, error)).await);
        }
        if found.first_this_minute {
            Box::pin(self.touch_key(found)).await;
        }
        Ok(found.caller)
    }

    /// Who shows `key` to the console instead of signing in.
    ///
    /// # Errors
    /// As [`Engine::identify`].
    pub async fn key_principal(&self, cx: &Cx, key: &str) -> Result<Principal, Error> {
        let ip = cx.ip.as_deref().and_then(|ip| ip.parse().ok());
        let stranger = Asker::visitor(ip);
        let Some(found) = self.inner.admission.identify(key, ip, self.now()) else {
            self.hit(&stranger, || cx.clone()).await?;
            return Err(self.refuse_sent_key(cx, key).await?);
        };
        if !found.is_known_here {
            if let Err(refused) = self.inner.limits.check(&stranger, self.now()) {
                return Err(self.refuse_rate(refused, cx.clone(), None).await);
            }
            self.inner.admission.heard_from(key, ip);
        }
        if found.first_this_minute {
            self.touch_key(found).await;
        }
        Ok(Principal::ApiKey { id: found.caller.key, tenant: found.caller.tenant })
    }

    /// Whether a bearer's text is meant as an API key, and not as an access token.
    #[must_use]
    pub fn is_api_key(text: &str) -> bool {
        text.starts_with("rvk_")
    }

    /// Who shows `text`: an access token or an API key.
    ///
    /// # Errors
    /// As [`Engine::key_principal`] and [`Engine::authenticate`].
    pub async fn bearer_principal(&self, cx: &Cx, text: &str) -> Result<Principal, Error> {
        if Self::is_api_key(text) {
            self.key_principal(cx, text).await
        } else {
            self.authenticate(text).await
        }
    }

    async fn refuse_sent_key(&self, cx: &Cx, key: &str) -> Result<Error, Error> {
        let mut draft = self
            .draft(cx, "auth.failed", "listener:api")
            .detail("reason", Code::Unauthenticated.as_str())
            .outcome(Outcome::Denied, Severity::Warning);
        // The public part of a key of ours helps to find who uses a dead one; anything else may be a secret.
        if let Some(prefix) = key.get(..16).filter(|p| Self::is_api_key(p)) {
            draft = draft.detail("prefix", prefix);
        }
        self.record(draft).await?;
        let sentence = "This API key is not known to Reeve, or was revoked, or has expired.";
        Ok(Error::new(Code::Unauthenticated, sentence))
    }

    /// A right key from an address where it was not heard before.
    async fn first_from(&self, key: &str, origin: Origin) -> Result<(), Error> {
        match self.inner.limits.check(&Asker::stranger(origin.ip), self.now()) {
            Ok(()) => {
                self.inner.admission.heard_from(key, origin.ip);
                Ok(())
            }
            Err(refused) => Err(self.refuse_rate(refused, Self::gateway_cx(None, origin, None), None).await),
        }
    }

    /// The context of a call by `caller`.
    pub(crate) fn gateway_cx(
        caller: Option<Caller>,
        origin: impl Into<Origin>,
        trace_id: Option<String>,
    ) -> Cx {
        let principal =
            caller.map_or(Principal::Anonymous, |c| Principal::ApiKey { id: c.key, tenant: c.tenant });
        let Origin { request_id, ip } = origin.into();
        Cx {
            principal,
            via: Via::Gateway,
            request_id: Some(request_id),
            trace_id,
            ip: ip.map(|ip| ip.to_string()),
            user_agent: None,
        }
    }

    /// Admits a call: finds its way, key and price, checks what the tenant may call and its quotas, reserves the worst case at
    /// every budget level, and makes what may be spent durable. Nothing is reserved if it fails.
    ///
    /// # Errors
    /// [`Code::NotFound`] for a model no credential serves or no list prices, [`Code::PolicyDenied`] for one the tenant may
    /// not call, [`Code::RateLimited`], [`Code::QuotaExceeded`], [`Code::BudgetExceeded`], [`Code::Forbidden`] for an inactive tenant,
    /// [`Code::Unavailable`] while the vault is locked or every key is kept from calls. Each refusal is an entry in the
    /// audit trail.
    pub async fn admit(&self, caller: Caller, call: Arc<Call>) -> Result<Admitted, Error> {
        // Boxed, as all that is rare: a call's future is moved about and should be small.
        match self.try_admit(caller, &call) {
            Ok((admitted, false)) => Ok(admitted),
            Ok((admitted, true)) => Box::pin(self.raise_bound(caller)).await.map(|()| admitted),
            Err(why) => Err(Box::pin(self.not_admitted(*why, caller, &call)).await),
        }
    }

    /// An admitted call, and whether its tenant's bound must be raised before it goes out.
    fn try_admit(&self, caller: Caller, call: &Arc<Call>) -> Result<(Admitted, bool), Box<NotAdmitted>> {
        let now = self.now();
        let routing = &self.inner.routing;
        let mut trip = Trip::new(routing.table(), caller.tenant, &call.model, routing.dice.roll());
        trip.only(call.provider);
        let asker = Asker::call(caller, call.user.as_deref(), &call.model);
        let step = self.first_step(caller, call, &mut trip).map_err(|error| {
            self.count_refused(&asker);
            NotAdmitted::Step(error)
        })?;
        let grant = self.inner.limits.take(&asker, step.tokens, now).map_err(NotAdmitted::Rate)?;
        match self.inner.admission.admit(&step.ask(caller, call), now) {
            Ok((reservation, raise, decisions)) => {
                let reserved = (reservation, decisions);
                let call = Arc::clone(call);
                Ok((Admitted::new(self.clone(), caller, call, trip, step, reserved, grant), raise))
            }
            Err(refusal) => {
                // Its tokens come back; that it was asked at all still counts.
                self.settle_limits(grant, Some(0));
                Err(Box::new(NotAdmitted::Limit(step, refusal)))
            }
        }
    }

    async fn not_admitted(&self, why: NotAdmitted, caller: Caller, call: &Call) -> Error {
        match why {
            NotAdmitted::Step(error) => self.refuse(caller, call, error).await,
            NotAdmitted::Rate(refused) => self.refuse_rate_of(refused, caller, call).await,
            NotAdmitted::Limit(step, refusal) => {
                self.refuse_limit(caller, call, &step.ask(caller, call), refusal).await
            }
        }
    }
}

/// Why a call is not admitted.
enum NotAdmitted {
    /// There is nothing it could go to, or no price.
    Step(Error),
    /// A rate limit has no room.
    Rate(Refused),
    /// A quota or a budget has none.
    Limit(Step, Refusal),
}
