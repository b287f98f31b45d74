//! What a witness remembers: of each log the last head it signed. It lies beside the key, and is written before a signature is
//! given away, so that no second signature contradicts the first.

use crate::keyfile::for_owner;
use serde_json::{Map, Value, json};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

const FORMAT: &str = "reeve-witness-memory v1";

/// The last head of a log that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signed {
    /// The key that the log began with, or the one that was given for it.
    pub(crate) vkey: String,
    /// The head, as the log signed it.
    pub(crate) note: String,
}

/// All of them, held until this value goes.
pub(crate) struct Memory {
    path: PathBuf,
    logs: Map<String, Value>,
    _lock: File,
}

fn beside(key: &Path, end: &str) -> PathBuf {
    let mut name = key.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn damaged() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "what this witness remembers is damaged; without it, it could sign what contradicts its own word",
    )
}

impl Memory {
    /// Reads what is remembered beside a key, and keeps others from it meanwhile.
    pub(crate) fn open(key: &Path) -> io::Result<Self> {
        let lock = for_owner(OpenOptions::new().write(true).create(true).truncate(false))
            .open(beside(key, ".lock"))?;
        lock.lock()?;
        let path = beside(key, ".memory");
        let logs = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Map::new(),
            Err(error) => return Err(error),
            Ok(text) => {
                let all: Value = serde_json::from_str(&text).map_err(|_| damaged())?;
                let known = all.get("format").and_then(Value::as_str) == Some(FORMAT);
                all.get("logs").and_then(Value::as_object).filter(|_| known).ok_or_else(damaged)?.clone()
            }
        };
        Ok(Self { path, logs, _lock: lock })
    }

    /// The last head of a log.
    pub(crate) fn of(&self, origin: &str) -> io::Result<Option<Signed>> {
        let Some(log) = self.logs.get(origin) else { return Ok(None) };
        let text = |key: &str| log.get(key).and_then(Value::as_str).map(str::to_owned).ok_or_else(damaged);
        Ok(Some(Signed { vkey: text("vkey")?, note: text("note")? }))
    }

    /// Remembers a head; it is on the disk when this returns.
    pub(crate) fn set(&mut self, origin: &str, signed: &Signed) -> io::Result<()> {
        self.logs.insert(origin.to_owned(), json!({ "note": signed.note, "vkey": signed.vkey }));
        let text = format!("{:#}\n", json!({ "format": FORMAT, "logs": self.logs }));
        let new = beside(&self.path, ".new");
        let mut file = for_owner(OpenOptions::new().write(true).create(true).truncate(true)).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, &self.path)?;
        #[cfg(unix)]
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}
