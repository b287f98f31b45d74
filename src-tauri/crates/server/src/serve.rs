//! `serve`: two listeners over one engine, and an orderly end.

use crate::arguments::ServeFlags;
use crate::configuration::Configuration;
use crate::failure::Failure;
use crate::{data, gateway, output, signals, tls};
use reeve_api::ServeOptions;
use reeve_engine::{Cx, Engine};
use serde_json::json;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long requests and calls on their way may take once it is asked to stop.
const DRAIN: Duration = Duration::from_secs(25);

pub(crate) async fn run(flags: ServeFlags) -> Result<(), Failure> {
    let configuration = Configuration::read(flags)?;
    let certificate = configuration.tls.clone().map(tls::Certificate::read).transpose()?;
    let console = listen(configuration.listen).await?;
    let gateway = listen(configuration.gateway).await?;
    let engine = data::open(configuration.data.clone()).await?;
    let served = serve(&engine, console, gateway, &configuration, certificate).await;
    engine.close().await;
    served
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|source| Failure::Listen { address, source })
}

async fn serve(
    engine: &Engine,
    console: TcpListener,
    gateway: TcpListener,
    configuration: &Configuration,
    certificate: Option<tls::Certificate>,
) -> Result<(), Failure> {
    let scheme = if certificate.is_some() { "https" } else { "http" };
    let console_url = format!("{scheme}://{}", console.local_addr().map_err(Failure::Serve)?);
    let gateway_url = format!("{scheme}://{}/v1", gateway.local_addr().map_err(Failure::Serve)?);
    engine.set_gateway_url(gateway_url.clone());
    if let Some(locked) = engine.vault_locked() {
        tracing::warn!(reason = locked.reason, message = locked.message, "the vault is locked");
    }
    if configuration.sample && !engine.has_sample(&Cx::cli()).await? {
        let count = engine.load_sample(&Cx::cli()).await?;
        tracing::info!(
            tenants = count.tenants,
            usage_records = count.usage_records,
            "loaded the sample data"
        );
    }
    let (stop, at_once) = (CancellationToken::new(), CancellationToken::new());
    engine.tasks().spawn(watch(engine, &stop, &at_once));
    output::line(
        &json!({ "console": console_url, "gateway": gateway_url, "pid": std::process::id() }).to_string(),
    )?;
    tracing::info!(console = console_url, gateway = gateway_url, "serving");

    let tls = certificate.map(|certificate| certificate.serve(engine.tasks())).transpose()?;
    let options = ServeOptions {
        public_hosts: configuration.public_hosts.clone(),
        behind_tls: configuration.behind_tls,
        tls: tls.clone(),
        events: configuration.events,
        trusted_proxies: configuration.trusted_proxies.clone(),
    };
    let both = async {
        tokio::try_join!(
            reeve_api::serve(engine.clone(), console, options, stop.cancelled()),
            gateway::serve(
                engine.clone(),
                gateway,
                &configuration.public_hosts,
                &configuration.trusted_proxies,
                tls,
                stop.cancelled()
            ),
        )
    };
    let late = async {
        stop.cancelled().await;
        tokio::select! {
            () = at_once.cancelled() => {}
            () = tokio::time::sleep(DRAIN) => tracing::warn!("some calls had not ended in time and were cut"),
        }
    };
    tokio::select! {
        ended = both => ended.map(|_| ()).map_err(Failure::Serve),
        () = late => Ok(()),
    }
}

/// Hears signals, until the engine closes.
fn watch(
    engine: &Engine,
    stop: &CancellationToken,
    at_once: &CancellationToken,
) -> impl Future<Output = ()> + Send + use<> {
    let (stop, at_once, closing) = (stop.clone(), at_once.clone(), engine.tasks().stopping());
    async move {
        tokio::select! {
            () = signals::watch(stop, at_once) => {}
            () = closing.cancelled() => {}
        }
    }
}
