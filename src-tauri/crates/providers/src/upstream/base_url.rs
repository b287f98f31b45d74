//! The address of a provider's API.

use super::error::UpstreamError;
use bytes::Bytes;
use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use reqwest::Url;
use std::fmt;
use std::net::IpAddr;

/// An address a key may be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
    /// Its host and port, which every call needs.
    authority: Authority,
}

/// Why an address is none for a provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// Not an address at all.
    #[error("this is not an address; write it as https://api.example.com/v1")]
    Malformed,
    /// Neither `https` nor `http`.
    #[error("the address must start with https://")]
    Scheme,
    /// `http` to a place beyond the own machine and network.
    #[error("use https: over http the key would travel in the clear to {0}")]
    Cleartext(String),
    /// Name or password in the address.
    #[error("leave name and password out of the address; the key is kept apart")]
    Credentials,
    /// `?…` or `#…`.
    #[error("leave out everything from ? or # on")]
    Tail,
}

impl BaseUrl {
    /// Reads an address: `https` anywhere, `http` only on the own machine or in a private network. A slash at the end does
    /// not matter.
    ///
    /// # Errors
    /// [`BaseUrlError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let url = Url::parse(text.trim()).map_err(|_| BaseUrlError::Malformed)?;
        let host = url.host_str().filter(|h| !h.is_empty()).ok_or(BaseUrlError::Malformed)?;
        match url.scheme() {
            "https" => {}
            "http" if is_near(host) => {}
            "http" => return Err(BaseUrlError::Cleartext(host.to_owned())),
            _ => return Err(BaseUrlError::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BaseUrlError::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlError::Tail);
        }
        let mut url = url;
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Self::of(url).ok_or(BaseUrlError::Malformed)
    }

    fn of(url: Url) -> Option<Self> {
        let host = url.host_str()?;
        let authority =
            url.port().map_or_else(|| host.parse(), |port| format!("{host}:{port}").parse()).ok()?;
        Some(Self { url, authority })
    }

    /// The address, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// The same address without `end`, where it ends in that.
    #[must_use]
    pub fn without(&self, end: &str) -> Self {
        let mut other = self.clone();
        if let Some(path) = self.url.path().strip_suffix(end) {
            other.url.set_path(path);
        }
        other
    }

    /// The same address at a host beside it, whose first name differs from this one's.
    #[must_use]
    pub(super) fn beside(&self, name: &str, other: &str) -> Self {
        let mut url = self.url.clone();
        let rest = url.host_str().and_then(|host| host.strip_prefix(name)).filter(|r| r.starts_with('.'));
        if let Some(host) = rest.map(|rest| format!("{other}{rest}")) {
            // Fails for no host that is one with another first name.
            let _ = url.set_host(Some(&host));
        }
        Self::of(url).unwrap_or_else(|| self.clone())
    }

    /// Its path, without a slash at the end.
    #[must_use]
    pub fn path(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }

    /// The address of `path` below this one, with `query` behind it. A path that leads elsewhere is refused.
    pub(super) fn below(&self, path: &str, query: Option<&str>) -> Result<Uri, UpstreamError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.' | b':');
        // A colon or slash within a model's id may come encoded, and nothing else.
        let mut parts = path.split("%3A").flat_map(|part| part.split("%2F"));
        if !path.starts_with('/') || path.contains("..") || !parts.all(|part| part.bytes().all(plain)) {
            return Err(UpstreamError::PathNotSendable);
        }
        let mut whole = String::with_capacity(self.url.path().len() + path.len() + 64);
        whole.push_str(self.path());
        whole.push_str(path);
        if let Some(query) = query {
            whole.push('?');
            whole.push_str(query);
        }
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(if self.url.scheme() == "https" { Scheme::HTTPS } else { Scheme::HTTP });
        parts.authority = Some(self.authority.clone());
        let whole = PathAndQuery::from_maybe_shared(Bytes::from(whole));
        parts.path_and_query = Some(whole.map_err(|_| UpstreamError::PathNotSendable)?);
        Uri::from_parts(parts).map_err(|_| UpstreamError::PathNotSendable)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a host is this machine or one of the own network: by its address, or by a name that only a local resolver knows.
/// Link-local addresses are not: clouds serve machine credentials there.
fn is_near(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local(),
        Err(_) => {
            let name = bare.trim_end_matches('.');
            !name.contains('.')
                || [".localhost", ".local", ".internal", ".lan"].iter().any(|s| name.ends_with(s))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_anywhere_and_http_only_near() {
        for good in [
            "https://api.openai.com/v1",
            "https://api.openai.com/v1/",
            "http://127.0.0.1:8000/v1",
            "http://localhost:11434/v1",
            "http://[::1]:8000",
            "http://192.168.1.20/v1",
            "http://10.0.0.4",
            "http://ollama:11434/v1",
            "http://gpu.internal/v1",
            " https://x.example ",
        ] {
            assert!(BaseUrl::parse(good).is_ok(), "{good}");
        }
        for (bad, error) in [
            ("api.openai.com", BaseUrlError::Malformed),
            ("https://", BaseUrlError::Malformed),
            ("ftp://api.openai.com", BaseUrlError::Scheme),
            ("file:///etc/passwd", BaseUrlError::Malformed),
            ("http://api.openai.com/v1", BaseUrlError::Cleartext("api.openai.com".to_owned())),
            ("http://8.8.8.8/v1", BaseUrlError::Cleartext("8.8.8.8".to_owned())),
            ("http://169.254.169.254", BaseUrlError::Cleartext("169.254.169.254".to_owned())),
            ("http://127.0.0.1.evil.example", BaseUrlError::Cleartext("127.0.0.1.evil.example".to_owned())),
            ("https://me:pw@x.example", BaseUrlError::Credentials),
            ("https://x.example/v1?a=b", BaseUrlError::Tail),
            ("https://x.example/v1#a", BaseUrlError::Tail),
        ] {
            assert_eq!(BaseUrl::parse(bad), Err(error), "{bad}");
        }
    }

    #[test]
    fn paths_stay_below() {
        let base = BaseUrl::parse("https://x.example/openai/v1/").unwrap();
        assert_eq!(base.to_string(), "https://x.example/openai/v1");
        assert_eq!(
            base.below("/chat/completions", Some("a=b")).unwrap(),
            "https://x.example/openai/v1/chat/completions?a=b"
        );
        let bare = BaseUrl::parse("https://x.example").unwrap();
        assert_eq!(
            (bare.as_str(), bare.below("/models", None).unwrap().path()),
            ("https://x.example", "/models")
        );
        let encoded = bare.below("/model/a.b-v1%3A0/converse", None).unwrap();
        assert_eq!(encoded.path(), "/model/a.b-v1%3A0/converse", "as it is written");
        assert_eq!(base.without("/v1").as_str(), "https://x.example/openai");
        let aws = BaseUrl::parse("https://bedrock-runtime.eu-west-1.amazonaws.com").unwrap();
        let control = aws.beside("bedrock-runtime", "bedrock");
        assert_eq!(control.as_str(), "https://bedrock.eu-west-1.amazonaws.com");
        assert_eq!(base.beside("bedrock-runtime", "bedrock"), base, "any other stays");
        assert_eq!((base.without("/v2").as_str(), bare.path()), (base.as_str(), ""));
        for path in
            ["models", "/../admin", "/a%253A", "/a%3a", "/a?b", "/a#b", "/a%2e%2e", "/a b", "//evil/.."]
        {
            assert!(base.below(path, None).is_err(), "{path}");
        }
    }
}
