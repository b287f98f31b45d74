//! Why a command did not do what it was asked. Exit code 2: the command line or the configuration is wrong; 3: a restore
//! brought back keys that do not work; 1: the rest.

use std::error::Error as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The configuration file cannot be read.
    #[error("the configuration file {} cannot be read", path.display())]
    ConfigFile {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The configuration file is not as it should be.
    #[error("the configuration file {} is not as it should be", path.display())]
    ConfigText {
        path: PathBuf,
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A setting is missing or wrong; the text says which and what would be right.
    #[error("{0}")]
    Setting(String),
    /// The listener would be open to other machines, unprotected.
    #[error(
        "{0} can be reached from other machines, and this would be plain HTTP: give a certificate (--tls-certificate and \
         --tls-key), or put a TLS proxy in front and listen on 127.0.0.1, or say --allow-plain-http if the network in between is safe"
    )]
    PlainHttp(SocketAddr),
    /// A certificate or its key cannot be used.
    #[error("{}: {reason}", path.display())]
    Tls { path: PathBuf, reason: String },
    /// `KEY_ENCRYPTION_SECRET` cannot be used.
    #[error(transparent)]
    Secret(#[from] reeve_engine::EnvError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    /// A listener broke down.
    #[error("a listener broke down")]
    Serve(#[source] std::io::Error),
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] reeve_engine::Error),
    /// Rows of a file are wrong; they were told one by one.
    #[error("wrong rows: {0}; nothing was imported")]
    WrongRows(u64),
    /// A check found something; it was told.
    #[error("not everything is in order")]
    NotInOrder,
    /// Standard input gave nothing.
    #[error("standard input holds no password: write it as the first line")]
    NoPassword(#[source] Option<std::io::Error>),
    /// Standard output is closed.
    #[error("cannot write to standard output")]
    Output(#[source] std::io::Error),
    /// The document cannot be written.
    #[error("the document cannot be written")]
    Document(#[source] serde_json::Error),
    /// The file of an export cannot be written.
    #[error("{} cannot be written", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// A backup cannot be read.
    #[error("the backup {} cannot be read", path.display())]
    BackupFile {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// Nobody's file is written over.
    #[error("{} is there already, and is left as it is: give another name", .0.display())]
    Taken(PathBuf),
    /// A restore that nobody has thought about.
    #[error(
        "nothing was changed: the vault here has moved on since this backup. Say --confirm if that is meant"
    )]
    OlderBackup,
    /// Restored, but not all of it is of use.
    #[error(
        "restored; {0} keys do not work, or nobody could be asked: make new ones at their providers and paste them under Keys"
    )]
    DeadKeys(usize),
    /// A file with a secret cannot be read.
    #[error("{} cannot be read", path.display())]
    SecretFile {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// Nobody could be asked.
    #[error("what is typed cannot be read")]
    Typing(#[source] std::io::Error),
    /// The system gives no threads.
    #[error("the runtime cannot start")]
    Runtime(#[source] std::io::Error),
}

impl Failure {
    /// Tells standard error, with every cause, and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let mut err = std::io::stderr().lock();
        let _ = writeln!(err, "reeve-server: {self}");
        if let Self::Engine(error) = self {
            for field in error.fields.iter().filter(|_| error.fields.len() > 1) {
                let _ = writeln!(err, "  {}: {}", field.field, field.message);
            }
        }
        let mut cause = self.source();
        while let Some(error) = cause {
            let _ = writeln!(err, "  because: {error}");
            cause = error.source();
        }
        ExitCode::from(self.exit_code())
    }

    const fn exit_code(&self) -> u8 {
        match self {
            Self::ConfigFile { .. }
            | Self::ConfigText { .. }
            | Self::Setting(_)
            | Self::PlainHttp(_)
            | Self::Tls { .. }
            | Self::Secret(_)
            | Self::SecretFile { .. }
            | Self::Taken(_)
            | Self::OlderBackup
            | Self::NoPassword(_) => 2,
            Self::Listen { .. }
            | Self::Serve(_)
            | Self::Engine(_)
            | Self::WrongRows(_)
            | Self::NotInOrder
            | Self::Output(_)
            | Self::Document(_)
            | Self::File { .. }
            | Self::BackupFile { .. }
            | Self::Typing(_)
            | Self::Runtime(_) => 1,
            Self::DeadKeys(_) => 3,
        }
    }
}
