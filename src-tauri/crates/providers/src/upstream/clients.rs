//! HTTP clients: the usual one, and one for each other time that routes allow for a connection, because a client has only
//! one such time. Each is hyper's own: every call goes through one, and what can be put above it reads each address three
//! times over and copies its headers twice.

use super::UpstreamConfig;
use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::collections::HashMap;
use std::error::Error;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio_rustls::rustls::ClientConfig;
use tower_service::Service;

/// Other times than the usual one at most; beyond, the usual client serves.
const MOST: usize = 32;
/// How long a connection stays open that nobody uses.
const IDLE: Duration = Duration::from_secs(60);
/// How long a connection is silent before the other end is asked whether it lives.
const KEEPALIVE: Duration = Duration::from_secs(15);

pub(super) type Client = legacy::Client<Connector, Full<Bytes>>;

/// Clients by the time they allow for a connection.
#[derive(Debug, Clone)]
pub(super) struct Clients {
    usual: Client,
    connector: HttpsConnector<HttpConnector>,
    config: Arc<UpstreamConfig>,
    others: Arc<Mutex<HashMap<Duration, Client>>>,
}

impl Clients {
    pub(super) fn new(config: &UpstreamConfig, tls: ClientConfig) -> Self {
        let connector = connector(tls);
        let usual = client(connector.clone(), config, config.connect_timeout);
        Self { usual, connector, config: Arc::new(config.clone()), others: Arc::default() }
    }

    pub(super) const fn usual(&self) -> &Client {
        &self.usual
    }

    /// A client that gives a connection so much time; made when it is first needed.
    pub(super) fn connecting_within(&self, connect: Duration) -> Client {
        if connect == self.config.connect_timeout {
            return self.usual.clone();
        }
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if others.len() >= MOST && !others.contains_key(&connect) {
            return self.usual.clone();
        }
        others.entry(connect).or_insert_with(|| client(self.connector.clone(), &self.config, connect)).clone()
    }
}

fn client(inner: HttpsConnector<HttpConnector>, config: &UpstreamConfig, time: Duration) -> Client {
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(config.idle_connections)
        .build(Connector { inner, time })
}

fn connector(tls: ClientConfig) -> HttpsConnector<HttpConnector> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(KEEPALIVE));
    tcp.set_keepalive_interval(Some(KEEPALIVE));
    tcp.set_keepalive_retries(Some(3));
    let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    https.enable_all_versions().wrap_connector(tcp)
}

/// Opens connections, TLS included, within a time.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    inner: HttpsConnector<HttpConnector>,
    time: Duration,
}

type Connection = <HttpsConnector<HttpConnector> as Service<Uri>>::Response;
type Failure = Box<dyn Error + Send + Sync>;

impl Service<Uri> for Connector {
    type Response = Connection;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Connection, Failure>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let opened = tokio::time::timeout(self.time, self.inner.call(address));
        Box::pin(async move { opened.await? })
    }
}
