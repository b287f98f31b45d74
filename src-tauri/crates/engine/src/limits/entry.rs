//! What is kept of one subject: its buckets and how many of its requests are on their way.

use super::refused::Refused;
use super::subject::Subject;
use reeve_core::limit::{Bucket, Metric, RateLimit};
use reeve_core::time::Millis;

/// The buckets of one subject.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Which state of the rules its rates come from.
    pub(super) version: u64,
    pub(super) requests: Option<Bucket>,
    pub(super) tokens: Option<Bucket>,
    pub(super) concurrent: Option<u64>,
    /// Requests on their way.
    pub(super) open: u64,
}

impl Entry {
    /// Full buckets.
    pub(super) fn new(numbers: &RateLimit, version: u64, now: Millis) -> Self {
        Self {
            version,
            requests: numbers.requests().map(|rate| Bucket::full(rate, now)),
            tokens: numbers.tokens().map(|rate| Bucket::full(rate, now)),
            concurrent: numbers.concurrent_requests,
            open: 0,
        }
    }

    /// The same at other numbers: a bucket that was there keeps what is in it.
    pub(super) fn at_numbers(self, numbers: &RateLimit, version: u64, now: Millis) -> Self {
        let fresh = Self::new(numbers, version, now);
        let kept = |old: Option<Bucket>, new: Option<Bucket>| match (old, new) {
            (Some(old), Some(new)) => Some(old.at_rate(new.rate()).at(now)),
            (_, new) => new,
        };
        Self {
            requests: kept(self.requests, fresh.requests),
            tokens: kept(self.tokens, fresh.tokens),
            open: self.open,
            ..fresh
        }
    }

    /// The buckets at `now`.
    pub(super) fn at(self, now: Millis) -> Self {
        Self {
            requests: self.requests.map(|bucket| bucket.at(now)),
            tokens: self.tokens.map(|bucket| bucket.at(now)),
            ..self
        }
    }

    /// Whether forgetting it changes nothing.
    pub(super) fn is_idle(&self) -> bool {
        let full = |bucket: Option<Bucket>| bucket.is_none_or(|b| b.full_in() == 0);
        self.open == 0 && full(self.requests) && full(self.tokens)
    }

    /// Why a request of `tokens` does not fit, if so: the reason that lasts longest.
    pub(super) fn refusal(&self, subject: &Subject, tokens: u64) -> Option<Refused> {
        let of = |metric, bucket: Option<Bucket>, asked: u64| {
            let bucket = bucket.filter(|b| !b.has(asked))?;
            Some(Refused {
                subject: subject.clone(),
                metric,
                limit: bucket.rate().per_minute(),
                capacity: bucket.rate().capacity(),
                asked,
                available: bucket.available(),
                wait_ms: bucket.wait_for(asked),
            })
        };
        let crowded = self.concurrent.filter(|limit| self.open >= *limit).map(|limit| Refused {
            subject: subject.clone(),
            metric: Metric::Concurrent,
            limit,
            capacity: limit,
            asked: 1,
            available: 0,
            // Nobody knows when a call ends.
            wait_ms: Some(Millis::SECOND),
        });
        let reasons =
            [of(Metric::Requests, self.requests, 1), of(Metric::Tokens, self.tokens, tokens), crowded];
        reasons.into_iter().flatten().max_by_key(Refused::wait)
    }

    /// Takes a request of `tokens`.
    pub(super) fn take(&mut self, tokens: u64) {
        if let Some(bucket) = &mut self.requests {
            bucket.take(1);
        }
        if let Some(bucket) = &mut self.tokens {
            bucket.take(tokens);
        }
    }

    /// Replaces an estimate of tokens by what was used.
    pub(super) fn correct(&mut self, estimate: u64, used: u64) {
        let Some(bucket) = &mut self.tokens else { return };
        match used.checked_sub(estimate) {
            Some(more) => bucket.take(more),
            None => bucket.give_back(estimate - used),
        }
    }
}
