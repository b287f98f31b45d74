//! Reeve's own headers, and the trace a request belongs to.

use axum::response::Response;
use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue};
use reeve_core::id::RequestId;
use reeve_engine::Error;
use reeve_engine::gateway::Admitted;
use reeve_engine::limits::Standings;
use std::fmt::{self, Display, Write};

/// Id of the request, on every answer.
pub(crate) static REQUEST_ID: HeaderName = HeaderName::from_static("x-reeve-request-id");
/// What the call cost, in USD.
pub(crate) static COST: HeaderName = HeaderName::from_static("x-reeve-cost");
/// What is left of the tightest hard budget above the call, in USD.
pub(crate) static BUDGET_REMAINING: HeaderName = HeaderName::from_static("x-reeve-budget-remaining");
/// The model that served the call, as its provider spells it.
const MODEL: HeaderName = HeaderName::from_static("x-reeve-model");
/// The provider that served the call, as the price catalogue spells it.
const PROVIDER: HeaderName = HeaderName::from_static("x-reeve-provider");
/// How often providers were asked.
const ATTEMPTS: HeaderName = HeaderName::from_static("x-reeve-attempts");
/// A limit, what is left of it, and when all of it is there again.
static OF_REQUESTS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-requests"),
    HeaderName::from_static("x-ratelimit-remaining-requests"),
    HeaderName::from_static("x-ratelimit-reset-requests"),
];
static OF_TOKENS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-tokens"),
    HeaderName::from_static("x-ratelimit-remaining-tokens"),
    HeaderName::from_static("x-ratelimit-reset-tokens"),
];
static OF_TIGHTEST: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit"),
    HeaderName::from_static("x-ratelimit-remaining"),
    HeaderName::from_static("x-ratelimit-reset"),
];
/// The end user, as the caller names them.
const USER: HeaderName = HeaderName::from_static("x-reeve-user");
/// Labels of the call, separated by commas.
const TAGS: HeaderName = HeaderName::from_static("x-reeve-tags");
/// Labels a call may have.
const MAX_TAGS: usize = 16;
/// The longest label, in characters.
const MAX_TAG: usize = 64;
/// The longest name of an end user, in characters.
const MAX_USER: usize = 200;

/// Room for what most answers are told, in bytes.
const ROOM: usize = 256;

/// Writes headers of an answer: their values one behind the other, so that all of them share one piece of memory.
pub(crate) struct Teller<'r> {
    headers: &'r mut HeaderMap,
    values: BytesMut,
}

impl<'r> Teller<'r> {
    pub(crate) fn new(response: &'r mut Response) -> Self {
        Self { headers: response.headers_mut(), values: BytesMut::with_capacity(ROOM) }
    }

    /// Tells `value`; what the answer said before by this name is replaced.
    pub(crate) fn tell(&mut self, name: &HeaderName, value: impl Display) {
        // Fails where memory is at its end, and there is none of these values that no header may have.
        let _ = write!(self.values, "{value}");
        if let Ok(value) = HeaderValue::from_maybe_shared(self.values.split().freeze()) {
            self.headers.insert(name, value);
        }
    }

    /// How the caller's rate limits stand: as OpenAI's clients know them, with times as `6m0s`, and the tightest as many other
    /// programs do, with the time as seconds since 1970.
    fn limits(&mut self, standings: &Standings) {
        for (names, standing) in [(&OF_REQUESTS, standings.requests), (&OF_TOKENS, standings.tokens)] {
            let (Some(standing), [limit, remaining, reset]) = (standing, names) else { continue };
            self.tell(limit, standing.limit);
            self.tell(remaining, standing.remaining);
            self.tell(reset, Span(standing.full_in_ms));
        }
        if let Some(tightest) = standings.tightest() {
            let full_at = standings.at.plus(tightest.full_in_ms).0.saturating_add(999).div_euclid(1_000);
            let [limit, remaining, reset] = &OF_TIGHTEST;
            self.tell(limit, tightest.limit);
            self.tell(remaining, tightest.remaining);
            self.tell(reset, full_at.max(0));
        }
    }
}

/// Puts on every answer how the caller's rate limits stand, and the id of the request.
pub(crate) fn stamp(response: &mut Response, standings: &Standings, id: RequestId) {
    let mut teller = Teller::new(response);
    teller.limits(standings);
    teller.tell(&REQUEST_ID, id);
}

/// What served a call, for its answer.
pub(crate) struct ServedBy([(HeaderName, Option<HeaderValue>); 3]);

impl ServedBy {
    pub(crate) fn new(admitted: &Admitted) -> Self {
        let text = |text: &str| HeaderValue::from_str(text).ok();
        let attempts = match admitted.attempts() {
            0 | 1 => HeaderValue::from_static("1"),
            more => HeaderValue::from(more),
        };
        Self([
            (MODEL, text(admitted.model())),
            (PROVIDER, text(&admitted.credential().provider)),
            (ATTEMPTS, Some(attempts)),
        ])
    }

    /// Puts it on the answer.
    pub(crate) fn stamp(self, response: &mut Response) {
        for (name, value) in self.0 {
            if let Some(value) = value {
                response.headers_mut().insert(name, value);
            }
        }
    }
}

