//! The master key is rotated, and a backup restored, by a process that is killed at any moment: every key opens afterwards.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, also in its helpers")]
#![expect(clippy::print_stdout, reason = "the child tells its parent that it begins")]

mod first_start;
mod restored;
mod worn;

use reeve_core::time::Clock;
use reeve_engine::credentials::AddCredential;
use reeve_engine::vault::VaultKeys;
use reeve_engine::{Cx, Engine, OpenEngine, Secret, SystemClock};
use reeve_vault::{Keyring, KeyringFault};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// Says in the child which folder it works in.
const FOLDER: &str = "REEVE_VAULT_TEST_FOLDER";
const KEYS: usize = 30;
const KILLS: u64 = 24;

/// A keyring that outlives the process: a file. A write goes beside it first, as keyrings do.
struct FileKeyring(PathBuf);

impl Keyring for FileKeyring {
    fn read(&self) -> Result<Secret, KeyringFault> {
        std::fs::read(&self.0).map(Secret::new).map_err(|_| KeyringFault::NoEntry)
    }

    fn write(&self, item: &str) -> Result<(), KeyringFault> {
        let beside = self.0.with_extension("new");
        let written = std::fs::write(&beside, item).and_then(|()| std::fs::rename(&beside, &self.0));
        written.map_err(|_| KeyringFault::Other("Io"))
    }

    fn delete(&self) -> Result<(), KeyringFault> {
        std::fs::remove_file(&self.0).map_err(|_| KeyringFault::NoEntry)
    }
}

async fn open(folder: &Path) -> Engine {
    let item = folder.join("keyring-item");
    let keys = VaultKeys {
        keyring: Some(Arc::new(move |_| Arc::new(FileKeyring(item.clone())))),
        ..VaultKeys::default()
    };
    let clock = Arc::new(SystemClock) as Arc<dyn Clock>;
    Engine::open(OpenEngine { data_dir: folder.join("data"), keys, clock }).await.unwrap()
}

/// Adds a key at an address that is nobody's.
async fn add(engine: &Engine, n: usize) {
    let key = AddCredential {
        name: format!("key {n}"),
        provider: "openai".to_owned(),
        base_url: Some("http://127.0.0.1:9/v1".to_owned()),
        models: Vec::new(),
        weight: None,
        priority: None,
        api_key: Secret::new(format!("sk-canary-{n:012}").into_bytes()),
    };
    engine.add_credential(&Cx::cli(), key).await.unwrap();
}

async fn under_way(engine: &Engine) -> bool {
    let rewrap = engine.vault_status(&Cx::cli()).await.unwrap().rewrap;
    rewrap.is_some_and(|r| r.ended_at.is_none())
}

/// Begins a rotation, or goes on with the one that broke off, until it is killed.
async fn rotate(folder: &Path) {
    println!("ready");
    let engine = open(folder).await;
    while under_way(&engine).await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let cx = Cx::cli();
    if engine.vault_status(&cx).await.unwrap().epoch % 2 == 0 {
        engine.rotate_master_key(&cx).await.unwrap();
    } else {
        let code = engine.prepare_root_key(&cx, None).await.unwrap();
        engine.confirm_root_key(&cx, code.rsplit('-').next().unwrap()).await.unwrap();
    }
    std::future::pending::<()>().await;
}

/// Opens the folder as the next start does, and every key in it.
async fn all_open(folder: &Path, after: &str) -> (u32, bool) {
    let engine = open(folder).await;
    let cx = Cx::cli();
    assert_eq!(engine.vault_locked(), None, "{after}");
    assert!(!engine.rotation_paused(), "{after}: a crash is no older copy");
    let (found, _) = engine.credentials(&cx, None, KEYS).await.unwrap();
    assert_eq!(found.len(), KEYS);
    for credential in found {
        // Nobody is at its address: what does not open fails, what opens is tried there.
        engine.probe_credential(&cx, credential.id).await.unwrap_or_else(|e| panic!("{after}: {e}"));
    }
    let status = engine.vault_status(&cx).await.unwrap();
    let unfinished = under_way(&engine).await;
    engine.close().await;
    assert_eq!(status.rewrap.map_or(0, |r| r.unreadable), 0, "{after}");
    (status.epoch, unfinished)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_is_killed_at_any_moment_loses_no_key() {
    if let Ok(folder) = std::env::var(FOLDER) {
        return rotate(Path::new(&folder)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path()).await;
    for n in 0..KEYS {
        add(&engine, n).await;
    }
    engine.close().await;
    drop(engine);
    let (mut cut, mut epoch) = (0, 1);
    for n in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_rotation_that_is_killed_at_any_moment_loses_no_key", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.ends_with("ready")), "the child begins");
        // From before anything is open to well behind the end; the moments lie closest where most happens.
        tokio::time::sleep(Duration::from_millis(n * n * 5)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let (now, unfinished) = all_open(folder.path(), &format!("kill {n}")).await;
        assert!(now >= epoch, "an epoch never goes back");
        (epoch, cut) = (now, cut + u32::from(unfinished));
    }
    assert!(epoch > 1 && cut > 0, "the kills fell into rotations: {cut} of them, up to epoch {epoch}");
}
