//! The wrapping key of subjects' keys that lives beside the store and not in it.
//!
//! The vault's root key opens every old copy of the store for ever. So that a copy from before an erasure does not bring the
//! erased back, subjects' keys are wrapped by this key as well, in a file of its own that changes with every erasure: who
//! keeps copies of `reeve.db` leaves `privacy.key` out of them, and an old copy is without what is personal in the trail.
//!
//! While a change is under way the file holds both keys, newest first, so that a crash at any moment leaves all that is kept
//! readable. Losing the file loses what is personal in the trail and nothing else.

use crate::error::{Code, Error};
use data_encoding::HEXLOWER;
use parking_lot::RwLock;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

const HEADER: &str = "reeve-privacy-key v1";
/// The file's name in the data folder.
pub const FILE: &str = "privacy.key";

/// One wrapping key.
#[derive(Clone)]
pub(super) struct DeviceKey {
    pub(super) id: [u8; 8],
    pub(super) bytes: Arc<Zeroizing<[u8; 32]>>,
}

impl DeviceKey {
    fn make() -> Result<Self, Error> {
        Ok(Self { id: crate::random::bytes()?, bytes: Arc::new(Zeroizing::new(crate::random::bytes()?)) })
    }

    fn parse(line: &str) -> Option<Self> {
        let (id, bytes) = line.split_once(' ')?;
        let read = |text: &str| HEXLOWER.decode(text.as_bytes()).ok().map(Zeroizing::new);
        Some(Self {
            id: read(id)?.as_slice().try_into().ok()?,
            bytes: Arc::new(Zeroizing::new(read(bytes)?.as_slice().try_into().ok()?)),
        })
    }
}

/// The keys of the file, newest first.
pub(super) struct DeviceKeys {
    path: PathBuf,
    keys: RwLock<Vec<DeviceKey>>,
}

impl DeviceKeys {
    /// Reads the file, or makes it with a first key.
    pub(super) fn open(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(FILE);
        let keys = match std::fs::read_to_string(&path).map(Zeroizing::new) {
            Ok(text) => read(&text).ok_or_else(|| unusable(&path, io::ErrorKind::InvalidData.into()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let keys = vec![DeviceKey::make()?];
                write(&path, &keys).map_err(|e| unusable(&path, e))?;
                keys
            }
            Err(error) => return Err(unusable(&path, error)),
        };
        Ok(Self { path, keys: RwLock::new(keys) })
    }

    /// The key that wraps now.
    pub(super) fn current(&self) -> Option<DeviceKey> {
        self.keys.read().first().cloned()
    }

    pub(super) fn get(&self, id: [u8; 8]) -> Option<DeviceKey> {
        self.keys.read().iter().find(|key| key.id == id).cloned()
    }

    /// Whether a change was begun and not finished.
    pub(super) fn changing(&self) -> bool {
        self.keys.read().len() > 1
    }

    /// Puts a new key first; those before it still open what they wrapped. Blocks.
    pub(super) fn begin_change(&self) -> Result<(), Error> {
        let mut keys = vec![DeviceKey::make()?];
        keys.extend(self.keys.read().iter().cloned());
        self.put(keys)
    }

    /// Forgets all but the newest, once nothing is wrapped by them any more. Blocks.
    pub(super) fn finish_change(&self) -> Result<(), Error> {
        let newest = self.keys.read().first().cloned().into_iter().collect();
        self.put(newest)
    }

    fn put(&self, keys: Vec<DeviceKey>) -> Result<(), Error> {
        write(&self.path, &keys).map_err(|e| unusable(&self.path, e))?;
        *self.keys.write() = keys;
        Ok(())
    }
}

fn unusable(path: &Path, source: io::Error) -> Error {
    let message = format!(
        "{} cannot be used: it holds the key to what is personal in the audit trail.",
        path.display()
    );
    Error::new(Code::Unavailable, message).because(source)
}

fn read(text: &str) -> Option<Vec<DeviceKey>> {
    let keys =
        text.strip_prefix(HEADER)?.lines().skip(1).map(DeviceKey::parse).collect::<Option<Vec<_>>>()?;
    (!keys.is_empty()).then_some(keys)
}

/// Puts the new file in the place of the old one at once, then overwrites the old one's bytes.
fn write(path: &Path, keys: &[DeviceKey]) -> io::Result<()> {
    let old = OpenOptions::new().write(true).open(path).ok();
    let mut text = Zeroizing::new(format!("{HEADER}\n"));
    for key in keys {
        let bytes = Zeroizing::new(HEXLOWER.encode(key.bytes.as_slice()));
        text.push_str(&HEXLOWER.encode(&key.id));
        text.push(' ');
        text.push_str(&bytes);
        text.push('\n');
    }
    let fresh = path.with_extension("key.new");
    let mut file = private(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    if let Some(folder) = path.parent() {
        sync_folder(folder)?;
    }
    old.map_or(Ok(()), overwrite)
}

fn overwrite(mut old: File) -> io::Result<()> {
    let length = usize::try_from(old.metadata()?.len()).unwrap_or(0);
    old.write_all(&vec![0; length])?;
    old.sync_all()
}

#[cfg(unix)]
fn private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(true).write(true).open(path)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_keeps_both_keys_until_it_is_finished_and_survives_a_start() {
        let folder = tempfile::tempdir().unwrap();
        let keys = DeviceKeys::open(folder.path()).unwrap();
        let first = keys.current().unwrap();
        keys.begin_change().unwrap();
        // As after a crash in the middle.
        let keys = DeviceKeys::open(folder.path()).unwrap();
        assert!(keys.changing());
        let second = keys.current().unwrap();
        assert_ne!(first.id, second.id);
        assert_eq!(keys.get(first.id).unwrap().bytes, first.bytes);
        keys.finish_change().unwrap();
        let keys = DeviceKeys::open(folder.path()).unwrap();
        assert!(!keys.changing() && keys.get(first.id).is_none());
        assert_eq!(keys.current().unwrap().bytes, second.bytes);
        let left: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
        assert_eq!(left, [FILE]);
    }

    #[test]
    fn a_damaged_file_is_an_error_and_no_new_beginning() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "reeve-privacy-key v1\n", "reeve-privacy-key v1\n0011 22\n", "something else"] {
            std::fs::write(folder.path().join(FILE), text).unwrap();
            assert!(DeviceKeys::open(folder.path()).is_err(), "{text:?}");
        }
    }
}
