//! A first start that dies while the vault is made: the next one has a vault that is open.

use super::{FOLDER, FileKeyring};
use reeve_core::time::Clock;
use reeve_engine::vault::VaultKeys;
use reeve_engine::{Engine, OpenEngine, Secret, SystemClock};
use reeve_vault::{Keyring, KeyringFault};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

const NAME: &str = "first_start::a_first_start_that_dies_while_the_vault_is_made_is_begun_anew";
const MOMENT: &str = "REEVE_VAULT_TEST_MOMENT";

/// Where the process dies.
const MOMENTS: [&str; 3] = ["before the key is written", "after it", "when it is read back"];

/// A keyring that takes the process with it.
struct Deadly {
    keyring: FileKeyring,
    moment: String,
}

impl Deadly {
    fn dies(&self, moment: &str) {
        if self.moment == moment {
            std::process::abort();
        }
    }
}

impl Keyring for Deadly {
    fn read(&self) -> Result<Secret, KeyringFault> {
        let found = self.keyring.read();
        if found.is_ok() {
            self.dies(MOMENTS[2]);
        }
        found
    }

    fn write(&self, item: &str) -> Result<(), KeyringFault> {
        self.dies(MOMENTS[0]);
        let written = self.keyring.write(item);
        self.dies(MOMENTS[1]);
        written
    }

    fn delete(&self) -> Result<(), KeyringFault> {
        self.keyring.delete()
    }
}

/// Each vault has an item of its own, as in a real keyring.
async fn start(folder: &Path, moment: &str) -> Engine {
    let (folder, moment) = (folder.to_owned(), moment.to_owned());
    let data_dir = folder.join("data");
    let item = move |id: &[u8; 16]| -> Arc<dyn Keyring> {
        let name: PathBuf = folder.join(format!("item-{}", u128::from_be_bytes(*id)));
        Arc::new(Deadly { keyring: FileKeyring(name), moment: moment.clone() })
    };
    let keys = VaultKeys { keyring: Some(Arc::new(item)), ..VaultKeys::default() };
    Engine::open(OpenEngine { data_dir, keys, clock: Arc::new(SystemClock) as Arc<dyn Clock> }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_that_dies_while_the_vault_is_made_is_begun_anew() {
    if let (Ok(folder), Ok(moment)) = (std::env::var(FOLDER), std::env::var(MOMENT)) {
        start(Path::new(&folder), &moment).await;
        return;
    }
    for moment in MOMENTS {
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME])
            .env(FOLDER, folder.path())
            .env(MOMENT, moment)
            .output()
            .unwrap();
        assert!(!child.status.success(), "it died {moment}");

        let engine = start(folder.path(), "never").await;
        assert_eq!(engine.vault_locked(), None, "{moment}");
        super::add(&engine, 1).await;
        engine.close().await;
        drop(engine);
        let engine = start(folder.path(), "never").await;
        assert_eq!(engine.vault_locked(), None, "and again: {moment}");
        engine.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_with_something_in_it_is_never_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    start(folder.path(), "never").await.close().await;
    let gone = |path: PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("item-"));
    let items = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path());
    items.filter(|path| gone(path.clone())).for_each(|path| std::fs::remove_file(path).unwrap());
    let engine = start(folder.path(), "never").await;
    let locked = engine.vault_locked().unwrap();
    assert_eq!(locked.reason, "key_missing", "the ledger's key is sealed under it");
    engine.close().await;
}
