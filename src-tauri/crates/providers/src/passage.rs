//! A stream of events on its way through: each is read as it passes, and passed on as it came.

use crate::openai::usage::Answer;
use crate::sse::{Event, Splitter, SseError};
use bytes::Bytes;

/// What a shape makes of the events of a stream.
pub trait Reads {
    /// Reads the data of the next event; whether the event is for the client.
    fn read(&mut self, data: &[u8]) -> bool;

    /// What the stream has said of itself so far.
    fn answer(&self) -> &Answer;
}

/// A stream that `R` reads.
#[derive(Debug)]
pub struct Passage<R> {
    splitter: Splitter,
    pub(crate) reader: R,
}

impl<R: Reads + Default> Default for Passage<R> {
    fn default() -> Self {
        Self::of(R::default())
    }
}

impl<R: Reads> Passage<R> {
    /// The start of a stream.
    pub(crate) fn of(reader: R) -> Self {
        Self { splitter: Splitter::new(), reader }
    }

    /// Takes a piece of the stream; what to pass on is appended to `out`.
    ///
    /// # Errors
    /// [`SseError`] where the stream is not one; what came before it is in `out`.
    pub fn push(&mut self, piece: Bytes, out: &mut Vec<Bytes>) -> Result<(), SseError> {
        self.splitter.push(piece);
        while let Some(event) = self.splitter.next() {
            self.pass(event?, out);
        }
        Ok(())
    }

    /// The stream has ended: passes on what is left.
    pub fn finish(&mut self, out: &mut Vec<Bytes>) {
        if let Some(event) = self.splitter.finish() {
            self.pass(event, out);
        }
    }

    /// What the stream has said of itself so far; of usage nothing before the counts at its end.
    #[must_use]
    pub fn answer(&self) -> &Answer {
        self.reader.answer()
    }

    fn pass(&mut self, event: Event, out: &mut Vec<Bytes>) {
        if event.data.as_ref().is_none_or(|data| self.reader.read(data)) {
            out.push(event.raw);
        }
    }
}
