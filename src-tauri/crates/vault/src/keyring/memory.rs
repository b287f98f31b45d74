//! A keyring in memory that can answer every fault: for tests and for rehearsing each way a keyring fails.

use super::{Keyring, KeyringFault};
use crate::secret::Secret;
use parking_lot::Mutex;

/// How a [`MemoryKeyring`] behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyringMode {
    /// Keeps what it is given.
    Ok,
    /// Has no collection: reads find nothing, writes fail with [`KeyringFault::NoDefaultCollection`].
    NoDefaultCollection,
    /// As above, but a read says so too.
    NoDefaultCollectionOnRead,
    /// Answers [`KeyringFault::Locked`].
    Locked,
    /// Answers [`KeyringFault::NoService`].
    NoService,
    /// Reads answer [`KeyringFault::Ambiguous`] with the item and the planted candidates.
    Ambiguous,
    /// Reads answer [`KeyringFault::Corrupt`].
    Corrupt,
    /// Answers [`KeyringFault::Timeout`].
    Timeout,
    /// Answers [`KeyringFault::Other`].
    Other,
    /// Says that a write worked, and forgets it.
    ForgetsWrites,
}

#[derive(Debug)]
struct State {
    mode: KeyringMode,
    item: Option<Secret>,
    planted: Vec<Secret>,
    writes: usize,
}

/// A keyring that lives as long as the process.
#[derive(Debug)]
pub struct MemoryKeyring(Mutex<State>);

impl Default for MemoryKeyring {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryKeyring {
    /// An empty keyring that works.
    #[must_use]
    pub fn new() -> Self {
        Self(Mutex::new(State { mode: KeyringMode::Ok, item: None, planted: Vec::new(), writes: 0 }))
    }

    /// Behaves as `mode` says from now on; the item stays.
    pub fn set_mode(&self, mode: KeyringMode) {
        self.0.lock().mode = mode;
    }

    /// Puts `text` in place of the item, as another program could.
    pub fn put(&self, text: &[u8]) {
        self.0.lock().item = Some(Secret::copy_of(text));
    }

    /// Adds a second item that matches; shown in [`KeyringMode::Ambiguous`].
    pub fn plant(&self, text: &[u8]) {
        self.0.lock().planted.push(Secret::copy_of(text));
    }

    /// Forgets the item, as a reset keyring does.
    pub fn forget(&self) {
        self.0.lock().item = None;
    }

    /// A copy of the item, whatever the mode.
    #[must_use]
    pub fn item(&self) -> Option<Secret> {
        self.0.lock().item.as_ref().map(copy)
    }

    /// How many writes were asked for.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.0.lock().writes
    }
}

impl State {
    fn find(&self) -> Result<&Secret, KeyringFault> {
        self.item.as_ref().ok_or(KeyringFault::NoEntry)
    }

    fn outage(&self) -> Result<(), KeyringFault> {
        match self.mode {
            KeyringMode::Locked => Err(KeyringFault::Locked),
            KeyringMode::NoService => Err(KeyringFault::NoService),
            KeyringMode::Timeout => Err(KeyringFault::Timeout),
            KeyringMode::Other => Err(KeyringFault::Other("Invalid")),
            _ => Ok(()),
        }
    }
}

impl Keyring for MemoryKeyring {
    fn read(&self) -> Result<Secret, KeyringFault> {
        let state = self.0.lock();
        state.outage()?;
        match state.mode {
            KeyringMode::NoDefaultCollection => Err(KeyringFault::NoEntry),
            KeyringMode::NoDefaultCollectionOnRead => Err(KeyringFault::NoDefaultCollection),
            KeyringMode::Corrupt => Err(KeyringFault::Corrupt),
            KeyringMode::Ambiguous => {
                Err(KeyringFault::Ambiguous(state.planted.iter().chain(&state.item).map(copy).collect()))
            }
            _ => state.find().map(copy),
        }
    }

    fn write(&self, item: &str) -> Result<(), KeyringFault> {
        let mut state = self.0.lock();
        state.writes += 1;
        state.outage()?;
        match state.mode {
            KeyringMode::NoDefaultCollection | KeyringMode::NoDefaultCollectionOnRead => {
                Err(KeyringFault::NoDefaultCollection)
            }
            KeyringMode::Ambiguous => Err(KeyringFault::Ambiguous(Vec::new())),
            KeyringMode::ForgetsWrites => Ok(()),
            _ => {
                state.item = Some(Secret::copy_of(item.as_bytes()));
                Ok(())
            }
        }
    }

    fn delete(&self) -> Result<(), KeyringFault> {
        let mut state = self.0.lock();
        state.outage()?;
        state.item.take().map(drop).ok_or(KeyringFault::NoEntry)
    }
}

fn copy(secret: &Secret) -> Secret {
    Secret::copy_of(secret.expose())
}
