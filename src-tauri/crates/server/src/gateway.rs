//! The gateway's listener.

use reeve_core::peer::TrustedProxies;
use reeve_engine::Engine;
use reeve_gateway::Access;
use std::future::Future;
use std::io;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Serves the gateway until `shutdown`, under the same names as the console.
pub(crate) async fn serve(
    engine: Engine,
    listener: TcpListener,
    public_hosts: &[String],
    proxies: &TrustedProxies,
    tls: Option<TlsAcceptor>,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let name = |host: &String| host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name).to_owned();
    let access = Access {
        hosts: public_hosts.iter().map(name).collect(),
        origins: Vec::new(),
        proxies: proxies.clone(),
    };
    reeve_gateway::serve_with(engine, listener, access, tls, shutdown).await
}
