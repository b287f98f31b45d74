//! A circuit breaker: it keeps calls away from a provider key that does not serve, and tries it again after a while.
//!
//! Closed, calls pass and their outcomes are counted. It opens when too many fail in a row, when too large a share of a
//! window's calls fail, or at once when the provider refuses the key. After a cool-down one call is let through as a trial:
//! its success closes the breaker, its failure opens it again for twice as long.

use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// How long a trial has to end before another call may try, in ms.
const TRIAL_MS: i64 = 10 * Millis::SECOND;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerRules {
    /// Failures in a row that open it.
    pub consecutive: u32,
    /// Percentage of failures in the window that opens it.
    pub error_percent: u32,
    /// Calls the window must hold before the percentage counts.
    pub min_calls: u32,
    /// How long it stays open the first time, in ms.
    pub cool_down_ms: i64,
    /// How long it stays open at most, in ms.
    pub max_cool_down_ms: i64,
    /// How long it stays open after the provider refused the key, in ms: that does not pass by itself.
    pub refused_cool_down_ms: i64,
}

impl Default for BreakerRules {
    fn default() -> Self {
        Self {
            consecutive: 5,
            error_percent: 50,
            min_calls: 20,
            cool_down_ms: 30 * Millis::SECOND,
            max_cool_down_ms: 5 * Millis::MINUTE,
            refused_cool_down_ms: 5 * Millis::MINUTE,
        }
    }
}

/// How a call went, as far as it says something about the key it used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// The provider answered as it should, or refused for a reason that lies with the caller.
    Well,
    /// The provider failed, could not be reached, or did not answer in time.
    Badly,
    /// The provider does not take the key; with the status it said so by.
    KeyRefused(u16),
}

/// Why a breaker is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// So many failures in a row.
    Consecutive(u32),
    /// So many percent of so many calls.
    ErrorRate {
        /// Share of failures, in percent.
        percent: u32,
        /// Calls in the window.
        calls: u32,
    },
    /// The provider does not take the key; the status it said so by.
    KeyRefused(u16),
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Consecutive(failures) => write!(f, "{failures} calls in a row failed"),
            Self::ErrorRate { percent, calls } => {
                write!(f, "{percent}% of the last minute's {calls} calls failed")
            }
            Self::KeyRefused(status) => write!(f, "the provider refuses the key (status {status})"),
        }
    }
}

/// What a breaker does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// They pass.
    Closed,
    /// They do not.
    Open {
        /// Since when.
        since: Millis,
        /// When one may try.
        until: Millis,
        /// Why.
        cause: Cause,
    },
    /// One may try, or tries right now.
    HalfOpen {
        /// Since when it has not been closed.
        since: Millis,
        /// Why.
        cause: Cause,
    },
}

/// A change worth telling people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// It opened, until then for a start.
    Opened(Cause, Millis),
    /// It closed after having been open since then.
    Closed(Millis),
}

/// The parts of the window.
const SLICES: usize = 6;
/// The length of each, in ms; together a minute.
const SLICE_MS: i64 = 10 * Millis::SECOND;

#[derive(Clone, Copy, Debug, Default)]
struct Slice {
    number: i64,
    calls: u32,
    failures: u32,
}

#[derive(Clone, Copy, Debug)]
struct Opened {
    since: Millis,
    until: Millis,
    cause: Cause,
    /// Times it opened without having closed.
    times: u32,
    /// When the trial under way began.
    trial: Option<Millis>,
}

