//! One attempt of a call: how long it waits, what it tells of the provider key, and whether another follows.

use crate::exchange::{Exchange, ms_since};
use crate::shape::Outgoing;
use http::{HeaderMap, StatusCode, header};
use reeve_engine::Secret;
use reeve_engine::gateway::Failed;
use reeve_providers::upstream::{Key, Response, Target, UpstreamError, Within};
use std::time::{Duration, Instant};

type Sent = Result<Response, UpstreamError>;

/// How an attempt failed; `None` where an answer has begun.
pub(crate) fn failed(sent: &Sent) -> Option<Failed> {
    match sent {
        Ok(response) if response.status.is_success() => None,
        Ok(response) => Some(Failed::Refused {
            status: response.status.as_u16(),
            retry_after_ms: retry_after_ms(&response.headers),
        }),
        Err(UpstreamError::Redirected { status }) => {
            Some(Failed::Refused { status: *status, retry_after_ms: None })
        }
        Err(error) if error.may_have_run() => Some(Failed::Unknown),
        Err(_) => Some(Failed::NotSent),
    }
}

/// How long a provider asks to be left alone: `retry-after-ms`, else `retry-after` in seconds.
fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let ms =
        number("retry-after-ms").or_else(|| number(header::RETRY_AFTER.as_str()).map(|s| s * 1_000.0))?;
    // A day is more than anybody waits.
    (0.0..=86_400_000.0).contains(&ms).then_some(ms.ceil() as u64)
}

impl Exchange {
    /// Sends the request once, and notes what that tells of the key.
    pub(crate) async fn send(&self, headers: &HeaderMap, outgoing: Outgoing, key: &Secret) -> Sent {
        let began = Instant::now();
        let Outgoing { path, query, content_type, auth, body } = outgoing;
        let credential = self.admitted.credential();
        let dialect = self.asked.shape.dialect();
        let (base_url, path) = dialect.address(&credential.provider, &credential.base_url, &path);
        let target = Target {
            base_url: &base_url,
            path: &path,
            query: query.as_deref(),
            content_type,
            auth,
            key: Key(key.expose()),
            headers,
        };
        let sent = match self.within() {
            None => self.engine.upstream().send(target, body).await,
            Some(within) => match self.engine.upstream().send_within(target, body, within).await {
                Ok(response) => self.begun(response, within, began).await,
                Err(error) => Err(error),
            },
        };
        match &sent {
            Ok(response) => {
                let (status, wait) = (response.status.as_u16(), retry_after_ms(&response.headers));
                self.admitted.heard(status, wait, ms_since(began));
            }
            Err(error) => self.admitted.unheard(&error.to_string()),
        }
        sent
    }

    /// What the call's route waits for at most; `None` where it does not say.
    fn within(&self) -> Option<Within> {
        let patience = self.admitted.patience()?;
        let ms = |ms: Option<u64>| ms.map(Duration::from_millis);
        let total = ms(patience.total_ms).map(|total| total.saturating_sub(self.arrived.elapsed()));
        let within = Within { connect: ms(patience.connect_ms), head: ms(patience.first_byte_ms), total };
        (within != Within::default()).then_some(within)
    }

    /// A stream's head says nothing: some providers send it at once and think then. With a time for the first byte the call
    /// can still go elsewhere until that has come.
    async fn begun(&self, mut response: Response, within: Within, began: Instant) -> Sent {
        let Some(first_byte) = within.head else { return Ok(response) };
        if response.status == StatusCode::OK
            && self.asked.stream
            && self.asked.shape.dialect().is_stream(&response.headers)
        {
            response.wait_for_first(first_byte.saturating_sub(began.elapsed())).await?;
        }
        Ok(response)
    }

    /// Makes the call ready for another attempt, and waits before it. `false` where this failure is the last word.
    pub(crate) async fn goes_on(&mut self, failed: Failed) -> bool {
        if self.abandoned.get() {
            return false;
        }
        let total = self.admitted.patience().and_then(|p| p.total_ms).map(Duration::from_millis);
        let left = total.map_or(Duration::MAX, |total| total.saturating_sub(self.arrived.elapsed()));
        if left.is_zero() {
            return false;
        }
        let Some(wait) = self.admitted.next_attempt(failed, left).await else { return false };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_headers_say_how_long_to_wait() {
        let of = |pairs: &[(&'static str, &'static str)]| {
            retry_after_ms(&pairs.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect())
        };
        assert_eq!(of(&[("retry-after", "7")]), Some(7_000));
        assert_eq!(of(&[("retry-after", "0.5"), ("retry-after-ms", "120")]), Some(120));
        assert_eq!(of(&[("retry-after", "Sat, 21 Nov 2026 12:00:00 GMT")]), None);
        assert_eq!(of(&[("retry-after", "-1")]), None);
        assert_eq!(of(&[]), None);
    }
}
