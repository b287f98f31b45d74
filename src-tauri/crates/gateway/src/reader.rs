//! Reading a stream on its way through, whatever its shape.

use crate::asked::Asked;
use bytes::Bytes;
use reeve_core::usage::{Unit, Usage};
use reeve_providers::bedrock::frames::FrameError;
use reeve_providers::openai::responses::stream::EventReader;
use reeve_providers::openai::speech::seconds;
use reeve_providers::openai::stream::StreamReader;
use reeve_providers::openai::usage::{Answer, Reading};
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
    /// Events that say their type, the last of them with usage.
    Events(EventReader),
    /// Sound, byte for byte.
    Sound(Sound),
}

/// Sound on its way through: what was said is known before, and how long it lasts follows from its bytes.
pub(crate) struct Sound {
    answer: Answer,
    format: String,
    bytes: u64,
    /// What the text used.
    text: Usage,
    over: bool,
}

impl Sound {
    pub(crate) fn new(asked: &Asked) -> Self {
        let characters = asked.others.get(Unit::CharacterIn);
        Self {
            answer: Answer::default(),
            format: asked.sound.clone().unwrap_or_default(),
            bytes: 0,
            text: Usage::tokens(asked.input_tokens, 0).with(Unit::CharacterIn, characters),
            over: false,
        }
    }

    fn used(&self) -> Usage {
        self.text.clone().with(Unit::SecondOut, seconds(&self.format, self.bytes))
    }
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
            Self::Events(reader) => Ok(reader.push(piece, out)?),
            Self::Sound(sound) => {
                sound.bytes += piece.len() as u64;
                out.push(piece);
                Ok(())
            }
        }
    }

    /// The stream has ended: passes on what is left. A torn frame is left out.
    pub(crate) fn finish(&mut self, out: &mut Vec<Bytes>) {
        match self {
            Self::OpenAi(reader) => reader.finish(out),
            Self::Anthropic(reader) => reader.finish(out),
            Self::Google(reader) => reader.finish(out),
            Self::Bedrock(_) => {}
            Self::Events(reader) => reader.finish(out),
            Self::Sound(sound) => {
                sound.over = true;
                sound.answer.usage = Reading::Usage(sound.used());
            }
        }
    }

    /// What the stream has said of itself so far.
    pub(crate) fn answer(&self) -> &Answer {
        match self {
            Self::OpenAi(reader) => reader.answer(),
            Self::Anthropic(reader) => reader.answer(),
            Self::Google(reader) => reader.answer(),
            Self::Bedrock(reader) => reader.answer(),
            Self::Events(reader) => reader.answer(),
            Self::Sound(sound) => &sound.answer,
        }
    }

    /// What the provider has counted of a stream that is not at its end, if it is one that counts along.
    pub(crate) fn begun(&self) -> Option<Usage> {
        match self {
            Self::Bedrock(_) | Self::Events(_) => None,
            Self::OpenAi(reader) => reader.begun(),
            Self::Anthropic(reader) => reader.begun(),
            Self::Google(reader) => reader.begun(),
            Self::Sound(sound) => Some(sound.used()),
        }
    }

    /// Whether the end has passed: the stream was not cut. Google marks no end: there every event may be the last.
    pub(crate) fn is_done(&self) -> bool {
        match self {
            Self::OpenAi(reader) => reader.is_done(),
            Self::Anthropic(reader) => reader.is_done(),
            Self::Google(_) => false,
            Self::Bedrock(reader) => reader.is_done(),
            Self::Events(reader) => reader.is_done(),
            Self::Sound(sound) => sound.over,
        }
    }

    /// Whether nothing that matters can follow: a client that leaves now has its answer.
    pub(crate) fn is_finished(&self) -> bool {
        match self {
            Self::Google(reader) => reader.is_finished(),
            other => other.is_done(),
        }
    }

    /// Whether an event may tell the client of an error; a connection that breaks does, where it may not.
    pub(crate) fn tells_errors(&self) -> bool {
        !matches!(self, Self::Sound(_))
    }
}
