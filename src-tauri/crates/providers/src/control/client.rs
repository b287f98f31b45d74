//! The client of the admin APIs.

use crate::upstream::{USER_AGENT, UpstreamConfig};
use reqwest::Client;
use reqwest::redirect::Policy;

/// A client that goes only where it is sent: no redirect, no proxy from the environment, and nothing again.
pub(crate) fn client(config: &UpstreamConfig) -> reqwest::Result<Client> {
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(config.connect_timeout)
        .tcp_nodelay(true)
        .user_agent(USER_AGENT)
        .build()
}
