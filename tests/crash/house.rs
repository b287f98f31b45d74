//! A Reeve to be killed: the engine on a data folder and the gateway on a free port, until the process ends.
//!
//! `crash-house <data folder>`, with `KEY_ENCRYPTION_SECRET` in the environment. The first line it prints says where, as that
//! of `reeve-server` does. With `REEVE_ROTATE` set it begins to rotate its first provider key at once, in a hurry.

use reeve_engine::rotation::{BeginRotation, Pace};
use reeve_engine::vault::VaultKeys;
use reeve_engine::{Cx, Engine, OpenEngine, SystemClock};
use reeve_vault::EnvSecret;
use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use tokio::net::TcpListener;

async fn rotate(engine: &Engine) -> Result<(), Box<dyn Error>> {
    let pace = Pace {
        settle_ms: 0,
        probe_delay_ms: 0,
        probe_gap_ms: 0,
        probe_patience_ms: 0,
        backoff_ms: 0,
        jitter_ms: 0,
    };
    engine.set_rotation_pace(pace);
    let cx = Cx::system();
    let first = engine.credentials(&cx, None, 1).await?.0.remove(0);
    engine.begin_rotation(&cx, first.id, BeginRotation::default()).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let data_dir = std::env::args_os().nth(1).ok_or("usage: crash-house <data folder>")?.into();
    let read = || EnvSecret::from_environment(|name| std::env::var(name).ok()).ok().flatten();
    let keys = VaultKeys::default().with_env(read);
    let engine = Engine::open(OpenEngine { data_dir, keys, clock: Arc::new(SystemClock) }).await?;
    if std::env::var_os("REEVE_ROTATE").is_some() {
        rotate(&engine).await?;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let said = serde_json::json!({ "gateway": format!("http://{}/v1", listener.local_addr()?) });
    writeln!(std::io::stdout(), "{said}")?;
    reeve_gateway::serve(engine, listener, std::future::pending()).await?;
    Ok(())
}
