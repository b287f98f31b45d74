//! How a provider key has served lately: its breaker, and the figures of the last minutes.

use super::latency::Latencies;
use parking_lot::Mutex;
use reeve_core::breaker::{Breaker, BreakerRules, BreakerState, Served, Transition};
use reeve_core::time::Millis;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// Minutes that are looked back on.
pub const MINUTES: usize = 5;

/// The last thing that went wrong with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastError {
    /// In words.
    pub text: String,
    /// Status of the provider's answer, if there was one.
    pub status: Option<u16>,
    /// When.
    pub time: Millis,
}

/// How a key has served in the last [`MINUTES`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// What its breaker does.
    pub state: BreakerState,
    /// Until when the provider asked to be left alone.
    pub resting_until: Option<Millis>,
    /// Calls.
    pub calls: u64,
    /// Those of them the provider failed at.
    pub errors: u64,
    /// Those of them the provider turned away because there were too many.
    pub limited: u64,
    /// The time to the head of an answer that 95 of 100 answered calls stayed below, in ms.
    pub p95_ms: Option<i64>,
    /// What went wrong last, however long ago.
    pub last_error: Option<LastError>,
}

/// What an attempt says about the key it used.
pub(crate) struct Note {
    pub(crate) served: Served,
    pub(crate) trial: bool,
    /// Status of the provider's answer.
    pub(crate) status: Option<u16>,
    /// From sending to the head of the answer, in ms; where there was one.
    pub(crate) latency_ms: Option<i64>,
    /// How long the provider asks to be left alone, in ms.
    pub(crate) rest_ms: Option<i64>,
    /// What went wrong, in words.
    pub(crate) error: Option<String>,
}

pub(crate) struct Health {
    /// Copies for the hot path: whether the breaker is closed, and until when the key rests.
    closed: AtomicBool,
    resting_until: AtomicI64,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    breaker: Breaker,
    minutes: [Minute; MINUTES],
    last_error: Option<LastError>,
}

#[derive(Default)]
struct Minute {
    number: i64,
    calls: u64,
    errors: u64,
    limited: u64,
    latencies: Latencies,
}

impl Default for Health {
    fn default() -> Self {
        Self { closed: AtomicBool::new(true), resting_until: AtomicI64::new(0), inner: Mutex::default() }
    }
}

impl Health {
    /// Goes by other rules from now on.
    pub(crate) fn set_rules(&self, rules: BreakerRules) {
        self.inner.lock().breaker.set_rules(rules);
    }

    /// Whether a call could pass now.
    pub(crate) fn is_open_to_calls(&self, now: Millis) -> bool {
        self.closed.load(Ordering::Relaxed) || self.blocked_until(now).is_none()
    }

    /// When the next call may pass, if none may now.
    pub(crate) fn blocked_until(&self, now: Millis) -> Option<Millis> {
        self.inner.lock().breaker.blocked_until(now)
    }

    /// Whether the provider asked to be left alone.
    pub(crate) fn is_resting(&self, now: Millis) -> bool {
        self.resting_until.load(Ordering::Relaxed) > now.0
    }

    /// Lets a call pass; whether it is the trial.
    pub(crate) fn admit(&self, now: Millis) -> Option<bool> {
        if self.closed.load(Ordering::Relaxed) {
            return Some(false);
        }
        self.inner.lock().breaker.admit(now)
    }

    /// Notes how an attempt went.
    pub(crate) fn note(&self, note: Note, now: Millis, random: u64) -> Option<Transition> {
        if let Some(ms) = note.rest_ms {
            self.resting_until.fetch_max(now.0.saturating_add(ms), Ordering::Relaxed);
        }
        let mut inner = self.inner.lock();
        let minute = inner.minute(now);
        minute.calls += 1;
        minute.errors += u64::from(note.served != Served::Well);
        minute.limited += u64::from(note.status == Some(429));
        if let Some(ms) = note.latency_ms.filter(|_| note.error.is_none()) {
            minute.latencies.add(ms);
        }
        if let Some(text) = note.error {
            inner.last_error = Some(LastError { text, status: note.status, time: now });
        }
        let transition = inner.breaker.note(note.served, note.trial, now, random);
        self.closed.store(inner.breaker.state(now) == BreakerState::Closed, Ordering::Relaxed);
        transition
    }

