//! The shapes a call may have: a closed set, one file each.
//!
//! A shape says how a request reads, where it goes, what is changed on its way, how its answer is metered, and in whose
//! words failures are told. To add one: a variant here, a file beside this, a route in [`crate::router`], and the arms the
//! compiler asks for.

mod chat;
mod embeddings;

use crate::asked::{Asked, Incoming};
use crate::error::Dialect;
use crate::reader::Reader;
use bytes::Bytes;
use http::HeaderValue;
use reeve_engine::gateway::Admitted;
use reeve_engine::{Engine, Error};
use reeve_providers::openai::stream::{self, StreamReader};
use reeve_providers::openai::usage::{Answer, read_answer};
use reeve_providers::upstream::Auth;
use std::borrow::Cow;

/// What a caller can do at the gateway, and in whose words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// `/v1/chat/completions`.
    Chat,
    /// `/v1/embeddings`.
    Embeddings,
}

/// To whom a request goes, and what it must say there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way<'a> {
    /// The provider, as the price catalogue spells it.
    pub(crate) provider: &'a str,
    /// The provider's name of the model, where the request says another.
    pub(crate) model: Option<&'a str>,
    /// The cap on output to be written in, because the caller did not say.
    pub(crate) cap: Option<u64>,
}

impl<'a> Way<'a> {
    /// The way of the attempt that is next.
    pub(crate) fn of(admitted: &'a Admitted) -> Self {
        Self {
            provider: &admitted.credential().provider,
            model: admitted.other_model(),
            cap: admitted.output_cap(),
        }
    }
}

/// A request as it goes out.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    /// Below the provider's address.
    pub(crate) path: Cow<'static, str>,
    /// Behind the `?`.
    pub(crate) query: Option<String>,
    pub(crate) content_type: HeaderValue,
    pub(crate) auth: Auth,
    pub(crate) body: Bytes,
}

impl Outgoing {
    /// A JSON body to a path that is always the same.
    pub(crate) fn json(path: &'static str, way: Way<'_>, body: Bytes) -> Self {
        let content_type = HeaderValue::from_static("application/json");
        Self {
            path: Cow::Borrowed(path),
            query: None,
            content_type,
            auth: bearer_or_azure(way.provider),
            body,
        }
    }
}

/// How those who speak the OpenAI API take their key.
fn bearer_or_azure(provider: &str) -> Auth {
    if provider == "azure-openai" { Auth::ApiKey } else { Auth::Bearer }
}

impl Shape {
    /// The word in the ledger.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embeddings => "embeddings",
        }
    }

    /// In whose words failures are told.
    pub(crate) const fn dialect(self) -> Dialect {
        match self {
            Self::Chat | Self::Embeddings => Dialect::OpenAi,
        }
    }

    /// Whether an answer is generated, so that usage without output contradicts itself.
    pub(crate) const fn generates(self) -> bool {
        match self {
            Self::Chat => true,
            Self::Embeddings => false,
        }
    }

    /// Understands a request.
    pub(crate) fn read(self, engine: &Engine, incoming: &Incoming) -> Result<Asked, Error> {
        match self {
            Self::Chat => chat::read(engine, incoming),
            Self::Embeddings => embeddings::read(engine, incoming),
        }
    }

    /// Whether [`Shape::outgoing`] has to read the body again.
    pub(crate) fn edits(self, asked: &Asked, way: Way<'_>) -> bool {
        match self {
            Self::Chat => chat::edits(asked, way),
            Self::Embeddings => way.model.is_some(),
        }
    }

    /// The request to send: the caller's own, byte for byte, but for what must be changed.
    pub(crate) fn outgoing(
        self,
        asked: &Asked,
        incoming: &Incoming,
        way: Way<'_>,
    ) -> Result<Outgoing, Error> {
        match self {
            Self::Chat => chat::outgoing(asked, incoming, way),
            Self::Embeddings => embeddings::outgoing(incoming, way),
        }
    }

    /// What a whole answer says about itself.
    pub(crate) fn answer(self, body: &[u8]) -> Answer {
        match self {
            Self::Chat | Self::Embeddings => read_answer(body),
        }
    }

    /// Reads a streamed answer.
    pub(crate) fn reader(self, asked: &Asked) -> Reader {
        match self {
            Self::Chat | Self::Embeddings => Reader::OpenAi(StreamReader::new(asked.include_usage)),
        }
    }

    /// Takes the words out of the data of an event; what is no text but produced all the same counts in tokens.
    pub(crate) fn words(self) -> Words {
        match self {
            Self::Chat | Self::Embeddings => stream::words,
        }
    }
}

/// Appends the words of an event's data to a text; `None` where the data is no shape that is known.
pub(crate) type Words = fn(data: &[u8], text: &mut String) -> Option<u64>;
