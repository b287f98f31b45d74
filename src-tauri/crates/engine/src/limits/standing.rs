//! How limits stand, for the headers of an answer.

use super::entry::Entry;
use reeve_core::limit::Bucket;
use reeve_core::time::Millis;

/// How a bucket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The most at once.
    pub limit: u64,
    /// What may be used now.
    pub remaining: u64,
    /// Milliseconds until it is full.
    pub full_in_ms: i64,
}

impl Standing {
    pub(super) fn of(bucket: Bucket) -> Self {
        Self { limit: bucket.rate().capacity(), remaining: bucket.available(), full_in_ms: bucket.full_in() }
    }

    /// Whether less of its limit is left than of the other's.
    fn is_tighter(&self, than: &Self) -> bool {
        u128::from(self.remaining) * u128::from(than.limit)
            < u128::from(than.remaining) * u128::from(self.limit)
    }
}

/// How the limits of a request stand: of several the one with the least left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standings {
    /// When.
    pub at: Millis,
    /// Requests.
    pub requests: Option<Standing>,
    /// Tokens.
    pub tokens: Option<Standing>,
}

impl Standings {
    pub(super) const fn at(at: Millis) -> Self {
        Self { at, requests: None, tokens: None }
    }

    pub(super) fn add(&mut self, requests: Option<Standing>, tokens: Option<Standing>) {
        for (kept, other) in [(&mut self.requests, requests), (&mut self.tokens, tokens)] {
            let Some(other) = other else { continue };
            if kept.is_none_or(|k| other.remaining < k.remaining) {
                *kept = Some(other);
            }
        }
    }

    /// The tighter of the two, by the share that is left.
    #[must_use]
    pub fn tightest(&self) -> Option<Standing> {
        match (self.requests, self.tokens) {
            (Some(requests), Some(tokens)) if tokens.is_tighter(&requests) => Some(tokens),
            (requests, tokens) => requests.or(tokens),
        }
    }
}

/// What is left of the tightest limit of an entry, in millionths.
pub(super) fn room(entry: &Entry) -> u64 {
    let share = |left: u64, of: u64| left.saturating_mul(1_000_000) / of.max(1);
    let buckets = [entry.requests, entry.tokens].into_iter().flatten();
    let buckets = buckets.map(|b| share(b.available(), b.rate().capacity()));
    let places = entry.concurrent.map(|limit| share(limit.saturating_sub(entry.open), limit));
    buckets.chain(places).min().unwrap_or(1_000_000)
}
