//! What goes into a request besides text: the frame of each message, tools, pictures, sound.

use super::{Counter, Family};
use crate::openai::{ChatRequest, EmbeddingsRequest, Fields, ModerationsRequest, Text};
use serde_json::value::RawValue;

/// The most input tokens a request can be billed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputBound {
    /// Tokens that the request itself can make.
    pub tokens: u64,
    /// The field through which the provider adds input of its own (files it holds, pages it finds), so that only
    /// the length of the model's context bounds the call.
    pub unbounded: Option<&'static str>,
}

/// Each message is framed by a few tokens, whatever the model; OpenAI's documentation says three or four.
const PER_MESSAGE: u64 = 8;
/// The start of the answer; some open models add a standing instruction.
pub(super) const PER_REQUEST: u64 = 16;
pub(super) const PER_REQUEST_OTHER: u64 = 160;
/// Tools come with an instruction on how to use them; Anthropic's is the longest.
const PER_TOOLSET: u64 = 64;
const PER_TOOLSET_OTHER: u64 = 1_024;

/// Members of a chat request that the model never reads.
const NOT_READ: [&str; 6] =
    ["model", "user", "metadata", "logit_bias", "safety_identifier", "prompt_cache_key"];
/// Members through which a provider fetches input of its own.
const FETCHES: [&str; 4] = ["web_search_options", "search_parameters", "plugins", "web_search"];

/// The most input tokens of a chat request.
#[must_use]
pub fn chat(family: Family, request: &ChatRequest<'_>) -> InputBound {
    let per_request = if family == Family::Other { PER_REQUEST_OTHER } else { PER_REQUEST };
    let mut tally = Tally::new(family, &request.model, per_request);
    tally.messages(request.messages);
    for (name, value) in request.fields.iter() {
        if let Some(fetches) =
            FETCHES.into_iter().find(|f| *f == name && value.get() != "null" && value.get() != "false")
        {
            tally.bound.unbounded = Some(fetches);
        }
        match name {
            "messages" => {}
            "tools" | "functions" => tally.tools(value),
            name if NOT_READ.contains(&name) => {}
            _ if value.get().starts_with(['{', '[', '"']) => tally.json(value),
            _ => {}
        }
    }
    tally.bound
}

/// The most input tokens of an embeddings request.
#[must_use]
pub fn embeddings(family: Family, request: &EmbeddingsRequest<'_>) -> InputBound {
    let mut tally = Tally::new(family, &request.model, 0);
    tally.embedded(request.input);
    tally.bound
}

/// The most input tokens of a request to check texts and pictures.
#[must_use]
pub fn moderations(family: Family, request: &ModerationsRequest<'_>) -> InputBound {
    let mut tally = Tally::new(family, &request.model, 0);
    tally.content(request.input);
    tally.bound
}

pub(super) struct Tally {
    counter: Counter,
    picture: Picture,
    pub(super) bound: InputBound,
}

impl Tally {
    /// A request that is framed by so many tokens.
    pub(super) fn new(family: Family, model: &str, frame: u64) -> Self {
        let bound = InputBound { tokens: frame, unbounded: None };
        Self { counter: Counter::new(family), picture: Picture::of(family, model), bound }
    }

    /// What frames a message.
    pub(super) fn message(&mut self) {
        self.add(PER_MESSAGE);
    }

    fn add(&mut self, tokens: u64) {
        self.bound.tokens = self.bound.tokens.saturating_add(tokens);
    }

    fn text(&mut self, text: &str) {
        let tokens = self.counter.text(text);
        self.add(tokens);
    }

    /// JSON that the model reads in some form of the provider's making: a quarter more than its text.
    pub(super) fn json(&mut self, raw: &RawValue) {
        let tokens = self.counter.text(raw.get());
        self.add(tokens + tokens / 4 + 4);
    }

