//! Cursors: where the page before ended, as text that nobody but Reeve needs to understand.

use crate::failure::Failure;
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longer cursors were not made here.
const MAX_LEN: usize = 1_024;
const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 1_000;

/// The cursor behind `key`.
pub(crate) fn write(key: &impl Serialize) -> Option<String> {
    serde_json::to_vec(key).ok().map(|json| BASE64URL_NOPAD.encode(&json))
}

/// The key of a cursor.
pub(crate) fn read<T: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<T>, Failure> {
    let Some(text) = cursor else { return Ok(None) };
    let key = (text.len() <= MAX_LEN)
        .then(|| BASE64URL_NOPAD.decode(text.as_bytes()).ok())
        .flatten()
        .and_then(|json| serde_json::from_slice(&json).ok());
    key.map(Some).ok_or_else(|| Failure::field("cursor", "is not one that this list gave"))
}

/// How many items a page has.
pub(crate) fn limit(asked: Option<u32>) -> Result<usize, Failure> {
    match asked.unwrap_or(DEFAULT_LIMIT) {
        0 => Err(Failure::field("limit", "must be at least 1")),
        n if n > MAX_LIMIT => Err(Failure::field("limit", "may be 1,000 at most")),
        n => Ok(n as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_round_trip_and_others_are_refused() {
        let key = ("Acme Corp".to_owned(), 7_u64);
        let text = write(&key).unwrap();
        assert_eq!(read::<(String, u64)>(Some(&text)).unwrap(), Some(key));
        assert_eq!(read::<u64>(None).unwrap(), None);
        for bad in ["", "!", "e30", &"A".repeat(5_000)] {
            assert!(read::<(String, u64)>(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn limits_have_bounds() {
        assert_eq!(limit(None).unwrap(), 100);
        assert_eq!(limit(Some(1_000)).unwrap(), 1_000);
        assert!(limit(Some(0)).is_err() && limit(Some(1_001)).is_err());
    }
}
