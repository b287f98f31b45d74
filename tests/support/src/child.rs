//! A Reeve in a process of its own, to be killed or weighed: `reeve-server` where it has been built, as `make test` does; else
//! a small house of our own with the same engine and the same gateway in it.

use serde_json::Value;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::ChildStdout;

/// A running child; killed at the latest when dropped.
pub struct Child {
    process: process::Child,
    address: Option<SocketAddr>,
    /// Kept, because nobody who prints likes a closed pipe.
    _printed: Option<BufReader<ChildStdout>>,
}

/// A program that was built with this one: beside it, or above it where this one is a test.
fn built(name: &str) -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    own.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|program| program.exists())
}

fn command(folder: &Path) -> Command {
    let Some(server) = built("reeve-server") else {
        let mut command =
            Command::new(built("crash-house").expect("the tests' own server is built with them"));
        command.arg(folder);
        return command;
    };
    let mut command = Command::new(server);
    command.args(["serve", "--listen", "127.0.0.1:0", "--gateway", "127.0.0.1:0", "--data"]).arg(folder);
    command
}

impl Child {
    /// Starts one and goes on at once.
    pub fn spawn(folder: &Path, secret: &str) -> Self {
        let process = command(folder)
            .env("KEY_ENCRYPTION_SECRET", secret)
            .env("REEVE_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the child starts");
        Self { process, address: None, _printed: None }
    }

    /// Starts one and waits until it listens.
    pub async fn start(folder: &Path, secret: &str) -> Self {
        let mut child = Self::spawn(folder, secret);
        let stdout = ChildStdout::from_std(child.process.stdout.take().expect("piped")).expect("a pipe");
        let (mut printed, mut line) = (BufReader::new(stdout), String::new());
        printed.read_line(&mut line).await.expect("its first line");
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e} in {line:?}"));
        let url = said["gateway"].as_str().expect("an address");
        let address = url.trim_start_matches("http://").trim_end_matches("/v1");
        child.address = Some(address.parse().expect("an address"));
        child._printed = Some(printed);
        child
    }

    /// The memory it holds now, in MiB, where the system has a `/proc` that says it.
    pub fn resident_mib(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<f64>().ok()? / 1024.0)
    }

    /// Where its gateway listens.
    pub fn address(&self) -> SocketAddr {
        self.address.expect("it was started, not only spawned")
    }

    /// Kills it as `kill -9` does.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}
