//! A streamed answer: passed through as it comes, settled when it ends, however it ends.

use crate::asked::family;
use crate::error::{Dialect, Failure};
use crate::exchange::{Exchange, ms_since};
use crate::headers::{self, Teller};
use crate::metered::{ESTIMATED, Metered, by_price, metered, service_tier};
use crate::produced::Produced;
use crate::reader::Reader;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use reeve_core::usage::{Unit, Usage};
use reeve_engine::gateway::{Billing, CallEnd, Ended};
use reeve_providers::openai::usage::Reading;
use reeve_providers::upstream::{self, UpstreamError};
use std::collections::VecDeque;
use std::io;
use std::time::Instant;

/// The longest stream, in bytes.
const MAX_BYTES: u64 = 256 * 1024 * 1024;
/// A stream is cut when it has produced so many times what was reserved for it: the provider ignores the cap.
const PATIENCE: u64 = 4;

/// Begins to pass a stream on.
pub(crate) fn relay(exchange: Box<Exchange>, response: upstream::Response) -> Response {
    let (status, answer_headers) = (response.status, response.headers.clone());
    let remaining = exchange.admitted.budget_remaining();
    let relay = Relay::new(exchange, response);
    let pieces = futures_util::stream::unfold(relay, |mut relay| async move {
        let piece = relay.next().await?;
        Some((piece, relay))
    });
    let mut answer = (status, answer_headers, Body::from_stream(pieces)).into_response();
    let plain = answer.headers_mut();
    plain.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    plain.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    if let Some(remaining) = remaining {
        Teller::new(&mut answer).tell(&headers::BUDGET_REMAINING, remaining);
    }
    answer
}

/// A stream on its way. Dropped before its end, it stops the provider and settles what was produced.
struct Relay {
    /// Taken when the call is settled.
    exchange: Option<Box<Exchange>>,
    status: u16,
    response: upstream::Response,
    reader: Reader,
    produced: Produced,
    /// Read, but not passed on yet.
    ready: VecDeque<Bytes>,
    scratch: Vec<Bytes>,
    bytes: u64,
    most_tokens: u64,
    first_byte_ms: Option<i64>,
    over: bool,
    /// Since when a piece is worked on.
    working: Option<Instant>,
    /// Whether the connection is to break at the end, because nothing else can tell the client.
    breaks: bool,
}

impl Relay {
    fn new(mut exchange: Box<Exchange>, mut response: upstream::Response) -> Self {
        exchange.watch.answered(&response.headers, true);
        // They hold the buffer that they were read into.
        response.headers = HeaderMap::new();
        let (asked, admitted) = (&exchange.asked, &exchange.admitted);
        let each = asked.max_output_tokens.or(admitted.output_cap()).unwrap_or(u64::MAX);
        Self {
            status: response.status.as_u16(),
            reader: asked.shape.reader(asked),
            produced: Produced::new(
                family(Some(&admitted.credential().provider), admitted.model()),
                asked.shape.words(),
                asked.shape.dialect() == Dialect::Bedrock,
            ),
            most_tokens: each.saturating_mul(asked.choices).saturating_mul(PATIENCE).saturating_add(4_096),
            ready: VecDeque::new(),
            scratch: Vec::new(),
            bytes: 0,
            first_byte_ms: None,
            over: false,
            working: None,
            breaks: false,
            exchange: Some(exchange),
            response,
        }
    }

