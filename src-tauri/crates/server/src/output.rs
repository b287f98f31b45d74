//! Standard output.

use crate::failure::Failure;
use std::io::Write as _;

/// Writes a line and makes sure that whoever waits for it gets it now.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(Failure::Output)
}
