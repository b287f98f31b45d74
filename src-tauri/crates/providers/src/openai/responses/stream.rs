//! A stream of typed events on its way through: responses, and the other shapes that end with an event that says so.

use super::usage::Response;
use crate::openai::usage::{Answer, read};
use crate::passage::{Passage, Reads};
use memchr::memmem;
use serde::Deserialize;
use serde_json::Value;

/// Reads a stream of typed events and passes it on, every byte of it.
pub type EventReader = Passage<Events>;

/// What the events of a stream have said so far.
#[derive(Debug, Default)]
pub struct Events {
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

impl EventReader {
    /// Whether the event that ends it has passed.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.reader.done
    }
}

impl Reads for Events {
    fn read(&mut self, data: &[u8]) -> bool {
        self.take(data);
        true
    }

    fn answer(&self) -> &Answer {
        &self.answer
    }
}

impl Events {
    fn take(&mut self, data: &[u8]) {
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
