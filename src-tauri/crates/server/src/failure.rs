//! Why a command did not do what it was asked. Exit code 2: the command line or the configuration is wrong; 1: the rest.

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
        "{0} can be reached from other machines, and Reeve speaks plain HTTP: put a TLS proxy in front and listen on \
         127.0.0.1, or say --allow-plain-http if the network in between is safe"
    )]
    PlainHttp(SocketAddr),
    /// `KEY_ENCRYPTION_SECRET` cannot be used.
    #[error(transparent)]
    Secret(#[from] reeve_engine::EnvError),
    /// There is nothing to keep the vault's key in.
    #[error(
        "there is nowhere to keep the key that seals provider keys: no keyring answers and KEY_ENCRYPTION_SECRET is not set.\n\
         Make a key once, keep a copy of it somewhere safe, and start again:\n\
         \n\
         \x20   (umask 077 && openssl rand -base64 32 > reeve.key)\n\
         \x20   KEY_ENCRYPTION_SECRET_FILE=reeve.key reeve-server serve --data …"
    )]
    NoKey,
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
            | Self::Secret(_)
            | Self::NoKey
            | Self::NoPassword(_) => 2,
            Self::Listen { .. }
            | Self::Serve(_)
            | Self::Engine(_)
            | Self::WrongRows(_)
            | Self::NotInOrder
            | Self::Output(_)
            | Self::Document(_)
            | Self::File { .. }
            | Self::Runtime(_) => 1,
        }
    }
}
