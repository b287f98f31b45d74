//! Passwords that have leaked before, of the length that is asked for here. A list in the program, so that it is asked
//! without a network; how it is made stands beside it (`data/README.md`).

use sha2::{Digest, Sha256};

/// Beginnings of hashes, sorted.
const LEAKED: &[u8] = include_bytes!("../../data/leaked_passwords.bin");
/// Bytes of each.
const PREFIX: usize = 5;

/// Whether `plain`, in lower case, is among them.
pub(super) fn is_leaked(plain: &str) -> bool {
    let (leaked, _) = LEAKED.as_chunks::<PREFIX>();
    let hash = Sha256::digest(plain.as_bytes());
    hash.first_chunk().is_some_and(|beginning| leaked.binary_search(beginning).is_ok())
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
