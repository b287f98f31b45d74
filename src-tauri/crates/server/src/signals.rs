//! Signals to stop.

use tokio_util::sync::CancellationToken;

/// Waits for the first signal to stop and passes it on; a second one no longer waits for anything.
pub(crate) async fn watch(stop: CancellationToken, at_once: CancellationToken) {
    wait().await;
    tracing::info!("asked to stop; calls on their way may end");
    stop.cancel();
    wait().await;
    tracing::warn!("asked to stop again; stopping at once");
    at_once.cancel();
}

#[cfg(unix)]
async fn wait() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        tracing::error!("signals cannot be heard");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

#[cfg(not(unix))]
async fn wait() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
