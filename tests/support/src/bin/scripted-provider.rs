//! The scripted provider as a program, for end-to-end tests, load, and use by hand.
//!
//! `scripted-provider [PORT] [KEY]` prints one line of JSON with its address and key, and serves until it is stopped.
//! `GET /totals` says what it billed. Faults are asked for by model, see `Fault::named`.

use reeve_tests::provider::{KEY, Options, ScriptedProvider};
use std::io::{self, Write};
use std::net::SocketAddr;

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port = match arguments.next() {
        Some(text) => text.parse().map_err(|_| io::Error::other(format!("\"{text}\" is not a port")))?,
        None => 0,
    };
    let listen = SocketAddr::from(([127, 0, 0, 1], port));
    let key = arguments.next().unwrap_or_else(|| KEY.to_owned());
    let provider = ScriptedProvider::start_with(Options { listen, key, keep_calls: false }).await?;
    let line = serde_json::json!({
        "address": provider.address().to_string(), "base_url": provider.base_url(), "key": provider.key(),
    });
    let mut out = io::stdout();
    writeln!(out, "{line}")?;
    out.flush()?;
    std::future::pending::<()>().await;
    Ok(())
}
