//! Where random bytes come from: the operating system, or a fixed sequence in a test.

/// The operating system gave no random bytes; nothing secret can be made until it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct RandomError;

/// Random bytes for making a vault, a slot or a recovery code. Hosts pass [`OsRandom`]; tests may pin the bytes.
///
/// Sealing does not take one: its nonces always come from the operating system.
pub trait Random {
    /// Fills `into` with random bytes.
    ///
    /// # Errors
    /// [`RandomError`] when there are none to be had.
    fn fill(&mut self, into: &mut [u8]) -> Result<(), RandomError>;
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&mut self, into: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(into).map_err(|_| RandomError)
    }
}

/// `N` random bytes.
pub(crate) fn make_bytes<const N: usize>(random: &mut dyn Random) -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    random.fill(&mut bytes)?;
    Ok(bytes)
}
