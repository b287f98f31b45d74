//! Bytes that must not be seen: wiped on drop, never printed, never copied by accident.

use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// How long a secret must be before its last four characters may be shown.
const LAST4_FROM: usize = 12;

/// A secret value. Wiped when dropped; `Debug` prints `Secret(..)`; there is no way to print, clone or serialise it.
///
/// The buffer is taken as it is and never grows, so no reallocation leaves a copy behind.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes ownership of `bytes`; the buffer is wiped when the secret is dropped.
    ///
    /// Build the buffer with its full capacity up front: growing a vector leaves unwiped copies behind.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Copies `bytes` into a buffer of exactly their length. The caller still owns, and wipes, the original.
    #[must_use]
    pub fn copy_of(bytes: &[u8]) -> Self {
        Self::new(bytes.to_vec())
    }

    /// The bytes in the clear. Keep the borrow short, and do not copy them into a type that is not wiped.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The last four characters, for a person to recognise a key by; fewer than 12 bytes show nothing.
    ///
    /// Bytes that are not printable ASCII show as `?`.
    #[must_use]
    pub fn last4(&self) -> String {
        if self.0.len() < LAST4_FROM {
            return String::new();
        }
        let tail = self.0.iter().skip(self.0.len() - 4);
        tail.map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '?' }).collect()
    }

    /// Whether both hold the same bytes, without telling by its duration where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        let secret = Secret::copy_of(b"sk-live-0123456789");
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_eq!(format!("{:#?}", Some(secret)), "Some(\n    Secret(..),\n)");
    }

    #[test]
    fn last4_needs_a_long_secret() {
        assert_eq!(Secret::copy_of(b"sk-live-6789").last4(), "6789");
        assert_eq!(Secret::copy_of(b"sk-live-678").last4(), "");
        assert_eq!(Secret::copy_of(b"").last4(), "");
        assert_eq!(Secret::copy_of(b"\xff\xffaaaaaaaa\xff\n b").last4(), "???b");
    }

    #[test]
    fn matches_compares_bytes_and_length() {
        let one = Secret::copy_of(b"abc");
        assert!(one.matches(&Secret::copy_of(b"abc")));
        assert!(!one.matches(&Secret::copy_of(b"abd")));
        assert!(!one.matches(&Secret::copy_of(b"abcd")));
    }

    #[test]
    fn new_takes_the_buffer_without_copying_it() {
        let bytes = vec![7_u8; 64];
        let address = bytes.as_ptr();
        assert_eq!(Secret::new(bytes).expose().as_ptr(), address);
    }
}
