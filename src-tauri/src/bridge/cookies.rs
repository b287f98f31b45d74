//! The cookies of one window, kept in memory: closing the window signs out.
//!
//! Only as much of RFC 6265 as one origin needs whose single server is in the same process: name, value, path, and removal
//! by `Max-Age=0`. Expiry is not tracked; the server checks the age of its tokens anyway.

use http::HeaderValue;

#[derive(Debug, Default)]
pub(super) struct CookieJar {
    cookies: Vec<Cookie>,
}

#[derive(Debug, PartialEq, Eq)]
struct Cookie {
    name: String,
    value: String,
    path: String,
}

impl CookieJar {
    /// Keeps, replaces or removes what a `Set-Cookie` in the answer to `request_path` says.
    pub(super) fn store(&mut self, request_path: &str, set_cookie: &HeaderValue) {
        let Some((cookie, keep)) = set_cookie.to_str().ok().and_then(|text| parse(request_path, text)) else {
            return;
        };
        self.cookies.retain(|known| (&known.name, &known.path) != (&cookie.name, &cookie.path));
        if keep {
            self.cookies.push(cookie);
        }
    }

    /// The `Cookie` header for a request to `path`; `None` when no cookie belongs there.
    pub(super) fn header_for(&self, path: &str) -> Option<HeaderValue> {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .filter(|cookie| path_matches(&cookie.path, path))
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        let mut header = HeaderValue::from_str(&pairs.join("; ")).ok().filter(|header| !header.is_empty())?;
        header.set_sensitive(true);
        Some(header)
    }
}

/// The cookie, and whether it is to be kept or removed.
fn parse(request_path: &str, text: &str) -> Option<(Cookie, bool)> {
    let mut parts = text.split(';').map(str::trim);
    let (name, value) = parts.next()?.split_once('=')?;
    let mut path = default_path(request_path);
    let mut keep = true;
    for attribute in parts {
        let (key, argument) = attribute.split_once('=').unwrap_or((attribute, ""));
        if key.eq_ignore_ascii_case("path") && argument.starts_with('/') {
            path = argument.to_owned();
        } else if key.eq_ignore_ascii_case("max-age") {
            keep = argument.parse::<i64>().is_ok_and(|seconds| seconds > 0);
        }
    }
    let name = name.trim();
    (!name.is_empty()).then(|| (Cookie { name: name.into(), value: value.trim().into(), path }, keep))
}

/// RFC 6265, 5.1.4: the folder of the request's path.
fn default_path(request_path: &str) -> String {
    match request_path.rsplit_once('/') {
        Some(("", _)) | None => "/".into(),
        Some((folder, _)) => folder.into(),
    }
}

/// RFC 6265, 5.1.4: the same path, or one below it.
fn path_matches(cookie_path: &str, path: &str) -> bool {
    let Some(rest) = path.strip_prefix(cookie_path) else { return false };
    rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jar(set_cookies: &[&'static str]) -> CookieJar {
        let mut jar = CookieJar::default();
        for text in set_cookies {
            jar.store("/api/v1/auth/login", &HeaderValue::from_static(text));
        }
        jar
    }

    fn sent(jar: &CookieJar, path: &str) -> Option<String> {
        jar.header_for(path).map(|header| header.to_str().expect("made from text").to_owned())
    }

    #[test]
    fn sends_a_cookie_to_its_path_alone() {
        let jar = jar(&["reeve_refresh=abc; Path=/api/v1/auth; HttpOnly; SameSite=Strict; Max-Age=60"]);
        assert_eq!(sent(&jar, "/api/v1/auth/refresh").as_deref(), Some("reeve_refresh=abc"));
        assert_eq!(sent(&jar, "/api/v1/auth").as_deref(), Some("reeve_refresh=abc"));
        assert_eq!(sent(&jar, "/api/v1/authors"), None, "a longer word is another path");
        assert_eq!(sent(&jar, "/api/v1/tenants"), None);
    }

    #[test]
    fn a_later_cookie_replaces_and_max_age_nought_removes() {
        let path = "/api/v1/auth/refresh";
        let replaced = jar(&["t=1; Path=/api/v1/auth", "t=2; Path=/api/v1/auth"]);
        assert_eq!(sent(&replaced, path).as_deref(), Some("t=2"));
        assert_eq!(sent(&jar(&["t=1; Path=/api/v1/auth", "t=; Path=/api/v1/auth; Max-Age=0"]), path), None);
    }

    #[test]
    fn without_a_path_it_belongs_to_the_folder_of_the_request() {
        assert_eq!(sent(&jar(&["t=1"]), "/api/v1/auth/me").as_deref(), Some("t=1"));
        assert_eq!(sent(&jar(&["t=1"]), "/api/v1/tenants"), None);
        assert_eq!(sent(&jar(&["no pair", "=5"]), "/api/v1/auth/me"), None, "what is no cookie is ignored");
    }
}
