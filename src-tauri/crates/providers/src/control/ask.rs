//! One request to an admin API, and the class of its answer.

use super::error::{ControlError, Uncertain};
use crate::upstream::{Key, Upstream};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use reqwest::Url;
use serde::de::DeserializeOwned;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::Instant;
use zeroize::Zeroizing;

/// For a whole call.
const TOTAL: Duration = Duration::from_secs(30);
/// No answer is longer.
const LIMIT: usize = 4 * 1024 * 1024;
/// Of a provider's message so much is kept.
const MESSAGE: usize = 300;

/// Sends requests.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    client: reqwest::Client,
    total: Duration,
}

impl Wire {
    pub(crate) fn of(upstream: &Upstream) -> Self {
        Self { client: upstream.client().clone(), total: upstream.patience().min(TOTAL) }
    }

    /// Sends one request and reads the whole answer. `hosts` are those it may go to.
    pub(crate) async fn send(&self, ask: Ask<'_>, hosts: &[&str]) -> Result<Reply, ControlError> {
        let deadline = Instant::now() + self.total;
        let allowed = ask.url.host_str().is_some_and(|host| hosts.contains(&host));
        if !allowed || !(ask.url.scheme() == "https" || is_this_machine(&ask.url)) {
            return Err(super::settings::SettingError::Host.into());
        }
        let request = ask.request()?;
        let answer = tokio::time::timeout_at(deadline, self.client.execute(request)).await;
        let answer = answer.map_err(|_| ControlError::Unknown(Uncertain::Timeout))?.map_err(|e| {
            // Without a connection nothing was sent.
            if e.is_connect() { ControlError::NotSent } else { ControlError::Unknown(Uncertain::Broken) }
        })?;
        Reply::read(answer, deadline).await
    }
}

/// How the admin key is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Show<'a> {
    /// `Authorization: Bearer …`.
    Bearer(Key<'a>),
    /// In a header of this name.
    Header(&'a str, Key<'a>),
    /// It is in the body, or the headers are there already.
    No,
}

/// A request to make.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    method: Method,
    url: Url,
    show: Show<'a>,
    headers: HeaderMap,
    body: Option<(HeaderValue, Zeroizing<Vec<u8>>)>,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(method: Method, url: Url, show: Show<'a>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        Self { method, url, show, headers, body: None }
    }

    pub(crate) fn get(url: Url, show: Show<'a>) -> Self {
        Self::new(Method::GET, url, show)
    }

    pub(crate) fn json(self, body: &serde_json::Value) -> Self {
        self.body("application/json", Zeroizing::new(body.to_string().into_bytes()))
    }

    pub(crate) fn body(mut self, kind: &'static str, body: Zeroizing<Vec<u8>>) -> Self {
        self.body = Some((HeaderValue::from_static(kind), body));
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    fn request(self) -> Result<reqwest::Request, ControlError> {
        let mut request = reqwest::Request::new(self.method, self.url);
        *request.headers_mut() = self.headers;
        let (name, value) = match self.show {
            Show::Bearer(key) => (header::AUTHORIZATION, sensitive(&[b"Bearer ", key.0])?),
            Show::Header(name, key) => {
                let name = HeaderName::try_from(name).map_err(|_| super::settings::SettingError::Header)?;
                (name, sensitive(&[key.0])?)
            }
            Show::No => (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        };
        request.headers_mut().insert(name, value);
        if let Some((kind, mut body)) = self.body {
            request.headers_mut().insert(header::CONTENT_TYPE, kind);
            *request.body_mut() = Some(Bytes::from(std::mem::take(&mut *body)).into());
        }
        Ok(request)
    }
}

fn sensitive(pieces: &[&[u8]]) -> Result<HeaderValue, ControlError> {
    let wrong = || ControlError::from(super::settings::SettingError::AdminKey);
    if pieces.last().is_none_or(|key| key.is_empty()) {
        return Err(wrong());
    }
    let mut value = HeaderValue::from_maybe_shared(Bytes::from(pieces.concat())).map_err(|_| wrong())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whether an address is this very machine.
pub(super) fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A whole answer.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reply({}, {} bytes)", self.status, self.body.len())
    }
}

