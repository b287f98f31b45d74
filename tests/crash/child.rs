//! The process that is killed.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{self, Command, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader};

/// A running child; killed at the latest when dropped.
pub(crate) struct Child {
    process: process::Child,
    address: Option<SocketAddr>,
}

impl Child {
    /// Starts one and goes on at once.
    pub(crate) fn spawn(folder: &Path, secret: &str) -> Self {
        let process = Command::new(env!("CARGO_BIN_EXE_crash-house"))
            .arg(folder)
            .env("KEY_ENCRYPTION_SECRET", secret)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the child starts");
        Self { process, address: None }
    }

    /// Starts one and waits until it listens.
    pub(crate) async fn start(folder: &Path, secret: &str) -> Self {
        let mut child = Self::spawn(folder, secret);
        let stdout = tokio::process::ChildStdout::from_std(child.process.stdout.take().expect("piped"))
            .expect("a pipe");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).await.expect("its first line");
        child.address = Some(line.trim().parse().expect("an address"));
        child
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address.expect("it was started, not only spawned")
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}
