//! The command line.

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};
use reeve_engine::audit::{ExportFormat, Stream};
use reeve_engine::evidence::Framework;
use std::path::PathBuf;

/// Reeve without a window.
#[derive(Parser)]
#[command(name = "reeve-server", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) log: LogFlags,
}

/// What is logged, to stderr.
#[derive(Args)]
pub(crate) struct LogFlags {
    /// What to log, as `RUST_LOG` spells it.
    #[arg(long, global = true, env = "REEVE_LOG", value_name = "FILTER")]
    pub(crate) log: Option<String>,
    /// One JSON object for each line.
    #[arg(long, global = true, env = "REEVE_LOG_JSON")]
    pub(crate) log_json: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve the console and the gateway.
    Serve(ServeFlags),
    /// Print the OpenAPI document.
    Openapi,
    /// Look after people.
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Look after usage records.
    #[command(subcommand)]
    Usage(UsageCommand),
    /// Look after prices.
    #[command(subcommand)]
    Prices(PricesCommand),
    /// Look after the audit trail.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Write every provider key into one encrypted file.
    ///
    /// The vault's recovery code opens it, where part of that was typed back, and a passphrase of its own, if one is given:
    /// with --passphrase, --passphrase-file, or REEVE_BACKUP_PASSPHRASE.
    Backup(BackupFlags),
    /// Put the provider keys of a backup into a data folder, also an empty one, and try each of them.
    ///
    /// Exit code 0: restored, and every key works; 3: restored, and some keys do not work; 1: nothing was changed;
    /// 2: the command line is wrong.
    Restore(RestoreFlags),
    /// Open the data folder, verify the ledger and say how things are.
    Doctor(DataFlag),
}

/// The data folder.
#[derive(Args)]
pub(crate) struct DataFlag {
    /// Folder of the data.
    #[arg(long, env = "REEVE_DATA", value_name = "DIR")]
    pub(crate) data: PathBuf,
}

