//! Base64 (RFC 4648, padded) in its one spelling.

use data_encoding::BASE64;

/// The bytes of a text, if it is how [`encode`] writes them. The library also reads padded pieces one behind the other.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let whole = !text.trim_end_matches('=').contains('=');
    if whole { BASE64.decode(text.as_bytes()).ok() } else { None }
}

/// The text of bytes.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_bytes_is_the_one_that_is_written() {
        for text in ["", "AA==", "AAA=", "AAAA", "AAAAAA=="] {
            assert_eq!(decode(text).map(|bytes| encode(&bytes)).as_deref(), Some(text));
        }
        for text in ["AB==", "AA", "AA==AAA=", "AAA=AAAA", "=", "AA= =", "AA==\n"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