/// A time to wait in milliseconds, as OpenAI writes it: `12ms`, `1.5s`, `6m0s`.
struct Span(i64);

impl Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (minutes, ms) = (self.0 / 60_000, self.0 % 60_000);
        match minutes {
            0 if ms < 1_000 => return write!(f, "{ms}ms"),
            0 => {}
            1..60 => write!(f, "{minutes}m")?,
            _ => write!(f, "{}h{}m", minutes / 60, minutes % 60)?,
        }
        let (seconds, ms) = (ms / 1_000, ms % 1_000);
        // Without the zeros at the end.
        match (ms % 10, ms % 100, ms) {
            (.., 0) => write!(f, "{seconds}s"),
            (_, 0, _) => write!(f, "{seconds}.{}s", ms / 100),
            (0, ..) => write!(f, "{seconds}.{:02}s", ms / 10),
            _ => write!(f, "{seconds}.{ms:03}s"),
        }
    }
}

/// The end user: of the header, else of the body.
pub(crate) fn user(headers: &HeaderMap, body: Option<String>) -> Result<Option<String>, Error> {
    let Some(value) = headers.get(USER) else {
        // OpenAI's own field is free text; only its beginning is kept.
        return Ok(body.map(|user| user.chars().take(MAX_USER).collect()));
    };
    match std::str::from_utf8(value.as_bytes()) {
        Ok(user) if !user.is_empty() && user.chars().count() <= MAX_USER => Ok(Some(user.to_owned())),
        _ => Err(Error::field(USER.as_str(), format!("must be 1 to {MAX_USER} characters of UTF-8"))),
    }
}

/// The labels of a call, each once, in the order of the alphabet.
pub(crate) fn tags(headers: &HeaderMap) -> Result<Vec<String>, Error> {
    let wrong = || {
        let sentence = format!(
            "must be at most {MAX_TAGS} labels of 1 to {MAX_TAG} visible characters, with commas between"
        );
        Error::field(TAGS.as_str(), sentence)
    };
    let mut tags = Vec::new();
    for value in headers.get_all(TAGS) {
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_| wrong())?;
        tags.extend(text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned));
    }
    tags.sort_unstable();
    tags.dedup();
    let plain = |tag: &String| tag.chars().count() <= MAX_TAG && !tag.chars().any(char::is_control);
    if tags.len() > MAX_TAGS || !tags.iter().all(plain) { Err(wrong()) } else { Ok(tags) }
}

/// The trace id of a W3C `traceparent`, if it is one.
pub(crate) fn trace_id(headers: &HeaderMap) -> Option<String> {
    let mut parts = headers.get("traceparent")?.to_str().ok()?.split('-');
    let (version, trace, parent) = (parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, len: usize| {
        text.len() == len && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let known = is_hex(version, 2) && version != "ff" && is_hex(trace, 32) && is_hex(parent, 16);
    (known && trace.bytes().any(|b| b != b'0')).then(|| trace.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        [(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap())]
            .into_iter()
            .collect()
    }

    #[test]
    fn times_are_written_as_openai_does() {
        for (ms, text) in [
            (0, "0ms"),
            (12, "12ms"),
            (1_000, "1s"),
            (1_500, "1.5s"),
            (2_050, "2.05s"),
            (7_066, "7.066s"),
            (360_000, "6m0s"),
            (3_600_000, "1h0m0s"),
        ] {
            assert_eq!(Span(ms).to_string(), text);
        }
    }

    #[test]
    fn only_a_trace_is_taken_for_one() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let of = |text: &str| trace_id(&headers("traceparent", text));
        assert_eq!(of(&format!("00-{trace}-00f067aa0ba902b7-01")).as_deref(), Some(trace));
        for bad in [
            "",
            "00",
            "00-x-y-z",
            &format!("ff-{trace}-00f067aa0ba902b7-01"),
            &format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
        ] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }

    #[test]
    fn tags_are_labels_each_once() {
        assert_eq!(tags(&headers("x-reeve-tags", "team-b, team-a,,team-b")).unwrap(), ["team-a", "team-b"]);
        assert!(tags(&HeaderMap::new()).unwrap().is_empty());
        assert!(tags(&headers("x-reeve-tags", &"x".repeat(65))).is_err());
        let many: Vec<_> = (0..17).map(|i| i.to_string()).collect();
        assert!(tags(&headers("x-reeve-tags", &many.join(","))).is_err());
    }

    #[test]
    fn the_header_names_the_user_before_the_body() {
        let body = || Some("body".to_owned());
        assert_eq!(user(&headers("x-reeve-user", "Zoë"), body()).unwrap().as_deref(), Some("Zoë"));
        assert_eq!(user(&HeaderMap::new(), body()).unwrap().as_deref(), Some("body"));
        assert!(user(&headers("x-reeve-user", &"x".repeat(201)), body()).is_err());
        assert_eq!(
            user(&HeaderMap::new(), Some("y".repeat(5_000))).unwrap().map(|u| u.len()),
            Some(MAX_USER)
        );
    }
}
