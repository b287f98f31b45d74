//! AWS's binary event streams (`application/vnd.amazon.eventstream`): frames of headers and a payload, each with two
//! checksums, as <https://smithy.io/2.0/aws/amazon-eventstream.html> describes them.
//!
//! Whatever comes in comes out again: the `raw` parts of all frames, put together, are the input.

use aws_smithy_eventstream::frame::{read_message_from, write_message_to};
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::{Buf, Bytes, BytesMut};

/// The longest frame that is read; AWS allows 24 MiB, but an event of a model is short, and a provider must not fill the memory.
pub const MAX_FRAME_BYTES: usize = 2 * 1024 * 1024;
/// Length, length of the headers, and two checksums.
const LEAST_FRAME_BYTES: usize = 16;

/// Why a stream cannot be split any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A frame says it is longer than any, or shorter than it can be.
    #[error("the provider's stream has a frame of an impossible length")]
    Length,
    /// A checksum is wrong, or the headers do not read.
    #[error("the provider's stream has a frame that is damaged")]
    Damaged,
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// All its bytes.
    pub raw: Bytes,
    /// What kind of event it is: `contentBlockDelta`, `metadata` …; of an exception its type.
    pub kind: String,
    /// Whether it is an exception instead of an event.
    pub is_exception: bool,
    /// Its payload, which is JSON.
    pub payload: Bytes,
}

/// Splits what it is fed into frames.
#[derive(Debug, Default)]
pub struct Splitter {
    torn: BytesMut,
    failed: Option<FrameError>,
}

impl Splitter {
    /// Takes the next piece of the stream. Call [`Splitter::next`] until it returns `None` before the next piece.
    pub fn push(&mut self, piece: &[u8]) {
        self.torn.extend_from_slice(piece);
    }

    /// The next frame that is complete.
    ///
    /// # Errors
    /// [`FrameError`], and from then on always.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator would end at the first gap between pieces"
    )]
    pub fn next(&mut self) -> Option<Result<Frame, FrameError>> {
        if let Some(failed) = self.failed {
            return Some(Err(failed));
        }
        let length = u32::from_be_bytes(self.torn.get(..4)?.try_into().ok()?) as usize;
        let taken = if !(LEAST_FRAME_BYTES..=MAX_FRAME_BYTES).contains(&length) {
            Err(FrameError::Length)
        } else if self.torn.len() < length {
            return None;
        } else {
            Frame::read(self.torn.split_to(length).freeze())
        };
        self.failed = taken.as_ref().err().copied();
        Some(taken)
    }

    /// Whether the stream ended between frames.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.torn.has_remaining() && self.failed.is_none()
    }
}

impl Frame {
    fn read(raw: Bytes) -> Result<Self, FrameError> {
        let message = read_message_from(raw.clone()).map_err(|_| FrameError::Damaged)?;
        let header = |name: &str| {
            let found = message.headers().iter().find(|h| h.name().as_str() == name)?;
            found.value().as_string().ok().map(|v| v.as_str().to_owned())
        };
        let is_event = header(":message-type").is_none_or(|kind| kind == "event");
        let kind = if is_event {
            header(":event-type")
        } else {
            header(":exception-type").or_else(|| header(":error-code"))
        };
        let payload = message.payload().clone();
        Ok(Self { raw, kind: kind.unwrap_or_default(), is_exception: !is_event, payload })
    }

    /// A frame to send: an event of `kind`, or an exception.
    #[must_use]
    pub fn write(kind: &str, is_exception: bool, payload: impl Into<Bytes>) -> Bytes {
        let text =
            |name: &'static str, value: &str| Header::new(name, HeaderValue::String(value.to_owned().into()));
        let (of, named) =
            if is_exception { ("exception", ":exception-type") } else { ("event", ":event-type") };
        let headers =
            vec![text(named, kind), text(":content-type", "application/json"), text(":message-type", of)];
        let mut out = Vec::new();
        // Fails only for a header or payload of gigabytes.
        match write_message_to(&Message::new_from_parts(headers, payload), &mut out) {
            Ok(()) => out.into(),
            Err(_) => Bytes::new(),
        }
    }
}
