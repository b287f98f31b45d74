//! Rate limits: how fast somebody may call. A token bucket holds what may be used at once and fills at a steady rate.
//!
//! A bucket keeps its level in sixty-thousandths of a unit, so that what a rate of `n` a minute adds in a millisecond is the
//! whole number `n`: nothing is rounded, however often one asks. The bucket of Turner, "New directions in communications"
//! (IEEE Communications Magazine, October 1986), here counted up rather than down.

use crate::tenant::words;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// Parts of a unit.
const PARTS: i64 = Millis::MINUTE;

words! {
    /// Whose calls a limit counts.
    LimitScope {
        /// A tenant: all its keys and users together.
        Tenant = "tenant",
        /// One API key of a tenant.
        ApiKey = "api_key",
        /// An end user of a tenant, as its calls name them; or a person at the console.
        User = "user",
        /// A model, over all tenants.
        Model = "model",
        /// A network address that shows no good key.
        Ip = "ip",
    }
}

words! {
    /// What a limit counts.
    Metric {
        /// Requests a minute.
        Requests = "requests",
        /// Tokens a minute.
        Tokens = "tokens",
        /// Requests at the same time.
        Concurrent = "concurrent",
    }
}

/// The numbers of a limit. What is `None` is as the scope's default has it; in a default it is without a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests a minute.
    pub requests_per_minute: Option<u64>,
    /// Tokens a minute.
    pub tokens_per_minute: Option<u64>,
    /// Requests that may come at once; those of a whole minute where `None`.
    pub burst: Option<u64>,
    /// Requests at the same time.
    pub concurrent_requests: Option<u64>,
}

impl LimitScope {
    /// What holds where nobody has said anything else.
    #[must_use]
    pub const fn built_in(self) -> RateLimit {
        let requests_per_minute = match self {
            Self::Tenant => Some(10_000),
            Self::ApiKey => Some(5_000),
            Self::User => Some(1_000),
            Self::Ip => Some(100),
            Self::Model => None,
        };
        RateLimit { requests_per_minute, tokens_per_minute: None, burst: None, concurrent_requests: None }
    }
}

impl RateLimit {
    /// The largest number of any kind.
    pub const MOST: u64 = 1_000_000_000;

    /// These numbers, and those of `base` where there are none.
    #[must_use]
    pub fn or(self, base: Self) -> Self {
        Self {
            requests_per_minute: self.requests_per_minute.or(base.requests_per_minute),
            tokens_per_minute: self.tokens_per_minute.or(base.tokens_per_minute),
            // A burst belongs to its rate: another rate does not inherit it.
            burst: self.burst.or(base.burst.filter(|_| self.requests_per_minute.is_none())),
            concurrent_requests: self.concurrent_requests.or(base.concurrent_requests),
        }
    }

    /// The bucket of requests.
    #[must_use]
    pub fn requests(&self) -> Option<Rate> {
        self.requests_per_minute.map(|n| Rate::new(n, self.burst.unwrap_or(n)))
    }

    /// The bucket of tokens: a whole minute's may be used at once.
    #[must_use]
    pub fn tokens(&self) -> Option<Rate> {
        self.tokens_per_minute.map(|n| Rate::new(n, n))
    }

    /// Whether nothing is limited.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.requests_per_minute.is_none()
            && self.tokens_per_minute.is_none()
            && self.concurrent_requests.is_none()
    }
}

/// How fast a bucket fills and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    per_minute: i64,
    capacity: i64,
}

impl Rate {
    /// So many a minute, and at most so many at once. Numbers are kept within 1 to [`RateLimit::MOST`].
    #[must_use]
    pub fn new(per_minute: u64, capacity: u64) -> Self {
        let bounded = |n: u64| i64::try_from(n.clamp(1, RateLimit::MOST)).unwrap_or(i64::MAX);
        Self { per_minute: bounded(per_minute), capacity: bounded(capacity) }
    }

