//! One connection: HTTP/1.1, with a bound on everything a client may keep open.

use crate::router::{Gateway, Request};
use crate::stalled::Stalling;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// For the head of a request, and for an idle connection to send one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// Headers of a request.
const MAX_HEADERS: usize = 64;
/// The head of a request, in bytes.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// How long a client may take no byte of an answer.
const STALL: Duration = Duration::from_secs(60);

/// Serves a connection until it closes; `stop` lets the call on it end and closes it then.
pub(crate) async fn open(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    peer: IpAddr,
    gateway: Arc<Gateway>,
    stop: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = &error as &dyn std::error::Error, "a connection keeps its delay");
    }
    let Some(tls) = tls else { return run(stream, peer, gateway, stop).await };
    match tokio::time::timeout(HEAD_TIMEOUT, tls.accept(stream)).await {
        Ok(Ok(stream)) => Box::pin(run(stream, peer, gateway, stop)).await,
        Ok(Err(error)) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "a connection does not speak TLS");
        }
        Err(_) => tracing::debug!("a connection took too long to begin with TLS"),
    }
}

async fn run<S>(stream: S, peer: IpAddr, gateway: Arc<Gateway>, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |request: Request| {
        let gateway = Arc::clone(&gateway);
        async move { Ok::<_, Infallible>(gateway.answer(request, peer).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(Stalling::new(stream, STALL)), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients leave all the time; what that means for a call is settled there.
        tracing::debug!(error = &error as &dyn std::error::Error, "a connection ended early");
    }
}
