//! Where anchors are kept: a file in the data folder, and an item in the keyring of the person whose machine it is.

use super::anchor::Anchor;
use reeve_vault::{Keyring, KeyringFault};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where an anchor is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// `reeve.anchor` beside the ledger's file.
    File,
    /// The operating system's keyring.
    Keyring,
}

impl Place {
    /// The word on the wire and in the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Keyring => "keyring",
        }
    }

    /// In a sentence.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::File => "the anchor file",
            Self::Keyring => "the keyring",
        }
    }
}

/// What a place holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Held {
    Anchor(Box<Anchor>),
    Nothing,
    Damaged(&'static str),
    /// It could not be asked; a keyring that is locked, or a file that cannot be read.
    Unreachable(String),
}

/// The file.
#[derive(Debug)]
pub(super) struct AnchorFile(PathBuf);

impl AnchorFile {
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self(folder.join("reeve.anchor"))
    }

    pub(super) fn read(&self) -> Held {
        match std::fs::read(&self.0) {
            Ok(bytes) => Anchor::parse(&bytes).map_or_else(Held::Damaged, |a| Held::Anchor(Box::new(a))),
            Err(error) if error.kind() == ErrorKind::NotFound => Held::Nothing,
            Err(error) => Held::Unreachable(error.to_string()),
        }
    }

    /// Whole or not at all, and on the disk when it is answered: a new file takes the place of the old one.
    pub(super) fn write(&self, anchor: &Anchor) -> std::io::Result<()> {
        let fresh = self.0.with_extension("anchor-new");
        let mut file = File::create(&fresh)?;
        file.write_all(anchor.to_text().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, &self.0)?;
        #[cfg(unix)]
        if let Some(folder) = self.0.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

/// The keyring's item, and its name.
#[derive(Clone)]
pub(super) struct AnchorItem {
    pub(super) name: String,
    pub(super) keyring: Arc<dyn Keyring>,
}

/// The name of a folder's anchor: a copy of the folder elsewhere does not share it, and one that was emptied still has it.
pub(super) fn item_name(folder: &Path) -> String {
    let whole = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let digest = Sha256::digest(whole.to_string_lossy().as_bytes());
    format!("anchor-{}", data_encoding::HEXLOWER.encode(&digest[..8]))
}

impl AnchorItem {
    /// Blocks, up to 20 s.
    pub(super) fn read(&self) -> Held {
        match self.keyring.read() {
            Ok(item) => {
                Anchor::parse_item(item.expose()).map_or_else(Held::Damaged, |a| Held::Anchor(Box::new(a)))
            }
            Err(KeyringFault::NoEntry) => Held::Nothing,
            Err(KeyringFault::Corrupt | KeyringFault::Ambiguous(_)) => {
                Held::Damaged("the keyring cannot read it, or has several")
            }
            Err(fault) => Held::Unreachable(fault.to_string()),
        }
    }

    /// Blocks, up to 20 s.
    pub(super) fn write(&self, anchor: &Anchor) -> Result<(), KeyringFault> {
        self.keyring.write(&anchor.to_item())
    }
}
