//! How much a stream has produced, counted from what the client saw: for streams that end before the provider says.

use crate::shape::Words;
use reeve_providers::tokens::{self, Family};

/// Text is counted when so much has gathered, in bytes.
const GATHER: usize = 8 * 1024;

/// Counts the tokens of a stream's deltas.
pub(crate) struct Produced {
    family: Family,
    words: Words,
    /// Whether events are frames rather than text.
    frames: bool,
    text: String,
    tokens: u64,
}

impl Produced {
    pub(crate) fn new(family: Family, words: Words, frames: bool) -> Self {
        Self { family, words, frames, text: String::new(), tokens: 0 }
    }

    /// Takes an event of the stream, as it is sent.
    pub(crate) fn add(&mut self, event: &[u8]) {
        let Some(data) = (if self.frames { Some(event) } else { data(event) }) else { return };
        // Where it is no shape that is known, not all of it is words.
        self.tokens += (self.words)(data, &mut self.text).unwrap_or(data.len() as u64 / 4);
        if self.text.len() >= GATHER {
            self.count();
        }
    }

    fn count(&mut self) {
        self.tokens += tokens::text(self.family, &self.text);
        self.text.clear();
    }

    /// Tokens so far.
    pub(crate) fn tokens(&mut self) -> u64 {
        self.count();
        self.tokens
    }

    /// At most so many tokens so far, without counting what has gathered.
    pub(crate) fn bound(&self) -> u64 {
        self.tokens + self.text.len() as u64
    }
}

/// The data of an event with one line of it, which is how chunks are sent.
fn data(event: &[u8]) -> Option<&[u8]> {
    let line = event.trim_ascii().split(|b| *b == b'\n').find(|line| line.starts_with(b"data:"))?;
    let data = line.strip_prefix(b"data:")?.trim_ascii();
    (data != b"[DONE]").then_some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn produced(events: &[&str]) -> u64 {
        tokens::warm_up();
        let mut produced = Produced::new(Family::O200k, reeve_providers::openai::stream::words, false);
        events.iter().for_each(|event| produced.add(event.as_bytes()));
        produced.tokens()
    }

    #[test]
    fn words_are_counted_across_events() {
        tokens::warm_up();
        let whole = tokens::text(Family::O200k, "Hello there, how are you?");
        let halves = [
            "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"Hello there,\"}}]}\n\n",
            ": ping\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\" how are you?\"}}]}\n\n",
            "data: {\"choices\":[],\"usage\":null}\n\n",
            "data: [DONE]\n\n",
        ];
        assert_eq!(produced(&halves), whole);
    }

    #[test]
    fn thoughts_and_tool_calls_count_too() {
        let thought = produced(&[
            "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Hmm, let me see\"}}]}\r\n\r\n",
        ]);
        assert_eq!(thought, tokens::text(Family::O200k, "Hmm, let me see"));
        let tool = r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"add","arguments":"{\"a\":1}"}}]}}]}"#;
        assert_eq!(produced(&[tool]), tokens::text(Family::O200k, "add{\"a\":1}"));
    }

    #[test]
    fn what_is_not_understood_is_not_free() {
        assert!(
            produced(&["data: {\"choices\":[{\"delta\":{\"content\":[\"some list of words\"]}}]}\n\n"]) > 5
        );
    }
}
