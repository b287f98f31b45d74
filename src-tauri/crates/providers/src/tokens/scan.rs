//! Cuts ASCII into the pieces that OpenAI's tokenizers cut it into, without their regular expressions.
//!
//! The tests hold it against the tokenizers themselves: a piece cut wrongly would be a bound that does not hold.

/// Whose way of cutting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    O200k,
    Cl100k,
}

/// From `from`: where ASCII that can be cut on its own ends, and behind it, where text with other characters ends.
///
/// Text is parted only between a letter and a space, where both tokenizers part it whatever stands around.
pub(super) fn next_ascii(bytes: &[u8], from: usize) -> (usize, usize) {
    let rest = bytes.get(from..).unwrap_or_default();
    let Some(foreign) = rest.iter().position(|b| !b.is_ascii()) else { return (bytes.len(), bytes.len()) };
    let parts = |w: &[u8]| matches!(w, [letter, b' '] if letter.is_ascii_alphabetic());
    let before = rest[..foreign].windows(2).rposition(parts).map_or(0, |n| n + 1);
    let after = rest[foreign..].windows(2).position(parts).map_or(rest.len(), |n| foreign + n + 1);
    (from + before, from + after)
}

/// Where the piece that starts at `at` ends; always further on. `text` is ASCII, and `at` is within it.
pub(super) fn piece_end(text: &[u8], at: usize, style: Style) -> usize {
    let byte = |n: usize| text.get(n).copied();
    let first = byte(at).unwrap_or_default();
    if style == Style::Cl100k
        && let Some(len) = contraction(text, at)
    {
        return at + len;
    }
    let may_lead = !matches!(first, b'\r' | b'\n') && !first.is_ascii_alphanumeric();
    let word = at + usize::from(may_lead);
    if byte(word).is_some_and(|b| b.is_ascii_alphabetic()) {
        return word_end(text, word, style);
    }
    if first.is_ascii_digit() {
        return run(text, at, |b| b.is_ascii_digit()).min(at + 3);
    }
    let sign = at + usize::from(first == b' ');
    if byte(sign).is_some_and(is_sign) {
        let signs = run(text, sign, is_sign);
        return run(text, signs, |b| matches!(b, b'\r' | b'\n') || (b == b'/' && style == Style::O200k));
    }
    space_end(text, at, style)
}

fn word_end(text: &[u8], at: usize, style: Style) -> usize {
    match style {
        Style::Cl100k => run(text, at, |b| b.is_ascii_alphabetic()),
        Style::O200k => {
            let upper = run(text, at, |b| b.is_ascii_uppercase());
            let end = run(text, upper, |b| b.is_ascii_lowercase());
            end + contraction(text, end).unwrap_or(0)
        }
    }
}

fn space_end(text: &[u8], at: usize, style: Style) -> usize {
    let end = run(text, at, is_space);
    let at_the_end = end == text.len();
    if at_the_end && style == Style::Cl100k {
        return end;
    }
    let newline = text[at..end].iter().rposition(|b| matches!(b, b'\r' | b'\n'));
    match newline {
        Some(n) => at + n + 1,
        None if at_the_end => end,
        // The last space goes with what follows.
        None => (end - 1).max(at + 1),
    }
}

/// How long `'s`, `'ll` … at `at` is.
fn contraction(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?.strip_prefix(b"'")?;
    let lower = |n: usize| rest.get(n).map(u8::to_ascii_lowercase);
    match (lower(0)?, lower(1)) {
        (b's' | b't' | b'm' | b'd', _) => Some(2),
        (b'r' | b'v', Some(b'e')) | (b'l', Some(b'l')) => Some(3),
        _ => None,
    }
}

fn run(text: &[u8], at: usize, is: impl Fn(u8) -> bool) -> usize {
    text[at..].iter().position(|b| !is(*b)).map_or(text.len(), |n| at + n)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

fn is_sign(byte: u8) -> bool {
    !is_space(byte) && !byte.is_ascii_alphanumeric()
}
