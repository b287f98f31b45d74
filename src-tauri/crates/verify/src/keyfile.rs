//! A witness's key, in a file that only its owner can read.

use data_encoding::BASE64;
use reeve_ledger::Cosigner;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use zeroize::Zeroizing;

const FORMAT: &str = "reeve-witness-key v1";

/// Why there is no key.
#[derive(Debug)]
pub(crate) enum KeyFileError {
    Io(io::Error),
    /// Others could read it.
    Open,
    /// It is none.
    Damaged,
    /// The name cannot name a key.
    Name,
    /// The machine gives no randomness.
    Random,
}

impl KeyFileError {
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Io(error) => error.to_string(),
            Self::Open => {
                "others on this machine can read it: chmod 600 it, and make a new key if somebody may have"
                    .to_owned()
            }
            Self::Damaged => "it is no witness key".to_owned(),
            Self::Name => "the name is empty or has a space, a plus sign or a control character".to_owned(),
            Self::Random => "this machine gives no random numbers".to_owned(),
        }
    }
}

impl From<io::Error> for KeyFileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Makes a key and writes it into a new file; one that is there is never overwritten.
pub(crate) fn make(path: &Path, name: &str) -> Result<Cosigner, KeyFileError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|_| KeyFileError::Random)?;
    let cosigner = Cosigner::from_seed(name, &seed).map_err(|_| KeyFileError::Name)?;
    let text = Zeroizing::new(format!("{FORMAT}\n{name}\n{}\n", BASE64.encode(&*seed)));
    let mut file = for_owner(OpenOptions::new().write(true).create_new(true)).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(cosigner)
}

/// Reads a key.
pub(crate) fn read(path: &Path) -> Result<Cosigner, KeyFileError> {
    if !is_private(&File::open(path)?)? {
        return Err(KeyFileError::Open);
    }
    let text = Zeroizing::new(std::fs::read_to_string(path)?);
    let mut lines = text.lines();
    let (Some(FORMAT), Some(name), Some(seed), None) =
        (lines.next(), lines.next(), lines.next(), lines.next())
    else {
        return Err(KeyFileError::Damaged);
    };
    let seed = Zeroizing::new(BASE64.decode(seed.as_bytes()).map_err(|_| KeyFileError::Damaged)?);
    let seed = <&[u8; 32]>::try_from(seed.as_slice()).map_err(|_| KeyFileError::Damaged)?;
    Cosigner::from_seed(name, seed).map_err(|_| KeyFileError::Damaged)
}

/// What only the owner may read, where the file system knows owners.
pub(crate) fn for_owner(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

#[cfg(unix)]
fn is_private(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(file.metadata()?.permissions().mode() & 0o077 == 0)
}

#[cfg(not(unix))]
fn is_private(_: &File) -> io::Result<bool> {
    Ok(true)
}
