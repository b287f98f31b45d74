//! Recovery codes: for somebody whose phone is not at hand. Ten, each of 120 random bits and good once. They open no vault:
//! the vault's own recovery code is longer, and nobody's in particular.

use crate::error::Error;
use data_encoding::{Encoding, Specification};
use reeve_core::id::UserId;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;
use zeroize::Zeroizing;

/// How many a person has at first.
pub(super) const COUNT: usize = 10;
const BYTES: usize = 15;
const SYMBOLS: usize = 24;
/// What people type at most, hyphens and spaces included.
const MAX_LEN: usize = 64;

/// Crockford's alphabet; what hands confuse is read as the same.
static ALPHABET: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    spec.translate.from.push_str("abcdefghjkmnpqrstvwxyzoOiIlL");
    spec.translate.to.push_str("ABCDEFGHJKMNPQRSTVWXYZ001111");
    spec.ignore.push_str(" -\t\r\n");
    spec.encoding().ok()
});

/// A code as it is shown, once, and the hash that is kept of it.
pub(super) struct RecoveryCode {
    pub(super) text: Zeroizing<String>,
    pub(super) hash: [u8; 32],
}

/// A new set for somebody.
///
/// # Errors
/// [`crate::Code::Unavailable`] without random bytes.
pub(super) fn make(user: UserId) -> Result<Vec<RecoveryCode>, Error> {
    (0..COUNT).map(|_| Ok(code_of(user, &Zeroizing::new(crate::random::bytes::<BYTES>()?)))).collect()
}

fn code_of(user: UserId, bytes: &[u8; BYTES]) -> RecoveryCode {
    let mut symbols = Zeroizing::new([0; SYMBOLS]);
    if let Some(alphabet) = ALPHABET.as_ref() {
        alphabet.encode_mut(bytes, symbols.as_mut_slice());
    }
    let mut text = Zeroizing::new(String::with_capacity(SYMBOLS + SYMBOLS / 4));
    for (at, symbol) in symbols.iter().enumerate() {
        if at > 0 && at % 4 == 0 {
            text.push('-');
        }
        text.push(char::from(*symbol));
    }
    RecoveryCode { text, hash: hash(user, bytes) }
}

/// The hash of what somebody typed, if it has the form of a code.
pub(super) fn read(user: UserId, typed: &str) -> Option<[u8; 32]> {
    let typed = Some(typed).filter(|typed| typed.len() <= MAX_LEN)?;
    let bytes = Zeroizing::new(ALPHABET.as_ref()?.decode(typed.as_bytes()).ok()?);
    Some(hash(user, bytes.as_slice().try_into().ok()?))
}

/// With the person in it, so that no code of one fits another.
fn hash(user: UserId, bytes: &[u8; BYTES]) -> [u8; 32] {
    let start = Sha256::new().chain_update(b"reeve.recovery_code.v1\n").chain_update(user.0.as_bytes());
    start.chain_update(bytes).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    const ANN: UserId = UserId(Uuid::from_u128(1));

    #[test]
    fn ten_different_ones_of_six_groups() {
        let codes = make(ANN).unwrap();
        let texts: std::collections::BTreeSet<_> = codes.iter().map(|c| c.text.as_str().to_owned()).collect();
        assert_eq!(texts.len(), COUNT);
        for code in &codes {
            let groups: Vec<_> = code.text.split('-').collect();
            assert!(groups.len() == 6 && groups.iter().all(|g| g.len() == 4), "{}", code.text.as_str());
            assert_eq!(read(ANN, &code.text), Some(code.hash));
            assert_ne!(read(UserId(Uuid::from_u128(2)), &code.text), Some(code.hash));
        }
    }

    #[test]
    fn case_hyphens_and_what_hands_confuse_do_not_matter() {
        let code = code_of(ANN, &[0x08; BYTES]);
        let typed = code.text.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        assert_ne!(typed, code.text.as_str());
        assert_eq!(read(ANN, &typed), Some(code.hash));
        assert_eq!(read(ANN, "123456"), None);
        assert_eq!(read(ANN, &code.text.as_str()[1..]), None);
        assert_eq!(read(ANN, &format!("{}0", code.text.as_str())), None);
        assert_eq!(read(ANN, &"0".repeat(1_000)), None);
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read(bytes in any::<[u8; BYTES]>()) {
            let code = code_of(ANN, &bytes);
            prop_assert_eq!(read(ANN, &code.text), Some(code.hash));
        }

        #[test]
        fn any_text_is_read(text in ".{0,80}") {
            let _ = read(ANN, &text);
        }
    }
}
