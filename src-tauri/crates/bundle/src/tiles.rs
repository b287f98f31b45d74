//! A whole log as the files of a C2SP tlog-tiles tree, in an archive: `checkpoint`, `tile/<level>/<n>` and `tile/entries/<n>`. Any
//! program that reads such a tree checks it, also one that never heard of Reeve. There is no room in it for anything but the
//! entries themselves, and none for a log whose beginning was pruned.
//!
//! Source: <https://c2sp.org/tlog-tiles>.

use crate::archive::{ArchiveWriter, TooLarge};
use reeve_ledger::{Hash, TILE_WIDTH, leaf_hash, tile_root};
use thiserror::Error;

/// Why a tree cannot be written.
#[derive(Debug, Error)]
pub enum TileTreeError {
    /// It would be larger than its archive can say.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// An entry is longer than 65,535 bytes: the ledger writes none.
    #[error("an entry is longer than 65,535 bytes")]
    TooLong,
}

/// A tree under way. Entries are pushed from the first one on.
#[derive(Debug, Default)]
pub struct TileTreeWriter {
    archive: ArchiveWriter,
    /// Of each level the hashes of its last tile, and how many tiles before it are full.
    levels: Vec<(Vec<Hash>, u64)>,
    /// The entries of the last bundle, each behind its length.
    bundle: Vec<u8>,
}

impl TileTreeWriter {
    /// Writes the checkpoint, which the entries to come must have the root of.
    ///
    /// # Errors
    /// [`TileTreeError::TooLarge`].
    pub fn begin(checkpoint: &str) -> Result<Self, TileTreeError> {
        let mut writer = Self::default();
        writer.archive.add("checkpoint", checkpoint.as_bytes())?;
        Ok(writer)
    }

    /// Adds the next entry.
    ///
    /// # Errors
    /// [`TileTreeError`].
    pub fn push(&mut self, entry: &[u8]) -> Result<(), TileTreeError> {
        let length = u16::try_from(entry.len()).map_err(|_| TileTreeError::TooLong)?;
        self.bundle.extend_from_slice(&length.to_be_bytes());
        self.bundle.extend_from_slice(entry);
        let mut hash = leaf_hash(entry);
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push((Vec::new(), 0));
            }
            let (tile, full) = &mut self.levels[level];
            tile.push(hash);
            if tile.len() as u64 != TILE_WIDTH {
                break;
            }
            let (tile, number) = (std::mem::take(tile), *full);
            *full += 1;
            self.archive.add(&tile_name(level, number, TILE_WIDTH), &tile.concat())?;
            if level == 0 {
                let bundle = std::mem::take(&mut self.bundle);
                self.archive.add(&bundle_name(number, TILE_WIDTH), &bundle)?;
            }
            hash = tile_root(&tile);
        }
        Ok(())
    }

    /// Ends the tree with its partial tiles.
    ///
    /// # Errors
    /// [`TileTreeError::TooLarge`].
    pub fn finish(&mut self) -> Result<(), TileTreeError> {
        for (level, (tile, number)) in std::mem::take(&mut self.levels).into_iter().enumerate() {
            if tile.is_empty() {
                continue;
            }
            let width = tile.len() as u64;
            self.archive.add(&tile_name(level, number, width), &tile.concat())?;
            if level == 0 {
                let bundle = std::mem::take(&mut self.bundle);
                self.archive.add(&bundle_name(number, width), &bundle)?;
            }
        }
        Ok(self.archive.finish()?)
    }

    /// Takes out what is written so far.
    pub fn take(&mut self) -> Vec<u8> {
        self.archive.take()
    }
}

fn tile_name(level: usize, number: u64, width: u64) -> String {
    format!("tile/{level}/{}", path(number, width))
}

fn bundle_name(number: u64, width: u64) -> String {
    format!("tile/entries/{}", path(number, width))
}

/// `1234067` is `x001/x234/067`; a partial tile says how wide it is.
fn path(number: u64, width: u64) -> String {
    let mut path = format!("{:03}", number % 1_000);
    let mut rest = number / 1_000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1_000);
        rest /= 1_000;
    }
    if width == TILE_WIDTH { path } else { format!("{path}.p/{width}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_paths_of_three_digits() {
        for (number, width, expected) in [
            (0, 256, "000"),
            (67, 256, "067"),
            (1_000, 256, "x001/000"),
            (1_234_067, 256, "x001/x234/067"),
            (1_234_067, 7, "x001/x234/067.p/7"),
        ] {
            assert_eq!(path(number, width), expected);
        }
    }
}
