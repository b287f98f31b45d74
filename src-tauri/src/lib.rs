//! The desktop app's shell: a window, the API behind it, and nothing that decides.
//!
//! It must not know a rule of the domain: what the page wants to know or do, it asks the API's Router in this process
//! ([`bridge`]), and what changes it hears from the engine ([`events`]). This is the only package that sees Tauri.
//! Start reading at [`run`], then [`startup`] and [`window`].

mod arguments;
mod bridge;
mod display;
mod events;
mod export;
mod import;
mod signals;
mod startup;
mod window;

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use arguments::Arguments;
use tracing_subscriber::EnvFilter;
use window::Behind;

/// Opens the console and returns when its window is closed and everything behind it has come to rest.
pub fn run() -> ExitCode {
    match arguments::parse(std::env::args_os().skip(1)) {
        Ok(Arguments::Help) => print(std::io::stdout(), arguments::HELP),
        Ok(Arguments::Version) => print(std::io::stdout(), concat!("reeve ", env!("CARGO_PKG_VERSION"))),
        Ok(Arguments::Open { .. }) if !display::is_there() => refuse(display::NO_DISPLAY),
        Ok(Arguments::Open { data }) => {
            open(data).unwrap_or_else(|error| refuse(&with_causes(error.as_ref())))
        }
        Err(error) => refuse(&with_causes(&error)),
    }
}

fn open(data: Option<PathBuf>) -> Result<ExitCode, Box<dyn Error>> {
    // Before there are threads and secrets.
    let hardened = reeve_engine::harden_process();
    let filter = EnvFilter::try_from_env("REEVE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    if let Err(error) = hardened {
        tracing::warn!(error = &error as &dyn Error, "this process could not be closed to others");
    }

    // One runtime for the engine and for Tauri's commands, and ours to outlive the event loop.
    let runtime = tokio::runtime::Runtime::new()?;
    tauri::async_runtime::set(runtime.handle().clone());

    let behind = Behind::default();
    let app = window::app(data, behind.clone())?;
    signals::close_on_request(app.handle().clone());
    let code = app.run_return(|_app, _event| {});

    let running = behind.lock().take();
    if let Some(running) = running {
        runtime.block_on(running.stop());
    }
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// The error and what caused it, as one sentence.
fn with_causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |words, cause| format!("{}: {cause}", words.trim_end_matches('.')))
}

fn print(to: impl Write, text: &str) -> ExitCode {
    let mut to = to;
    // A closed pipe (`reeve --help | head`) is the reader's choice.
    match writeln!(to, "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn refuse(text: &str) -> ExitCode {
    print(std::io::stderr(), text);
    ExitCode::FAILURE
}
