//! Which headers pass. Both lists are of what may, not of what may not: a header nobody thought of stays here.

use http::{HeaderMap, HeaderName};

const REQUEST: [&str; 9] = [
    "anthropic-beta",
    "anthropic-version",
    "accept",
    "openai-beta",
    "idempotency-key",
    "x-client-request-id",
    "http-referer",
    "x-title",
    "traceparent",
];
const RESPONSE: [&str; 8] = [
    "content-type",
    "retry-after",
    "retry-after-ms",
    "request-id",
    "x-amzn-errortype",
    "x-amzn-requestid",
    "x-request-id",
    "x-should-retry",
];
const RESPONSE_PREFIXES: [&str; 3] = ["anthropic-ratelimit-", "openai-", "x-ratelimit-"];
/// Room for those that are put on an answer: a map that grows sorts all of them in again.
const ADDED: usize = 16;
/// Says whose account it is, which is not the caller's business.
const WITHHELD: [&str; 2] = ["openai-organization", "openai-project"];

/// The headers of a client's request that go to the provider. Never a key, cookie, host, or length.
#[must_use]
pub fn forwarded_request_headers(headers: &HeaderMap) -> HeaderMap {
    kept(headers, 0, |name| REQUEST.contains(&name))
}

/// The headers of a provider's answer that go to the client.
#[must_use]
pub fn forwarded_response_headers(headers: &HeaderMap) -> HeaderMap {
    kept(headers, ADDED, |name| {
        !WITHHELD.contains(&name)
            && (RESPONSE.contains(&name) || RESPONSE_PREFIXES.iter().any(|p| name.starts_with(p)))
    })
}

fn kept(headers: &HeaderMap, room: usize, keep: impl Fn(&str) -> bool) -> HeaderMap {
    let mut out = HeaderMap::with_capacity(headers.len() + room);
    for (name, value) in headers.iter().filter(|(name, _)| keep(HeaderName::as_str(name))) {
        out.append(name.clone(), value.clone());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(names: &[&'static str]) -> HeaderMap {
        names.iter().map(|n| (HeaderName::from_static(n), "x".parse().unwrap())).collect()
    }

    #[test]
    fn only_listed_headers_pass() {
        let request = headers(&[
            "authorization",
            "cookie",
            "host",
            "content-length",
            "x-api-key",
            "accept",
            "idempotency-key",
            "openai-organization",
        ]);
        assert_eq!(forwarded_request_headers(&request), headers(&["accept", "idempotency-key"]));
        let answer = headers(&[
            "content-type",
            "set-cookie",
            "transfer-encoding",
            "openai-processing-ms",
            "openai-organization",
            "x-ratelimit-remaining-tokens",
            "x-request-id",
            "retry-after",
            "connection",
        ]);
        let kept = headers(&[
            "content-type",
            "openai-processing-ms",
            "x-ratelimit-remaining-tokens",
            "x-request-id",
            "retry-after",
        ]);
        assert_eq!(forwarded_response_headers(&answer), kept);
    }
}
