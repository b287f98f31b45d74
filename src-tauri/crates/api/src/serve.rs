//! The listener of the server: HTTP/1.1, over TLS where it has a certificate, with bounds on everything a stranger decides.

use crate::host::{Host, Listener};
use crate::router;
use crate::routes::EventsDoor;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use reeve_core::peer::TrustedProxies;
use reeve_engine::Engine;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// Connections at the same time.
const CONNECTIONS: usize = 512;
/// How long the head of a request may take to arrive.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Bytes the head of a request may have.
const HEAD_BYTES: usize = 64 * 1024;
/// How long requests on their way may take once the listener closes.
const DRAIN: Duration = Duration::from_secs(20);

/// How the listener may be called.
#[derive(Clone, Default)]
pub struct ServeOptions {
    /// Names besides its address and `localhost`, such as `reeve.example.com` behind a proxy.
    pub public_hosts: Vec<String>,
    /// Whether a proxy in front speaks TLS to browsers: cookies are then for TLS alone, as they are with `tls`.
    pub behind_tls: bool,
    /// TLS of its own.
    pub tls: Option<TlsAcceptor>,
    /// Who may listen to live events besides those with a ticket or a header.
    pub events: EventsDoor,
    /// Proxies in front, whose `X-Forwarded-For` says who calls.
    pub trusted_proxies: TrustedProxies,
}

impl ServeOptions {
    const fn is_over_tls(&self) -> bool {
        self.behind_tls || self.tls.is_some()
    }
}

/// Serves the API and the UI until `shutdown`, then lets requests on their way end, at most 20 s.
///
/// # Errors
/// If the listener's own address is not known.
pub async fn serve(
    engine: Engine,
    listener: TcpListener,
    options: ServeOptions,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let door = Door {
        listener: Listener::new(listener.local_addr()?, &options.public_hosts, options.is_over_tls()),
        router: router(engine),
        tls: options.tls.clone(),
        events: options.events,
        proxies: options.trusted_proxies.clone(),
    };
    let (stop, stopping) = watch::channel(false);
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &permits) => accepted,
        };
        while connections.try_join_next().is_some() {}
        if let Some((stream, peer, permit)) = accepted {
            let (door, stopping) = (door.clone(), stopping.clone());
            connections.spawn(async move {
                door.open(stream, peer, stopping).await;
                drop(permit);
            });
        }
    }
    drop(listener);
    let _ = stop.send(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, ended).await.is_err() {
        tracing::warn!("some requests had not ended in time and were cut");
    }
    Ok(())
}

/// The next connection, once there is room for it; `None` if that one failed.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, permit)),
        Err(error) => {
            // Out of file descriptors, most likely: trying at once would only burn time.
            tracing::warn!(error = &error as &dyn std::error::Error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

#[derive(Clone)]
struct Door {
    listener: Listener,
    router: Router,
    tls: Option<TlsAcceptor>,
    events: EventsDoor,
    proxies: TrustedProxies,
}

impl Door {
    async fn open(self, stream: TcpStream, peer: SocketAddr, stopping: watch::Receiver<bool>) {
        let _ = stream.set_nodelay(true);
        let Some(tls) = self.tls.clone() else { return self.serve(stream, peer, stopping).await };
        match tokio::time::timeout(HEAD_TIME, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.serve(stream, peer, stopping).await,
            Ok(Err(error)) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "a connection does not speak TLS");
            }
            Err(_) => tracing::debug!("a connection took too long to begin with TLS"),
        }
    }

    async fn serve<S>(self, stream: S, peer: SocketAddr, mut stopping: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request = request.map(Body::new);
            let extensions = request.extensions_mut();
            extensions.insert(Host::Server);
            extensions.insert(ConnectInfo(peer));
            extensions.insert(self.listener.clone());
            extensions.insert(self.events);
            if !self.proxies.0.is_empty() {
                extensions.insert(self.proxies.clone());
            }
            self.router.clone().oneshot(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::pin!(connection);
        let result = tokio::select! {
            result = connection.as_mut() => result,
            () = async { drop(stopping.wait_for(|stop| *stop).await) } => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result {
            tracing::debug!(error = &error as &dyn std::error::Error, "a connection ended badly");
        }
    }
}
