//! What a request asks for, in the terms of governance.

use crate::shape::{Outgoing, Shape, Way};
use bytes::Bytes;
use http::HeaderValue;
use reeve_core::id::TenantId;
use reeve_core::usage::{Units, Usage};
use reeve_engine::gateway::Billing;
use reeve_engine::{Engine, Error};
use reeve_providers::tokens::{Family, InputBound};

/// Longer bodies are read off the async threads: reading takes about a millisecond for each of these.
const INLINE_BYTES: usize = 256 * 1024;
/// The longest name of a model.
const MAX_MODEL: usize = 200;
/// What a model reads at most where nobody lists it.
const UNKNOWN_CONTEXT: u64 = 1_000_000;

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    pub(crate) body: Bytes,
    /// The model, where the address names it.
    pub(crate) model: Option<String>,
    /// What stood behind the `?`, where the shape passes it on.
    pub(crate) query: Option<String>,
    /// What the body says it is.
    pub(crate) content_type: Option<HeaderValue>,
    /// Whose call it is: routes may be a tenant's own.
    pub(crate) tenant: TenantId,
}

impl Incoming {
    /// What the body says it is, as text.
    pub(crate) fn kind(&self) -> &str {
        self.content_type.as_ref().and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The model to write into the body: the provider's name for it, or what only the address says.
    pub(crate) fn renamed<'a>(&'a self, way: Way<'a>) -> Option<&'a str> {
        way.model.or_else(|| self.model.is_some().then_some(way.sent))
    }
}

/// A request, understood.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) shape: Shape,
    pub(crate) model: String,
    pub(crate) user: Option<String>,
    /// Labels of the call.
    pub(crate) tags: Vec<String>,
    pub(crate) stream: bool,
    /// Whether the client itself wants usage at the end of a stream.
    pub(crate) include_usage: bool,
    pub(crate) max_output_tokens: Option<u64>,
    pub(crate) choices: u64,
    pub(crate) service_tier: Option<String>,
    /// An upper estimate.
    pub(crate) input_tokens: u64,
    /// The kinds of token it can make.
    pub(crate) kinds: Units,
    /// What else it may be billed for, at most.
    pub(crate) others: Usage,
    /// What decides between tokens and those.
    pub(crate) billing: Billing,
    /// How the sound that is asked for is coded.
    pub(crate) sound: Option<String>,
}

impl Asked {
    /// A request for one whole answer, to be filled in.
    pub(crate) fn new(shape: Shape, model: String) -> Self {
        Self {
            shape,
            model,
            user: None,
            tags: Vec::new(),
            stream: false,
            include_usage: false,
            max_output_tokens: None,
            choices: 1,
            service_tier: None,
            input_tokens: 0,
            kinds: Units::ALL,
            others: Usage::new(),
            billing: Billing::Tokens,
            sound: None,
        }
    }

    /// The request to send.
    pub(crate) async fn outgoing(&self, incoming: &Incoming, way: Way<'_>) -> Result<Outgoing, Error> {
        if incoming.body.len() <= INLINE_BYTES {
            return self.shape.outgoing(self, incoming, way);
        }
        // Boxed, as all that is rare: a call's future is moved about and should be small.
        Box::pin(self.outgoing_elsewhere(incoming, way)).await
    }

    async fn outgoing_elsewhere(&self, incoming: &Incoming, way: Way<'_>) -> Result<Outgoing, Error> {
        let (asked, incoming) = (self.clone(), incoming.clone());
        let (provider, base_url, cap, at) = (way.provider.to_owned(), way.base_url.clone(), way.cap, way.at);
        let (sent, other) = (way.sent.to_owned(), way.model.is_some());
        elsewhere(move || {
            let model = other.then_some(sent.as_str());
            let way = Way { provider: &provider, base_url: &base_url, sent: &sent, model, cap, at };
            asked.shape.outgoing(&asked, &incoming, way)
        })
        .await?
    }
}

/// Understands a request.
pub(crate) async fn understand(engine: &Engine, shape: Shape, incoming: &Incoming) -> Result<Asked, Error> {
    let asked = if incoming.body.len() <= INLINE_BYTES {
        shape.read(engine, incoming)
    } else {
        let (engine, incoming) = (engine.clone(), incoming.clone());
        Box::pin(elsewhere(move || shape.read(&engine, &incoming))).await?
    }?;
    // The name goes into the ledger, whose entries are short.
    let plain = |name: &str| name.len() <= MAX_MODEL && !name.chars().any(char::is_control);
    if !plain(&asked.model) {
        return Err(Error::field("model", format!("must be at most {MAX_MODEL} visible characters")));
    }
    Ok(asked)
}

/// How text of a model is counted. Without a provider the call will be refused anyway.
pub(crate) fn family(provider: Option<&str>, model: &str) -> Family {
    provider.map_or(Family::Other, |provider| Family::of(provider, model))
}

/// The most input a request is at any place it may go to.
pub(crate) fn most_anywhere(
    engine: &Engine,
    tenant: TenantId,
    model: &str,
    count: impl Fn(Family) -> InputBound,
) -> u64 {
    let destinations = engine.destinations(tenant, model);
    let at = |provider, model| most(engine, count(family(provider, model)), provider, model);
    let each = destinations.each(model).map(|(provider, model)| at(Some(provider), model));
    each.max().unwrap_or_else(|| at(None, model))
}

/// Where the provider adds input of its own, the model's context is the only bound.
pub(crate) fn most(engine: &Engine, bound: InputBound, provider: Option<&str>, model: &str) -> u64 {
    if bound.unbounded.is_none() {
        return bound.tokens;
    }
    let listed =
        provider.and_then(|p| engine.listed_price(p, model)).and_then(|price| price.max_input_tokens);
    bound.tokens.max(listed.unwrap_or(UNKNOWN_CONTEXT))
}

/// Runs `work` here if it is short, else where it may block.
pub(crate) async fn inline_if_short<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    if bytes <= INLINE_BYTES { Ok(work()) } else { elsewhere(work).await }
}

/// Runs `work` where it may block.
async fn elsewhere<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    let failed = |e: tokio::task::JoinError| {
        Error::new(reeve_engine::Code::Internal, "A task failed unexpectedly.").because(e)
    };
    tokio::task::spawn_blocking(work).await.map_err(failed)
}
