//! `KEY_ENCRYPTION_SECRET`: the vault's key for machines without a keyring.

use crate::kdf::Kdf;
use crate::key::KEY_LEN;
use crate::secret::Secret;
use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use std::fs;
use std::io::Read as _;
use zeroize::Zeroizing;

/// The variable that holds the secret.
pub const SECRET: &str = "KEY_ENCRYPTION_SECRET";
/// The variable that names a file holding it.
pub const SECRET_FILE: &str = "KEY_ENCRYPTION_SECRET_FILE";
/// The variable that holds the secret to move away from.
pub const SECRET_PREVIOUS: &str = "KEY_ENCRYPTION_SECRET_PREVIOUS";

const MIN_CHARACTERS: usize = 20;
const MAX_FILE_BYTES: u64 = 4096;
/// Random 32 bytes have fewer different values than this about once in 10^30 times.
const MIN_DIFFERENT_BYTES: usize = 8;
const MIN_DIFFERENT_CHARACTERS: usize = 6;

/// Words that samples, templates and manuals are full of, without anything but letters and digits.
const SAMPLE_WORDS: [&str; 14] = [
    "changeme",
    "changethis",
    "replaceme",
    "replacethis",
    "placeholder",
    "example",
    "insecure",
    "donotuse",
    "yoursecret",
    "yourkey",
    "yourencryption",
    "supersecret",
    "passwordpassword",
    "correcthorsebattery",
];

/// The secret in the environment cannot be used. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum EnvError {
    /// Fewer than 20 characters, and not 32 bytes either.
    #[error(
        "KEY_ENCRYPTION_SECRET is too short ({characters} characters): give 32 random bytes as base64 or hex, \
         for instance from `openssl rand -base64 32`, or a passphrase of at least 20 characters"
    )]
    TooShort {
        /// Characters found.
        characters: usize,
    },
    /// A value out of a sample or a manual, or one that repeats or counts.
    #[error(
        "KEY_ENCRYPTION_SECRET looks like a sample value that others know too: make your own, \
         for instance with `openssl rand -base64 32`"
    )]
    Sample,
    /// The variable is there, but empty.
    #[error("KEY_ENCRYPTION_SECRET is set but empty: give it a value, or unset it to use the keyring")]
    Empty,
    /// Both variables are set, and may disagree.
    #[error("both KEY_ENCRYPTION_SECRET and KEY_ENCRYPTION_SECRET_FILE are set: keep one of them")]
    TwoSources,
    /// The file cannot be read.
    #[error("the file that KEY_ENCRYPTION_SECRET_FILE names cannot be read: check its path and permissions")]
    Unreadable(#[source] std::io::Error),
    /// The file is not a secret: too long, or not text.
    #[error("the file that KEY_ENCRYPTION_SECRET_FILE names must hold one line of text, at most 4 KiB")]
    NotText,
    /// The previous secret is not usable; the cause says why.
    #[error("KEY_ENCRYPTION_SECRET_PREVIOUS cannot be used")]
    Previous(#[source] Box<EnvError>),
}

/// A usable `KEY_ENCRYPTION_SECRET`, and the one before it if there is one.
#[derive(Debug)]
pub struct EnvSecret {
    current: Value,
    previous: Option<Value>,
}

/// One secret, and how it becomes a key.
#[derive(Debug)]
pub(crate) enum Value {
    /// 32 bytes that were written as base64 or hex.
    Raw(Secret),
    /// Words, to be stretched.
    Words(Secret),
}

impl Value {
    pub(crate) fn kdf(&self) -> Kdf {
        match self {
            Self::Raw(_) => Kdf::Hkdf,
            Self::Words(_) => Kdf::ENV_WORDS,
        }
    }

    pub(crate) fn expose(&self) -> &[u8] {
        match self {
            Self::Raw(secret) | Self::Words(secret) => secret.expose(),
        }
    }

    fn parse(text: &str) -> Result<Self, EnvError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(EnvError::Empty);
        }
        // 20 characters cannot spell 32 bytes, so the length may be judged first.
        let characters = text.chars().count();
        if characters < MIN_CHARACTERS {
            return Err(EnvError::TooShort { characters });
        }
        if is_sample(text) {
            return Err(EnvError::Sample);
        }
        match decode(text) {
            Some(bytes) if is_weak(bytes.expose()) => Err(EnvError::Sample),
            Some(bytes) => Ok(Self::Raw(bytes)),
            None => Ok(Self::Words(Secret::copy_of(text.as_bytes()))),
        }
    }
}

