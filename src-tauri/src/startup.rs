//! From a folder to a running console: the engine, and the gateway in front of it. And back: the drain at the end.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reeve_engine::vault::VaultKeys;
use reeve_engine::{Code, Engine, EnvError, EnvSecret, OpenEngine, SystemClock};
use tauri::async_runtime::JoinHandle;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Where OpenAI clients on this machine find the gateway, unless `REEVE_GATEWAY` says otherwise.
const GATEWAY: &str = "127.0.0.1:4141";

/// The folder under the platform's place for data.
const FOLDER: &str = "reeve";

/// How long to wait for another process that has the folder open: most likely the console that was closed a moment ago and
/// lets its last calls end, which takes half a minute at most.
const PATIENCE: Duration = Duration::from_secs(40);
const PAUSE: Duration = Duration::from_millis(100);

/// Why the console cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartupError {
    /// The platform names no place for data and the person named none.
    #[error("no folder for the data: say one with --data or REEVE_DATA")]
    NoDataFolder,
    /// `KEY_ENCRYPTION_SECRET` is set to something that cannot seal anything.
    #[error("the secret in the environment cannot be used")]
    Secret(#[from] EnvError),
    /// The engine refuses the folder.
    #[error("the store in {} cannot be opened", folder.display())]
    Engine {
        folder: PathBuf,
        #[source]
        source: reeve_engine::Error,
    },
}

/// What runs behind the window.
pub(crate) struct Running {
    engine: Engine,
    gateway: Option<Gateway>,
}

struct Gateway {
    serving: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

/// The folder of the store: what was named on the command line, else `REEVE_DATA`, else the platform's own.
///
/// # Errors
/// When none of the three names a folder.
pub(crate) fn data_folder(
    named: Option<PathBuf>,
    platform: Option<PathBuf>,
) -> Result<PathBuf, StartupError> {
    named
        .or_else(folder_from_environment)
        .or_else(|| platform.map(|folder| folder.join(FOLDER)))
        .ok_or(StartupError::NoDataFolder)
}

/// `REEVE_DATA`, when it says something.
pub(crate) fn folder_from_environment() -> Option<PathBuf> {
    std::env::var_os("REEVE_DATA").filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Opens the engine on `folder` and the gateway in front of it.
///
/// # Errors
/// When the engine cannot be opened. A gateway that cannot listen is no error: the console is how the person learns of it.
pub(crate) async fn start(folder: PathBuf) -> Result<Running, StartupError> {
    let engine = open_engine(folder).await?;
    let address = std::env::var("REEVE_GATEWAY").unwrap_or_else(|_| GATEWAY.to_owned());
    let gateway = Gateway::open(&engine, &address).await;
    Ok(Running { engine, gateway })
}

async fn open_engine(folder: PathBuf) -> Result<Engine, StartupError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let data_dir = folder.clone();
        let options = OpenEngine { data_dir, keys: vault_keys()?, clock: Arc::new(SystemClock) };
        match Engine::open(options).await {
            Ok(engine) => return Ok(engine),
            Err(error) if error.code == Code::Unavailable && Instant::now() < deadline => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(source) => return Err(StartupError::Engine { folder, source }),
        }
    }
}

/// The desktop's keyring, and `KEY_ENCRYPTION_SECRET` beside it for a desktop without one.
fn vault_keys() -> Result<VaultKeys, EnvError> {
    let read = || EnvSecret::from_environment(|name| std::env::var(name).ok());
    if read()?.is_none() {
        return Ok(VaultKeys::os_keyring());
    }
    // It was read well a moment ago.
    Ok(VaultKeys::os_keyring().with_env(move || read().ok().flatten()))
}

impl Running {
    /// The engine, to hand to whoever asks it.
    pub(crate) fn engine(&self) -> Engine {
        self.engine.clone()
    }

    /// Stops taking calls, lets those on their way end, and closes the store.
    pub(crate) async fn stop(self) {
        if let Some(gateway) = self.gateway {
            gateway.close().await;
        }
        self.engine.close().await;
    }
}

impl Gateway {
    /// Listens on `address`; `None`, with a line in the log, when that cannot be had.
    async fn open(engine: &Engine, address: &str) -> Option<Self> {
        let bound = async {
            let listener = TcpListener::bind(address).await?;
            let local = listener.local_addr()?;
            Ok::<_, std::io::Error>((listener, local))
        };
        let (listener, local) = bound
            .await
            .inspect_err(|error| tracing::warn!(%error, address, "the gateway cannot listen; is another Reeve running?"))
            .ok()?;
        engine.set_gateway_url(format!("http://{local}/v1"));
        tracing::info!(address = %local, "the gateway listens");

        let (stop, stopped) = oneshot::channel();
        let serving = serve(engine.clone(), listener, async move {
            // A sender that is gone without a word means the same.
            let _either_way = stopped.await;
        });
        Some(Self { serving: tauri::async_runtime::spawn(serving), stop })
    }

    async fn close(self) {
        // It may have ended on its own; then there is nobody to tell.
        let _unheard = self.stop.send(());
        // It gives calls their time to end, and bounds it.
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the gateway did not end in order");
        }
    }
}

async fn serve(engine: Engine, listener: TcpListener, stopped: impl Future<Output = ()> + Send + 'static) {
    if let Err(error) = reeve_gateway::serve(engine, listener, stopped).await {
        tracing::error!(error = &error as &dyn std::error::Error, "the gateway ended");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_folder_comes_first_and_the_platform_last() {
        let platform = Some(PathBuf::from("/home/somebody/.local/share"));
        let named = data_folder(Some("here".into()), platform.clone());
        assert_eq!(named.expect("a folder was named"), PathBuf::from("here"));
        if folder_from_environment().is_none() {
            let default = data_folder(None, platform).expect("the platform has a place");
            assert_eq!(default, PathBuf::from("/home/somebody/.local/share/reeve"));
            assert!(matches!(data_folder(None, None), Err(StartupError::NoDataFolder)));
        }
    }
}
