//! One attempt: a signed POST that follows no redirect, reads no answer beyond its head, and does not wait long.

use super::{reach, sign};
use crate::Engine;
use crate::error::{Code, Error};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(15);
/// A wait that a receiver asks for is honoured up to here.
const LONGEST_WAIT: u64 = 3_600;

/// A message for an address.
pub(super) struct Message<'m> {
    pub url: &'m str,
    pub allow_private: bool,
    pub secret: &'m [u8],
    pub id: String,
    pub body: Vec<u8>,
}

/// How an attempt ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Attempt {
    pub ok: bool,
    pub status: Option<u16>,
    /// In words, where it went wrong.
    pub error: Option<String>,
    /// Seconds that the receiver asked to be left alone.
    pub wait_s: Option<u64>,
    pub took: Duration,
}

/// The clients, made when the first message goes out.
#[derive(Default)]
pub(crate) struct Clients([OnceLock<Client>; 2]);

impl Clients {
    pub(crate) fn get(&self, allow_private: bool) -> Result<Client, Error> {
        let made = &self.0[usize::from(allow_private)];
        if let Some(client) = made.get() {
            return Ok(client.clone());
        }
        let builder = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .pool_max_idle_per_host(1);
        let builder = if allow_private { builder } else { builder.dns_resolver(Arc::new(reach::PublicOnly)) };
        let client = builder
            .build()
            .map_err(|e| Error::new(Code::Internal, "The client for listeners cannot start.").because(e))?;
        Ok(made.get_or_init(|| client).clone())
    }
}

impl Engine {
    pub(super) async fn attempt(&self, message: &Message<'_>) -> Attempt {
        let began = Instant::now();
        let failed = |error: String| (false, None, Some(error), None);
        let (ok, status, error, wait_s) = match self.posted(message).await {
            Err(error) => failed(error.message),
            Ok(Err(error)) => failed(in_words(&error)),
            Ok(Ok(answer)) => {
                let status = answer.status();
                let wait =
                    answer.headers().get(RETRY_AFTER).and_then(|w| w.to_str().ok()?.trim().parse().ok());
                let wait = wait.map(|s: u64| s.min(LONGEST_WAIT)).filter(|_| !status.is_success());
                (status.is_success(), Some(status.as_u16()), refusal(status), wait)
            }
        };
        Attempt { ok, status, error, wait_s, took: began.elapsed() }
    }

    async fn posted(&self, message: &Message<'_>) -> Result<reqwest::Result<reqwest::Response>, Error> {
        let url = reach::checked(message.url, message.allow_private)?;
        let seconds = self.now().0.div_euclid(1_000);
        let signature = sign::signature(message.secret, &message.id, seconds, &message.body)?;
        let request = self
            .inner
            .listeners
            .clients
            .get(message.allow_private)?
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("Reeve/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", seconds.to_string())
            .header("webhook-signature", signature)
            .body(message.body.clone());
        Ok(request.send().await)
    }
}

fn refusal(status: StatusCode) -> Option<String> {
    if status.is_success() {
        return None;
    }
    Some(match status {
        s if s.is_redirection() => format!("answered {}: redirects are not followed", s.as_u16()),
        s => format!("answered {}", s.as_u16()),
    })
}

/// Without the address: it may hold a secret.
pub(crate) fn in_words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "did not answer in 15 seconds".to_owned();
    }
    if error.is_connect() {
        let mut cause: &dyn std::error::Error = error;
        while let Some(next) = cause.source() {
            cause = next;
        }
        return format!("could not be reached: {cause}");
    }
    "broke the connection off".to_owned()
}