    fn messages(&mut self, raw: &RawValue) {
        let Ok(messages) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) else { return self.json(raw) };
        for message in messages {
            self.add(PER_MESSAGE);
            let Ok(members) = serde_json::from_str::<Fields<'_>>(message.get()) else {
                self.json(message);
                continue;
            };
            for (name, value) in members.iter() {
                match name {
                    "content" => self.content(value),
                    _ if value.get() == "null" => {}
                    _ => self.plain(value),
                }
            }
        }
    }

    pub(super) fn content(&mut self, value: &RawValue) {
        match value.get().as_bytes().first() {
            Some(b'[') => {}
            _ if value.get() == "null" => return,
            _ => return self.plain(value),
        }
        let Ok(parts) = serde_json::from_str::<Vec<&RawValue>>(value.get()) else { return self.plain(value) };
        for part in parts {
            self.add(2);
            match serde_json::from_str::<Fields<'_>>(part.get()) {
                Ok(members) => members.iter().for_each(|(name, value)| self.part(name, value)),
                Err(_) => self.json(part),
            }
        }
    }

    fn part(&mut self, name: &str, value: &RawValue) {
        match name {
            "type" => {}
            "image_url" => self.add(self.picture.bound(value)),
            // At most ten tokens a second, and no codec in use needs less than a kilobyte for that second.
            "input_audio" => self.add(64 + value.get().len() as u64 / 16),
            "file" => self.bound.unbounded = Some("file"),
            "input_file" => self.bound.unbounded = Some("input_file"),
            "file_id" | "file_data" | "file_url" => self.bound.unbounded = Some("file"),
            // The dearest way to look at a picture, where it stands beside it.
            "detail" if value.get() == "\"original\"" => self.add(self.picture.original),
            "video_url" => self.bound.unbounded = Some("video_url"),
            _ => self.plain(value),
        }
    }

    /// A text as what it says, anything else as its JSON.
    pub(super) fn plain(&mut self, value: &RawValue) {
        // Asked first, because a failure is dear: it writes a sentence.
        let text = value.get().starts_with('"').then(|| serde_json::from_str::<Text<'_>>(value.get()));
        match text {
            Some(Ok(text)) => self.text(&text.0),
            _ => self.json(value),
        }
    }

    pub(super) fn tools(&mut self, raw: &RawValue) {
        let tools = serde_json::from_str::<Vec<Fields<'_>>>(raw.get()).unwrap_or_default();
        let is_own = |tool: &Fields<'_>| {
            // A tool without a type is one of the old `functions`.
            tool.iter()
                .filter(|(n, _)| *n == "type")
                .all(|(_, v)| matches!(v.get(), "\"function\"" | "\"custom\""))
        };
        if !tools.iter().all(is_own) {
            self.bound.unbounded = Some("tools");
        }
        let frame = if self.counter.family == Family::Other { PER_TOOLSET_OTHER } else { PER_TOOLSET };
        self.add(frame + 16 * tools.len() as u64);
        self.json(raw);
    }

    pub(super) fn embedded(&mut self, input: &RawValue) {
        let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(input.get()) else {
            return self.framed(input);
        };
        for item in items {
            match item.get().as_bytes().first() {
                Some(b'"') => self.framed(item),
                Some(b'[') => {
                    let tokens = serde_json::from_str::<Vec<serde::de::IgnoredAny>>(item.get());
                    self.add(tokens.map_or(item.get().len(), |t| t.len()) as u64);
                }
                _ => self.add(1),
            }
        }
    }

    /// A text to embed. Models other than OpenAI's put a mark before and behind it.
    fn framed(&mut self, text: &RawValue) {
        self.plain(text);
        if self.counter.family == Family::Other {
            self.add(4);
        }
    }
}

/// The most tokens a picture can be, whatever its size: providers scale it down first.
struct Picture {
    low: u64,
    high: u64,
    original: u64,
}

impl Picture {
    fn of(family: Family, model: &str) -> Self {
        match family {
            // 33 times as many tokens as elsewhere, so that a picture costs what it costs at its bigger sibling.
            _ if model.contains("4o-mini") => Self { low: 2_833, high: 48_169, original: 48_169 },
            // Eight tiles of 170 and a base of 85, or 1,536 patches at up to 2.46 each.
            Family::O200k | Family::Cl100k => Self { low: 700, high: 4_096, original: 24_600 },
            Family::Other => Self { low: 16_384, high: 16_384, original: 24_600 },
        }
    }

    fn bound(&self, image: &RawValue) -> u64 {
        let fields = serde_json::from_str::<Fields<'_>>(image.get()).ok();
        let detail = fields.iter().flat_map(Fields::iter).filter(|(n, _)| *n == "detail").last();
        match detail.map(|(_, v)| v.get()) {
            Some("\"low\"") => self.low,
            Some("\"original\"") => self.original,
            _ => self.high,
        }
    }
}
