//! Writing an archive, forwards only.

use super::{Directory, Header, LOCAL, MAX_FILES, MAX_OFFSET};
use thiserror::Error;

/// The archive would be larger than its format can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a bundle holds at most 4 GiB in 65,534 files; export a shorter range")]
pub struct TooLarge;

/// An archive under way. What is finished can be taken out at any time.
#[derive(Debug, Default)]
pub struct ArchiveWriter {
    out: Vec<u8>,
    offset: u64,
    directory: Directory,
}

impl ArchiveWriter {
    /// Adds a file. The name is the caller's promise: ASCII, at most 64 bytes, not used before.
    ///
    /// # Errors
    /// [`TooLarge`] if the archive would not fit its format.
    pub fn add(&mut self, name: &str, data: &[u8]) -> Result<(), TooLarge> {
        let offset = u32::try_from(self.offset).map_err(|_| TooLarge)?;
        let size = u32::try_from(data.len()).map_err(|_| TooLarge)?;
        let length = u16::try_from(name.len()).map_err(|_| TooLarge)?;
        let end = self.offset + 30 + u64::from(length) + u64::from(size);
        if end > MAX_OFFSET || self.directory.files == MAX_FILES {
            return Err(TooLarge);
        }
        let header = Header { crc: crc32fast::hash(data), size, name: length };
        self.out.extend_from_slice(&LOCAL);
        self.out.extend_from_slice(&header.shared());
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(data);
        self.directory.add(header, name, offset);
        self.offset = end;
        Ok(())
    }

    /// Writes the directory. Nothing may be added after it.
    ///
    /// # Errors
    /// [`TooLarge`] if the archive does not fit its format.
    pub fn finish(&mut self) -> Result<(), TooLarge> {
        let offset = u32::try_from(self.offset).map_err(|_| TooLarge)?;
        self.out.extend_from_slice(&self.directory.records);
        let end = self.directory.end(offset);
        self.out.extend_from_slice(&end);
        Ok(())
    }

    /// Takes out what is written so far.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Bytes that wait to be taken.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.out.len()
    }
}
