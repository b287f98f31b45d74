//! The text of the keyring item: `reeve-vk1.<slot id>.<generation>.<key as base64url>.<crc32c>`, one ASCII line.
//!
//! Text, because some keyrings store nothing but UTF-8; one line, because a line break corrupts unencrypted ones.

use crate::key::Key;
use crate::secret::Secret;
use data_encoding::BASE64URL_NOPAD;
use std::fmt::Write as _;
use zeroize::Zeroizing;

const MARK: &str = "reeve-vk1";
/// Of 32 bytes in base64url without padding.
const KEY_TEXT_LEN: usize = 43;
const MAX_LEN: usize = 200;

/// What a keyring item says.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) slot_id: String,
    pub(crate) generation: u64,
    pub(crate) key: Key,
}

impl Item {
    /// The text to put into the keyring.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        let mut key = Zeroizing::new([0; KEY_TEXT_LEN]);
        BASE64URL_NOPAD.encode_mut(self.key.bytes(), key.as_mut_slice());
        let mut text = Zeroizing::new(String::with_capacity(MAX_LEN));
        // Writing into a string of reserved capacity neither fails nor moves it.
        let _ = write!(text, "{MARK}.{}.{}.", self.slot_id, self.generation);
        text.extend(key.iter().map(|symbol| char::from(*symbol)));
        let sum = crc32c::crc32c(text.as_bytes());
        let _ = write!(text, ".{sum:08x}");
        text
    }

    /// Reads an item; `None` if it is damaged or was not written by Reeve.
    pub(crate) fn parse(text: &Secret) -> Option<Self> {
        let bytes = text.expose();
        if bytes.len() > MAX_LEN || !bytes.is_ascii() {
            return None;
        }
        let text = std::str::from_utf8(bytes).ok()?;
        let (body, sum) = text.rsplit_once('.')?;
        if sum.len() != 8 || u32::from_str_radix(sum, 16).ok()? != crc32c::crc32c(body.as_bytes()) {
            return None;
        }
        let mut parts = body.split('.');
        let (mark, slot_id, generation, key) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if mark != MARK || parts.next().is_some() || key.len() != KEY_TEXT_LEN {
            return None;
        }
        let key = Key::filled(|out| BASE64URL_NOPAD.decode_mut(key.as_bytes(), out).map(|_| ())).ok()?;
        Some(Self { slot_id: slot_id.to_owned(), generation: generation.parse().ok()?, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item() -> Item {
        Item {
            slot_id: "00ff00ff00ff00ff".to_owned(),
            generation: u64::MAX,
            key: Key::copy_of(&[0xfb; 32]).unwrap(),
        }
    }

    #[test]
    fn reads_what_it_wrote_on_one_short_ascii_line() {
        let text = Secret::copy_of(item().text().as_bytes());
        let read = Item::parse(&text).unwrap();
        assert_eq!((read.slot_id.as_str(), read.generation), ("00ff00ff00ff00ff", u64::MAX));
        assert_eq!(read.key.bytes(), &[0xfb; 32]);
        assert!(text.len() < MAX_LEN);
        assert!(text.expose().iter().all(u8::is_ascii_graphic));
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_noticed() {
        let text = Secret::copy_of(item().text().as_bytes());
        for at in 0..text.len() {
            for flip in 1..=255_u8 {
                let mut changed = text.expose().to_vec();
                changed[at] ^= flip;
                // The checksum's own hex digits mean the same in either case.
                if changed.eq_ignore_ascii_case(text.expose()) && at >= text.len() - 8 {
                    continue;
                }
                assert!(Item::parse(&Secret::new(changed)).is_none(), "byte {at} ^ {flip}");
            }
            assert!(Item::parse(&Secret::copy_of(&text.expose()[..at])).is_none(), "cut at {at}");
        }
    }
}
