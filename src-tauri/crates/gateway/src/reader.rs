//! Reading a stream on its way through, whatever its shape.

use bytes::Bytes;
use reeve_core::usage::Usage;
use reeve_providers::bedrock::frames::FrameError;
use reeve_providers::openai::stream::StreamReader;
use reeve_providers::openai::usage::Answer;
use reeve_providers::sse::SseError;
use reeve_providers::{anthropic, bedrock, google};

/// The reader of a stream's shape.
pub(crate) enum Reader {
    /// Events as OpenAI sends them.
    OpenAi(StreamReader),
    /// Events as Anthropic sends them.
    Anthropic(anthropic::stream::StreamReader),
    /// Events as Google sends them.
    Google(google::stream::StreamReader),
    /// Frames as Bedrock sends them.
    Bedrock(bedrock::stream::StreamReader),
}

/// Why a stream cannot be read any further.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error(transparent)]
    Sse(#[from] SseError),
    #[error(transparent)]
    Frame(#[from] FrameError),
}

impl Reader {
    /// Takes a piece of the stream; what to pass on is appended to `out`.
    pub(crate) fn push(&mut self, piece: Bytes, out: &mut Vec<Bytes>) -> Result<(), Unreadable> {
        match self {
            Self::OpenAi(reader) => Ok(reader.push(piece, out)?),
            Self::Anthropic(reader) => Ok(reader.push(piece, out)?),
            Self::Google(reader) => Ok(reader.push(piece, out)?),
            Self::Bedrock(reader) => Ok(reader.push(&piece, out)?),
        }
    }

    /// The stream has ended: passes on what is left. A torn frame is left out.
    pub(crate) fn finish(&mut self, out: &mut Vec<Bytes>) {
        match self {
            Self::OpenAi(reader) => drop(reader.finish(out)),
            Self::Anthropic(reader) => drop(reader.finish(out)),
            Self::Google(reader) => drop(reader.finish(out)),
            Self::Bedrock(_) => {}
        }
    }

    /// What the stream has said of itself so far.
    pub(crate) fn answer(&self) -> &Answer {
        match self {
            Self::OpenAi(reader) => reader.answer(),
            Self::Anthropic(reader) => reader.answer(),
            Self::Google(reader) => reader.answer(),
            Self::Bedrock(reader) => reader.answer(),
        }
    }

    /// What the provider has counted of a stream that is not at its end, if it is one that counts along.
    pub(crate) fn begun(&self) -> Option<Usage> {
        match self {
            Self::OpenAi(_) | Self::Bedrock(_) => None,
            Self::Anthropic(reader) => reader.begun(),
            Self::Google(reader) => reader.begun(),
        }
    }

    /// Whether the end has passed: the stream was not cut. Google marks no end: there every event may be the last.
    pub(crate) fn is_done(&self) -> bool {
        match self {
            Self::OpenAi(reader) => reader.is_done(),
            Self::Anthropic(reader) => reader.is_done(),
            Self::Google(_) => false,
            Self::Bedrock(reader) => reader.is_done(),
        }
    }

    /// Whether nothing that matters can follow: a client that leaves now has its answer.
    pub(crate) fn is_finished(&self) -> bool {
        match self {
            Self::Google(reader) => reader.is_finished(),
            other => other.is_done(),
        }
    }
}
