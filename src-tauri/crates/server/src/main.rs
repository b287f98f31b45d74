//! `reeve-server`: the console and its gateway without a window, for a machine that others reach, and the commands that
//! look after a data folder.
//!
//! It must not know rules of the domain: it reads configuration, opens listeners, hears signals, and prints.
//! Start reading at `arguments`, then `serve`.

mod admin;
mod arguments;
mod audit_export;
mod backup;
mod configuration;
mod data;
mod doctor;
mod failure;
mod gateway;
mod logging;
mod memory;
mod output;
mod prices;
mod secret_input;
mod serve;
mod signals;
mod tls;
mod usage_import;

use arguments::{Arguments, Command};
use clap::Parser as _;
use failure::Failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Before threads and secrets.
    let hardened = reeve_engine::harden_process();
    memory::use_small_pages();
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(source) => return Failure::Runtime(source).report(),
    };
    match runtime.block_on(run(arguments, hardened.err())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run(
    arguments: Arguments,
    unhardened: Option<impl std::error::Error + 'static>,
) -> Result<(), Failure> {
    let quiet = !matches!(arguments.command, Command::Serve(_));
    logging::start(&arguments.log, quiet)?;
    if let Some(error) = unhardened {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "this process could not be closed to others"
        );
    }
    match arguments.command {
        Command::Serve(flags) => Box::pin(serve::run(flags)).await,
        Command::Openapi => print_openapi(),
        Command::Admin(command) => Box::pin(admin::run(command)).await,
        Command::Prices(command) => Box::pin(prices::run(command)).await,
        Command::Usage(command) => Box::pin(usage_import::run(command)).await,
        Command::Audit(command) => Box::pin(audit_export::run(command)).await,
        Command::Backup(flags) => Box::pin(backup::make(flags)).await,
        Command::Restore(flags) => Box::pin(backup::restore(flags)).await,
        Command::Doctor(folder) => Box::pin(doctor::run(folder)).await,
    }
}

/// The document, the same text every time: what a route says of itself is kept in no order.
fn print_openapi() -> Result<(), Failure> {
    let mut document = serde_json::to_value(reeve_api::openapi()).map_err(Failure::Document)?;
    document.sort_all_objects();
    output::line(&format!("{document:#}"))
}