    /// Units a minute.
    #[must_use]
    pub const fn per_minute(&self) -> u64 {
        self.per_minute.unsigned_abs()
    }

    /// The most at once.
    #[must_use]
    pub const fn capacity(&self) -> u64 {
        self.capacity.unsigned_abs()
    }

    const fn full(&self) -> i64 {
        self.capacity * PARTS
    }
}

/// A bucket of one rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    rate: Rate,
    /// In parts; below zero where more was used than had been expected.
    level: i64,
    at: Millis,
}

impl Bucket {
    /// A full one.
    #[must_use]
    pub const fn full(rate: Rate, now: Millis) -> Self {
        Self { rate, level: rate.full(), at: now }
    }

    /// Its rate.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// The same bucket at another rate: what is in it stays, as far as it fits.
    #[must_use]
    pub fn at_rate(self, rate: Rate) -> Self {
        Self { rate, level: self.level.min(rate.full()), ..self }
    }

    /// The bucket at `now`. A clock that went back fills nothing, and the next milliseconds count from where it went.
    #[must_use]
    pub fn at(mut self, now: Millis) -> Self {
        let passed = now.0.saturating_sub(self.at.0).max(0);
        let filled = self.level.saturating_add(passed.saturating_mul(self.rate.per_minute));
        self.level = filled.min(self.rate.full());
        self.at = now;
        self
    }

    /// Whole units that may be used now.
    #[must_use]
    pub const fn available(&self) -> u64 {
        if self.level < 0 { 0 } else { (self.level / PARTS).unsigned_abs() }
    }

    /// Whether `n` units may be used now. Nothing always may.
    #[must_use]
    pub fn has(&self, n: u64) -> bool {
        n == 0 || parts(n) <= self.level
    }

    /// Uses `n` units, also where there are fewer: what is owed must fill up first. A debt is at most what the bucket holds.
    pub fn take(&mut self, n: u64) {
        self.level = self.level.saturating_sub(parts(n)).max(-self.rate.full());
    }

    /// Gives `n` units back.
    pub fn give_back(&mut self, n: u64) {
        self.level = self.level.saturating_add(parts(n)).min(self.rate.full());
    }

    /// Milliseconds until `n` units may be used; `None` where they never fit.
    #[must_use]
    pub fn wait_for(&self, n: u64) -> Option<i64> {
        (parts(n) <= self.rate.full()).then(|| self.time_to(parts(n)))
    }

    /// Milliseconds until it is full.
    #[must_use]
    pub fn full_in(&self) -> i64 {
        self.time_to(self.rate.full())
    }

    fn time_to(&self, level: i64) -> i64 {
        let missing = level.saturating_sub(self.level).max(0);
        missing.saturating_add(self.rate.per_minute - 1) / self.rate.per_minute
    }
}

