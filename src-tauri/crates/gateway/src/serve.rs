//! The listener: accepts connections, bounds them, and lets calls end when it is asked to stop.

use crate::access::Access;
use crate::connection;
use crate::router::Gateway;
use reeve_engine::Engine;
use reeve_providers::tokens;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections at the same time; further ones wait in the system's queue.
const MAX_CONNECTIONS: usize = 2_048;
/// How long calls may take to end once the listener is asked to stop.
const GRACE: Duration = Duration::from_secs(30);
/// Between two tries to accept where the system has no more sockets to give.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves the gateway on `listener` until `shutdown` is done, for callers who use an address or `localhost`.
///
/// # Errors
/// None at present; what goes wrong with one connection is that connection's own affair.
pub async fn serve(
    engine: Engine,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    serve_with(engine, listener, Access::default(), None, shutdown).await
}

/// As [`serve`], for callers who use the names of `access` as well; over TLS where `tls` is given.
///
/// # Errors
/// As [`serve`].
pub async fn serve_with(
    engine: Engine,
    listener: TcpListener,
    access: Access,
    tls: Option<TlsAcceptor>,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    // Until the tables are there, prompts are bounded by their bytes.
    drop(tokio::task::spawn_blocking(tokens::warm_up_usual));
    let gateway = Arc::new(Gateway::new(engine, access));
    let (connections, stop) = (TaskTracker::new(), CancellationToken::new());
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    tokio::pin!(shutdown);
    loop {
        let (stream, peer, permit) = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &room) => accepted,
        };
        let connection = connection::open(stream, tls.clone(), peer, Arc::clone(&gateway), stop.clone());
        connections.spawn(async move {
            connection.await;
            drop(permit);
        });
    }
    drop(listener);
    stop.cancel();
    connections.close();
    if tokio::time::timeout(GRACE, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "some calls had not ended when the gateway stopped");
    }
    Ok(())
}

/// The next connection, once there is room for one.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> (TcpStream, IpAddr, Option<OwnedSemaphorePermit>) {
    // Never closed, so there is always a permit in the end.
    let permit = Arc::clone(room).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer.ip(), permit),
            Err(error) if is_about_one(&error) => {}
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "no connection can be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Whether an error is about the connection that was to be accepted, not about the listener.
fn is_about_one(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionRefused | ConnectionAborted | ConnectionReset)
}
