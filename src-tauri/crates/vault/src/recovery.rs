//! The recovery code: 160 random bits that a person prints and keeps; it opens the vault when the keyring cannot.
//!
//! Shown as nine groups of four Crockford base32 characters: 32 for the bits and four (20 bits of SHA-256) so that a
//! slip of the hand is told apart from a wrong code.

use crate::random::{Random, RandomError};
use crate::secret::Secret;
use sha2::{Digest as _, Sha256};
use std::fmt;
use zeroize::Zeroizing;

const BYTES: usize = 20;
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SYMBOLS: usize = 36;
const CHECK_SYMBOLS: usize = 4;

/// What was typed is not a recovery code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryCodeError {
    /// The number of characters is wrong.
    #[error("a recovery code has nine groups of four characters; this one has {found} of 36 characters")]
    Length {
        /// Characters found, without spaces and hyphens.
        found: usize,
    },
    /// A character that no code contains.
    #[error("a recovery code has no \"{0}\" in it")]
    Character(char),
    /// All characters are possible, but not together.
    #[error("a character was mistyped: compare each group with the printed code")]
    Mistyped,
}

/// A recovery code. Wiped on drop, and never printed but through [`RecoveryCode::reveal`].
pub struct RecoveryCode(Zeroizing<[u8; BYTES]>);

impl RecoveryCode {
    /// A new random code.
    ///
    /// # Errors
    /// [`RandomError`] when there are no random bytes.
    pub fn make(random: &mut dyn Random) -> Result<Self, RandomError> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        random.fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    /// Reads what a person typed: case, spaces and hyphens do not matter; `O` is 0, `I` and `L` are 1.
    ///
    /// # Errors
    /// [`RecoveryCodeError`] says what is wrong with the typing. A code that parses may still be the wrong one.
    pub fn parse(typed: &str) -> Result<Self, RecoveryCodeError> {
        let mut symbols = Zeroizing::new([0_u8; SYMBOLS]);
        let mut found = 0;
        for typed in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let symbol = symbol_of(typed).ok_or(RecoveryCodeError::Character(typed))?;
            if let Some(place) = symbols.get_mut(found) {
                *place = symbol;
            }
            found += 1;
        }
        if found != SYMBOLS {
            return Err(RecoveryCodeError::Length { found });
        }
        let mut code = Self(Zeroizing::new([0; BYTES]));
        for (eight, five) in symbols.chunks(8).zip(code.0.chunks_mut(5)) {
            let bits = eight.iter().fold(0_u64, |bits, symbol| bits << 5 | u64::from(*symbol));
            five.copy_from_slice(&bits.to_be_bytes()[3..]);
        }
        if code.check() == symbols[SYMBOLS - CHECK_SYMBOLS..] {
            Ok(code)
        } else {
            Err(RecoveryCodeError::Mistyped)
        }
    }

    /// The code as a person writes it down: `XXXX-XXXX-…`, nine groups of four. Show it once; do not store it.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(SYMBOLS + SYMBOLS / 4));
        for (at, symbol) in self.symbols().iter().enumerate() {
            if at > 0 && at % 4 == 0 {
                text.push('-');
            }
            text.push(char::from(ALPHABET[usize::from(symbol % 32)]));
        }
        text
    }

    /// Whether `typed` is the last of its nine groups: what somebody who has written the code down can say.
    #[must_use]
    pub fn ends_with(&self, typed: &str) -> bool {
        let shown = self.reveal();
        let last = shown.rsplit('-').next().unwrap_or_default();
        let plain = |c: char| symbol_of(c).map(|at| char::from(ALPHABET[usize::from(at)]));
        let typed: Option<Zeroizing<String>> = typed
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(plain)
            .collect::<Option<String>>()
            .map(Zeroizing::new);
        typed.is_some_and(|typed| typed.as_str() == last)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// The code as a [`Secret`], to be sealed for a backup sheet; the bytes are the text of [`RecoveryCode::reveal`].
    #[must_use]
    pub fn to_secret(&self) -> Secret {
        Secret::copy_of(self.reveal().as_bytes())
    }

    fn symbols(&self) -> Zeroizing<[u8; SYMBOLS]> {
        let mut symbols = Zeroizing::new([0; SYMBOLS]);
        for (eight, five) in symbols.chunks_mut(8).zip(self.0.chunks(5)) {
            let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for (at, symbol) in eight.iter_mut().enumerate() {
                *symbol = u8::try_from(bits >> (35 - 5 * at) & 31).unwrap_or_default();
            }
        }
        symbols[SYMBOLS - CHECK_SYMBOLS..].copy_from_slice(&self.check());
        symbols
    }

    fn check(&self) -> [u8; CHECK_SYMBOLS] {
        let hash = Sha256::digest(self.0.as_slice());
        [
            hash[0] >> 3,
            (hash[0] & 7) << 2 | hash[1] >> 6,
            hash[1] >> 1 & 31,
            (hash[1] & 1) << 4 | hash[2] >> 4,
        ]
    }
}

