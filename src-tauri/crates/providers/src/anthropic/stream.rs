//! A streamed message on its way through: usage is read as it passes, and no byte is changed.

use super::usage::{Message, read};
use crate::openai::usage::{Answer, Reading};
use crate::sse::{Event, Splitter, SseError};
use bytes::Bytes;
use reeve_core::usage::Usage;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Reads a stream of `/v1/messages` and passes it on.
#[derive(Debug)]
pub struct StreamReader {
    splitter: Splitter,
    answer: Answer,
    /// What was said of usage so far: counts are cumulative, so each event replaces those it names.
    said: Map<String, Value>,
    /// Whether the counts at the end have come.
    counted: bool,
    done: bool,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    message: Option<Message>,
    #[serde(default)]
    usage: Value,
}

impl Default for StreamReader {
    fn default() -> Self {
        Self::new()
    }
}

impl StreamReader {
    /// A reader at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self {
            splitter: Splitter::new(),
            answer: Answer { usage: Reading::Missing, model: None, service_tier: None, is_error: false },
            said: Map::new(),
            counted: false,
            done: false,
        }
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

    /// The stream has ended: passes on what is left, and says what was read.
    pub fn finish(&mut self, out: &mut Vec<Bytes>) -> &Answer {
        if let Some(event) = self.splitter.finish() {
            self.pass(event, out);
        }
        &self.answer
    }

    /// What the stream has said of itself so far; of usage nothing before the counts at its end.
    #[must_use]
    pub fn answer(&self) -> &Answer {
        &self.answer
    }

    /// What the stream said of usage at its start: the input, and next to nothing of the output.
    #[must_use]
    pub fn begun(&self) -> Option<Usage> {
        match read(&Value::Object(self.said.clone())) {
            Reading::Usage(usage) => Some(usage),
            _ => None,
        }
    }

    /// Whether the end has passed: the stream was not cut.
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
        // Most events are a word of text, and say so in their first letters.
        if data.starts_with(b"{\"type\":\"content_block_") {
            return;
        }
        let Ok(said) = serde_json::from_slice::<Said>(data) else { return };
        match said.kind.as_str() {
            "message_start" => {
                let Some(message) = said.message else { return };
                let head = message.head();
                (self.answer.model, self.answer.service_tier) = (head.model, head.service_tier);
                self.overlay(message.usage);
            }
            "message_delta" => {
                self.overlay(said.usage);
                self.counted = true;
                self.answer.usage = read(&Value::Object(self.said.clone()));
            }
            "message_stop" => self.done = self.counted,
            "error" => self.answer.is_error = true,
            _ => {}
        }
    }

    fn overlay(&mut self, usage: Value) {
        let Value::Object(usage) = usage else { return };
        self.said.extend(usage.into_iter().filter(|(_, value)| !value.is_null()));
    }
}

/// Adds the words of an event to `text`; what else it generated, in tokens. `None` where the event is of no known shape.
#[must_use]
pub fn words(data: &[u8], text: &mut String) -> Option<u64> {
    let event = serde_json::from_slice::<Piece>(data).ok()?;
    let delta = event.delta.unwrap_or_default();
    [delta.text, delta.thinking, delta.partial_json].into_iter().flatten().for_each(|t| text.push_str(&t));
    let block = event.content_block.unwrap_or_default();
    if let Some(name) = block.name {
        text.push_str(&name);
    }
    // A thought that is not shown: three bytes for four letters, and about four bytes a token.
    Some(block.data.map_or(0, |data| data.len() as u64 * 3 / 16))
}

#[derive(Deserialize)]
struct Piece {
    delta: Option<Delta>,
    content_block: Option<Block>,
}

/// Everything in which a model's words may come.
#[derive(Deserialize, Default)]
struct Delta {
    text: Option<String>,
    thinking: Option<String>,
    partial_json: Option<String>,
}

#[derive(Deserialize, Default)]
struct Block {
    name: Option<String>,
    data: Option<String>,
}
