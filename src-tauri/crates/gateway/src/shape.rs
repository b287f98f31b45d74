//! The shapes a call may have: a closed set, one file each.
//!
//! A shape says how a request reads, where it goes, what is changed on its way, how its answer is metered, and in whose
//! words failures are told. To add one: a variant here, a file beside this, an address in [`mod@crate::route`], and the arms the
//! compiler asks for.

mod anthropic;
mod azure;
mod bedrock;
mod chat;
mod completions;
mod embeddings;
mod google;
mod image_edits;
mod images;
mod moderations;
mod responses;
mod speech;
mod transcriptions;

use crate::asked::{Asked, Incoming};
use crate::error::Dialect;
use crate::reader::{Reader, Sound};
use bytes::Bytes;
use http::HeaderValue;
use reeve_core::time::Millis;
use reeve_engine::gateway::Admitted;
use reeve_engine::{Engine, Error};
use reeve_providers::google::Method;
use reeve_providers::openai;
use reeve_providers::openai::responses::stream::EventReader;
use reeve_providers::openai::stream::{self, StreamReader};
use reeve_providers::openai::usage::{Answer, read_answer};
use reeve_providers::upstream::{Auth, BaseUrl};
use reeve_providers::{anthropic as anthropic_shape, bedrock as bedrock_shape, google as google_shape};
use std::borrow::Cow;

/// What a caller can do at the gateway, and in whose words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// `/v1/chat/completions`.
    Chat,
    /// `/v1/completions`.
    Completions,
    /// `/v1/responses`.
    Responses,
    /// `/v1/embeddings`.
    Embeddings,
    /// Anthropic's messages.
    Messages,
    /// The number of tokens of such a message.
    CountMessages,
    /// Google's `generateContent` and its siblings.
    Google(google_shape::Method),
    /// AWS Bedrock's Converse.
    Bedrock(bedrock_shape::Method),
    /// `/v1/moderations`.
    Moderations,
    /// `/v1/images/generations`.
    Images,
    /// `/v1/images/edits`.
    ImageEdits,
    /// `/v1/audio/transcriptions`.
    Transcription,
    /// `/v1/audio/translations`.
    Translation,
    /// `/v1/audio/speech`.
    Speech,
}

/// To whom a request goes, and what it must say there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way<'a> {
    /// The provider, as the price catalogue spells it.
    pub(crate) provider: &'a str,
    /// Where the provider's API is.
    pub(crate) base_url: &'a BaseUrl,
    /// The provider's name of the model.
    pub(crate) sent: &'a str,
    /// The same, where the request says another.
    pub(crate) model: Option<&'a str>,
    /// The cap on output to be written in, because the caller did not say.
    pub(crate) cap: Option<u64>,
    /// The time, which some signatures hold.
    pub(crate) at: Millis,
}

impl<'a> Way<'a> {
    /// The way of the attempt that is next, `at` this time.
    pub(crate) fn of(admitted: &'a Admitted, at: Millis) -> Self {
        let credential = admitted.credential();
        Self {
            provider: &credential.provider,
            base_url: &credential.base_url,
            sent: admitted.model(),
            model: admitted.other_model(),
            cap: admitted.output_cap(),
            at,
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
    pub(crate) fn json(path: &'static str, incoming: &Incoming, way: Way<'_>, body: Bytes) -> Self {
        let content_type = HeaderValue::from_static("application/json");
        Self { body, ..Self::to(path, incoming, way, content_type) }
    }

    /// A form, as it came but for `body`, to a path that is always the same.
    pub(crate) fn form(path: &'static str, incoming: &Incoming, way: Way<'_>, body: Bytes) -> Self {
        let form = HeaderValue::from_static("multipart/form-data");
        let content_type = incoming.content_type.clone().unwrap_or(form);
        Self { body, ..Self::to(path, incoming, way, content_type) }
    }

    /// To a path of those who speak the OpenAI API, without a body yet.
    fn to(path: &'static str, incoming: &Incoming, way: Way<'_>, content_type: HeaderValue) -> Self {
        let auth = match way.provider {
            "azure-openai" => return azure::outgoing(path, incoming, way, content_type),
            "aws-bedrock" => Auth::Aws { at: way.at },
            _ => Auth::Bearer,
        };
        Self { path: Cow::Borrowed(path), query: None, content_type, auth, body: Bytes::new() }
    }
}

impl Shape {
    /// The word in the ledger.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Chat | Self::Messages | Self::Bedrock(_) => "chat",
            Self::Google(Method::GenerateContent | Method::StreamGenerateContent) => "chat",
            Self::Embeddings | Self::Google(Method::EmbedContent | Method::BatchEmbedContents) => {
                "embeddings"
            }
            Self::CountMessages | Self::Google(Method::CountTokens) => "count_tokens",
            Self::Completions => "completions",
            Self::Responses => "responses",
            Self::Moderations => "moderations",
            Self::Images => "images",
            Self::ImageEdits => "image_edits",
            Self::Transcription => "transcriptions",
            Self::Translation => "translations",
            Self::Speech => "speech",
        }
    }

    /// In whose words failures are told.
    pub(crate) const fn dialect(self) -> Dialect {
        match self {
            Self::Chat
            | Self::Completions
            | Self::Responses
            | Self::Embeddings
            | Self::Moderations
            | Self::Images
            | Self::ImageEdits
            | Self::Transcription
            | Self::Translation
            | Self::Speech => Dialect::OpenAi,
            Self::Messages | Self::CountMessages => Dialect::Anthropic,
            Self::Google(_) => Dialect::Google,
            Self::Bedrock(_) => Dialect::Bedrock,
        }
    }

