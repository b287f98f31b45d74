//! A reader that gives up on a line without end, so that a broken file cannot fill the memory.

use std::io::{self, Read};

/// The longest line: far beyond any usage export.
pub const LONGEST_LINE: usize = 1024 * 1024;

/// Counts bytes between line ends.
pub struct Bounded<R> {
    inner: R,
    since_line_end: usize,
    line: u64,
}

impl<R: Read> Bounded<R> {
    /// Reads `inner`.
    pub fn new(inner: R) -> Self {
        Self { inner, since_line_end: 0, line: 1 }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        for byte in &buffer[..n] {
            if *byte == b'\n' {
                self.since_line_end = 0;
                self.line += 1;
            } else {
                self.since_line_end += 1;
                if self.since_line_end > LONGEST_LINE {
                    let message =
                        format!("line {} is longer than 1 MiB; this is not a usage export", self.line);
                    return Err(io::Error::new(io::ErrorKind::InvalidData, message));
                }
            }
        }
        Ok(n)
    }
}
