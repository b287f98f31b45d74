//! What it was asked, what it billed, and what a test said should happen.

use super::admin::Admin;
use super::fault::Fault;
use axum::http::HeaderMap;
use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use reeve_core::usage::Usage;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// One call as it came in, and what became of it.
#[derive(Debug, Clone)]
pub struct Call {
    /// Such as `/v1/chat/completions`.
    pub path: String,
    /// Its headers, the key among them.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// The model it asked for; empty where the body names none.
    pub model: String,
    /// What was scripted for it.
    pub fault: Fault,
    /// The status it got; 0 while there is none.
    pub status: u16,
    /// What was billed for it; empty while it is open, and where nothing was.
    pub billed: Usage,
}

/// Sums over all calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Totals {
    /// Calls, refused ones included.
    pub calls: u64,
    /// Calls that something was billed for.
    pub billed_calls: u64,
    /// All that was billed.
    pub billed: Usage,
    /// The same by model.
    pub by_model: BTreeMap<String, Usage>,
}

#[derive(Debug)]
struct Expectation {
    model: Option<String>,
    times: u64,
    seen: u64,
}

#[derive(Debug, Default)]
struct Script {
    queue: VecDeque<Fault>,
    expectations: Vec<Expectation>,
    unexpected: Vec<String>,
}

/// All it knows. What every call touches is cheap to touch.
#[derive(Debug)]
pub(super) struct State {
    /// Calls being answered.
    pub(super) open: AtomicU64,
    /// Its admin API.
    pub(super) admin: Admin,
    /// Whether it closes connections.
    pub(super) closes: AtomicBool,
    /// Whether it has a list of models.
    pub(super) has_list: AtomicBool,
    /// Whether it looks at keys where it has no list.
    pub(super) looks_at_keys: AtomicBool,
    keys: RwLock<Vec<String>>,
    models: RwLock<HashMap<String, Fault>>,
    /// Whether `script` says anything.
    scripted: AtomicBool,
    script: Mutex<Script>,
    calls: Option<Mutex<Vec<Call>>>,
    totals: Mutex<Totals>,
}

impl State {
    pub(super) fn new(key: &str, keep_calls: bool) -> Self {
        Self {
            open: AtomicU64::new(0),
            admin: Admin::new(),
            closes: AtomicBool::new(false),
            has_list: AtomicBool::new(true),
            looks_at_keys: AtomicBool::new(true),
            keys: RwLock::new(vec![key.to_owned()]),
            models: RwLock::default(),
            scripted: AtomicBool::new(false),
            script: Mutex::default(),
            calls: keep_calls.then(Mutex::default),
            totals: Mutex::default(),
        }
    }

    pub(super) fn accept_key(&self, key: &str) {
        self.keys.write().push(key.to_owned());
    }

    pub(super) fn revoke_key(&self, key: &str) {
        self.keys.write().retain(|k| k != key);
    }

    pub(super) fn takes_key(&self, headers: &HeaderMap) -> bool {
        let bearer = headers.get("authorization").and_then(|v| v.as_bytes().strip_prefix(b"Bearer "));
        let said = bearer
            .or_else(|| headers.get("x-api-key").or_else(|| headers.get("api-key")).map(|v| v.as_bytes()));
        said.is_some_and(|said| self.has_key(said))
    }

    pub(super) fn has_key(&self, said: &[u8]) -> bool {
        self.any_key(|key| key.as_bytes() == said)
    }

    pub(super) fn any_key(&self, is: impl Fn(&str) -> bool) -> bool {
        self.keys.read().iter().any(|key| is(key)) || self.admin.takes(&is)
    }

    pub(super) fn queue(&self, fault: Fault) {
        self.script.lock().queue.push_back(fault);
        self.scripted.store(true, Ordering::SeqCst);
    }

    pub(super) fn forget_faults(&self) {
        self.script.lock().queue.clear();
    }

    pub(super) fn on_model(&self, model: &str, fault: Fault) {
        self.models.write().insert(model.to_owned(), fault);
    }

    pub(super) fn expect(&self, model: Option<&str>, times: u64) {
        let expectation = Expectation { model: model.map(str::to_owned), times, seen: 0 };
        self.script.lock().expectations.push(expectation);
        self.scripted.store(true, Ordering::SeqCst);
    }

    /// Takes in a call: what it meets, and its number.
    pub(super) fn arrive(&self, mut call: Call) -> (Fault, usize) {
        let queued =
            if self.scripted.load(Ordering::SeqCst) { self.script.lock().meet(&call.model) } else { None };
        let fault = queued
            .or_else(|| self.models.read().get(&call.model).copied())
            .or_else(|| Fault::named(&call.model))
            .unwrap_or(Fault::None);
        call.fault = fault;
        self.totals.lock().calls += 1;
        let Some(calls) = &self.calls else { return (fault, 0) };
        let mut calls = calls.lock();
        calls.push(call);
        (fault, calls.len() - 1)
    }

    pub(super) fn answered(&self, number: usize, status: u16) {
        if let Some(call) = self.calls.as_ref().map(Mutex::lock).as_mut().and_then(|c| c.get_mut(number)) {
            call.status = status;
        }
    }

    pub(super) fn bill(&self, number: usize, model: &str, usage: &Usage) {
        if usage.is_empty() {
            return;
        }
        if let Some(call) = self.calls.as_ref().map(Mutex::lock).as_mut().and_then(|c| c.get_mut(number)) {
            call.billed = usage.clone();
        }
        let mut totals = self.totals.lock();
        totals.billed_calls += 1;
        add(&mut totals.billed, usage);
        match totals.by_model.get_mut(model) {
            Some(sum) => add(sum, usage),
            None => drop(totals.by_model.insert(model.to_owned(), usage.clone())),
        }
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.calls.as_ref().map(|c| c.lock().clone()).unwrap_or_default()
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals.lock().clone()
    }

    /// What did not go as scripted.
    pub(super) fn complaints(&self) -> Vec<String> {
        let script = self.script.lock();
        let left = (!script.queue.is_empty()).then(|| format!("no call met {:?}", script.queue));
        let missed = script.expectations.iter().filter(|e| e.seen < e.times).map(|e| {
            format!(
                "expected {} calls for {}, saw {}",
                e.times,
                e.model.as_deref().unwrap_or("any model"),
                e.seen
            )
        });
        let unexpected = script.unexpected.iter().map(|m| format!("unexpected call for \"{m}\""));
        left.into_iter().chain(missed).chain(unexpected).chain(self.admin.complaints()).collect()
    }
}

impl Script {
    /// Counts a call against the expectations, and gives it the fault that is next.
    fn meet(&mut self, model: &str) -> Option<Fault> {
        let waits = |e: &&mut Expectation, by: Option<&str>| e.model.as_deref() == by && e.seen < e.times;
        let by_model = self.expectations.iter_mut().find(|e| waits(e, Some(model))).map(|e| e.seen += 1);
        let met =
            by_model.or_else(|| self.expectations.iter_mut().find(|e| waits(e, None)).map(|e| e.seen += 1));
        if met.is_none() && !self.expectations.is_empty() {
            self.unexpected.push(model.to_owned());
        }
        self.queue.pop_front()
    }
}

fn add(sum: &mut Usage, usage: &Usage) {
    for (unit, quantity) in usage.iter() {
        sum.add(unit, quantity);
    }
}
