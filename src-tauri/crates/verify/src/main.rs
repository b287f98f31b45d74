//! `reeve-verify`: tells whether an export of Reeve's ledger is intact, what that proves, and what it does not.
//!
//! For people who do not run Reeve: it reads one file, writes to standard output, and knows no store and no network.
//! Exit code 0: intact. 1: not intact. 2: the command line is wrong, or the file is no export that can be read.
//! The checks are in `reeve-bundle`; here is how they are told.
//!
//! It can also be an outside witness of a log ([`cosign`]): `make-key` once, then `cosign` for every checkpoint that is sent.

mod cosign;
mod keyfile;
mod memory;
mod tell;

use clap::{Parser, Subcommand};
use cosign::{Cosign, Done, MakeKey, Refusal};
use reeve_bundle::{Known, Report, verify};
use reeve_ledger::{VerifierKey, WitnessKey};
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
    after_help = "Exit code 0: intact, or signed. 1: not intact, or refused. 2: it cannot be read, or not be told.",
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    act: Option<Act>,
    /// The export.
    #[arg(required = true)]
    file: Option<PathBuf>,
    /// The key that must have signed it, as name+id+key: had from another place than the export.
    #[arg(long, value_name = "KEY")]
    vkey: Option<VerifierKey>,
    /// The key of an outside witness that must have signed it; may be given several times.
    #[arg(long, value_name = "KEY")]
    witness: Vec<WitnessKey>,
    /// A file with a checkpoint of the log that was kept from earlier: its history must lead through it.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// What is done for a witness.
#[derive(Subcommand)]
enum Act {
    MakeKey(MakeKey),
    Cosign(Box<Cosign>),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match &arguments.act {
        Some(Act::MakeKey(make)) => return done(make.run()),
        Some(Act::Cosign(cosign)) => return done(cosign.run(now())),
        None => {}
    }
    let report = report(&arguments).unwrap_or_else(|(path, error)| {
        Report::unreadable(format!("{} cannot be read: {error}", path.display()))
    });
    let text = if arguments.json { tell::json(&report) } else { tell::plain(&report) };
    // A closed pipe is the reader's choice; the verdict is in the exit code too.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    ExitCode::from(report.verdict.exit_code())
}

/// Seconds since 1970: the time that a witness signs with is its own.
#[expect(clippy::disallowed_methods, reason = "the one place that asks the operating system for the time")]
fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |passed| passed.as_secs())
}

/// The text goes to standard output, so that it can be sent on; what is told about it does not.
fn done(outcome: Result<Done, Refusal>) -> ExitCode {
    let (text, told, code) = match outcome {
        Ok((text, told)) => (text, told, 0),
        Err(Refusal::Wrong(why)) => (String::new(), format!("NOT SIGNED\n{why}"), 1),
        Err(Refusal::Unclear(why)) => (String::new(), format!("NOT SIGNED\n{why}"), 2),
    };
    let _ = io::stdout().lock().write_all(text.as_bytes());
    let _ = writeln!(io::stderr().lock(), "{}", tell::lines(&told));
    ExitCode::from(code)
}

fn report(arguments: &Arguments) -> Result<Report, (PathBuf, io::Error)> {
    let read = |path: &PathBuf| std::fs::read_to_string(path).map_err(|e| (path.clone(), e));
    let checkpoint = arguments.checkpoint.as_ref().map(read).transpose()?;
    let path = arguments.file.clone().unwrap_or_default();
    let file = File::open(&path).map_err(|e| (path, e))?;
    let known = Known {
        key: arguments.vkey.as_ref(),
        checkpoint: checkpoint.as_deref(),
        witnesses: &arguments.witness,
    };
    Ok(verify(BufReader::with_capacity(1 << 16, file), known))
}
