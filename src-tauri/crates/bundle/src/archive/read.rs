//! Reading an archive, forwards only, and refusing whatever [`super::ArchiveWriter`] does not write.

use super::{CENTRAL, Directory, Header, LOCAL, MAX_FILES, MAX_NAME, MAX_OFFSET};
use crate::MAX_FILE;
use std::io::{self, Read};
use thiserror::Error;

/// Why an archive cannot be read on.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// The system would not give the bytes.
    #[error("the file cannot be read")]
    Io(#[source] io::Error),
    /// It ends before it should.
    #[error("the file ends too early")]
    Cut,
    /// A header is not as this format writes it.
    #[error(
        "the header at byte {at} is not one of this format: the file was packed by another program, or changed"
    )]
    Header {
        /// Where it begins.
        at: u64,
    },
    /// A name that no file of this format has.
    #[error("the name at byte {at} is none of this format")]
    Name {
        /// Where its header begins.
        at: u64,
    },
    /// A file is larger than one may be.
    #[error("{name} says it has {size} bytes; {MAX_FILE} are the most")]
    FileSize {
        /// Which.
        name: String,
        /// Bytes.
        size: u32,
    },
    /// More files, or more bytes, than the format can say.
    #[error("there is more in it than this format can hold")]
    TooMany,
    /// The directory says something else than the files.
    #[error("the directory at the end does not list the files as they are")]
    Directory,
    /// Something follows the end.
    #[error("something follows the end of the archive")]
    Trailing,
}

/// A file of the archive.
#[derive(Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its name; ASCII, at most 64 bytes, otherwise whatever the archive says.
    pub name: String,
    /// What is in it.
    pub data: Vec<u8>,
    /// Whether its checksum fits.
    pub sound: bool,
}

/// An archive, read from its beginning.
pub struct ArchiveReader<R> {
    input: R,
    offset: u64,
    directory: Directory,
}

impl<R: Read> ArchiveReader<R> {
    /// Reads from the first byte of `input`.
    pub fn new(input: R) -> Self {
        Self { input, offset: 0, directory: Directory::default() }
    }

    /// The next file; `None` once the directory was read, fits, and is the end.
    ///
    /// # Errors
    /// Any [`ArchiveError`].
    pub fn next_file(&mut self) -> Result<Option<StoredFile>, ArchiveError> {
        let at = self.offset;
        match self.array::<4>()? {
            LOCAL => self.file(at).map(Some),
            CENTRAL => self.end(at).map(|()| None),
            _ => Err(ArchiveError::Header { at }),
        }
    }

    fn file(&mut self, at: u64) -> Result<StoredFile, ArchiveError> {
        let start = u32::try_from(at).map_err(|_| ArchiveError::TooMany)?;
        let header = Header::parse(&self.array()?).ok_or(ArchiveError::Header { at })?;
        if !(1..=MAX_NAME).contains(&usize::from(header.name)) {
            return Err(ArchiveError::Name { at });
        }
        let name = String::from_utf8(self.bytes(usize::from(header.name))?)
            .ok()
            .filter(|name| name.bytes().all(|b| b.is_ascii_graphic()))
            .ok_or(ArchiveError::Name { at })?;
        if header.size as usize > MAX_FILE {
            return Err(ArchiveError::FileSize { name, size: header.size });
        }
        let data = self.bytes(header.size as usize)?;
        if self.directory.files == MAX_FILES || self.offset > MAX_OFFSET {
            return Err(ArchiveError::TooMany);
        }
        self.directory.add(header, &name, start);
        let sound = crc32fast::hash(&data) == header.crc;
        Ok(StoredFile { name, data, sound })
    }

    /// The first four bytes of the directory were read at `at`.
    fn end(&mut self, at: u64) -> Result<(), ArchiveError> {
        let start = u32::try_from(at).map_err(|_| ArchiveError::TooMany)?;
        let expected = std::mem::take(&mut self.directory);
        let end = expected.end(start);
        for part in [expected.records.get(4..).ok_or(ArchiveError::Directory)?, &end] {
            if self.bytes(part.len())? != part {
                return Err(ArchiveError::Directory);
            }
        }
        match self.bytes(1) {
            Err(ArchiveError::Cut) => Ok(()),
            Ok(_) => Err(ArchiveError::Trailing),
            Err(other) => Err(other),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ArchiveError> {
        let bytes = self.bytes(N)?;
        bytes.try_into().map_err(|_| ArchiveError::Cut)
    }

    /// Memory is taken as bytes arrive, not as a header promises them.
    fn bytes(&mut self, count: usize) -> Result<Vec<u8>, ArchiveError> {
        let mut bytes = Vec::new();
        self.input.by_ref().take(count as u64).read_to_end(&mut bytes).map_err(ArchiveError::Io)?;
        self.offset += bytes.len() as u64;
        if bytes.len() == count { Ok(bytes) } else { Err(ArchiveError::Cut) }
    }
}