impl Reply {
    async fn read(mut answer: reqwest::Response, deadline: Instant) -> Result<Self, ControlError> {
        let (status, headers) = (answer.status(), answer.headers().clone());
        let told = answer.content_length().and_then(|n| usize::try_from(n).ok()).unwrap_or(16 * 1024);
        // What it holds may be a key: no buffer that grows leaves a copy behind, as far as it is ours.
        let mut body = Zeroizing::new(Vec::with_capacity(told.min(LIMIT)));
        loop {
            let piece = tokio::time::timeout_at(deadline, answer.chunk()).await;
            let piece = piece.map_err(|_| ControlError::Unknown(Uncertain::Timeout))?;
            let Some(piece) = piece.map_err(|_| ControlError::Unknown(Uncertain::Broken))? else { break };
            if body.len() + piece.len() > LIMIT {
                return Err(ControlError::Shape("longer than 4 MiB"));
            }
            if body.capacity() - body.len() < piece.len() {
                let mut larger = Zeroizing::new(Vec::with_capacity((body.len() + piece.len()) * 2));
                larger.extend_from_slice(&body);
                body = larger;
            }
            body.extend_from_slice(&piece);
        }
        Ok(Self { status, headers, body })
    }

    /// The answer, where the provider did what was asked; its class otherwise. `words` finds the provider's message.
    pub(crate) fn done(self) -> Result<Self, ControlError> {
        if self.status.is_success() {
            return Ok(self);
        }
        let message = self.message();
        let status = self.status.as_u16();
        Err(match status {
            401 | 403 => ControlError::Unauthorized { status, message },
            404 => ControlError::NotFound,
            429 => ControlError::RateLimited { retry_after: self.retry_after() },
            408 | 500.. => ControlError::Unknown(Uncertain::Status(status)),
            300..=399 => {
                ControlError::Refused { status, message: "a redirect, which is not followed".to_owned() }
            }
            _ if says_full(&message) => ControlError::Limit { ids: Vec::new(), message },
            _ => ControlError::Refused { status, message },
        })
    }

    /// What a body of JSON says.
    pub(crate) fn json<T: DeserializeOwned>(&self, what: &'static str) -> Result<T, ControlError> {
        serde_json::from_slice(&self.body).map_err(|_| ControlError::Shape(what))
    }

    fn retry_after(&self) -> Option<Duration> {
        let seconds = self.headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    }

    /// The provider's message, in any of the shapes they have, short and without anything that looks like a key.
    fn message(&self) -> String {
        let value: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let places =
            [&value["error"]["message"], &value["error"]["details"], &value["message"], &value["error"]];
        let said = places.into_iter().find_map(|place| place.as_str());
        let said = said.or_else(|| super::xml::text_of(&self.body, "Message"));
        clean(said.unwrap_or("no reason given"))
    }
}

/// Whether a message says that there is no room for another key.
fn says_full(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("limit") || message.contains("maximum number") || message.contains("quota")
}

/// A message that may be shown and kept: one line, short, and no word in it that could be a key.
pub(crate) fn clean(message: &str) -> String {
    let is_word = |word: &str| {
        let core = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let keylike = core.len() >= 20 && core.bytes().any(|b| b.is_ascii_digit());
        let marked = ["sk-", "sk_", "AIza", "AQ.", "AKIA", "ASIA", "ABSK", "rvk_", "eyJ"];
        !keylike && !marked.iter().any(|mark| core.starts_with(mark))
    };
    let words = message.split_whitespace().map(|word| if is_word(word) { word } else { "…" });
    let line = words.collect::<Vec<_>>().join(" ");
    line.chars().filter(|c| !c.is_control()).take(MESSAGE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_hold_no_key() {
        let said = clean(
            "Incorrect API key provided: sk-admin-abc. You can\nfind AKIAIOSFODNN7EXAMPLE0 (wJalrXUtnFEMI/K7MDENG/bPx) there",
        );
        assert_eq!(said, "Incorrect API key provided: … You can find … … there");
        assert_eq!(clean(&"a b ".repeat(400)).chars().count(), MESSAGE);
    }

    #[test]
    fn only_this_machine_may_be_called_without_tls() {
        for (url, near) in [
            ("http://127.0.0.1:9/v1", true),
            ("http://[::1]:9", true),
            ("http://localhost:9", true),
            ("http://localhost.example.com", false),
            ("http://192.168.1.20", false),
            ("http://127.0.0.1.nip.io", false),
        ] {
            assert_eq!(is_this_machine(&Url::parse(url).unwrap()), near, "{url}");
        }
    }
}
