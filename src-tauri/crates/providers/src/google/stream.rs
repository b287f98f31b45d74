//! A streamed answer on its way through: every event carries the counts so far, and no byte is changed.

use super::usage::{Said, with_searches};
use crate::openai::usage::{Answer, Reading};
use crate::passage::{Passage, Reads};
use reeve_core::usage::Usage;
use serde::Deserialize;

/// Reads a stream of `streamGenerateContent?alt=sse` and passes it on.
pub type StreamReader = Passage<Events>;

/// What the events of a stream have said so far.
#[derive(Debug, Default)]
pub struct Events {
    answer: Answer,
    /// The counts of the latest event that had any.
    latest: Reading,
    searches: u64,
    done: bool,
}

impl StreamReader {
    /// The counts of the latest event, for a stream that is cut.
    #[must_use]
    pub fn begun(&self) -> Option<Usage> {
        match &self.reader.latest {
            Reading::Usage(usage) => Some(usage.clone()),
            _ => None,
        }
    }

    /// Whether a candidate was finished. There is no mark of the end: the last event looks like the others.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.reader.done
    }
}

impl Reads for Events {
    fn read(&mut self, data: &[u8]) -> bool {
        if let Ok(said) = serde_json::from_slice::<Said>(data) {
            self.take(&said);
        }
        true
    }

    fn answer(&self) -> &Answer {
        &self.answer
    }
}

impl Events {
    fn take(&mut self, said: &Said) {
        let new = said.answer();
        let known = &mut self.answer;
        known.model = new.model.or_else(|| known.model.take());
        known.service_tier = new.service_tier.or_else(|| known.service_tier.take());
        known.is_error |= new.is_error;
        self.searches = self.searches.max(said.searches());
        if new.usage != Reading::Missing {
            self.latest = with_searches(new.usage, self.searches.saturating_sub(said.searches()));
        }
        let blocked = said.prompt_feedback.get("blockReason").is_some();
        self.done |= blocked || said.candidates.iter().any(|c| c.finish_reason.is_string());
        if self.done {
            known.usage = self.latest.clone();
        }
    }
}

/// Adds the words of an event to `text`; what else it generated, in tokens. `None` where the event is of no known shape.
#[must_use]
pub fn words(data: &[u8], text: &mut String) -> Option<u64> {
    let chunk = serde_json::from_slice::<Chunk>(data).ok()?;
    let mut tokens = 0;
    for part in chunk.candidates.into_iter().filter_map(|c| c.content).flat_map(|c| c.parts) {
        let code = part.executable_code.map(|c| c.code);
        [part.text, code].into_iter().flatten().for_each(|t| text.push_str(&t));
        if let Some(call) = part.function_call {
            text.push_str(call.get());
        }
        if let Some(blob) = part.inline_data {
            tokens += blob.tokens();
        }
    }
    Some(tokens)
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    candidates: Vec<Made>,
}

#[derive(Deserialize)]
struct Made {
    content: Option<Content>,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    parts: Vec<Part>,
}

/// Everything in which a model's words may come.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    text: Option<String>,
    executable_code: Option<Code>,
    function_call: Option<Box<serde_json::value::RawValue>>,
    inline_data: Option<Blob>,
}

#[derive(Deserialize)]
struct Code {
    #[serde(default)]
    code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Blob {
    #[serde(default)]
    mime_type: String,
    #[serde(default)]
    data: String,
}

impl Blob {
    /// A picture is at most 2,520 tokens; sound is 25 tokens a second of 24,000 samples of two bytes.
    fn tokens(&self) -> u64 {
        const LETTERS_PER_TOKEN: u64 = 64_000 / 25;
        match self.mime_type.split('/').next() {
            Some("audio") => (self.data.len() as u64).div_ceil(LETTERS_PER_TOKEN),
            _ => 2_520,
        }
    }
}