fn symbol_of(typed: char) -> Option<u8> {
    let plain = match typed.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let at = ALPHABET.iter().position(|symbol| char::from(*symbol) == plain)?;
    u8::try_from(at).ok()
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::OsRandom;
    use proptest::prelude::*;

    #[test]
    fn fixed_code_reads_as_written_down() {
        let code = RecoveryCode(Zeroizing::new(std::array::from_fn(|at| u8::try_from(at).unwrap())));
        assert_eq!(
            code.reveal().as_str(),
            "000G-40R4-0M30-E209-185G-R38E-1W81-24GK-XXXX".replace("XXXX", &check_of(&code))
        );
        assert_eq!(format!("{code:?}"), "RecoveryCode(..)");
    }

    fn check_of(code: &RecoveryCode) -> String {
        let hash = Sha256::digest(code.bytes());
        let bits = u32::from_be_bytes([0, hash[0], hash[1], hash[2]]) >> 4;
        (0..4).map(|at| char::from(ALPHABET[(bits >> (15 - 5 * at) & 31) as usize])).collect()
    }

    #[test]
    fn typing_is_forgiven_where_it_can_be() {
        let code = RecoveryCode::make(&mut OsRandom).unwrap();
        let shown = code.reveal();
        let sloppy =
            format!("  {} \n", shown.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l"));
        assert_eq!(RecoveryCode::parse(&sloppy).unwrap().bytes(), code.bytes());
    }

    #[test]
    fn wrong_length_and_wrong_characters_are_named() {
        let shown = RecoveryCode::make(&mut OsRandom).unwrap().reveal();
        let found = |text: &str| RecoveryCode::parse(text).unwrap_err();
        assert_eq!(found(""), RecoveryCodeError::Length { found: 0 });
        assert_eq!(found(&shown[1..]), RecoveryCodeError::Length { found: 35 });
        assert_eq!(found(&format!("{}{}", *shown, *shown)), RecoveryCodeError::Length { found: 72 });
        assert_eq!(found(&format!("U{}", &shown[1..])), RecoveryCodeError::Character('U'));
    }

    proptest! {
        #[test]
        fn any_code_survives_and_any_single_slip_is_noticed(bytes: [u8; BYTES], at in 0..SYMBOLS, by in 1_usize..32) {
            let code = RecoveryCode(Zeroizing::new(bytes));
            let shown = code.reveal();
            let read = RecoveryCode::parse(&shown).unwrap();
            prop_assert_eq!(read.bytes(), &bytes);

            let mut typed: Vec<char> = shown.chars().filter(|c| *c != '-').collect();
            let symbol = usize::from(symbol_of(typed[at]).unwrap());
            typed[at] = char::from(ALPHABET[(symbol + by) % 32]);
            let slip: String = typed.into_iter().collect();
            // 20 bits of a hash let one slip in a million through; the slot then refuses it.
            if let Ok(read) = RecoveryCode::parse(&slip) {
                prop_assert_ne!(read.bytes(), &bytes);
            }
        }
    }
}
