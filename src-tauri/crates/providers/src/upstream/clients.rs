//! HTTP clients: the usual one, and one for each other time that routes allow for a connection, because a client has only
//! one such time.

use super::UpstreamConfig;
use super::error::UpstreamError;
use reqwest::Client;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Other times than the usual one at most; beyond, the usual client serves.
const MOST: usize = 32;

/// Clients by the time they allow for a connection.
#[derive(Debug, Clone)]
pub(super) struct Clients {
    usual: Client,
    config: Arc<UpstreamConfig>,
    others: Arc<Mutex<HashMap<Duration, Client>>>,
}

impl Clients {
    pub(super) fn new(config: &UpstreamConfig) -> Result<Self, UpstreamError> {
        let usual = made(config, config.connect_timeout)?;
        Ok(Self { usual, config: Arc::new(config.clone()), others: Arc::default() })
    }

    pub(super) const fn usual(&self) -> &Client {
        &self.usual
    }

    /// A client that gives a connection so much time; made when it is first needed.
    pub(super) async fn connecting_within(&self, connect: Duration) -> Client {
        if connect == self.config.connect_timeout {
            return self.usual.clone();
        }
        let known = |others: &HashMap<Duration, Client>| others.get(&connect).cloned();
        if let Some(client) = known(&self.others.lock().unwrap_or_else(PoisonError::into_inner)) {
            return client;
        }
        let config = Arc::clone(&self.config);
        // Reads every certificate the system trusts, so not on this thread.
        let new = tokio::task::spawn_blocking(move || made(&config, connect)).await;
        let Ok(Ok(new)) = new else { return self.usual.clone() };
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if others.len() >= MOST && !others.contains_key(&connect) {
            return self.usual.clone();
        }
        others.entry(connect).or_insert(new).clone()
    }
}

fn made(config: &UpstreamConfig, connect: Duration) -> Result<Client, UpstreamError> {
    let builder = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(connect)
        .pool_max_idle_per_host(config.idle_connections)
        .pool_idle_timeout(Duration::from_secs(60))
        .tcp_nodelay(true)
        .user_agent(concat!("reeve/", env!("CARGO_PKG_VERSION")));
    let builder = match &config.proxy {
        Some(proxy) => builder.proxy(reqwest::Proxy::all(proxy).map_err(UpstreamError::Setup)?),
        None => builder,
    };
    builder.build().map_err(UpstreamError::Setup)
}