    /// The next bytes for the client; `None` at the end.
    async fn next(&mut self) -> Option<Result<Bytes, io::Error>> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Some(Ok(piece));
            }
            if self.over {
                return std::mem::take(&mut self.breaks).then(|| Err(io::ErrorKind::UnexpectedEof.into()));
            }
            let piece = self.response.piece().await;
            let began = Instant::now();
            self.working = Some(began);
            match piece {
                Ok(Some(piece)) => self.take(piece),
                Ok(None) => self.end(),
                Err(error) => self.broken(&error),
            }
            self.working = None;
            if let Some(exchange) = &mut self.exchange {
                exchange.watch.worked(began);
            }
        }
    }

    fn take(&mut self, piece: Bytes) {
        if self.first_byte_ms.is_none() {
            self.first_byte_ms = self.exchange.as_ref().map(|e| ms_since(e.arrived));
        }
        self.bytes += piece.len() as u64;
        if let Some(exchange) = &mut self.exchange {
            exchange.watch.piece(&piece);
        }
        let understood = self.reader.push(piece, &mut self.scratch);
        self.pass();
        if let Err(error) = understood {
            return self.cut(&format!("The provider's stream cannot be read: {error}."));
        }
        // The client may leave as soon as it sees the end, so the call is settled first.
        if self.reader.is_done() {
            return self.settle(CallEnd::Success);
        }
        let endless = self.produced.bound() > self.most_tokens && self.produced.tokens() > self.most_tokens;
        if self.bytes > MAX_BYTES || endless {
            self.cut("The provider's stream goes on far beyond what was asked for, so it was cut.");
        }
    }

    /// Puts what was read in line for the client.
    fn pass(&mut self) {
        let counting = self.exchange.is_some() && matches!(self.reader.answer().usage, Reading::Missing);
        for event in self.scratch.drain(..) {
            if counting {
                self.produced.add(&event);
            }
            self.ready.push_back(event);
        }
    }

    /// The provider's stream has ended of itself: at its end, or too early.
    fn end(&mut self) {
        self.over = true;
        self.reader.finish(&mut self.scratch);
        let complete = self.reader.is_done() || !matches!(self.reader.answer().usage, Reading::Missing);
        if complete || self.reader.answer().is_error {
            self.pass();
            return self.settle(CallEnd::Success);
        }
        // What is torn is not passed on: clients read every event as JSON.
        self.scratch.clear();
        self.cut("The provider's stream ended before its end.");
    }

    fn broken(&mut self, error: &UpstreamError) {
        tracing::warn!(error = error as &dyn std::error::Error, "a stream broke off");
        self.cut(&format!("The provider's stream broke off: {error}."));
    }

    /// Ends a stream that did not reach its end, with an event that clients raise an error for.
    fn cut(&mut self, why: &str) {
        self.over = true;
        let Some(exchange) = &self.exchange else {
            // Settled: everything that matters has passed.
            return;
        };
        let dialect = exchange.asked.shape.dialect();
        exchange.admitted.broke_off(why);
        self.settle(CallEnd::Failure);
        match self.reader.tells_errors() {
            true => self.ready.push_back(Failure::stream_cut(why).event(dialect)),
            false => self.breaks = true,
        }
    }

    fn settle(&mut self, end: CallEnd) {
        let Some(mut exchange) = self.exchange.take() else { return };
        if let Some(began) = self.working.take() {
            exchange.watch.worked(began);
        }
        let answer = self.reader.answer();
        let end = if answer.is_error { CallEnd::Failure } else { end };
        let told = metered(answer, &exchange.asked, &exchange.admitted);
        let tier = service_tier(answer, &exchange.asked);
        let Metered { usage, flag } = match told {
            // The provider never said: what the client saw is counted, on top of the estimate of what was sent.
            Metered { usage: None, flag } => {
                let usage =
                    estimate(self.reader.begun(), exchange.asked.input_tokens, self.produced.tokens());
                let usage = match exchange.asked.billing == Billing::ByPrice {
                    true => by_price(usage, &exchange.asked, |unit| exchange.admitted.bills(unit)),
                    false => usage,
                };
                Metered { usage: Some(usage).filter(|u| !u.is_empty()), flag: flag.or(Some(ESTIMATED)) }
            }
            told => told,
        };
        let ended = exchange.ended(end, usage, flag);
        let ended = Ended {
            status: Some(self.status),
            first_byte_ms: self.first_byte_ms,
            service_tier: tier,
            ..ended
        };
        let settled = exchange.admitted.settle(ended);
        exchange.watch.settled(settled.charge);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let had_all = self.reader.is_finished();
        self.settle(if had_all { CallEnd::Success } else { CallEnd::Cancelled });
    }
}

/// What a stream used that did not get to say: what the provider had counted by then, where it counts along, and at least
/// the words that came.
fn estimate(begun: Option<Usage>, input: u64, produced: u64) -> Usage {
    let Some(mut usage) = begun.filter(|usage| usage.input_tokens() > 0) else {
        return Usage::tokens(input, produced);
    };
    usage.add(Unit::Output, produced.saturating_sub(usage.output_tokens()));
    usage
}
