//! Passwords that have leaked before, of the length that is asked for here. A list in the program, so that it is asked
//! without a network; how it is made stands beside it (`data/README.md`).

use sha2::{Digest, Sha256};
use std::cmp::Ordering;

/// Beginnings of hashes, sorted.
const LEAKED: &[u8] = include_bytes!("../../data/leaked_passwords.bin");
/// Bytes of each.
const PREFIX: usize = 5;

/// Whether `plain`, in lower case, is among them.
pub(super) fn is_leaked(plain: &str) -> bool {
    let hash = Sha256::digest(plain.as_bytes());
    let (mut from, mut to) = (0, LEAKED.len() / PREFIX);
    while from < to {
        let middle = from.midpoint(to);
        match LEAKED[middle * PREFIX..][..PREFIX].cmp(&hash[..PREFIX]) {
            Ordering::Less => from = middle + 1,
            Ordering::Equal => return true,
            Ordering::Greater => to = middle,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_whole() {
        assert_eq!(LEAKED.len() % PREFIX, 0);
        let known: Vec<&[u8]> = LEAKED.chunks(PREFIX).collect();
        assert!(known.is_sorted_by(|one, next| one < next));
        assert!(known.len() > 300_000);
    }

    #[test]
    fn leaked_ones_are_known_and_others_are_not() {
        for leaked in ["mailcreated5240", "1qaz2wsx3edc4rfv", "12071985spp2007"] {
            assert!(is_leaked(leaked), "{leaked}");
            assert!(!is_leaked(&format!("{leaked} and more")), "{leaked}");
        }
    }
}
