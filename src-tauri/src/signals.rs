//! Ctrl+C in a terminal and SIGTERM from a session that ends close the console as its window would, drain included.

use tauri::AppHandle;

/// From now on such a request ends the event loop.
pub(crate) fn close_on_request(app: AppHandle) {
    drop(tauri::async_runtime::spawn(async move {
        match requested().await {
            Ok(()) => app.exit(0),
            Err(error) => tracing::warn!(%error, "signals cannot be heard; close the window to stop"),
        }
    }));
}

#[cfg(unix)]
async fn requested() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn requested() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
