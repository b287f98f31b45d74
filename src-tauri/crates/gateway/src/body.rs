//! Reading a request's body: bounded in size, in time, and in memory over all requests.

use crate::error::Failure;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// The largest request, in bytes: room for a few dozen pictures.
pub(crate) const MAX_BYTES: usize = 32 * 1024 * 1024;
/// What all bodies together may take, in units of [`UNIT`]: 1 GiB.
const MEMORY_UNITS: usize = 16 * 1024;
/// The grain of memory that is counted, in bytes.
const UNIT: usize = 64 * 1024;

/// How long a body is waited for.
#[derive(Clone, Copy)]
struct Patience {
    /// Between two pieces.
    idle: Duration,
    /// For all of it.
    total: Duration,
}

const PATIENCE: Patience = Patience { idle: Duration::from_secs(30), total: Duration::from_secs(300) };

/// What all bodies that are being read or sent may take.
#[derive(Clone)]
pub(crate) struct Memory(Arc<Semaphore>);

impl Default for Memory {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MEMORY_UNITS)))
    }
}

/// A body and its part of the memory, given back when this is dropped.
pub(crate) struct Held {
    pub(crate) bytes: Bytes,
    pub(crate) share: Share,
}

/// A part of the memory.
pub(crate) struct Share {
    memory: Memory,
    permit: Option<OwnedSemaphorePermit>,
    units: usize,
}

impl Share {
    /// Takes what `bytes` need in all. It is taken as bytes arrive, so nobody reserves memory by announcing a long body.
    fn grow(&mut self, bytes: usize) -> Result<(), Failure> {
        // The first unit is free: connections bound how often.
        let more = (bytes / UNIT).saturating_sub(self.units);
        if more == 0 {
            return Ok(());
        }
        let count = u32::try_from(more).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.memory.0).try_acquire_many_owned(count).map_err(|_| Failure::busy())?;
        self.units += more;
        match &mut self.permit {
            Some(own) => own.merge(permit),
            None => self.permit = Some(permit),
        }
        Ok(())
    }
}

/// Reads `body` to its end.
pub(crate) async fn read(memory: &Memory, body: impl Body<Data = Bytes> + Unpin) -> Result<Held, Failure> {
    read_within(memory, body, PATIENCE).await
}

async fn read_within(
    memory: &Memory,
    mut body: impl Body<Data = Bytes> + Unpin,
    patience: Patience,
) -> Result<Held, Failure> {
    if body.size_hint().lower() > MAX_BYTES as u64 {
        return Err(Failure::too_large(MAX_BYTES));
    }
    let deadline = Instant::now() + patience.total;
    let mut share = Share { memory: memory.clone(), permit: None, units: 0 };
    let (mut first, mut whole, mut length) = (None::<Bytes>, None::<BytesMut>, 0usize);
    while let Some(frame) = next_frame(&mut body, deadline.min(Instant::now() + patience.idle)).await? {
        let Ok(piece) = frame.into_data() else { continue };
        length += piece.len();
        if length > MAX_BYTES {
            return Err(Failure::too_large(MAX_BYTES));
        }
        share.grow(length)?;
        // Most requests come in one piece, which is then not copied.
        match (&mut whole, &first) {
            (Some(whole), _) => whole.extend_from_slice(&piece),
            (None, None) => first = Some(piece),
            (None, Some(head)) => {
                let mut joined = BytesMut::with_capacity(length.max(2 * head.len()));
                joined.extend_from_slice(head);
                joined.extend_from_slice(&piece);
                whole = Some(joined);
            }
        }
    }
    let bytes = whole.map(BytesMut::freeze).or(first).unwrap_or_default();
    Ok(Held { bytes, share })
}

async fn next_frame(
    body: &mut (impl Body<Data = Bytes> + Unpin),
    until: Instant,
) -> Result<Option<Frame<Bytes>>, Failure> {
    match tokio::time::timeout_at(until, body.frame()).await {
        Err(_) => Err(Failure::body_timeout()),
        Ok(None) => Ok(None),
        Ok(Some(Ok(frame))) => Ok(Some(frame)),
        Ok(Some(Err(_))) => Err(Failure::body_broken()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{Stream, StreamExt, stream};
    use http_body_util::StreamBody;
    use std::convert::Infallible;

    /// A body in pieces of a kilobyte, each after a pause.
    fn dripping(pieces: usize, pause: Duration) -> impl Body<Data = Bytes> + Unpin {
        let drops = stream::iter(0..pieces).then(move |_| async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[b'x'; 1024])))
        });
        StreamBody::new(Box::pin(drops) as std::pin::Pin<Box<dyn Stream<Item = _> + Send>>)
    }

    const SHORT: Patience = Patience { idle: Duration::from_millis(100), total: Duration::from_millis(400) };

    async fn refused(body: impl Body<Data = Bytes> + Unpin) -> (u16, &'static str) {
        let failure = read_within(&Memory::default(), body, SHORT).await.err().expect("it is refused");
        (failure.status().as_u16(), failure.code())
    }

    #[tokio::test]
    async fn a_sender_who_pauses_is_not_waited_for() {
        assert_eq!(refused(dripping(2, Duration::from_secs(3_600))).await, (408, "request_timeout"));
    }

    #[tokio::test]
    async fn nor_is_one_who_drips() {
        assert_eq!(refused(dripping(100_000, SHORT.idle / 20)).await, (408, "request_timeout"));
    }

    #[tokio::test]
    async fn a_body_without_a_length_is_bounded_as_it_comes() {
        let endless = dripping(usize::MAX, Duration::ZERO);
        let failure = read(&Memory::default(), endless).await.err().expect("it is refused");
        assert_eq!((failure.status().as_u16(), failure.code()), (413, "request_too_large"));
    }

    #[tokio::test]
    async fn all_bodies_share_the_memory_and_give_it_back() {
        let memory = Memory(Arc::new(Semaphore::new(2)));
        let Ok(first) = read(&memory, dripping(190, Duration::ZERO)).await else { panic!("there is room") };
        assert_eq!(first.bytes.len(), 190 * 1024);
        let second = read(&memory, dripping(190, Duration::ZERO)).await.err().expect("there is none");
        assert_eq!((second.status().as_u16(), second.code()), (503, "unavailable"));
        drop(first);
        assert!(read(&memory, dripping(190, Duration::ZERO)).await.is_ok());
    }
}
