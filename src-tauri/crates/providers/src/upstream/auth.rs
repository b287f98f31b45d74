//! How a key is shown to a provider.

use super::Key;
use super::error::UpstreamError;
use crate::bedrock::sign;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use reeve_core::time::Millis;

/// The header a provider reads its key from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer …`, as most do.
    Bearer,
    /// `api-key: …`, as Azure does.
    ApiKey,
    /// `x-api-key: …`, as Anthropic does.
    XApiKey,
    /// `x-goog-api-key: …`, as Google does.
    GoogleApiKey,
    /// A signature over the request, as AWS does; where the key is no pair of AWS keys, as [`Auth::Bearer`].
    Aws {
        /// The time of signing.
        at: Millis,
    },
}

impl Auth {
    /// Puts the key among the headers of a request; an empty one is not sent.
    pub(super) fn put(self, key: Key<'_>, headers: &mut HeaderMap) -> Result<(), UpstreamError> {
        if key.0.is_empty() {
            return Ok(());
        }
        let (name, scheme) = match self {
            Self::Aws { .. } if sign::is_key_pair(key.0) => return Ok(()),
            Self::Bearer | Self::Aws { .. } => (header::AUTHORIZATION, b"Bearer ".as_slice()),
            Self::ApiKey => (HeaderName::from_static("api-key"), b"".as_slice()),
            Self::XApiKey => (HeaderName::from_static("x-api-key"), b"".as_slice()),
            Self::GoogleApiKey => (HeaderName::from_static("x-goog-api-key"), b"".as_slice()),
        };
        let text = [scheme, key.0].concat();
        // Takes over the bytes rather than copying them; they go when the request has been written.
        let mut value =
            HeaderValue::from_maybe_shared(Bytes::from(text)).map_err(|_| UpstreamError::KeyNotSendable)?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(())
    }

    /// Signs a request that is otherwise ready, where that is how the key is shown.
    pub(super) fn sign(self, key: Key<'_>, head: &mut Parts, body: &[u8]) -> Result<(), UpstreamError> {
        let Self::Aws { at } = self else { return Ok(()) };
        if !sign::is_key_pair(key.0) {
            return Ok(());
        }
        let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
        let headers: Vec<_> = content_type.map(|value| ("content-type", value)).into_iter().collect();
        let (method, url) = (&head.method, &head.uri.to_string());
        let unsigned = sign::Unsigned { method, url, headers: &headers, body };
        let region = head.uri.host().and_then(sign::region_of).unwrap_or("us-east-1");
        let scope = sign::Scope { region, service: "bedrock", at };
        let signed = sign::headers(key.0, unsigned, scope).map_err(|_| UpstreamError::KeyNotSendable)?;
        head.headers.extend(signed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_provider_finds_the_key_where_it_looks() {
        for (auth, name, value) in [
            (Auth::Bearer, "authorization", "Bearer sk-x"),
            (Auth::ApiKey, "api-key", "sk-x"),
            (Auth::XApiKey, "x-api-key", "sk-x"),
            (Auth::GoogleApiKey, "x-goog-api-key", "sk-x"),
        ] {
            let mut headers = HeaderMap::new();
            auth.put(Key(b"sk-x"), &mut headers).unwrap();
            assert_eq!((headers.len(), headers[name].to_str().unwrap()), (1, value));
            assert!(headers[name].is_sensitive());
        }
        let mut none = HeaderMap::new();
        Auth::ApiKey.put(Key(b""), &mut none).unwrap();
        assert!(none.is_empty());
    }
}