/// What `serve` may be told. What is absent comes from the file, or has a default.
#[derive(Args, Default)]
pub(crate) struct ServeFlags {
    /// Folder of the data.
    #[arg(long, env = "REEVE_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Address of the console, 127.0.0.1:4140 if it is not said; port 0 picks a free one.
    #[arg(long, env = "REEVE_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// Address of the gateway, 127.0.0.1:4141 if it is not said; port 0 picks a free one.
    #[arg(long, env = "REEVE_GATEWAY", value_name = "ADDRESS:PORT")]
    pub(crate) gateway: Option<String>,
    /// A name under which browsers may call this server, such as reeve.example.com; may be repeated.
    #[arg(long, env = "REEVE_PUBLIC_HOST", value_name = "NAME", value_delimiter = ',')]
    pub(crate) public_host: Vec<String>,
    /// A proxy whose X-Forwarded-For says who calls: an address or a network such as 10.0.0.0/8; may be repeated.
    #[arg(long, env = "REEVE_TRUSTED_PROXY", value_name = "ADDRESS", value_delimiter = ',')]
    pub(crate) trusted_proxy: Vec<String>,
    /// A proxy in front speaks TLS to browsers.
    #[arg(long, env = "REEVE_BEHIND_TLS")]
    pub(crate) behind_tls: bool,
    /// TLS of its own: the certificate and what stands between it and its root, as PEM. Read again when it changes.
    #[arg(long, env = "REEVE_TLS_CERTIFICATE", value_name = "FILE")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// The certificate's private key, as PEM.
    #[arg(long, env = "REEVE_TLS_KEY", value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Live events are told to who has an access token or an API key in the address, too. Addresses end in logs.
    #[arg(long, env = "REEVE_EVENTS_TOKEN_IN_QUERY")]
    pub(crate) events_token_in_query: bool,
    /// Live events are told to anybody: that something changed, and not what.
    #[arg(long, env = "REEVE_EVENTS_ANONYMOUS")]
    pub(crate) events_anonymous: bool,
    /// Listen where other machines can reach it, without TLS of its own.
    #[arg(long, env = "REEVE_ALLOW_PLAIN_HTTP")]
    pub(crate) allow_plain_http: bool,
    /// Load the sample data if there is none.
    #[arg(long, env = "REEVE_SAMPLE")]
    pub(crate) sample: bool,
    /// File of these settings; reeve.toml in the current folder, if there is one, if it is not said.
    #[arg(long, env = "REEVE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct BackupFlags {
    #[command(flatten)]
    pub(crate) folder: DataFlag,
    /// The file to write; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// A passphrase opens it, too: ask for one, unless REEVE_BACKUP_PASSPHRASE is set.
    #[arg(long)]
    pub(crate) passphrase: bool,
    /// A passphrase opens it, too: the first line of this file.
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct RestoreFlags {
    #[command(flatten)]
    pub(crate) folder: DataFlag,
    /// The backup.
    pub(crate) file: PathBuf,
    /// Ask for the recovery code that the vault had on the day of the backup, unless REEVE_RECOVERY_CODE is set.
    #[arg(long, group = "secret")]
    pub(crate) recovery_code: bool,
    /// The recovery code is the first line of this file.
    #[arg(long, value_name = "FILE", group = "secret")]
    pub(crate) recovery_code_file: Option<PathBuf>,
    /// Ask for the passphrase of the backup, unless REEVE_BACKUP_PASSPHRASE is set.
    #[arg(long, group = "secret")]
    pub(crate) passphrase: bool,
    /// The passphrase of the backup is the first line of this file.
    #[arg(long, value_name = "FILE", group = "secret")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Only look.
    #[arg(long)]
    pub(crate) preview: bool,
    /// The vault here has moved on since the backup, and that is meant.
    #[arg(long)]
    pub(crate) confirm: bool,
    /// Id of a key that is to be put into use although the one here is newer; may be repeated.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) replace: Vec<String>,
}

#[derive(Subcommand)]
pub(crate) enum AdminCommand {
    /// Make the workspace and its first administrator.
    Create(CreateAdminFlags),
    /// Turn off two-step sign-in for somebody who has neither the authenticator app nor a recovery code.
    ///
    /// Reeve must not be running. It is an entry in the audit trail.
    ResetSecondFactor(ResetSecondFactorFlags),
}

#[derive(Args)]
pub(crate) struct ResetSecondFactorFlags {
    #[command(flatten)]
    pub(crate) folder: DataFlag,
    /// E-mail of the person.
    #[arg(long)]
    pub(crate) email: String,
}

#[derive(Args)]
pub(crate) struct CreateAdminFlags {
    #[command(flatten)]
    pub(crate) folder: DataFlag,
    /// E-mail, for signing in.
    #[arg(long)]
    pub(crate) email: String,
    /// Name; what stands before the @ of the e-mail if it is not said.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Name of the workspace.
    #[arg(long, default_value = "Workspace")]
    pub(crate) workspace: String,
    /// IANA time zone of budget periods.
    #[arg(long, default_value = "UTC")]
    pub(crate) time_zone: String,
    /// Read the password from the first line of standard input: there is no other way in.
    #[arg(long, required = true)]
    pub(crate) password_stdin: bool,
}

#[derive(Subcommand)]
pub(crate) enum UsageCommand {
    /// Import usage records from a CSV file. With any wrong row nothing is imported.
    Import(ImportFlags),
}

#[derive(Args)]
pub(crate) struct ImportFlags {
    #[command(flatten)]
    pub(crate) folder: DataFlag,
    /// The file.
    pub(crate) file: PathBuf,
    /// Which column is what: time, input_tokens, output_tokens, cache_read_tokens, model, provider, tenant.
    #[arg(long, value_name = "FIELD=COLUMN", value_delimiter = ',')]
    pub(crate) map: Vec<String>,
    /// The same value for every row.
    #[arg(long, value_name = "FIELD=VALUE", value_delimiter = ',')]
    pub(crate) set: Vec<String>,
    /// Only look.
    #[arg(long)]
    pub(crate) preview: bool,
}

#[derive(Subcommand)]
pub(crate) enum PricesCommand {
    /// Show what a price list changes, or approve it. With any wrong line nothing is changed.
    Refresh(RefreshFlags),
}

#[derive(Args)]
pub(crate) struct RefreshFlags {
    #[command(flatten)]
    pub(crate) folder: DataFlag,
    /// The list: a sheet (CSV), or JSON lines as Reeve's own.
    pub(crate) file: PathBuf,
    /// Take it over.
    #[arg(long)]
    pub(crate) approve: bool,
    /// Rates that change more than ten times are meant.
    #[arg(long, requires = "approve")]
    pub(crate) confirm: bool,
}

#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// Export entries: as a bundle that a third party can verify with reeve-verify, or as a feed.
    Export(ExportFlags),
    /// Make an evidence pack of a period: a report to read and print, and the entries to verify it by.
    Evidence(EvidenceFlags),
}

