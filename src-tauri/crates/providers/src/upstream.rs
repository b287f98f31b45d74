//! The client that calls providers.
//!
//! One [`Upstream`] serves the whole process: it keeps connections open. It follows no redirect (a key must not travel to an
//! address nobody chose), retries nothing, keeps no cookie, and reads no proxy from the environment: what a desktop session
//! happens to export must not decide who sees the traffic.

mod auth;
mod base_url;
mod clients;
mod error;
mod headers;
mod probe;
mod response;
mod trust;

pub use auth::Auth;
pub use base_url::{BaseUrl, BaseUrlError};
pub use error::{Phase, UpstreamError};
pub use headers::{forwarded_request_headers, forwarded_response_headers};
pub use probe::{Probe, ProbeOutcome};
pub use response::Response;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use http_body_util::Full;
use std::time::Duration;
use tokio::time::Instant;

/// What Reeve calls itself.
pub(crate) const USER_AGENT: &str = concat!("reeve/", env!("CARGO_PKG_VERSION"));

/// How long to wait for what.
#[derive(Debug, Clone)]
pub struct UpstreamConfig {
    /// For a connection, TLS included.
    pub connect_timeout: Duration,
    /// For the head of an answer, once the request is on its way. A model that thinks before a whole answer takes minutes.
    pub head_timeout: Duration,
    /// Between two pieces of an answer.
    pub idle_timeout: Duration,
    /// For a call from start to end.
    pub total_timeout: Duration,
    /// Idle connections kept for each provider.
    pub idle_connections: usize,
}

impl Default for UpstreamConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(600),
            idle_timeout: Duration::from_secs(300),
            total_timeout: Duration::from_secs(3_600),
            idle_connections: 64,
        }
    }
}

/// How long one call waits; the client's own patience where absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Within {
    /// For a connection, TLS included.
    pub connect: Option<Duration>,
    /// For the head of an answer, once there is a connection.
    pub head: Option<Duration>,
    /// For the whole call.
    pub total: Option<Duration>,
}

/// One call: where to, and with which key.
#[derive(Debug)]
pub struct Target<'a> {
    /// Where the provider's API is.
    pub base_url: &'a BaseUrl,
    /// What to call there, such as `/chat/completions`.
    pub path: &'a str,
    /// What stands behind the `?`, without it.
    pub query: Option<&'a str>,
    /// What the body is.
    pub content_type: HeaderValue,
    /// How the key is shown.
    pub auth: Auth,
    /// The key, in plain; borrowed for this request and kept nowhere. Empty for servers that want none.
    pub key: Key<'a>,
    /// The client's headers; those of [`forwarded_request_headers`] go along.
    pub headers: &'a HeaderMap,
}

impl<'a> Target<'a> {
    /// A call with a JSON body, and the key as most providers take it.
    #[must_use]
    pub const fn json(base_url: &'a BaseUrl, path: &'a str, key: Key<'a>, headers: &'a HeaderMap) -> Self {
        let content_type = HeaderValue::from_static("application/json");
        Self { base_url, path, query: None, content_type, auth: Auth::Bearer, key, headers }
    }
}

/// A key that does not print itself.
#[derive(Clone, Copy)]
pub struct Key<'a>(pub &'a [u8]);

impl std::fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Calls providers. Make one and clone it: clones are cheap and share their connections, while making one reads every
/// certificate the system trusts.
#[derive(Debug, Clone)]
pub struct Upstream {
    clients: clients::Clients,
    control: reqwest::Client,
    config: UpstreamConfig,
}

impl Upstream {
    /// A client.
    ///
    /// # Errors
    /// [`UpstreamError::Setup`] where TLS cannot be set up.
    pub fn new(config: UpstreamConfig) -> Result<Self, UpstreamError> {
        let tls = trust::tls().map_err(|e| UpstreamError::Setup(e.into()))?;
        let control = crate::control::client(&config, tls.clone());
        let control = control.map_err(|e| UpstreamError::Setup(e.into()))?;
        let clients = clients::Clients::new(&config, tls);
        Ok(Self { clients, control, config })
    }

    /// The client for calls that are not of the data plane.
    pub(crate) const fn client(&self) -> &reqwest::Client {
        &self.control
    }

    /// How long the head of an answer may take.
    pub(crate) const fn patience(&self) -> Duration {
        self.config.head_timeout
    }

    /// Posts `body` and returns as soon as the head of the answer is here, whatever its status.
    ///
    /// # Errors
    /// [`UpstreamError`]: no answer came. [`UpstreamError::may_have_run`] tells whether it may cost something all the same.
    pub async fn send(&self, target: Target<'_>, body: Bytes) -> Result<Response, UpstreamError> {
        self.call(Method::POST, target, body, Within::default()).await
    }

    /// As [`Upstream::send`], with another patience.
    ///
    /// # Errors
    /// As [`Upstream::send`].
    pub async fn send_within(
        &self,
        target: Target<'_>,
        body: Bytes,
        within: Within,
    ) -> Result<Response, UpstreamError> {
        self.call(Method::POST, target, body, within).await
    }

    async fn call(
        &self,
        method: Method,
        target: Target<'_>,
        body: Bytes,
        within: Within,
    ) -> Result<Response, UpstreamError> {
        let mut headers = forwarded_request_headers(target.headers);
        target.auth.put(target.key, &mut headers)?;
        if target.auth == Auth::XApiKey {
            // Every call there names a version of the API.
            let version = HeaderValue::from_static(crate::anthropic::VERSION);
            headers.entry("anthropic-version").or_insert(version);
        }
        if method == Method::POST {
            headers.insert(header::CONTENT_TYPE, target.content_type);
        }
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        let (mut head, ()) = http::Request::new(()).into_parts();
        head.method = method;
        head.uri = target.base_url.below(target.path, target.query)?;
        head.headers = headers;
        target.auth.sign(target.key, &mut head, &body)?;
        let request = http::Request::from_parts(head, Full::new(body));
        let connect = within.connect.unwrap_or(self.config.connect_timeout);
        let total = within.total.unwrap_or(self.config.total_timeout);
        let deadline = Instant::now() + total;
        let head = connect + within.head.unwrap_or(self.config.head_timeout);
        let head = head.min(total);
        let answer = match within.connect {
            None => self.clients.usual().request(request),
            Some(connect) => self.clients.connecting_within(connect).request(request),
        };
        let answer = tokio::time::timeout(head, answer)
            .await
            .map_err(|_| UpstreamError::Timeout { phase: Phase::Head, after: head })?
            .map_err(|e| UpstreamError::of_send(e, connect))?;
        if answer.status().is_redirection() {
            return Err(UpstreamError::Redirected { status: answer.status().as_u16() });
        }
        Ok(Response::new(answer, self.config.idle_timeout, deadline))
    }
}

#[cfg(test)]
mod tests;
