//! The client of the admin APIs.

use crate::upstream::{USER_AGENT, UpstreamConfig};
use reqwest::Client;
use reqwest::redirect::Policy;
use tokio_rustls::rustls::ClientConfig;

/// A client that goes only where it is sent: no redirect, no proxy from the environment, and nothing again.
pub(crate) fn client(config: &UpstreamConfig, mut tls: ClientConfig) -> reqwest::Result<Client> {
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(config.connect_timeout)
        .tcp_nodelay(true)
        .user_agent(USER_AGENT)
        .build()
}
