//! Reading a request's body: bounded in size, in time, and in memory over all requests.

use crate::error::Failure;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
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
/// Between two pieces of a body.
const IDLE: Duration = Duration::from_secs(30);
/// For a whole body.
const TOTAL: Duration = Duration::from_secs(300);

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
pub(crate) async fn read(memory: &Memory, mut body: Incoming) -> Result<Held, Failure> {
    if body.size_hint().lower() > MAX_BYTES as u64 {
        return Err(Failure::too_large(MAX_BYTES));
    }
    let deadline = Instant::now() + TOTAL;
    let mut share = Share { memory: memory.clone(), permit: None, units: 0 };
    let (mut first, mut whole, mut length) = (None::<Bytes>, None::<BytesMut>, 0usize);
    while let Some(frame) = next_frame(&mut body, deadline).await? {
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
    body: &mut Incoming,
    deadline: Instant,
) -> Result<Option<hyper::body::Frame<Bytes>>, Failure> {
    let until = deadline.min(Instant::now() + IDLE);
    match tokio::time::timeout_at(until, body.frame()).await {
        Err(_) => Err(Failure::body_timeout()),
        Ok(None) => Ok(None),
        Ok(Some(Ok(frame))) => Ok(Some(frame)),
        Ok(Some(Err(_))) => Err(Failure::body_broken()),
    }
}