    /// Notes that an answer, once begun, broke off.
    pub(crate) fn note_break(&self, text: String, now: Millis, random: u64) -> Option<Transition> {
        let mut inner = self.inner.lock();
        inner.minute(now).errors += 1;
        inner.last_error = Some(LastError { text, status: None, time: now });
        let transition = inner.breaker.note(Served::Badly, false, now, random);
        self.closed.store(inner.breaker.state(now) == BreakerState::Closed, Ordering::Relaxed);
        transition
    }

    /// Closes the breaker: the key was found to work.
    pub(crate) fn close(&self) -> Option<Transition> {
        let mut inner = self.inner.lock();
        let transition = inner.breaker.close();
        self.closed.store(true, Ordering::Relaxed);
        transition
    }

    pub(crate) fn figures(&self, now: Millis) -> Figures {
        let resting = self.resting_until.load(Ordering::Relaxed);
        let inner = self.inner.lock();
        let recent = now.0.div_euclid(Millis::MINUTE) - (MINUTES as i64 - 1);
        let mut sum = Minute::default();
        for minute in inner.minutes.iter().filter(|m| m.number >= recent) {
            sum.calls += minute.calls;
            sum.errors += minute.errors;
            sum.limited += minute.limited;
            sum.latencies.merge(&minute.latencies);
        }
        Figures {
            state: inner.breaker.state(now),
            resting_until: (resting > now.0).then_some(Millis(resting)),
            calls: sum.calls,
            errors: sum.errors,
            limited: sum.limited,
            p95_ms: sum.latencies.p95(),
            last_error: inner.last_error.clone(),
        }
    }
}

impl Inner {
    fn minute(&mut self, now: Millis) -> &mut Minute {
        let number = now.0.div_euclid(Millis::MINUTE);
        let place = usize::try_from(number.rem_euclid(MINUTES as i64)).unwrap_or(0);
        let minute = &mut self.minutes[place];
        if minute.number != number {
            (minute.number, minute.calls, minute.errors, minute.limited) = (number, 0, 0, 0);
            minute.latencies.clear();
        }
        minute
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Millis = Millis(1_780_000_000_000);

    fn note(served: Served, status: u16, latency_ms: i64) -> Note {
        let error = (served != Served::Well).then(|| format!("status {status}"));
        Note {
            served,
            trial: false,
            status: Some(status),
            latency_ms: Some(latency_ms),
            rest_ms: None,
            error,
        }
    }

    #[test]
    fn the_last_minutes_are_summed_and_older_ones_forgotten() {
        let health = Health::default();
        health.note(note(Served::Well, 200, 40), START, 0);
        health.note(note(Served::Badly, 500, 3_000), START, 0);
        let figures = health.figures(START);
        assert_eq!((figures.calls, figures.errors, figures.p95_ms), (2, 1, Some(43)));
        let later = START.plus(5 * Millis::MINUTE);
        let figures = health.figures(later);
        assert_eq!((figures.calls, figures.errors, figures.p95_ms), (0, 0, None));
        assert_eq!(figures.last_error.unwrap().status, Some(500), "what went wrong last stays");
    }

    #[test]
    fn a_provider_that_asks_for_rest_gets_it() {
        let health = Health::default();
        let limited = Note { rest_ms: Some(7_000), ..note(Served::Well, 429, 5) };
        assert_eq!(health.note(limited, START, 0), None);
        assert!(health.is_resting(START.plus(6_999)) && !health.is_resting(START.plus(7_000)));
        assert!(health.is_open_to_calls(START), "it may still be asked where there is nobody else");
        assert_eq!(health.figures(START).limited, 1);
    }
}