impl EnvSecret {
    /// Reads the secret: 32 bytes as base64 (either alphabet, padded or not) or hex, else a passphrase of at least 20
    /// characters, which Argon2id stretches with the salt of the vault's slot. Blanks around it do not count.
    ///
    /// # Errors
    /// [`EnvError`] for values that are empty, too short, or out of a manual.
    pub fn parse(text: &str) -> Result<Self, EnvError> {
        Ok(Self { current: Value::parse(text)?, previous: None })
    }

    /// Reads `KEY_ENCRYPTION_SECRET` or the file named by `KEY_ENCRYPTION_SECRET_FILE`, and
    /// `KEY_ENCRYPTION_SECRET_PREVIOUS`, through `lookup`. `None` if neither of the first two is set.
    ///
    /// # Errors
    /// [`EnvError`] when a value is set but cannot be used: never treat that as "not set".
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, EnvError> {
        let lookup = |name| lookup(name).map(Zeroizing::new);
        let current = match (lookup(SECRET), lookup(SECRET_FILE)) {
            (Some(_), Some(_)) => return Err(EnvError::TwoSources),
            (Some(text), None) => Value::parse(&text)?,
            (None, Some(path)) => Value::parse(&read_file(&path)?)?,
            (None, None) => return Ok(None),
        };
        let previous = lookup(SECRET_PREVIOUS).map(|text| Value::parse(&text)).transpose();
        let previous = previous.map_err(|error| EnvError::Previous(Box::new(error)))?;
        Ok(Some(Self { current, previous }))
    }

    pub(crate) fn current(&self) -> &Value {
        &self.current
    }

    pub(crate) fn previous(&self) -> Option<&Value> {
        self.previous.as_ref()
    }
}

fn read_file(path: &str) -> Result<Zeroizing<String>, EnvError> {
    let file = fs::File::open(path).map_err(EnvError::Unreadable)?;
    let limit = MAX_FILE_BYTES + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE_BYTES as usize + 64));
    file.take(limit).read_to_end(&mut bytes).map_err(EnvError::Unreadable)?;
    if bytes.len() as u64 == limit {
        return Err(EnvError::NotText);
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| EnvError::NotText)?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// The 32 bytes that `text` spells, if it spells 32 bytes.
fn decode(text: &str) -> Option<Secret> {
    let spellings = [HEXLOWER_PERMISSIVE, BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD];
    let mut spelt =
        spellings.iter().filter_map(|spelling| spelling.decode(text.as_bytes()).ok().map(Secret::new));
    spelt.find(|secret| secret.len() == KEY_LEN)
}

fn is_sample(text: &str) -> bool {
    let plain = Zeroizing::new(
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect::<String>(),
    );
    SAMPLE_WORDS.iter().any(|word| plain.contains(word))
        || different(text.as_bytes()) < MIN_DIFFERENT_CHARACTERS
        || counts_or_repeats(text.as_bytes())
}

fn is_weak(bytes: &[u8]) -> bool {
    different(bytes) < MIN_DIFFERENT_BYTES || counts_or_repeats(bytes)
}

fn different(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    for byte in bytes {
        seen[usize::from(*byte)] = true;
    }
    seen.iter().filter(|seen| **seen).count()
}

/// 0123456789abcdef0123456789abcdef and the like: counting, or one short block again and again.
fn counts_or_repeats(bytes: &[u8]) -> bool {
    let steps = bytes.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) == 1).count();
    let repeats =
        (1..=bytes.len() / 2).any(|block| bytes.iter().zip(&bytes[block..]).all(|(one, two)| one == two));
    steps * 4 >= bytes.len() * 3 || repeats
}

#[cfg(test)]
mod tests;
