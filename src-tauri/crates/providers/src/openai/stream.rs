//! A streamed answer on its way through: usage is read as it passes, and the event with nothing else in it may be dropped.

mod words;

pub use words::words;

use super::usage::{Answer, Reading, read_members};
use crate::passage::{Passage, Reads};
use memchr::memmem;
use reeve_core::usage::Usage;

/// Reads a stream of `/chat/completions` and passes it on.
pub type StreamReader = Passage<Chunks>;

/// What the chunks of a stream have said so far.
#[derive(Debug, Default)]
pub struct Chunks {
    keep_usage: bool,
    answer: Answer,
    /// What was counted beside words, where more words may follow.
    so_far: Reading,
    seen_first: bool,
    done: bool,
    data_bytes: u64,
    data_events: u64,
}

impl StreamReader {
    /// A reader at the start of a stream.
    ///
    /// `keep_usage` is what the client asked for: without it, the event that carries only usage (`choices: []`), which
    /// Reeve had asked for, is left out. Every other byte is passed on.
    #[must_use]
    pub fn new(keep_usage: bool) -> Self {
        Self::of(Chunks { keep_usage, ..Chunks::default() })
    }

    /// The latest counts of a provider that counts along, for a stream that is cut.
    #[must_use]
    pub fn begun(&self) -> Option<Usage> {
        match &self.reader.so_far {
            Reading::Usage(usage) => Some(usage.clone()),
            _ => None,
        }
    }

    /// Whether `[DONE]` has passed: the stream was not cut.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.reader.done
    }

    /// Bytes of `data` so far, `[DONE]` and usage apart. No visible token is shorter than a byte, so where usage never came this
    /// bounds what the caller saw; what a model thought in silence is not in it.
    #[must_use]
    pub fn data_bytes(&self) -> u64 {
        self.reader.data_bytes
    }

    /// Events with `data` so far, likewise; most providers send one a token, some several tokens in one.
    #[must_use]
    pub fn data_events(&self) -> u64 {
        self.reader.data_events
    }
}

impl Reads for Chunks {
    fn read(&mut self, data: &[u8]) -> bool {
        !self.is_usage_only(data) || self.keep_usage
    }

    fn answer(&self) -> &Answer {
        &self.answer
    }
}

impl Chunks {
    /// Reads an event; whether it carries usage and nothing else.
    fn is_usage_only(&mut self, data: &[u8]) -> bool {
        if data.trim_ascii() == b"[DONE]" {
            self.done = true;
            // OpenRouter counts beside a choice that says no reason: it was the end all the same.
            if self.answer.usage == Reading::Missing {
                self.answer.usage = std::mem::take(&mut self.so_far);
            }
            return false;
        }
        // Most events are a word of text: only the first, and those that speak of usage or an error, are parsed.
        let first = !std::mem::replace(&mut self.seen_first, true);
        let speaks = |word: &[u8]| memmem::find(data, word).is_some();
        let members =
            (first || speaks(b"\"usage\"") || speaks(b"\"error\"")).then(|| read_members(data)).flatten();
        let usage_only = members.as_ref().is_some_and(super::usage::Members::is_usage_only);
        if let Some(members) = members {
            let goes_on = members.goes_on();
            self.take(members.into_answer(), goes_on);
        }
        if !usage_only {
            self.data_bytes += data.len() as u64;
            self.data_events += 1;
        }
        usage_only
    }

    /// Later events correct earlier ones. Some providers count along (vLLM, where it is asked to), some say zeros until the end
    /// (Ollama's completions): usage beside words that go on is not what the answer used.
    fn take(&mut self, said: Answer, goes_on: bool) {
        let known = &mut self.answer;
        if said.usage != Reading::Missing {
            *(if goes_on { &mut self.so_far } else { &mut known.usage }) = said.usage;
        }
        known.model = said.model.or_else(|| known.model.take());
        known.service_tier = said.service_tier.or_else(|| known.service_tier.take());
        known.is_error |= said.is_error;
    }
}
