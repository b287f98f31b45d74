//! A streamed message on its way through: usage is read as it passes, and no byte is changed.

use super::usage::{Message, read};
use crate::openai::usage::{Answer, Reading};
use crate::passage::{Passage, Reads};
use reeve_core::usage::Usage;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Reads a stream of `/v1/messages` and passes it on.
pub type StreamReader = Passage<Events>;

/// What the events of a stream have said so far.
#[derive(Debug, Default)]
pub struct Events {
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

impl StreamReader {
    /// What the stream said of usage at its start: the input, and next to nothing of the output.
    #[must_use]
    pub fn begun(&self) -> Option<Usage> {
        match read(&Value::Object(self.reader.said.clone())) {
            Reading::Usage(usage) => Some(usage),
            _ => None,
        }
    }

    /// Whether the end has passed: the stream was not cut.
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
