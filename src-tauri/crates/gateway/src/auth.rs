//! The caller's key: `Authorization: Bearer …` as OpenAI's clients send it, or `x-api-key`.

use http::{HeaderMap, header};

/// The key of a request; empty where there is none, which is as wrong as any other wrong key.
pub(crate) fn key(headers: &HeaderMap) -> &str {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|v| bearer(v.to_str().ok()?));
    bearer.or_else(|| headers.get("x-api-key").and_then(|v| v.to_str().ok())).map_or("", str::trim)
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
        assert_eq!(key(&with("authorization", "Basic cnZrX2E=")), "");
        assert_eq!(key(&HeaderMap::new()), "");
    }
}
