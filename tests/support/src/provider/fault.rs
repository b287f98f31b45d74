//! What can go wrong, on purpose.

use std::time::Duration;

/// How a call is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// As it should be.
    None,
    /// Rightly, but nothing comes before this time has passed.
    FirstByteAfter(Duration),
    /// Rightly, with a pause before the head and before every event (or once before a whole answer).
    Slow(Duration),
    /// Breaks off after so many events, or amid a whole answer. What was sent is billed.
    Cut(usize),
    /// 429, to be tried again in so many seconds. Not billed.
    Limited(u64),
    /// This status with an error body. Not billed.
    Status(u16),
    /// This status, with an error that says the caller's key back. Not billed.
    Echo(u16),
    /// 200, billed, and half a JSON document (in a stream: an event that is no JSON).
    MalformedJson,
    /// 200, billed, but says nothing of usage.
    MissingUsage,
    /// 200, billed, with a total that is one less than its parts.
    ContradictoryUsage,
    /// 200 with a web page. Not billed.
    WebPage,
    /// Accepts the call and never answers. Not billed.
    Hang,
    /// A stream of so many events, whatever the caller asked for; billed as far as it was sent.
    Huge(usize),
}

impl Fault {
    /// The fault a model's name asks for: `fault-slow-200` (milliseconds), `fault-first-byte-500`, `fault-cut-3`, `fault-429-7`,
    /// `fault-status-503`, `fault-malformed`, `fault-no-usage`, `fault-contradictory`, `fault-web-page`, `fault-hang`,
    /// `fault-huge-100000`. `None` for every other name.
    #[must_use]
    pub fn named(model: &str) -> Option<Self> {
        let name = model.strip_prefix("fault-")?;
        let (word, number) = match name.rsplit_once('-') {
            Some((word, digits)) => digits.parse().map_or((name, None), |n: u64| (word, Some(n))),
            None => (name, None),
        };
        let or = |default: u64| number.unwrap_or(default);
        let events = |default: u64| usize::try_from(or(default)).unwrap_or(usize::MAX);
        Some(match word {
            "slow" => Self::Slow(Duration::from_millis(or(50))),
            "first-byte" => Self::FirstByteAfter(Duration::from_millis(or(500))),
            "cut" => Self::Cut(events(3)),
            "429" => Self::Limited(or(1)),
            "status" => Self::Status(u16::try_from(or(500)).unwrap_or(500)),
            "malformed" => Self::MalformedJson,
            "no-usage" => Self::MissingUsage,
            "contradictory" => Self::ContradictoryUsage,
            "web-page" => Self::WebPage,
            "hang" => Self::Hang,
            "huge" => Self::Huge(events(100_000)),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ask_for_faults() {
        for (name, fault) in [
            ("fault-slow", Some(Fault::Slow(Duration::from_millis(50)))),
            ("fault-first-byte-20", Some(Fault::FirstByteAfter(Duration::from_millis(20)))),
            ("fault-429-7", Some(Fault::Limited(7))),
            ("fault-429", Some(Fault::Limited(1))),
            ("fault-status-503", Some(Fault::Status(503))),
            ("fault-no-usage", Some(Fault::MissingUsage)),
            ("fault-web-page", Some(Fault::WebPage)),
            ("fault-unheard-of", None),
            ("gpt-4o", None),
        ] {
            assert_eq!(Fault::named(name), fault, "{name}");
        }
    }
}
