//! What is noted of a call beside the call itself: where its time goes, and its bodies where its tenant keeps them.

use bytes::Bytes;
use http::{HeaderMap, header};
use reeve_core::id::ChargeId;
use reeve_engine::capture::Capture;
use reeve_engine::gateway::Timing;
use std::time::{Duration, Instant};

/// What is noted of a call.
pub(crate) struct Watch {
    /// Waiting for the caller's request.
    read: Duration,
    /// Waiting for the provider.
    waited: Duration,
    /// From arrival until it went out.
    sent: Option<Duration>,
    /// Work on a stream's pieces; `None` where the answer is whole.
    pieces: Option<Duration>,
    capture: Option<Box<Capture>>,
}

impl Watch {
    /// From the moment the request was read, which took `read`.
    pub(crate) fn new(read: Duration, capture: Option<Capture>) -> Self {
        let capture = capture.map(Box::new);
        Self { read, waited: Duration::ZERO, sent: None, pieces: None, capture }
    }

    /// The request goes out; what counts is the first time.
    pub(crate) fn sending(&mut self, arrived: Instant) {
        self.sent.get_or_insert_with(|| arrived.elapsed());
    }

    /// The provider was waited for since `began`, or the time to ask it again.
    pub(crate) fn waited(&mut self, began: Instant) {
        self.waited += began.elapsed();
    }

    /// The answer begins: streamed, or to be read as a whole.
    pub(crate) fn answered(&mut self, headers: &HeaderMap, streamed: bool) {
        self.pieces = streamed.then_some(Duration::ZERO);
        if let Some(capture) = &mut self.capture {
            capture.response(content_type(headers));
        }
    }

    /// A whole answer's body.
    pub(crate) fn body(&mut self, body: &Bytes) {
        if let Some(capture) = &mut self.capture {
            capture.response_body(body);
        }
    }

    /// A piece of a stream, as the provider sent it.
    pub(crate) fn piece(&mut self, piece: &[u8]) {
        if let Some(capture) = &mut self.capture {
            capture.response_piece(piece);
        }
    }

    /// A stream's pieces were worked on since `began`.
    pub(crate) fn worked(&mut self, began: Instant) {
        if let Some(pieces) = &mut self.pieces {
            *pieces += began.elapsed();
        }
    }

    /// Where the time went, by now.
    pub(crate) fn timing(&self, arrived: Instant) -> Timing {
        let us = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        // A stream's client takes its time too, so what it cost is what was done for it.
        let added = match (self.pieces, self.sent) {
            (Some(pieces), Some(sent)) => sent.saturating_sub(self.read) + pieces,
            _ => arrived.elapsed().saturating_sub(self.read + self.waited),
        };
        Timing { sent_us: self.sent.map(us), added_us: Some(us(added)) }
    }

    /// The call was charged: its bodies are handed on.
    pub(crate) fn settled(self, charge: ChargeId) {
        if let Some(capture) = self.capture {
            capture.finish(charge);
        }
    }
}

/// The type of a body.
pub(crate) fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok())
}

/// Headers that say nothing of anybody. All others stay what they are between the caller and Reeve.
const HARMLESS: [&str; 9] = [
    "accept",
    "anthropic-version",
    "traceparent",
    "user-agent",
    "x-reeve-run",
    "x-reeve-tags",
    "x-reeve-user",
    "x-stainless-lang",
    "x-stainless-package-version",
];

/// The headers that are kept with a captured request.
pub(crate) fn harmless(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |name: &str| Some((name.to_owned(), headers.get(name)?.to_str().ok()?.to_owned()));
    HARMLESS.iter().filter_map(|name| text(name)).collect()
}
