//! A stream of typed events on its way through: responses, and the other shapes that end with an event that says so.

use super::usage::Response;
use crate::openai::usage::{Answer, read};
use crate::sse::{Event, Splitter, SseError};
use bytes::Bytes;
use memchr::memmem;
use serde::Deserialize;
use serde_json::Value;

/// Reads a stream of typed events and passes it on, every byte of it.
#[derive(Debug)]
pub struct EventReader {
    splitter: Splitter,
    answer: Answer,
    done: bool,
}

#[derive(Deserialize)]
struct Typed {
    #[serde(default, rename = "type")]
    kind: String,
    response: Option<Response>,
    #[serde(default)]
    usage: Value,
}

/// Words that stand in every event that matters.
const TELLING: [&[u8]; 4] = [b".completed\"", b".incomplete\"", b".failed\"", b".done\""];

impl Default for EventReader {
    fn default() -> Self {
        Self { splitter: Splitter::new(), answer: Answer::default(), done: false }
    }
}

impl EventReader {
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

    /// What the stream has said of itself so far.
    #[must_use]
    pub fn answer(&self) -> &Answer {
        &self.answer
    }

    /// Whether the event that ends it has passed.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done
    }

    fn pass(&mut self, event: Event, out: &mut Vec<Bytes>) {
        if let Some(data) = &event.data {
            self.read(data);
        }
        out.push(event.raw);
    }

    fn read(&mut self, data: &[u8]) {
        let is_error = memmem::find(data, b"\"error\"").is_some();
        if !is_error && !TELLING.iter().any(|word| memmem::find(data, word).is_some()) {
            return;
        }
        let Ok(event) = serde_json::from_slice::<Typed>(data) else { return };
        match event.kind.as_str() {
            "response.completed" | "response.incomplete" | "response.failed" => {
                self.answer = event.response.unwrap_or_default().into_answer();
                self.done = true;
            }
            "speech.audio.done" | "transcript.text.done" => {
                self.answer.usage = read(&event.usage);
                self.done = true;
            }
            "error" => self.answer.is_error = true,
            _ => {}
        }
    }
}

/// Appends the words of an event to `text`; `None` where the data is no event that is known.
#[must_use]
pub fn words(data: &[u8], text: &mut String) -> Option<u64> {
    #[derive(Deserialize)]
    struct Delta {
        #[serde(rename = "type")]
        kind: String,
        #[serde(default)]
        delta: Value,
    }
    let event: Delta = serde_json::from_slice(data).ok()?;
    if event.kind.ends_with(".delta") {
        match &event.delta {
            Value::String(words) => text.push_str(words),
            Value::Null => {}
            other => text.push_str(&other.to_string()),
        }
    }
    Some(0)
}
