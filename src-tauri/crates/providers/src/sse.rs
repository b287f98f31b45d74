//! Splits a stream of server-sent events where they end, without changing a byte.
//!
//! Whatever comes in comes out again: the `raw` parts of all [`Event`]s, put together, are the input. An event that arrives
//! in one piece is handed on as a slice of that piece; only one that is torn across pieces is copied. Lines may end in
//! `\n`, `\r\n` or `\r`, and pieces may be cut anywhere.

use bytes::{Bytes, BytesMut};
use memchr::memchr2;

/// The longest event that is read; a longer one is an error, so that a provider cannot fill the memory.
pub const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// Why a stream cannot be split any further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// An event has no end in sight.
    #[error("the provider's stream has an event of more than {MAX_EVENT_BYTES} bytes")]
    TooLong,
}

/// One event, or bytes between events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// All its bytes, with the blank line that ends it.
    pub raw: Bytes,
    /// Its `data`; lines joined by `\n`. `None` for comments and stray line ends.
    pub data: Option<Bytes>,
}

/// Splits what it is fed into events.
#[derive(Debug, Default)]
pub struct Splitter {
    /// The torn beginning of an event, from earlier pieces.
    torn: BytesMut,
    /// What is left of the latest piece.
    piece: Bytes,
    /// How far `torn + piece` has been looked at, counted in `piece`.
    scanned: usize,
    /// Whether the line at hand has no byte yet.
    line_is_empty: bool,
    /// Whether the byte before was `\r`: a `\n` now belongs to it.
    after_cr: bool,
    failed: bool,
}

impl Splitter {
    /// A splitter at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self { line_is_empty: true, ..Self::default() }
    }

    /// Takes the next piece of the stream. Call [`Splitter::next`] until it returns `None` before the next piece.
    pub fn push(&mut self, piece: Bytes) {
        if self.piece.is_empty() {
            self.piece = piece;
        } else {
            let mut joined = BytesMut::from(&self.piece[..]);
            joined.extend_from_slice(&piece);
            self.piece = joined.freeze();
        }
    }

    /// The next event that is complete.
    ///
    /// # Errors
    /// [`SseError::TooLong`], and from then on always.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator would end at the first gap between pieces"
    )]
    pub fn next(&mut self) -> Option<Result<Event, SseError>> {
        if self.failed {
            return Some(Err(SseError::TooLong));
        }
        if self.after_cr && self.scanned == 0 && self.torn.is_empty() && self.piece.first() == Some(&b'\n') {
            // The second half of a line end whose first half ended the event before.
            self.after_cr = false;
            return Some(Ok(Event { raw: self.piece.split_to(1), data: None }));
        }
        let end = self.scan();
        if self.torn.len() + end.unwrap_or(self.piece.len()) > MAX_EVENT_BYTES {
            self.failed = true;
            return Some(Err(SseError::TooLong));
        }
        let Some(end) = end else {
            self.torn.extend_from_slice(&std::mem::take(&mut self.piece));
            self.scanned = 0;
            return None;
        };
        self.scanned = 0;
        let head = self.piece.split_to(end);
        Some(Ok(Event::of(self.join(head))))
    }

    /// What is left when the stream has ended: an event without its blank line, or nothing.
    pub fn finish(&mut self) -> Option<Event> {
        let rest = std::mem::take(&mut self.piece);
        let raw = self.join(rest);
        (!raw.is_empty()).then(|| Event::of(raw))
    }

    fn join(&mut self, head: Bytes) -> Bytes {
        if self.torn.is_empty() {
            return head;
        }
        self.torn.extend_from_slice(&head);
        self.torn.split().freeze()
    }

    /// Looks for the end of the event at hand; its place in `piece`, just behind the blank line.
    fn scan(&mut self) -> Option<usize> {
        while let Some(&byte) = self.piece.get(self.scanned) {
            let at = self.scanned;
            match byte {
                b'\n' if self.after_cr => {
                    self.after_cr = false;
                    self.scanned += 1;
                }
                b'\r' | b'\n' => {
                    self.scanned += 1;
                    self.after_cr = byte == b'\r';
                    if std::mem::replace(&mut self.line_is_empty, true) {
                        return Some(self.behind_line_end());
                    }
                }
                _ => {
                    self.after_cr = false;
                    self.line_is_empty = false;
                    self.scanned =
                        memchr2(b'\r', b'\n', &self.piece[at..]).map_or(self.piece.len(), |n| at + n);
                }
            }
        }
        None
    }

    /// Takes the `\n` of a `\r\n` with it where it is already here.
    fn behind_line_end(&mut self) -> usize {
        if self.after_cr && self.piece.get(self.scanned) == Some(&b'\n') {
            self.after_cr = false;
            self.scanned += 1;
        }
        self.scanned
    }
}

impl Event {
    fn of(raw: Bytes) -> Self {
        let data = data_of(&raw);
        Self { raw, data }
    }
}

