//! Opening a data folder: the engine with the keys that this machine has.

use crate::failure::Failure;
use reeve_engine::vault::VaultKeys;
use reeve_engine::{Engine, EnvSecret, OpenEngine, SystemClock};
use std::path::PathBuf;
use std::sync::Arc;

/// Opens the engine. A locked vault is a state of it, also on the very first run, where there is nothing to keep its key in yet:
/// what it says names the ways out, and the console has them.
pub(crate) async fn open(data_dir: PathBuf) -> Result<Engine, Failure> {
    Ok(Engine::open(OpenEngine { data_dir, keys: keys()?, clock: Arc::new(SystemClock) }).await?)
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
