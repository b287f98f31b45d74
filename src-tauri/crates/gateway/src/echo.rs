//! A provider that says the key back, as in "Incorrect API key provided: …": callers are never told it.

use bytes::Bytes;

/// What is shorter is no secret, and may be in any text.
const SHORTEST: usize = 8;

/// `body` with every occurrence of `key`, or of the secret half of a pair, covered. As long as before, because its length may
/// have been told already.
pub(crate) fn covered(body: Bytes, key: &[u8]) -> Bytes {
    let half = key.iter().position(|byte| *byte == b':').map_or(key, |at| &key[at + 1..]);
    let secrets = [key, half].into_iter().filter(|secret| secret.len() >= SHORTEST);
    let mut covered: Option<Vec<u8>> = None;
    for secret in secrets {
        let text = covered.as_deref().unwrap_or(&body);
        let places: Vec<usize> =
            text.windows(secret.len()).enumerate().filter(|(_, w)| *w == secret).map(|(at, _)| at).collect();
        for at in places {
            covered.get_or_insert_with(|| body.to_vec())[at..at + secret.len()].fill(b'*');
        }
    }
    covered.map_or(body, Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_said_back_is_covered_and_nothing_else_is_touched() {
        let of = |body: &'static str, key: &str| {
            String::from_utf8(covered(Bytes::from_static(body.as_bytes()), key.as_bytes()).to_vec()).unwrap()
        };
        assert_eq!(of("no: sk-12345678, sk-12345678.", "sk-12345678"), "no: ***********, ***********.");
        assert_eq!(of("nothing here", "sk-12345678"), "nothing here");
        assert_eq!(of("AKIA1 and s3cret/half", "AKIA1:s3cret/half"), "AKIA1 and ***********");
        assert_eq!(of("short", "short"), "short");
        assert_eq!(of("", "sk-12345678"), "");
    }
}
