//! How many tokens a request makes here: by counting words, so that a test can work it out in its head.

use reeve_core::usage::{Unit, Usage};
use serde_json::{Value, json};

/// Tokens of an answer where neither text nor cap says otherwise.
pub const DEFAULT_OUTPUT: u64 = 16;
/// Tokens that frame a message.
const PER_MESSAGE: u64 = 3;

/// What a request uses here.
///
/// Prompt: a token for each word of the messages and three for each message; of an embedding's input a token for each word or
/// number. Answer: 16 tokens, or `tokens=40` where a message says so, at most the cap, times `n`. `cached=7` in a message takes
/// seven of the prompt's from a cache, and `reasoning=5` has five of each answer's thought in silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Prompt tokens, cached ones included.
    pub prompt: u64,
    /// Those of them from a cache.
    pub cached: u64,
    /// Tokens of each answer, reasoning included.
    pub completion: u64,
    /// Those of them nobody sees.
    pub reasoning: u64,
    /// How many answers; none to an embeddings request.
    pub n: u64,
}

impl Counts {
    /// The counts of a chat request.
    #[must_use]
    pub fn of_chat(request: &Value) -> Self {
        let messages = request["messages"].as_array().map_or(&[][..], Vec::as_slice);
        let text = messages.iter().map(|m| text_of(&m["content"])).collect::<Vec<_>>().join(" ");
        let cap = ["max_completion_tokens", "max_tokens"].iter().find_map(|f| request[*f].as_u64());
        Self::of_text(&text, messages.len() as u64, cap, request["n"].as_u64().unwrap_or(1))
    }

    /// The counts of so many messages that say `text`.
    #[must_use]
    pub(super) fn of_text(text: &str, messages: u64, cap: Option<u64>, n: u64) -> Self {
        let said = |name: &str| Self::said(text, name);
        let completion = said("tokens").unwrap_or(DEFAULT_OUTPUT).min(cap.unwrap_or(u64::MAX));
        let prompt = words(text) + PER_MESSAGE * messages;
        Self {
            prompt,
            cached: said("cached").unwrap_or(0).min(prompt),
            completion,
            reasoning: said("reasoning").unwrap_or(0).min(completion),
            n,
        }
    }

    /// The number that `text` gives for `name`, as in `tokens=40`.
    pub(super) fn said(text: &str, name: &str) -> Option<u64> {
        text.split_whitespace()
            .rev()
            .find_map(|w| w.strip_prefix(name)?.strip_prefix('=')?.parse::<u64>().ok())
    }

    /// The counts of an embeddings request.
    #[must_use]
    pub fn of_embeddings(request: &Value) -> Self {
        let prompt = match &request["input"] {
            Value::Array(items) => items.iter().map(embedded).sum(),
            one => embedded(one),
        };
        Self { prompt, ..Self::default() }
    }

    /// Tokens of each answer that are seen, one event each in a stream.
    #[must_use]
    pub fn visible(&self) -> u64 {
        self.completion - self.reasoning
    }

    /// What is billed for whole answers.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.usage_of(self.visible() * self.n)
    }

    /// What is billed where only so many tokens were sent; the thinking came first.
    #[must_use]
    pub(super) fn usage_of(&self, sent: u64) -> Usage {
        Usage::new()
            .with(Unit::Input, self.prompt - self.cached)
            .with(Unit::CacheRead, self.cached)
            .with(Unit::Output, sent)
            .with(Unit::Reasoning, self.reasoning * self.n)
    }

    /// The `usage` of an answer.
    pub(super) fn to_json(self, total_off_by: u64) -> Value {
        let completion = self.completion * self.n;
        if self.n == 0 {
            return json!({"prompt_tokens": self.prompt, "total_tokens": self.prompt - total_off_by.min(self.prompt)});
        }
        json!({
            "prompt_tokens": self.prompt,
            "completion_tokens": completion,
            "total_tokens": self.prompt + completion - total_off_by,
            "prompt_tokens_details": {"cached_tokens": self.cached, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": self.reasoning * self.n, "audio_tokens": 0},
        })
    }
}

fn words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

fn embedded(item: &Value) -> u64 {
    match item {
        Value::String(text) => words(text),
        Value::Array(tokens) => tokens.len() as u64,
        _ => 1,
    }
}

fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|p| p["text"].as_str()).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_can_be_counted_by_hand() {
        let counts = Counts::of_chat(&json!({
            "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": [{"type": "text", "text": "tokens=40 cached=4 reasoning=5"}]}],
            "max_tokens": 30, "n": 2,
        }));
        assert_eq!(counts, Counts { prompt: 11, cached: 4, completion: 30, reasoning: 5, n: 2 });
        let usage = counts.usage();
        assert_eq!((usage.input_tokens(), usage.output_tokens()), (11, 60));
        assert_eq!(usage.get(Unit::Reasoning), 10);
        assert_eq!(Counts::of_embeddings(&json!({"input": ["a b", "c"]})).usage(), Usage::tokens(3, 0));
        assert_eq!(Counts::of_embeddings(&json!({"input": [[1, 2], [3]]})).prompt, 3);
    }
}
