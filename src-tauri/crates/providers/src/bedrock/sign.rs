//! AWS's signature, version 4, over one request.
//!
//! A key is written `access_key_id:secret_access_key` or, where it is a temporary one, with `:session_token` behind. A
//! Bedrock API key has no colon and goes along as a bearer instead.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reeve_core::time::Millis;
use std::time::{Duration, SystemTime};

/// Why a request cannot be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The key is not `access_key_id:secret_access_key[:session_token]`.
    #[error("the AWS key is not written as access_key_id:secret_access_key[:session_token]")]
    Key,
    /// The request has parts that cannot be signed.
    #[error("the request cannot be signed")]
    Request,
}

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub struct Unsigned<'a> {
    /// Its method.
    pub method: &'a Method,
    /// The whole address.
    pub url: &'a str,
    /// The headers to sign besides `host` and those of the signature itself.
    pub headers: &'a [(&'a str, &'a str)],
    /// Its body.
    pub body: &'a [u8],
}

/// For whom, where and when it is signed.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Such as `us-east-1`.
    pub region: &'a str,
    /// Such as `bedrock`.
    pub service: &'a str,
    /// The time of signing; AWS accepts some minutes of difference.
    pub at: Millis,
}

/// Whether `key` is a pair of AWS keys rather than a Bedrock API key.
#[must_use]
pub fn is_key_pair(key: &[u8]) -> bool {
    key.contains(&b':')
}

/// The region an address of Bedrock's belongs to, such as `eu-central-1` of `bedrock-runtime.eu-central-1.amazonaws.com`.
#[must_use]
pub fn region_of(host: &str) -> Option<&str> {
    let mut labels = host.split('.');
    labels.find(|label| matches!(*label, "bedrock-runtime" | "bedrock-runtime-fips"))?;
    labels.next().filter(|region| region.bytes().filter(|b| *b == b'-').count() >= 2)
}

/// The headers that make a request a signed one.
///
/// # Errors
/// [`SignError`] where the key or the request cannot be used.
pub fn headers(key: &[u8], request: Unsigned<'_>, scope: Scope<'_>) -> Result<HeaderMap, SignError> {
    let identity = credentials(key)?.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(system_time(scope.at))
        .settings(SigningSettings::default())
        .build()
        .map_err(|_| SignError::Request)?
        .into();
    let signable = SignableRequest::new(
        request.method.as_str(),
        request.url,
        request.headers.iter().copied(),
        SignableBody::Bytes(request.body),
    );
    let signed = sign(signable.map_err(|_| SignError::Request)?, &params).map_err(|_| SignError::Request)?;
    let (instructions, _) = signed.into_parts();
    let mut headers = HeaderMap::new();
    for (name, value) in instructions.headers() {
        let name = HeaderName::try_from(name).map_err(|_| SignError::Request)?;
        let mut value = HeaderValue::from_str(value).map_err(|_| SignError::Key)?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

fn credentials(key: &[u8]) -> Result<Credentials, SignError> {
    let key = std::str::from_utf8(key).map_err(|_| SignError::Key)?.trim();
    let mut parts = key.splitn(3, ':');
    let (id, secret) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if id.is_empty() || secret.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(SignError::Key);
    }
    let token = parts.next().filter(|token| !token.is_empty()).map(str::to_owned);
    Ok(Credentials::new(id, secret, token, None, "reeve"))
}

fn system_time(at: Millis) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn signature(key: &[u8], request: Unsigned<'_>, region: &str, service: &str, at: &str) -> String {
        let scope = Scope { region, service, at: at.parse().unwrap() };
        let headers = headers(key, request, scope).unwrap();
        let value = headers["authorization"].to_str().unwrap();
        value.rsplit_once("Signature=").unwrap().1.to_owned()
    }

    /// `get-vanilla`, `post-vanilla` and `post-x-www-form-urlencoded` of AWS's own test suite for signature version 4.
    #[test]
    fn the_published_vectors_come_out() {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        for (method, headers, body, expected) in [
            (Method::GET, &[][..], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            (Method::POST, &[][..], "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (
                Method::POST,
                &form[..],
                "Param1=value1",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ] {
            let url = "https://example.amazonaws.com/";
            let request = Unsigned { method: &method, url, headers, body: body.as_bytes() };
            assert_eq!(signature(KEY, request, "us-east-1", "service", "2015-08-30T12:36:00Z"), expected);
        }
    }

    /// A call to Bedrock, signed by botocore 1.44 with the same key and time.
    #[test]
    fn a_call_to_bedrock_is_signed_as_awss_own_client_does() {
        let request = Unsigned {
            method: &Method::POST,
            url: "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-haiku-4-5-20251001-v1%3A0/converse",
            headers: &[("content-type", "application/json")],
            body: br#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#,
        };
        let key = [KEY, b":AQoDYXdzEPT//////////wEXAMPLE"].concat();
        let expected = "e9185c45671051bd5c6e13966255d26fcd48088c1788a154b80a25aa38eb829c";
        assert_eq!(signature(&key, request, "us-east-1", "bedrock", "2026-11-21T12:00:00Z"), expected);
    }

    #[test]
    fn keys_that_are_none_are_said_to_be_none() {
        for wrong in ["", ":", "AKID:", ":secret", "AK ID:secret", "ABSKbearer"] {
            assert_eq!(credentials(wrong.as_bytes()).unwrap_err(), SignError::Key, "{wrong}");
        }
        let temporary = credentials(b"ASIAX:se/cr+et:to:ken").unwrap();
        assert_eq!((temporary.secret_access_key(), temporary.session_token()), ("se/cr+et", Some("to:ken")));
        assert!(!format!("{temporary:?}").contains("se/cr+et"), "keys do not print themselves");
    }

    #[test]
    fn the_region_is_read_from_the_address() {
        for (host, region) in [
            ("bedrock-runtime.eu-central-1.amazonaws.com", Some("eu-central-1")),
            ("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", Some("us-gov-west-1")),
            ("vpce-0a1b-c2d3.bedrock-runtime.us-east-1.vpce.amazonaws.com", Some("us-east-1")),
            ("127.0.0.1", None),
            ("bedrock-runtime.example.com", None),
        ] {
            assert_eq!(region_of(host), region, "{host}");
        }
    }
}
