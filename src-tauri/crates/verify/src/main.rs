//! `reeve-verify`: tells whether an export of Reeve's ledger is intact, what that proves, and what it does not.
//!
//! For people who do not run Reeve: it reads one file, writes to standard output, and knows no store, no network and no clock.
//! Exit code 0: intact. 1: not intact. 2: the command line is wrong, or the file is no export that can be read.
//! The checks are in `reeve-bundle`; here is how they are told.

mod tell;

use clap::Parser;
use reeve_bundle::{Known, Report, verify};
use reeve_ledger::VerifierKey;
use std::fs::File;
use std::io::{self, BufReader, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

/// Tells whether an export of Reeve's ledger is intact.
#[derive(Parser)]
#[command(
    name = "reeve-verify",
    version,
    about,
    after_help = "Exit code 0: intact. 1: not intact. 2: it cannot be read."
)]
struct Arguments {
    /// The export.
    file: PathBuf,
    /// The key that must have signed it, as name+id+key: had from another place than the export.
    #[arg(long, value_name = "KEY")]
    vkey: Option<VerifierKey>,
    /// A file with a checkpoint of the log that was kept from earlier: its history must lead through it.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let report = report(&arguments).unwrap_or_else(|(path, error)| {
        Report::unreadable(format!("{} cannot be read: {error}", path.display()))
    });
    let text = if arguments.json { tell::json(&report) } else { tell::plain(&report) };
    // A closed pipe is the reader's choice; the verdict is in the exit code too.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    ExitCode::from(report.verdict.exit_code())
}

fn report(arguments: &Arguments) -> Result<Report, (PathBuf, io::Error)> {
    let read = |path: &PathBuf| std::fs::read_to_string(path).map_err(|e| (path.clone(), e));
    let checkpoint = arguments.checkpoint.as_ref().map(read).transpose()?;
    let file = File::open(&arguments.file).map_err(|e| (arguments.file.clone(), e))?;
    let known = Known { key: arguments.vkey.as_ref(), checkpoint: checkpoint.as_deref() };
    Ok(verify(BufReader::with_capacity(1 << 16, file), known))
}
