//! Logs, to stderr: stdout is for answers.

use crate::arguments::LogFlags;
use crate::failure::Failure;
use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// Starts logging. `quiet` commands say only what is wrong unless they are asked.
pub(crate) fn start(flags: &LogFlags, quiet: bool) -> Result<(), Failure> {
    let default = if quiet { "error" } else { "info" };
    let asked = flags.log.clone().or_else(|| std::env::var("RUST_LOG").ok().filter(|text| !text.is_empty()));
    let text = asked.as_deref().unwrap_or(default);
    let filter = EnvFilter::try_new(text)
        .map_err(|e| Failure::Setting(format!("the log filter \"{text}\" is wrong: {e}")))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second subscriber in the same process can only be a test's.
    let _ = if flags.log_json { builder.json().try_init() } else { builder.try_init() };
    Ok(())
}
