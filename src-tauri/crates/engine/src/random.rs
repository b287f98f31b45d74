//! Random bytes from the operating system.

use crate::error::{Code, Error};

/// `N` random bytes.
///
/// # Errors
/// [`Code::Unavailable`] if the operating system has none.
pub fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut out = [0; N];
    getrandom::fill(&mut out).map_err(|e| {
        Error::new(Code::Unavailable, "The operating system gave no random numbers.").because(e)
    })?;
    Ok(out)
}
