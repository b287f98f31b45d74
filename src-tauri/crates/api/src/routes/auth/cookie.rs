//! The cookie of the refresh token.

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use zeroize::Zeroizing;

const NAME: &str = "reeve_refresh";

/// Sets it, for `seconds`.
pub(super) fn keep(token: &str, seconds: i64, tls: bool) -> (HeaderName, HeaderValue) {
    let secure = if tls { "; Secure" } else { "" };
    let text = format!(
        "{NAME}={token}; Path=/api/v1/auth; HttpOnly; SameSite=Strict; Max-Age={}{secure}",
        seconds.max(0)
    );
    let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    (SET_COOKIE, value)
}

/// Removes it.
pub(super) fn remove() -> (HeaderName, HeaderValue) {
    (
        SET_COOKIE,
        HeaderValue::from_static("reeve_refresh=; Path=/api/v1/auth; HttpOnly; SameSite=Strict; Max-Age=0"),
    )
}

/// The token in it.
pub(super) fn read(headers: &HeaderMap) -> Option<Zeroizing<String>> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == NAME)
        .map(|(_, token)| Zeroizing::new(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_for_no_script_and_for_these_paths_alone() {
        let (_, value) = keep("abc", 60, false);
        assert_eq!(value, "reeve_refresh=abc; Path=/api/v1/auth; HttpOnly; SameSite=Strict; Max-Age=60");
        assert!(keep("abc", 60, true).1.to_str().unwrap().ends_with("; Secure"));
    }

    #[test]
    fn it_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static("a=1; reeve_refresh=x=y ; b=2"));
        assert_eq!(read(&headers).unwrap().as_str(), "x=y");
        headers.insert(COOKIE, HeaderValue::from_static("xreeve_refresh=1"));
        assert!(read(&headers).is_none());
    }
}