#[derive(Args)]
pub(crate) struct EvidenceFlags {
    #[command(flatten)]
    pub(crate) folder: DataFlag,
    /// The file to write; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
    /// Whose words the report uses.
    #[arg(long, value_enum)]
    pub(crate) framework: FrameworkWord,
    /// From this moment, such as 2026-11-01T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: DateTime<Utc>,
    /// Before this moment.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: DateTime<Utc>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum FrameworkWord {
    Soc2,
    Hipaa,
}

impl From<FrameworkWord> for Framework {
    fn from(word: FrameworkWord) -> Self {
        match word {
            FrameworkWord::Soc2 => Self::Soc2,
            FrameworkWord::Hipaa => Self::Hipaa,
        }
    }
}

#[derive(Args)]
pub(crate) struct ExportFlags {
    #[command(flatten)]
    pub(crate) folder: DataFlag,
    /// The file to write; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
    /// Which of the ledger's streams.
    #[arg(long, value_enum, default_value = "audit")]
    pub(crate) stream: StreamWord,
    /// As what.
    #[arg(long, value_enum, default_value = "bundle")]
    pub(crate) format: ExportWord,
    /// From this entry.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) first: Option<u64>,
    /// Up to, but without, this entry.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) end: Option<u64>,
    /// From this moment, such as 2026-11-01T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<DateTime<Utc>>,
    /// Before this moment.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<DateTime<Utc>>,
    /// Only entries of this type, such as tenant.update: a selection, whose completeness cannot be proven.
    #[arg(long, value_name = "TYPE")]
    pub(crate) event_type: Option<String>,
    /// With what is personal, opened.
    #[arg(long)]
    pub(crate) private: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum StreamWord {
    Audit,
    Usage,
}

impl From<StreamWord> for Stream {
    fn from(word: StreamWord) -> Self {
        match word {
            StreamWord::Audit => Self::Audit,
            StreamWord::Usage => Self::Usage,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ExportWord {
    Bundle,
    /// A C2SP tile tree of the whole log.
    Tiles,
    Csv,
    Jsonl,
}

impl From<ExportWord> for ExportFormat {
    fn from(word: ExportWord) -> Self {
        match word {
            ExportWord::Bundle => Self::Bundle,
            ExportWord::Tiles => Self::Tiles,
            ExportWord::Csv => Self::Csv,
            ExportWord::Jsonl => Self::Jsonl,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn lists_may_be_given_with_commas() {
        let line = [
            "reeve-server",
            "usage",
            "import",
            "--data",
            "d",
            "f.csv",
            "--map",
            "time=T,model=M",
            "--set",
            "tenant=acme",
        ];
        let Command::Usage(UsageCommand::Import(flags)) = Arguments::try_parse_from(line).unwrap().command
        else {
            panic!()
        };
        assert_eq!(flags.map, ["time=T", "model=M"]);
        assert_eq!(flags.set, ["tenant=acme"]);
    }
}
