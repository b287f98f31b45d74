//! A machine with a keyring in memory, on which vaults are made and opened.
#![expect(dead_code, reason = "each test file uses its own part of this")]

use reeve_core::time::Millis;
use reeve_vault::{Created, EnvSecret, KeySources, Keyring, MemoryKeyring, OsRandom, Vault};
use std::sync::Arc;

pub(crate) const NOW: Millis = Millis(1_795_219_200_000);

pub(crate) struct World {
    pub(crate) keyring: Option<Arc<MemoryKeyring>>,
    pub(crate) env: Option<String>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { keyring: Some(Arc::new(MemoryKeyring::new())), env: None }
    }

    pub(crate) fn with_env(self, env: String) -> Self {
        Self { env: Some(env), ..self }
    }

    pub(crate) fn without_keyring(self) -> Self {
        Self { keyring: None, ..self }
    }

    pub(crate) fn keyring(&self) -> &MemoryKeyring {
        self.keyring.as_ref().unwrap()
    }

    pub(crate) fn sources(&self) -> KeySources {
        KeySources {
            keyring: self.keyring.clone().map(|keyring| keyring as Arc<dyn Keyring>),
            env: self.env.as_deref().map(|text| EnvSecret::parse(text).unwrap()),
        }
    }

    /// A vault whose header and slots count as committed; the keyring is not written yet.
    pub(crate) fn create(&self) -> Created {
        Vault::create(&self.sources(), NOW, &mut OsRandom).unwrap()
    }

    /// The same, with the key in the keyring and its slot active.
    pub(crate) fn create_and_enrol(&self) -> Created {
        let mut created = self.create();
        if let Some(active) = created.enrol_keyring().unwrap() {
            let stored = created.slots.iter_mut().find(|slot| slot.id == active.id).unwrap();
            *stored = active;
        }
        created
    }
}

/// 32 bytes as hex.
pub(crate) fn env() -> String {
    "8f1d0c6a4be29a7753d8fe0142bb96c1e07f5a3d2c981b64af7e30d9c5128e4b".to_owned()
}

pub(crate) fn env_words(words: &str) -> String {
    words.to_owned()
}
