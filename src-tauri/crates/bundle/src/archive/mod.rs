//! The archive: a zip in the one layout that a bundle has.
//!
//! Every file is stored as it is, with the first moment of 1980 for a time; files follow one another without a gap; the
//! directory follows the last and says the same once more; nothing follows it. Ordinary tools unpack it. A general zip library
//! is not used on purpose: it accepts much that is not written here, and of two files of one name it keeps one.

mod read;
mod write;

pub use read::{ArchiveError, ArchiveReader, StoredFile};
pub use write::{ArchiveWriter, TooLarge};

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";

/// The longest name of a file, in bytes.
const MAX_NAME: usize = 64;

/// The most files: the format counts them in 16 bits, and the highest number means another format.
const MAX_FILES: usize = 65_534;

/// The most bytes before the directory; the highest number of 32 bits means another format.
const MAX_OFFSET: u64 = 0xffff_fffe;

/// What a header says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    crc: u32,
    size: u32,
    name: u16,
}

impl Header {
    /// The 26 bytes that a local header and a directory record share: version 1.0, no flags, stored, 1980-01-01 00:00, checksum,
    /// both sizes, length of the name, no extra field.
    fn shared(self) -> [u8; 26] {
        let mut out = [0; 26];
        out[0] = 10;
        out[8] = 0x21;
        out[10..14].copy_from_slice(&self.crc.to_le_bytes());
        out[14..18].copy_from_slice(&self.size.to_le_bytes());
        out[18..22].copy_from_slice(&self.size.to_le_bytes());
        out[22..24].copy_from_slice(&self.name.to_le_bytes());
        out
    }

    /// The header of these 26 bytes, if they are the ones it is written with.
    fn parse(bytes: &[u8; 26]) -> Option<Self> {
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let header = Self { crc: word(10), size: word(14), name: u16::from_le_bytes([bytes[22], bytes[23]]) };
        (header.shared() == *bytes).then_some(header)
    }
}

/// The directory, built alike by who writes and who reads.
#[derive(Debug, Default)]
struct Directory {
    records: Vec<u8>,
    files: usize,
}

impl Directory {
    fn add(&mut self, header: Header, name: &str, offset: u32) {
        self.records.extend_from_slice(&CENTRAL);
        // Made by version 2.0 for a system without permissions.
        self.records.extend_from_slice(&[20, 0]);
        self.records.extend_from_slice(&header.shared());
        // No comment, disk 0, no attributes.
        self.records.extend_from_slice(&[0; 10]);
        self.records.extend_from_slice(&offset.to_le_bytes());
        self.records.extend_from_slice(name.as_bytes());
        self.files += 1;
    }

    /// What follows the last file, for a directory that starts at `offset`.
    fn end(&self, offset: u32) -> [u8; 22] {
        let mut out = [0; 22];
        let files = u16::try_from(self.files).unwrap_or(u16::MAX).to_le_bytes();
        let size = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        out[..4].copy_from_slice(&END);
        out[8..10].copy_from_slice(&files);
        out[10..12].copy_from_slice(&files);
        out[12..16].copy_from_slice(&size.to_le_bytes());
        out[16..20].copy_from_slice(&offset.to_le_bytes());
        out
    }
}
