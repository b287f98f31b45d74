//! Reading a stream on its way through, whatever its shape.

use bytes::Bytes;
use reeve_core::usage::Usage;
use reeve_providers::openai::stream::StreamReader;
use reeve_providers::openai::usage::Answer;
use reeve_providers::sse::SseError;

/// The reader of a stream's shape.
pub(crate) enum Reader {
    /// Events as OpenAI sends them.
    OpenAi(StreamReader),
}

/// Why a stream cannot be read any further.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error(transparent)]
    Sse(#[from] SseError),
}

impl Reader {
    /// Takes a piece of the stream; what to pass on is appended to `out`.
    pub(crate) fn push(&mut self, piece: Bytes, out: &mut Vec<Bytes>) -> Result<(), Unreadable> {
        match self {
            Self::OpenAi(reader) => Ok(reader.push(piece, out)?),
        }
    }

    /// The stream has ended: passes on what is left.
    pub(crate) fn finish(&mut self, out: &mut Vec<Bytes>) {
        match self {
            Self::OpenAi(reader) => drop(reader.finish(out)),
        }
    }

    /// What the stream has said of itself so far.
    pub(crate) fn answer(&self) -> &Answer {
        match self {
            Self::OpenAi(reader) => reader.answer(),
        }
    }

    /// What the stream said at its start of what it has used, if it is one that does.
    pub(crate) fn begun(&self) -> Option<Usage> {
        match self {
            Self::OpenAi(_) => None,
        }
    }

    /// Whether the end has passed: the stream was not cut.
    pub(crate) fn is_done(&self) -> bool {
        match self {
            Self::OpenAi(reader) => reader.is_done(),
        }
    }
}
