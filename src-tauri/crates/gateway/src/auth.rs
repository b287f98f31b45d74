//! The caller's key, wherever the clients of a provider put it: `Authorization: Bearer …`, `x-api-key`, `x-goog-api-key`,
//! Azure's `api-key`, or for Google's `?key=`.

use crate::error::Dialect;
use http::request::Parts;
use http::{HeaderMap, header};
use reeve_engine::{Code, Error};

/// What a client is told that signs as AWS wants it: such a signature needs a secret that Reeve's keys do not have.
const SIGNED: &str = "Reeve takes no AWS signatures. Send the API key you have from Reeve as a bearer: in AWS_BEARER_TOKEN_BEDROCK \
                      over HTTPS, or from an unsigned client with the header `Authorization: Bearer rvk_…`.";

/// What a client is told that sends no key at all.
const MISSING: &str = "This request has no API key. Send the one you have from Reeve with the header `Authorization: Bearer rvk_…`, or \
                       where your provider's own client puts its key.";

/// The key of a request; empty where there is none, which is as wrong as any other wrong key.
pub(crate) fn key(headers: &HeaderMap) -> &str {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|v| bearer(v.to_str().ok()?));
    let plain = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let elsewhere = || ["x-api-key", "x-goog-api-key", "api-key"].into_iter().find_map(plain);
    bearer.or_else(elsewhere).map_or("", str::trim)
}

/// The key of a request, which Google's clients may put into the address. It goes no further than here.
pub(crate) fn key_of(head: &Parts, dialect: Dialect) -> &str {
    let in_headers = key(&head.headers);
    if !in_headers.is_empty() || dialect != Dialect::Google {
        return in_headers;
    }
    let query = head.uri.query().unwrap_or_default();
    query.split('&').find_map(|pair| pair.strip_prefix("key=")).unwrap_or_default()
}

/// Why a key is refused, where the request itself says more than that it is none of ours.
pub(crate) fn explained(error: Error, key: &str, headers: &HeaderMap) -> Error {
    let signed = headers.get(header::AUTHORIZATION).is_some_and(|v| v.as_bytes().starts_with(b"AWS4-"));
    match error.code {
        code if signed => Error::new(code, SIGNED),
        code @ Code::Unauthenticated if key.is_empty() => Error::new(code, MISSING),
        _ => error,
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_header_holds_the_key() {
        let with = |name: &'static str, value: &'static str| {
            [(name.parse().unwrap(), value.parse().unwrap())].into_iter().collect()
        };
        assert_eq!(key(&with("authorization", "Bearer rvk_a")), "rvk_a");
        assert_eq!(key(&with("authorization", "bearer  rvk_a ")), "rvk_a");
        assert_eq!(key(&with("x-api-key", "rvk_a")), "rvk_a");
        assert_eq!(key(&with("x-goog-api-key", "rvk_a")), "rvk_a");
        assert_eq!(key(&with("api-key", "rvk_a")), "rvk_a");
        assert_eq!(key(&with("authorization", "Basic cnZrX2E=")), "");
        assert_eq!(key(&HeaderMap::new()), "");
    }
}
