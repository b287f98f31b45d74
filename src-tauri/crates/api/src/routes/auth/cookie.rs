//! The cookie of the refresh token.

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use zeroize::Zeroizing;

const NAME: &str = "reeve_refresh";
/// Over TLS: a browser takes a cookie of this name from TLS alone, so that nobody in between can plant one.
const SECURE: &str = "__Secure-reeve_refresh";

/// Sets it, for `seconds`.
pub(super) fn keep(token: &str, seconds: i64, tls: bool) -> (HeaderName, HeaderValue) {
    let text = written(token, seconds, tls);
    let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    (SET_COOKIE, value)
}

/// Removes it.
pub(super) fn remove(tls: bool) -> (HeaderName, HeaderValue) {
    (SET_COOKIE, HeaderValue::from_str(&written("", 0, tls)).unwrap_or_else(|_| HeaderValue::from_static("")))
}

fn written(token: &str, seconds: i64, tls: bool) -> String {
    let (name, secure) = if tls { (SECURE, "; Secure") } else { (NAME, "") };
    let seconds = seconds.max(0);
    format!("{name}={token}; Path=/api/v1/auth; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}

/// The token in it.
pub(super) fn read(headers: &HeaderMap, tls: bool) -> Option<Zeroizing<String>> {
    let wanted = if tls { SECURE } else { NAME };
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, token)| Zeroizing::new(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_for_no_script_and_for_these_paths_alone() {
        let (_, value) = keep("abc", 60, false);
        assert_eq!(value, "reeve_refresh=abc; Path=/api/v1/auth; HttpOnly; SameSite=Strict; Max-Age=60");
        let over_tls = keep("abc", 60, true).1;
        let text = over_tls.to_str().unwrap();
        assert!(text.starts_with("__Secure-reeve_refresh=abc; ") && text.ends_with("; Secure"), "{text}");
    }

    #[test]
    fn it_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static("a=1; reeve_refresh=x=y ; b=2"));
        assert_eq!(read(&headers, false).unwrap().as_str(), "x=y");
        assert!(read(&headers, true).is_none(), "over TLS only what came over TLS");
        headers.insert(COOKIE, HeaderValue::from_static("xreeve_refresh=1"));
        assert!(read(&headers, false).is_none());
    }
}
