//! The value of a key that a provider has just told.

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::fmt;
use zeroize::Zeroizing;

/// A key's value: wiped on drop, never printed, not to be cloned.
pub struct MintedSecret(Zeroizing<Vec<u8>>);

impl MintedSecret {
    /// Joins pieces into one buffer that is large enough from the start.
    pub(super) fn joined(pieces: &[&[u8]]) -> Self {
        let mut bytes = Vec::with_capacity(pieces.iter().map(|piece| piece.len()).sum());
        pieces.iter().for_each(|piece| bytes.extend_from_slice(piece));
        Self(Zeroizing::new(bytes))
    }

    /// The bytes in the clear. Keep the borrow short.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Hands the buffer over, for a type that wipes it too.
    #[must_use]
    pub fn into_bytes(mut self) -> Vec<u8> {
        std::mem::take(&mut *self.0)
    }
}

impl fmt::Debug for MintedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MintedSecret(…)")
    }
}

/// A text that can be sent as a key; empty or with spaces it is none.
impl<'de> Deserialize<'de> for MintedSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = MintedSecret;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the value of a key")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<MintedSecret, E> {
                let sendable = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
                // The text itself is in no error.
                if sendable {
                    Ok(MintedSecret::joined(&[text.as_bytes()]))
                } else {
                    Err(E::custom("not a key"))
                }
            }
        }
        deserializer.deserialize_str(Text)
    }
}
