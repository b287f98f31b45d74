//! What stands for the entries of a tree that a range leaves out: the roots of full subtrees, as few as possible.
//!
//! With those before the range, the entries of the range and those after it, anybody computes the root of the whole tree.
//! Which subtrees they are follows from the numbers alone, so there is one right list.

use data_encoding::HEXLOWER;
use reeve_ledger::Hash;
use std::fmt::Write as _;

/// A full subtree: 2^`level` entries from entry `index` · 2^`level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its level; 0 is a single entry.
    pub level: u32,
    /// Its index among the subtrees of that level.
    pub index: u64,
}

/// Subtrees with their roots.
pub type Rooted = Vec<(Span, Hash)>;

/// The subtrees that cover the entries before `first`, from the left.
#[must_use]
pub fn before(first: u64) -> Vec<Span> {
    cover(0, first)
}

/// The subtrees that cover the entries from `end` to `size`, from the left.
#[must_use]
pub fn after(end: u64, size: u64) -> Vec<Span> {
    cover(end, size)
}

fn cover(from: u64, to: u64) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = from;
    while at < to {
        let level = at.trailing_zeros().min((to - at).ilog2());
        spans.push(Span { level, index: at >> level });
        at += 1 << level;
    }
    spans
}

/// The text of `frontier.txt`: a line for each subtree.
#[must_use]
pub fn to_text(before: &[(Span, Hash)], after: &[(Span, Hash)]) -> String {
    let mut out = String::new();
    for (word, list) in [("before", before), ("after", after)] {
        for (span, root) in list {
            // Writing to a string does not fail.
            let _ = writeln!(out, "{word} {} {} {}", span.level, span.index, HEXLOWER.encode(root));
        }
    }
    out
}

/// The roots in a text, if it is the one for a range `[first, end)` of a tree of `size` entries.
#[must_use]
pub fn parse(text: &str, first: u64, end: u64, size: u64) -> Option<(Rooted, Rooted)> {
    let mut lines = text.split_terminator('\n');
    let mut read = |word: &str, spans: Vec<Span>| {
        let line = |span: Span| {
            let rest = lines.next()?.strip_prefix(&format!("{word} {} {} ", span.level, span.index))?;
            Some((span, HEXLOWER.decode(rest.as_bytes()).ok()?.try_into().ok()?))
        };
        spans.into_iter().map(line).collect::<Option<Vec<_>>>()
    };
    let (left, right) = (read("before", before(first))?, read("after", after(end, size))?);
    // The last newline may not be missing, and nothing may be left.
    (to_text(&left, &right) == text).then_some((left, right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtrees_cover_without_a_gap() {
        for from in 0..40 {
            for to in from..80 {
                let mut at = from;
                for span in after(from, to) {
                    assert_eq!(span.index << span.level, at);
                    at += 1 << span.level;
                }
                assert_eq!(at, to);
            }
        }
        assert_eq!(before(6), [Span { level: 2, index: 0 }, Span { level: 1, index: 2 }]);
    }

    #[test]
    fn only_the_text_of_the_range_is_read() {
        let hash = |n: u8| [n; 32];
        let left: Vec<_> = before(3).into_iter().zip([hash(1), hash(2)]).collect();
        let right: Vec<_> = after(5, 9).into_iter().zip([hash(3), hash(4), hash(5)]).collect();
        let text = to_text(&left, &right);
        assert_eq!(parse(&text, 3, 5, 9), Some((left, right)));
        for wrong in [
            text.trim_end(),
            &text.to_uppercase(),
            &text.replace("before 1 0", "before 1 00"),
            &format!("{text}\n"),
            "",
        ] {
            assert_eq!(parse(wrong, 3, 5, 9), None, "{wrong:?}");
        }
        assert_eq!(parse(&text, 3, 5, 10), None);
        assert_eq!(parse("", 0, 9, 9), Some((vec![], vec![])));
    }
}
