//! Capture: bodies of calls, kept only where a tenant's rule says so. They are redacted and sealed off the way of the call,
//! and what cannot be kept in time is dropped and counted: capture never slows a call or breaks it.
//!
//! Start reading at [`Capture`] (what the gateway holds), then [`keep`] (what becomes of it) and [`redact`].

mod body;
mod keep;
pub mod redact;
mod rules;

pub use body::KeptBody;
pub use keep::Bodies;
pub use reeve_store::table::capture_rules::CaptureRule;
pub use reeve_store::table::captures::CaptureSums;
pub use rules::{CaptureStatus, SetCapture};

use crate::Engine;
use crate::gateway::Call;
use body::RawBody;
use bytes::Bytes;
use redact::Redactor;
use reeve_core::id::{ApiKeyId, ChargeId, TenantId};
use reeve_core::time::Millis;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc;

/// What all bodies on their way may take, in bytes; more are dropped.
const MEMORY: usize = 64 * 1024 * 1024;
/// What is looked at of one body, in bytes: enough for the longest that is kept, and what a stream needs around it.
const LOOKED_AT: usize = 4 * 1024 * 1024;
/// Calls that wait to be kept; more are dropped.
const WAITING: usize = 256;

/// A rule in force.
#[derive(Debug)]
pub(crate) struct LiveRule {
    tenant: TenantId,
    api_keys: Vec<ApiKeyId>,
    share_ppm: u32,
    max_bytes: usize,
    retention_days: i64,
    redactor: Redactor,
}

/// Rules in force, the queue, and what was dropped.
pub(crate) struct Captures {
    rules: arc_swap::ArcSwap<HashMap<TenantId, Arc<LiveRule>>>,
    queue: mpsc::Sender<Finished>,
    waiting: parking_lot::Mutex<Option<mpsc::Receiver<Finished>>>,
    held: Arc<AtomicUsize>,
    dropped: parking_lot::Mutex<HashMap<TenantId, u64>>,
}

impl Default for Captures {
    fn default() -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        Self {
            rules: Default::default(),
            queue,
            waiting: parking_lot::Mutex::new(Some(waiting)),
            held: Arc::default(),
            dropped: Default::default(),
        }
    }
}

/// The bodies of one call, as they pass.
pub struct Capture {
    engine: Engine,
    rule: Arc<LiveRule>,
    time: Millis,
    request: RawBody,
    response: RawBody,
    held: Held,
    dropped: bool,
}

/// A part of the memory, given back when this is dropped.
#[derive(Debug)]
struct Held {
    all: Arc<AtomicUsize>,
    own: usize,
}

impl Held {
    fn grow(&mut self, bytes: usize) -> bool {
        let before = self.all.fetch_add(bytes, Ordering::Relaxed);
        self.own += bytes;
        before + bytes <= MEMORY
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.fetch_sub(self.own, Ordering::Relaxed);
    }
}

/// A call that has ended, with its bodies.
pub(crate) struct Finished {
    charge: ChargeId,
    rule: Arc<LiveRule>,
    time: Millis,
    request: RawBody,
    response: RawBody,
    _held: Held,
}

impl Engine {
    /// What is kept of a call's bodies; `None` where its tenant's rule does not ask for it, which is the rule.
    pub(crate) fn capture(&self, call: &Call, tenant: TenantId, key: ApiKeyId) -> Option<Capture> {
        let rules = self.inner.captures.rules.load();
        if rules.is_empty() {
            return None;
        }
        let rule = rules.get(&tenant)?;
        let asked = rule.api_keys.is_empty() || rule.api_keys.contains(&key);
        // The end of an id is random, so it decides which calls are the share.
        let [.., a, b, c, d] = *call.request_id.0.as_bytes();
        let drawn = (u64::from(u32::from_be_bytes([a, b, c, d])) * 1_000_000) >> 32;
        if !asked || drawn >= u64::from(rule.share_ppm) {
            return None;
        }
        let held = Held { all: Arc::clone(&self.inner.captures.held), own: 0 };
        Some(Capture {
            engine: self.clone(),
            rule: Arc::clone(rule),
            time: self.now(),
            request: RawBody::default(),
            response: RawBody::default(),
            held,
            dropped: false,
        })
    }

    /// A tenant's calls whose bodies could not be kept since the start, because too many waited.
    pub(crate) fn captures_dropped(&self, tenant: TenantId) -> u64 {
        self.inner.captures.dropped.lock().get(&tenant).copied().unwrap_or_default()
    }
}

impl Captures {
    /// The bodies of one call more are not kept.
    fn drop_one(&self, tenant: TenantId) {
        *self.dropped.lock().entry(tenant).or_default() += 1;
    }
}

impl Capture {
    /// The request: its type, its harmless headers, its body.
    pub fn request(&mut self, content_type: Option<&str>, headers: Vec<(String, String)>, body: &Bytes) {
        self.request.content_type = content_type.map(str::to_owned);
        self.request.headers = headers;
        Self::whole(&mut self.request, &mut self.held, &mut self.dropped, body);
    }

    /// The beginning of the response.
    pub fn response(&mut self, content_type: Option<&str>) {
        self.response = RawBody { content_type: content_type.map(str::to_owned), ..RawBody::default() };
    }

    /// A whole response's body.
    pub fn response_body(&mut self, body: &Bytes) {
        Self::whole(&mut self.response, &mut self.held, &mut self.dropped, body);
    }

    /// A piece of a streamed response.
    pub fn response_piece(&mut self, piece: &[u8]) {
        self.response.bytes += piece.len() as u64;
        let room = LOOKED_AT.saturating_sub(self.response.streamed.len()).min(piece.len());
        if self.dropped || room == 0 {
            return;
        }
        if self.held.grow(room) {
            self.response.streamed.extend_from_slice(&piece[..room]);
        } else {
            self.dropped = true;
        }
    }

    /// Not copied: the body is shared with the call, and given back when it has been kept.
    fn whole(part: &mut RawBody, held: &mut Held, dropped: &mut bool, body: &Bytes) {
        part.bytes = body.len() as u64;
        part.held = body.slice(..body.len().min(LOOKED_AT));
        *dropped |= !held.grow(body.len());
    }

    /// The call was charged as `charge`: hands its bodies on, without waiting.
    pub fn finish(self, charge: ChargeId) {
        let captures = &self.engine.inner.captures;
        let Self { rule, time, request, response, held, dropped, .. } = self;
        debug_assert!(request.held_bytes() <= LOOKED_AT && response.held_bytes() <= LOOKED_AT);
        let tenant = rule.tenant;
        let finished = Finished { charge, rule, time, request, response, _held: held };
        if dropped || captures.queue.try_send(finished).is_err() {
            captures.drop_one(tenant);
        }
    }
}