fn parts(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX).saturating_mul(PARTS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const T: Millis = Millis(1_780_000_000_000);

    #[derive(Clone, Debug)]
    enum Step {
        Wait(i64),
        Use(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![(0i64..20_000).prop_map(Step::Wait), (0u64..40).prop_map(Step::Use)];
        prop::collection::vec(step, 1..200)
    }

    proptest! {
        /// The bucket against every use there was: from any moment to any later one never more is used than the burst and
        /// what the rate adds in between, and nothing is refused for which all those windows had room.
        #[test]
        fn it_refuses_exactly_what_is_too_much(per_minute in 1u64..2_000, burst in 1u64..60, steps in steps()) {
            let mut bucket = Bucket::full(Rate::new(per_minute, burst), T);
            let (mut now, mut used) = (T, Vec::<(i64, u64)>::new());
            for step in steps {
                match step {
                    Step::Wait(ms) => now = now.plus(ms),
                    Step::Use(n) => {
                        bucket = bucket.at(now);
                        let allowed = bucket.has(n);
                        if allowed {
                            bucket.take(n);
                            used.push((now.0, n));
                        }
                        // In parts, so exactly: the tightest window that ends now.
                        let mut sum = if allowed { 0 } else { n };
                        let mut tightest = i128::from(burst) * 60_000 - i128::from(sum) * 60_000;
                        for (at, n) in used.iter().rev() {
                            sum += n;
                            let room = i128::from(burst) * 60_000 + i128::from(now.0 - at) * i128::from(per_minute);
                            tightest = tightest.min(room - i128::from(sum) * 60_000);
                        }
                        prop_assert_eq!(allowed || n == 0, tightest >= 0 || n == 0, "{} at {:?}: {}", n, now, tightest);
                    }
                }
            }
        }

        /// Who waits as long as is said is let through, and one millisecond earlier is not.
        #[test]
        fn the_wait_is_exact(per_minute in 1u64..100_000, burst in 1u64..500, first in 0u64..500, second in 1u64..500) {
            let mut bucket = Bucket::full(Rate::new(per_minute, burst), T);
            bucket.take(first.min(burst));
            match bucket.wait_for(second) {
                None => prop_assert!(second > burst),
                Some(0) => prop_assert!(bucket.has(second)),
                Some(ms) => {
                    prop_assert!(bucket.at(T.plus(ms)).has(second));
                    prop_assert!(!bucket.at(T.plus(ms - 1)).has(second));
                }
            }
            prop_assert_eq!(bucket.at(T.plus(bucket.full_in())).available(), burst);
        }

        /// An estimate replaced by the real use leaves what the real use alone would have left.
        #[test]
        fn an_estimate_leaves_no_trace(estimate in 0u64..1_000, real in 0u64..1_000) {
            let full = Bucket::full(Rate::new(600, 1_000), T);
            let (mut estimated, mut exact) = (full, full);
            estimated.take(estimate);
            if real > estimate { estimated.take(real - estimate) } else { estimated.give_back(estimate - real) }
            exact.take(real);
            prop_assert_eq!(estimated, exact);
        }
    }

    #[test]
    fn asking_often_loses_nothing() {
        let mut bucket = Bucket::full(Rate::new(7, 7), T);
        bucket.take(7);
        for ms in 1..=60_000 {
            bucket = bucket.at(T.plus(ms));
        }
        assert_eq!(bucket.available(), 7);
    }

    #[test]
    fn a_clock_that_goes_back_neither_fills_nor_blocks() {
        let mut bucket = Bucket::full(Rate::new(60, 10), T);
        bucket.take(10);
        let back = bucket.at(T.plus(-Millis::HOUR));
        assert_eq!(back.available(), 0);
        assert_eq!(back.at(T.plus(5_000 - Millis::HOUR)).available(), 5);
    }

    #[test]
    fn what_is_owed_fills_up_first_and_is_bounded() {
        let mut bucket = Bucket::full(Rate::new(60, 10), T);
        bucket.take(15);
        assert_eq!((bucket.available(), bucket.has(0), bucket.wait_for(1)), (0, true, Some(6_000)));
        bucket.take(u64::MAX);
        assert_eq!(bucket.wait_for(1), Some(11_000), "never more than once what it holds");
    }

    #[test]
    fn a_custom_limit_changes_only_what_it_names() {
        let base = RateLimit { burst: Some(10), tokens_per_minute: Some(5), ..LimitScope::ApiKey.built_in() };
        let same = RateLimit { concurrent_requests: Some(2), ..RateLimit::default() }.or(base);
        assert_eq!(same, RateLimit { concurrent_requests: Some(2), ..base });
        let own = RateLimit { requests_per_minute: Some(60), ..RateLimit::default() }.or(base);
        assert_eq!((own.requests().map(|r| r.capacity()), own.tokens_per_minute), (Some(60), Some(5)));
        assert!(LimitScope::Model.built_in().is_none());
    }

    #[test]
    fn a_smaller_rate_keeps_no_more_than_fits() {
        let bucket = Bucket::full(Rate::new(60, 60), T).at_rate(Rate::new(60, 5));
        assert_eq!((bucket.available(), bucket.full_in()), (5, 0));
    }
}
