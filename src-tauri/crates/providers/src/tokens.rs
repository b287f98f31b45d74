//! How many tokens a request may use, before it is sent: an upper bound, because a budget is reserved against it.
//!
//! For OpenAI's tokenizers the bound on text is the exact count wherever counting is cheap, and otherwise the number of bytes: no
//! token is shorter than a byte. Counting is cheap because a byte-pair tokenizer first cuts text into pieces (words, numbers,
//! signs, white space), and nearly every piece is a token of its own: cutting ASCII and looking pieces up needs no regular
//! expression. What is not so easy is merged as `tiktoken` merges, up to [`SLOW_BYTES`] a request; after [`FAST_BYTES`] a request is
//! no longer counted at all. So counting costs about a millisecond whatever the size (reading a megabyte of JSON, some three
//! more), and the bound is up to five times too
//! high for the part of a prompt beyond [`FAST_BYTES`], and for long text in scripts other than Latin.
//!
//! Other providers do not publish a tokenizer worth shipping. There each word counts twice its tokens at OpenAI (at most
//! its bytes), and digits, signs, white space and all else outside ASCII count a token a byte. That is a bound by construction
//! for everything but words, and for words it leaves a factor of two.
//!
//! The tables take a moment to build: [`warm_up_usual`] does, off the hot path, for today's models; the first call of an older
//! one builds its own behind it. Until then every bound is the number of bytes.

mod family;
mod input;
mod kinds;
mod scan;
mod sum;
mod texts;
mod vocabulary;

pub use family::Family;
pub use input::{InputBound, chat, embeddings, moderations};
pub use kinds::kinds;
pub(crate) use sum::Sum;
pub use texts::{completions, prompt, responses};

use vocabulary::Vocabulary;

/// How much of a request is cut and looked up, in bytes.
pub const FAST_BYTES: usize = 64 * 1024;
/// How much of a request is merged byte pair by byte pair, in bytes.
pub const SLOW_BYTES: usize = 4 * 1024;

/// Builds all tables; takes some hundred milliseconds, so call it on a thread that may block.
pub fn warm_up() {
    vocabulary::build();
    vocabulary::build_old();
}

/// Builds the tables of today's models; takes as long, so call it on a thread that may block, once, at start.
pub fn warm_up_usual() {
    vocabulary::build();
}

/// The most tokens `text` can be.
#[must_use]
pub fn text(family: Family, text: &str) -> u64 {
    Counter::new(family).text(text)
}

/// Counts the texts of one request against one allowance of time.
#[derive(Debug)]
struct Counter {
    family: Family,
    vocabulary: Option<&'static Vocabulary>,
    fast: usize,
    slow: usize,
}

impl Counter {
    fn new(family: Family) -> Self {
        Self { family, vocabulary: Vocabulary::of(family), fast: FAST_BYTES, slow: SLOW_BYTES }
    }

    fn text(&mut self, text: &str) -> u64 {
        let Some(vocabulary) = self.vocabulary else { return text.len() as u64 };
        let bytes = text.as_bytes();
        let mut tokens = 0;
        let mut from = 0;
        while from < bytes.len() && self.fast > 0 {
            let (ascii_end, other_end) = scan::next_ascii(bytes, from);
            let (counted, stopped_at) = self.ascii(vocabulary, bytes, from, ascii_end);
            tokens += counted;
            if stopped_at < ascii_end {
                return tokens + (bytes.len() - stopped_at) as u64;
            }
            if let Some(other) = text.get(ascii_end..other_end).filter(|other| !other.is_empty()) {
                tokens += self.other_script(vocabulary, other);
            }
            from = other_end;
        }
        tokens + (bytes.len() - from) as u64
    }

    /// Counts the pieces of `bytes[from..to]`, all ASCII; how many tokens, and where it stopped.
    fn ascii(&mut self, vocabulary: &Vocabulary, bytes: &[u8], from: usize, to: usize) -> (u64, usize) {
        let mut tokens = 0;
        let mut at = from;
        let Some(bytes) = bytes.get(..to) else { return (0, from) };
        while at < to && self.fast > 0 {
            let end = scan::piece_end(bytes, at, vocabulary.style);
            let piece = &bytes[at..end];
            self.fast = self.fast.saturating_sub(piece.len());
            tokens += self.piece(vocabulary, piece);
            at = end;
        }
        (tokens, at)
    }

    fn piece(&mut self, vocabulary: &Vocabulary, piece: &[u8]) -> u64 {
        let bytes = piece.len() as u64;
        match self.family {
            Family::Other if !piece.last().is_some_and(u8::is_ascii_alphabetic) => bytes,
            Family::Other => (2 * self.exact(vocabulary, piece)).min(bytes),
            _ => self.exact(vocabulary, piece),
        }
    }

    fn exact(&mut self, vocabulary: &Vocabulary, piece: &[u8]) -> u64 {
        if vocabulary.has(piece) {
            return 1;
        }
        match std::str::from_utf8(piece) {
            Ok(text) => self.merged(vocabulary, text),
            Err(_) => piece.len() as u64,
        }
    }

    fn other_script(&mut self, vocabulary: &Vocabulary, text: &str) -> u64 {
        self.fast = self.fast.saturating_sub(text.len());
        match self.family {
            Family::Other => text.len() as u64,
            _ => self.merged(vocabulary, text),
        }
    }

    fn merged(&mut self, vocabulary: &Vocabulary, text: &str) -> u64 {
        match self.slow.checked_sub(text.len()) {
            Some(left) => {
                self.slow = left;
                vocabulary.count(text) as u64
            }
            None => text.len() as u64,
        }
    }
}

#[cfg(test)]
mod tests;