/// The breaker of one key.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    rules: BreakerRules,
    window: [Slice; SLICES],
    streak: u32,
    open: Option<Opened>,
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub fn new(rules: BreakerRules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Goes by other rules from now on. What is open stays open as long as it was to.
    pub fn set_rules(&mut self, rules: BreakerRules) {
        self.rules = rules;
    }

    /// What it does with calls now.
    #[must_use]
    pub fn state(&self, now: Millis) -> BreakerState {
        match self.open {
            None => BreakerState::Closed,
            Some(Opened { since, until, cause, trial: None, .. }) if now < until => {
                BreakerState::Open { since, until, cause }
            }
            Some(Opened { since, cause, .. }) => BreakerState::HalfOpen { since, cause },
        }
    }

    /// Whether a call may pass; `Some(true)` makes it the trial. At most one trial is under way.
    pub fn admit(&mut self, now: Millis) -> Option<bool> {
        let Some(open) = &mut self.open else { return Some(false) };
        let trying = open.trial.is_some_and(|began| now.0 - began.0 < TRIAL_MS);
        if now < open.until || trying {
            return None;
        }
        open.trial = Some(now);
        Some(true)
    }

    /// When the next call may pass, if none may now.
    #[must_use]
    pub fn blocked_until(&self, now: Millis) -> Option<Millis> {
        let open = self.open?;
        let free = open.trial.map_or(open.until, |began| open.until.max(began.plus(TRIAL_MS)));
        (free > now).then_some(free)
    }

    /// Notes how a call went; `trial` says whether it was the trial. `random` spreads the cool-down, so that several
    /// gateways do not try again in the same moment.
    pub fn note(&mut self, served: Served, trial: bool, now: Millis, random: u64) -> Option<Transition> {
        if let Some(open) = self.open {
            // Calls that went out before it opened say nothing new.
            return if trial { self.tried(open, served, now, random) } else { None };
        }
        self.count(served, now);
        let cause = self.cause(served, now)?;
        let until = now.plus(self.cool_down(cause, 0, random));
        self.open = Some(Opened { since: now, until, cause, times: 1, trial: None });
        Some(Transition::Opened(cause, until))
    }

    /// Closes it: a person, or a test of the key, found it to work.
    pub fn close(&mut self) -> Option<Transition> {
        let open = self.open.take()?;
        (self.window, self.streak) = (Default::default(), 0);
        Some(Transition::Closed(open.since))
    }

    fn tried(&mut self, open: Opened, served: Served, now: Millis, random: u64) -> Option<Transition> {
        let cause = match served {
            Served::Well => return self.close(),
            Served::Badly => open.cause,
            Served::KeyRefused(status) => Cause::KeyRefused(status),
        };
        let until = now.plus(self.cool_down(cause, open.times, random));
        self.open = Some(Opened { until, cause, times: open.times + 1, trial: None, ..open });
        None
    }

    fn count(&mut self, served: Served, now: Millis) {
        let failed = served != Served::Well;
        let number = now.0.div_euclid(SLICE_MS);
        let place = usize::try_from(number.rem_euclid(SLICES as i64)).unwrap_or(0);
        let slice = &mut self.window[place];
        if slice.number != number {
            *slice = Slice { number, ..Slice::default() };
        }
        slice.calls = slice.calls.saturating_add(1);
        slice.failures = slice.failures.saturating_add(u32::from(failed));
        self.streak = if failed { self.streak.saturating_add(1) } else { 0 };
    }

    fn cause(&self, served: Served, now: Millis) -> Option<Cause> {
        match served {
            Served::Well => return None,
            Served::KeyRefused(status) => return Some(Cause::KeyRefused(status)),
            Served::Badly => {}
        }
        if self.streak >= self.rules.consecutive {
            return Some(Cause::Consecutive(self.streak));
        }
        let oldest = now.0.div_euclid(SLICE_MS) - (SLICES as i64 - 1);
        let recent = self.window.iter().filter(|slice| slice.number >= oldest);
        let (calls, failures) = recent.fold((0u32, 0u32), |(c, f), s| (c + s.calls, f + s.failures));
        let percent = u32::try_from(u64::from(failures) * 100 / u64::from(calls.max(1))).unwrap_or(100);
        (calls >= self.rules.min_calls && percent >= self.rules.error_percent)
            .then_some(Cause::ErrorRate { percent, calls })
    }

    /// Doubles with every time, up to the most, and a fifth more or less.
    fn cool_down(&self, cause: Cause, times: u32, random: u64) -> i64 {
        let (first, most) = match cause {
            Cause::KeyRefused(_) => (self.rules.refused_cool_down_ms, self.rules.refused_cool_down_ms),
            _ => (self.rules.cool_down_ms, self.rules.max_cool_down_ms),
        };
        let base = first.saturating_mul(1 << times.min(16)).min(most.max(first));
        let fifth = (base / 5).max(1);
        let spread = i64::try_from(random % (2 * fifth.unsigned_abs() + 1)).unwrap_or(0);
        base - fifth + spread
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Millis = Millis(1_780_000_000_000);
    /// With this the cool-down is neither longer nor shorter: the middle of its spread.
    const MIDDLE: u64 = 6_000;

    fn fail(breaker: &mut Breaker, times: u32, now: Millis) -> Option<Transition> {
        (0..times).filter_map(|_| breaker.note(Served::Badly, false, now, MIDDLE)).last()
    }

    #[test]
    fn a_row_of_failures_opens_it_and_a_good_trial_closes_it() {
        let mut breaker = Breaker::default();
        assert_eq!(fail(&mut breaker, 4, START), None);
        assert_eq!(breaker.admit(START), Some(false));
        let until = START.plus(30_000);
        assert_eq!(fail(&mut breaker, 1, START), Some(Transition::Opened(Cause::Consecutive(5), until)));
        assert_eq!(breaker.admit(START.plus(29_999)), None);
        assert_eq!(breaker.blocked_until(START), Some(until));
        assert_eq!(breaker.admit(until), Some(true), "one may try");
        assert_eq!(breaker.admit(until), None, "and no other meanwhile");
        assert!(matches!(breaker.state(until), BreakerState::HalfOpen { .. }));
        assert_eq!(breaker.note(Served::Well, true, until, MIDDLE), Some(Transition::Closed(START)));
        assert_eq!((breaker.state(until), breaker.admit(until)), (BreakerState::Closed, Some(false)));
        assert_eq!(fail(&mut breaker, 4, until), None, "the count began anew");
    }

    #[test]
    fn a_bad_trial_doubles_the_wait_up_to_the_most() {
        let mut breaker = Breaker::default();
        fail(&mut breaker, 5, START);
        let (mut now, mut waits) = (START, Vec::new());
        for _ in 0..6 {
            let BreakerState::Open { until, .. } = breaker.state(now) else { panic!("open") };
            waits.push((until.0 - now.0) / 1_000);
            now = until;
            assert_eq!(breaker.admit(now), Some(true));
            // The middle of each spread.
            let middle = u64::try_from((60_000 << waits.len().min(3)) / 10).unwrap();
            assert_eq!(breaker.note(Served::Badly, true, now, middle.min(60_000)), None, "it never closed");
        }
        assert_eq!(waits[..3], [30, 60, 120]);
        assert!(waits.iter().all(|w| *w <= 360), "{waits:?}");
    }

    #[test]
    fn a_share_of_failures_opens_it_and_old_ones_are_forgotten() {
        let mut breaker = Breaker::default();
        let half = |breaker: &mut Breaker, calls: u32, now: Millis| {
            (0..calls)
                .filter_map(|n| {
                    let served = if n % 2 == 0 { Served::Well } else { Served::Badly };
                    breaker.note(served, false, now, 0)
                })
                .last()
        };
        assert_eq!(half(&mut breaker, 18, START), None, "too few to tell");
        assert_eq!(half(&mut breaker, 18, START.plus(61_000)), None, "the first ones are a minute old");
        assert!(matches!(
            half(&mut breaker, 2, START.plus(61_000)),
            Some(Transition::Opened(Cause::ErrorRate { percent: 50, calls: 20 }, _))
        ));
    }

    #[test]
    fn a_refused_key_opens_it_at_once_and_for_longer() {
        let mut breaker = Breaker::default();
        let opened = breaker.note(Served::KeyRefused(401), false, START, 60_000);
        assert_eq!(opened, Some(Transition::Opened(Cause::KeyRefused(401), START.plus(300_000))));
        assert_eq!(breaker.close(), Some(Transition::Closed(START)));
        assert_eq!(breaker.close(), None);
    }

    #[test]
    fn a_trial_that_never_ends_gives_way() {
        let mut breaker = Breaker::default();
        fail(&mut breaker, 5, START);
        let later = START.plus(60_000);
        assert_eq!(breaker.admit(later), Some(true));
        assert_eq!(breaker.blocked_until(later), Some(later.plus(10_000)));
        assert_eq!(breaker.admit(later.plus(9_999)), None);
        assert_eq!(breaker.admit(later.plus(10_000)), Some(true));
    }

    #[test]
    fn other_rules_hold_from_then_on() {
        let mut breaker = Breaker::default();
        assert_eq!(fail(&mut breaker, 2, START), None);
        breaker.set_rules(BreakerRules { consecutive: 3, cool_down_ms: 2_000, ..BreakerRules::default() });
        let BreakerState::Open { until, .. } = ({
            fail(&mut breaker, 1, START);
            breaker.state(START)
        }) else {
            panic!("open: the two before count")
        };
        assert!((1_600..=2_400).contains(&(until.0 - START.0)), "two seconds, a fifth more or less");
        breaker.set_rules(BreakerRules::default());
        assert_eq!(breaker.blocked_until(START), Some(until), "what is open stays so");
    }

    proptest! {
        /// In no history does a call pass while it is open, nor do two trials run in one trial's time.
        #[test]
        fn open_means_no_calls(steps in prop::collection::vec((0i64..40_000, 0u8..4, any::<u64>()), 0..200)) {
            let mut breaker = Breaker::default();
            let (mut now, mut last_trial) = (START, None::<Millis>);
            for (wait, what, random) in steps {
                now = now.plus(wait);
                let state = breaker.state(now);
                let passed = breaker.admit(now);
                match (state, passed) {
                    (BreakerState::Closed, p) => prop_assert_eq!(p, Some(false)),
                    (BreakerState::Open { until, .. }, p) => prop_assert!(p.is_none() && until > now),
                    (BreakerState::HalfOpen { .. }, Some(trial)) => {
                        prop_assert!(trial);
                        prop_assert!(last_trial.is_none_or(|t| now.0 - t.0 >= 10_000));
                        last_trial = Some(now);
                    }
                    (BreakerState::HalfOpen { .. }, None) => {}
                }
                let trial = passed == Some(true);
                let served = [Served::Well, Served::Badly, Served::Badly, Served::KeyRefused(401)][usize::from(what)];
                if passed.is_some() {
                    breaker.note(served, trial, now, random);
                    if trial { last_trial = None; }
                }
            }
        }
    }
}
