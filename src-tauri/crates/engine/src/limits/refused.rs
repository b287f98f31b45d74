//! A request that a limit refuses, and how that is told.

use super::subject::Subject;
use crate::error::{Code, Error};
use reeve_core::limit::{LimitScope, Metric};
use reeve_core::time::Millis;

/// Which limit refused, and when there is room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Whose limit.
    pub subject: Subject,
    /// What it counts.
    pub metric: Metric,
    /// How many a minute, or at the same time.
    pub limit: u64,
    /// How many at once.
    pub capacity: u64,
    /// What was asked.
    pub asked: u64,
    /// What there was.
    pub available: u64,
    /// Milliseconds until there is room; `None` where what was asked never fits.
    pub wait_ms: Option<i64>,
}

impl Refused {
    /// The wait as a number to compare: what never fits is the longest.
    pub(super) fn wait(&self) -> i64 {
        self.wait_ms.unwrap_or(i64::MAX)
    }

    /// The sentence for people; `whose` as in "of Acme".
    #[must_use]
    pub fn sentence(&self, whose: &str) -> String {
        let limit = grouped(self.limit);
        let burst = if self.capacity < self.limit && self.metric == Metric::Requests {
            format!(", {} at once,", grouped(self.capacity))
        } else {
            String::new()
        };
        let wait = self.wait_ms.map(|ms| format!(" Try again in {}.", span(ms))).unwrap_or_default();
        match (self.metric, self.wait_ms) {
            (Metric::Concurrent, _) => {
                format!("Rate limit reached: {whose} may have {limit} calls on their way at the same time.")
            }
            (Metric::Tokens, None) => format!(
                "This call may use {} tokens, more than the {limit} a minute {whose} may use. Lower max_tokens or shorten the prompt.",
                grouped(self.asked)
            ),
            (Metric::Tokens, Some(_)) => format!(
                "Rate limit reached: {whose} may use {limit} tokens a minute; this call may use {}, and {} are left.{wait}",
                grouped(self.asked),
                grouped(self.available)
            ),
            (Metric::Requests, _) => {
                format!(
                    "Rate limit reached: {whose} may send {limit} requests a minute{burst} and has none left.{wait}"
                )
            }
        }
    }

    /// The failure for whoever asked.
    #[must_use]
    pub fn error(&self, whose: &str) -> Error {
        let error = Error::new(Code::RateLimited, self.sentence(whose)).limited_by(self.metric);
        match self.wait_ms {
            Some(ms) => error.retry_after(u64::try_from(ms.max(1)).unwrap_or(1).div_ceil(1_000)),
            None => error,
        }
    }
}

/// How a subject without a name of its own is called.
pub(super) const fn plain_name(scope: LimitScope) -> &'static str {
    match scope {
        LimitScope::Tenant => "this tenant",
        LimitScope::ApiKey => "this API key",
        LimitScope::User => "this user",
        LimitScope::Model => "this model",
        LimitScope::Ip => "this network address without a good key or sign-in",
    }
}

/// `12345` as `12,345`.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A time to wait, for people.
fn span(ms: i64) -> String {
    match ms.max(1) {
        ms if ms < Millis::SECOND => format!("{ms} ms"),
        ms if ms < Millis::MINUTE => format!("{} s", ms.saturating_add(999) / Millis::SECOND),
        ms => format!("{} min", ms.saturating_add(Millis::MINUTE - 1) / Millis::MINUTE),
    }
}