    /// Whether an answer is generated, so that usage without output contradicts itself.
    pub(crate) const fn generates(self) -> bool {
        match self {
            Self::Chat | Self::Completions | Self::Responses | Self::Images | Self::ImageEdits => true,
            Self::Messages | Self::Bedrock(_) => true,
            Self::Google(method) => {
                matches!(method, Method::GenerateContent | Method::StreamGenerateContent)
            }
            Self::Embeddings | Self::Transcription | Self::Translation | Self::Speech => false,
            Self::CountMessages | Self::Moderations => false,
        }
    }

    /// Whether the provider asks nothing for it.
    pub(crate) const fn is_free(self) -> bool {
        matches!(self, Self::CountMessages | Self::Google(Method::CountTokens))
    }

    /// Understands a request.
    pub(crate) fn read(self, engine: &Engine, incoming: &Incoming) -> Result<Asked, Error> {
        match self {
            Self::Chat => chat::read(engine, incoming),
            Self::Completions => completions::read(engine, incoming),
            Self::Responses => responses::read(engine, incoming),
            Self::Embeddings => embeddings::read(engine, incoming),
            Self::Messages => anthropic::read(engine, incoming),
            Self::CountMessages => anthropic::read_count(incoming),
            Self::Google(method) => google::read(engine, method, incoming),
            Self::Bedrock(method) => bedrock::read(engine, method, incoming),
            Self::Moderations => moderations::read(engine, incoming),
            Self::Images => images::read(engine, incoming),
            Self::ImageEdits => image_edits::read(engine, incoming),
            Self::Transcription | Self::Translation => transcriptions::read(self, incoming),
            Self::Speech => speech::read(engine, incoming),
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
            Self::Completions => completions::outgoing(asked, incoming, way),
            Self::Responses => responses::outgoing(incoming, way),
            Self::Embeddings => embeddings::outgoing(incoming, way),
            Self::Messages => anthropic::outgoing(incoming, way),
            Self::CountMessages => Ok(anthropic::outgoing_count(incoming, way)),
            Self::Google(method) => google::outgoing(method, incoming, way),
            Self::Bedrock(method) => bedrock::outgoing(method, incoming, way),
            Self::Moderations => moderations::outgoing(incoming, way),
            Self::Images => images::outgoing(incoming, way),
            Self::ImageEdits => image_edits::outgoing(incoming, way),
            Self::Transcription => transcriptions::outgoing("/audio/transcriptions", incoming, way),
            Self::Translation => transcriptions::outgoing("/audio/translations", incoming, way),
            Self::Speech => speech::outgoing(incoming, way),
        }
    }

    /// What a whole answer says about itself.
    pub(crate) fn answer(self, body: &[u8]) -> Answer {
        match self {
            Self::Messages | Self::CountMessages => anthropic_shape::usage::read_answer(body),
            Self::Google(_) => google_shape::usage::read_answer(body),
            Self::Bedrock(_) => bedrock_shape::usage::read_answer(body),
            Self::Chat | Self::Completions | Self::Embeddings | Self::Moderations => read_answer(body),
            Self::Responses => openai::responses::usage::read_answer(body),
            Self::Images | Self::ImageEdits => images::answer(body),
            Self::Transcription | Self::Translation => openai::transcriptions::read_answer(body),
            // It is sound, and is never read whole.
            Self::Speech => Answer::default(),
        }
    }

    /// Whether an answer is passed on as it comes, be it events or not.
    pub(crate) fn flows(self) -> bool {
        self == Self::Speech
    }

    /// Reads a streamed answer.
    pub(crate) fn reader(self, asked: &Asked) -> Reader {
        match self {
            Self::Messages | Self::CountMessages => {
                Reader::Anthropic(anthropic_shape::stream::StreamReader::default())
            }
            Self::Google(_) => Reader::Google(google_shape::stream::StreamReader::default()),
            Self::Bedrock(_) => Reader::Bedrock(bedrock_shape::stream::StreamReader::new()),
            Self::Chat
            | Self::Completions
            | Self::Embeddings
            | Self::Moderations
            | Self::Images
            | Self::ImageEdits => Reader::OpenAi(StreamReader::new(asked.include_usage)),
            Self::Speech if !asked.stream => Reader::Sound(Sound::new(asked)),
            Self::Responses | Self::Transcription | Self::Translation | Self::Speech => {
                Reader::Events(EventReader::default())
            }
        }
    }

    /// Takes the words out of the data of an event; what is no text but produced all the same counts in tokens.
    pub(crate) fn words(self) -> Words {
        match self {
            Self::Messages | Self::CountMessages => anthropic_shape::stream::words,
            Self::Google(_) => google_shape::stream::words,
            Self::Bedrock(_) => bedrock_shape::stream::words,
            Self::Chat
            | Self::Completions
            | Self::Embeddings
            | Self::Moderations
            | Self::Images
            | Self::ImageEdits => stream::words,
            Self::Responses | Self::Transcription | Self::Translation | Self::Speech => {
                openai::responses::stream::words
            }
        }
    }
}

/// Appends the words of an event's data to a text; `None` where the data is no shape that is known.
pub(crate) type Words = fn(data: &[u8], text: &mut String) -> Option<u64>;
