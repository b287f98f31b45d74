//! An answer whose head is here and whose body is still coming.

use super::error::{Phase, UpstreamError};
use super::headers::forwarded_response_headers;
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::time::Duration;
use tokio::time::Instant;

/// A provider's answer. Dropping it ends the call.
#[derive(Debug)]
pub struct Response {
    /// Its status, whatever it is.
    pub status: StatusCode,
    /// Those of its headers that may be passed on.
    pub headers: HeaderMap,
    /// The first piece, where it was waited for.
    first: Option<Bytes>,
    body: Incoming,
    idle: Duration,
    deadline: Instant,
}

impl Response {
    pub(super) fn new(answer: http::Response<Incoming>, idle: Duration, deadline: Instant) -> Self {
        // The others go: they hold the buffer that they were read into for as long as a stream is open.
        let headers = forwarded_response_headers(answer.headers());
        Self { status: answer.status(), headers, first: None, body: answer.into_body(), idle, deadline }
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// [`UpstreamError::BrokenWithin`] or [`UpstreamError::Timeout`].
    pub async fn piece(&mut self) -> Result<Option<Bytes>, UpstreamError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        let (phase, after) = if left < self.idle { (Phase::Total, left) } else { (Phase::Piece, self.idle) };
        tokio::time::timeout(after, data(&mut self.body))
            .await
            .map_err(|_| UpstreamError::Timeout { phase, after })?
            .map_err(UpstreamError::BrokenWithin)
    }

    /// Waits for the first piece of the body, and keeps it for [`Response::piece`].
    ///
    /// # Errors
    /// [`UpstreamError::Timeout`] of the head where it does not come `within` the time, because nothing has come till then;
    /// else as [`Response::piece`].
    pub async fn wait_for_first(&mut self, within: Duration) -> Result<(), UpstreamError> {
        let waited = tokio::time::timeout(within, self.piece()).await;
        let late = UpstreamError::Timeout { phase: Phase::Head, after: within };
        self.first = waited.map_err(|_| late)??;
        Ok(())
    }

    /// The whole body.
    ///
    /// # Errors
    /// As [`Response::piece`]; and [`UpstreamError::TooLong`] beyond `limit` bytes.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, UpstreamError> {
        let Some(first) = self.piece().await? else { return Ok(Bytes::new()) };
        let mut whole: Option<BytesMut> = None;
        let mut len = first.len();
        while len <= limit {
            let Some(next) = self.piece().await? else { return Ok(whole.map_or(first, BytesMut::freeze)) };
            len += next.len();
            whole.get_or_insert_with(|| BytesMut::from(&first[..])).extend_from_slice(&next);
        }
        Err(UpstreamError::TooLong { limit })
    }

    /// The body as a stream of its pieces, which ends after the first error.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, UpstreamError>> + Send + 'static {
        stream::unfold(Some(self), |state| async {
            let mut response = state?;
            match response.piece().await {
                Ok(None) => None,
                Ok(Some(piece)) => Some((Ok(piece), Some(response))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }
}

/// The next piece of a body; its trailers say nothing here.
async fn data(body: &mut Incoming) -> Result<Option<Bytes>, hyper::Error> {
    while let Some(frame) = body.frame().await.transpose()? {
        if let Ok(piece) = frame.into_data() {
            return Ok(Some(piece));
        }
    }
    Ok(None)
}