fn data_of(raw: &Bytes) -> Option<Bytes> {
    let mut data: Option<Bytes> = None;
    let mut more: Option<BytesMut> = None;
    let mut from = 0;
    while from < raw.len() {
        let end = memchr2(b'\r', b'\n', &raw[from..]).map_or(raw.len(), |n| from + n);
        if let Some(skip) = value_offset(&raw[from..end]) {
            let value = raw.slice(from + skip..end);
            match (&data, &mut more) {
                (None, _) => data = Some(value),
                (Some(first), None) => {
                    let mut joined = BytesMut::from(&first[..]);
                    joined.extend_from_slice(b"\n");
                    joined.extend_from_slice(&value);
                    more = Some(joined);
                }
                (Some(_), Some(joined)) => {
                    joined.extend_from_slice(b"\n");
                    joined.extend_from_slice(&value);
                }
            }
        }
        from = end + 1;
    }
    more.map(BytesMut::freeze).or(data)
}

/// Where the value of a `data` line starts in it.
fn value_offset(line: &[u8]) -> Option<usize> {
    let rest = line.strip_prefix(b"data")?;
    match rest {
        [] => Some(4),
        [b':', b' ', ..] => Some(6),
        [b':', ..] => Some(5),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(pieces: &[&[u8]]) -> (Vec<String>, Vec<u8>) {
        let mut splitter = Splitter::new();
        let (mut data, mut raw) = (Vec::new(), Vec::new());
        let mut take = |event: Event| {
            raw.extend_from_slice(&event.raw);
            data.extend(event.data.map(|d| String::from_utf8_lossy(&d).into_owned()));
        };
        for piece in pieces {
            splitter.push(Bytes::copy_from_slice(piece));
            while let Some(event) = splitter.next() {
                take(event.unwrap());
            }
        }
        splitter.finish().into_iter().for_each(&mut take);
        (data, raw)
    }

    #[test]
    fn events_end_at_blank_lines_of_any_kind() {
        for text in [
            "data: a\n\ndata: b\n\n",
            "data: a\r\n\r\ndata: b\r\n\r\n",
            "data:a\r\rdata:b\r\r",
            "data: a\n\r\ndata: b\n\r",
        ] {
            let (data, raw) = split(&[text.as_bytes()]);
            assert_eq!(data, ["a", "b"], "{text:?}");
            assert_eq!(raw, text.as_bytes());
        }
    }

    #[test]
    fn fields_are_told_apart() {
        let text = ": ping\n\nevent: x\ndata: 1\nid: 7\ndata:2\ndata\n\ndatum: 3\n\ndata: tail";
        assert_eq!(split(&[text.as_bytes()]).0, ["1\n2\n", "tail"]);
    }

    #[test]
    fn a_whole_event_is_not_copied() {
        let piece = Bytes::from_static(b"data: a\r\n\r\ndata: b\r\n\r\n");
        let mut splitter = Splitter::new();
        splitter.push(piece.clone());
        let first = splitter.next().unwrap().unwrap();
        assert_eq!(first.raw.as_ptr(), piece.as_ptr());
        assert_eq!(&first.raw[..], b"data: a\r\n\r\n", "the whole line end goes with it");
        assert_eq!(splitter.next().unwrap().unwrap().data.unwrap().as_ptr(), piece[17..].as_ptr());
        assert!(splitter.next().is_none());
    }

    #[test]
    fn an_endless_event_is_an_error_and_stays_one() {
        let mut splitter = Splitter::new();
        let piece = Bytes::from(vec![b'x'; 64 * 1024]);
        let failed = (0..20).find(|_| {
            splitter.push(piece.clone());
            matches!(splitter.next(), Some(Err(SseError::TooLong)))
        });
        assert_eq!(failed, Some(16));
        assert!(splitter.torn.len() <= MAX_EVENT_BYTES);
        assert_eq!(splitter.next(), Some(Err(SseError::TooLong)));
        let mut at_once = Splitter::new();
        at_once.push(Bytes::from(format!("data: {}\n\n", "x".repeat(MAX_EVENT_BYTES))));
        assert_eq!(at_once.next(), Some(Err(SseError::TooLong)));
    }

    /// The meaning of a stream, straight from the standard and as slow as it likes.
    fn reference(text: &str) -> Vec<String> {
        let lines = text.replace("\r\n", "\n").replace('\r', "\n");
        let mut events = Vec::new();
        let mut data: Option<String> = None;
        for line in lines.split('\n').chain([""]) {
            if line.is_empty() {
                events.extend(data.take());
                continue;
            }
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            if name == "data" {
                let value = value.strip_prefix(' ').unwrap_or(value);
                data = Some(data.map_or(value.to_owned(), |d| format!("{d}\n{value}")));
            }
        }
        events
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same_events(
            text in prop::collection::vec(prop::sample::select(vec!["data", ":", " ", "a", "é", "\n", "\r", "\r\n", "\n\n", "data: {}", "data: x\n\n"]), 0..40),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let text = text.concat();
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|c| c.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
            let (data, raw) = split(&pieces);
            prop_assert_eq!(raw, bytes);
            prop_assert_eq!(data, reference(&text));
        }
    }
}
