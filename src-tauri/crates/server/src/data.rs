//! Opening a data folder: the engine with the keys that this machine has.

use crate::failure::Failure;
use reeve_engine::vault::VaultKeys;
use reeve_engine::{Engine, EnvSecret, OpenEngine, SystemClock};
use std::path::PathBuf;
use std::sync::Arc;

/// Opens the engine. A locked vault is a state of it, except on the very first run, when nothing would ever open it.
pub(crate) async fn open(data_dir: PathBuf) -> Result<Engine, Failure> {
    let engine = Engine::open(OpenEngine { data_dir, keys: keys()?, clock: Arc::new(SystemClock) }).await?;
    match engine.vault_locked() {
        Some(locked) if engine.needs_setup() && locked.reason == "no_service" => {
            engine.close().await;
            Err(Failure::NoKey)
        }
        _ => Ok(engine),
    }
}

/// `KEY_ENCRYPTION_SECRET` where it is set, and else the keyring: a server with a secret of its own leaves the keyring of
/// whoever started it alone.
fn keys() -> Result<VaultKeys, Failure> {
    let read = || EnvSecret::from_environment(|name| std::env::var(name).ok());
    if read()?.is_none() {
        return Ok(VaultKeys::os_keyring());
    }
    // It was read well a moment ago.
    Ok(VaultKeys::default().with_env(move || read().ok().flatten()))
}
