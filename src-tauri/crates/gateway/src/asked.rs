//! What a request asks for, in the terms of governance.

use crate::error::not_understood;
use bytes::Bytes;
use reeve_engine::{Engine, Error};
use reeve_providers::catalogue::Catalogue;
use reeve_providers::openai::{ChatRequest, Edits, EmbeddingsRequest, max_tokens_field};
use reeve_providers::tokens::{self, Family, InputBound};

/// Longer bodies are read off the async threads: reading takes about a millisecond for each of these.
const INLINE_BYTES: usize = 256 * 1024;
/// The longest name of a model.
const MAX_MODEL: usize = 200;
/// What a model reads at most where nobody lists it.
const UNKNOWN_CONTEXT: u64 = 1_000_000;

/// What a caller can do at the gateway.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operation {
    Chat,
    Embeddings,
}

impl Operation {
    /// The word in the ledger.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embeddings => "embeddings",
        }
    }

    /// The path below the provider's address.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Chat => "/chat/completions",
            Self::Embeddings => "/embeddings",
        }
    }
}

/// A request, understood.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) operation: Operation,
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
}

/// Understands a request.
pub(crate) async fn understand(engine: &Engine, operation: Operation, body: &Bytes) -> Result<Asked, Error> {
    let (engine, body) = (engine.clone(), body.clone());
    inline_if_short(body.len(), move || {
        let asked = match operation {
            Operation::Chat => chat(&engine, &body),
            Operation::Embeddings => embeddings(&engine, &body),
        }?;
        // The name goes into the ledger, whose entries are short.
        let plain = |name: &str| name.len() <= MAX_MODEL && !name.chars().any(char::is_control);
        if !plain(&asked.model) {
            return Err(Error::field("model", format!("must be at most {MAX_MODEL} visible characters")));
        }
        Ok(asked)
    })
    .await?
}

fn chat(engine: &Engine, body: &Bytes) -> Result<Asked, Error> {
    let request = ChatRequest::read(body).map_err(|e| not_understood(&e))?;
    let provider = engine.provider_of(&request.model);
    let bound = tokens::chat(family(provider.as_deref(), &request.model), &request);
    Ok(Asked {
        operation: Operation::Chat,
        input_tokens: most(bound, provider.as_deref(), &request.model),
        stream: request.stream,
        include_usage: request.include_usage,
        max_output_tokens: request.max_tokens,
        choices: request.n,
        service_tier: request.service_tier.map(Into::into),
        user: request.user.map(Into::into),
        tags: Vec::new(),
        model: request.model.into(),
    })
}

fn embeddings(engine: &Engine, body: &Bytes) -> Result<Asked, Error> {
    let request = EmbeddingsRequest::read(body).map_err(|e| not_understood(&e))?;
    let provider = engine.provider_of(&request.model);
    let bound = tokens::embeddings(family(provider.as_deref(), &request.model), &request);
    Ok(Asked {
        operation: Operation::Embeddings,
        input_tokens: most(bound, provider.as_deref(), &request.model),
        stream: false,
        include_usage: false,
        max_output_tokens: Some(0),
        choices: 1,
        service_tier: None,
        user: request.user.map(Into::into),
        tags: Vec::new(),
        model: request.model.into(),
    })
}

/// How text of a model is counted. Without a provider the call will be refused anyway.
pub(crate) fn family(provider: Option<&str>, model: &str) -> Family {
    provider.map_or(Family::Other, |provider| Family::of(provider, model))
}

/// Where the provider adds input of its own, the model's context is the only bound.
fn most(bound: InputBound, provider: Option<&str>, model: &str) -> u64 {
    if bound.unbounded.is_none() {
        return bound.tokens;
    }
    let listed =
        provider.and_then(|p| Catalogue::builtin().lookup(p, model)).and_then(|m| m.price.max_input_tokens);
    bound.tokens.max(listed.unwrap_or(UNKNOWN_CONTEXT))
}

impl Asked {
    /// The body to send: the caller's own, byte for byte, but for a cap on output that a reservation needs, and for
    /// usage at the end of a stream.
    pub(crate) async fn upstream_body(
        &self,
        body: &Bytes,
        provider: &str,
        cap: Option<u64>,
    ) -> Result<Bytes, Error> {
        let include_usage = self.stream && !self.include_usage;
        let max_tokens = cap.map(|cap| (max_tokens_field(provider), cap));
        if self.operation == Operation::Embeddings || (!include_usage && max_tokens.is_none()) {
            return Ok(body.clone());
        }
        let body = body.clone();
        inline_if_short(body.len(), move || {
            let request = ChatRequest::read(&body).map_err(|e| not_understood(&e))?;
            Ok(request.upstream_body(&Edits { model: None, include_usage, max_tokens }))
        })
        .await?
    }
}

/// Runs `work` here if it is short, else where it may block.
pub(crate) async fn inline_if_short<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    if bytes <= INLINE_BYTES {
        return Ok(work());
    }
    let failed = |e: tokio::task::JoinError| {
        Error::new(reeve_engine::Code::Internal, "A task failed unexpectedly.").because(e)
    };
    tokio::task::spawn_blocking(work).await.map_err(failed)
}
