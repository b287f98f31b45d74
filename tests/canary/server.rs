//! The real server, with a folder of its own for everything it may write.

use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const SECRET: &str = "kB1mJ0Yw2o9tqv3dQxH7Zr5uNfXcA8eLgT4sPiV6yKE=";

/// A running server; killed at the latest when dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) console: String,
    pub(crate) gateway: String,
    client: reqwest::Client,
    token: Option<String>,
    /// Every answer that was no success, and every success that has no business with a secret.
    pub(crate) said: Vec<u8>,
}

fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let beside = own.ancestors().skip(1).take(2).map(|folder| folder.join("reeve-server"));
    let found = beside.into_iter().find(|program| program.exists());
    found.expect("reeve-server is built before its memory is searched: make bins")
}

impl Server {
    pub(crate) fn start(folder: &Path) -> Self {
        let (data, temporary) = (folder.join("data"), folder.join("tmp"));
        std::fs::create_dir_all(&temporary).unwrap();
        let log = File::options().append(true).create(true).open(folder.join("log")).unwrap();
        let mut process = Command::new(program())
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--gateway",
                "127.0.0.1:0",
                "--log",
                "trace",
                "--data",
            ])
            .arg(&data)
            .env("KEY_ENCRYPTION_SECRET", SECRET)
            .env("TMPDIR", &temporary)
            .env("RUST_BACKTRACE", "full")
            .current_dir(&temporary)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut printed = BufReader::new(process.stdout.take().unwrap());
        printed.read_line(&mut line).unwrap();
        let first: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e} in {line:?}"));
        let address = |name: &str| first[name].as_str().unwrap().to_owned();
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        Self {
            console: address("console"),
            gateway: address("gateway"),
            process,
            client,
            token: None,
            said: Vec::new(),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Asks the console; `secret` answers are those that a person is shown once.
    pub(crate) async fn ask(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let bytes = self.bytes(method, path, body).await;
        self.said.extend_from_slice(&bytes);
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// The same where the answer is what a person is shown once.
    pub(crate) async fn shown_once(&mut self, method: &str, path: &str, body: &Value) -> Value {
        serde_json::from_slice(&self.bytes(method, path, body).await).unwrap()
    }

    pub(crate) async fn bytes(&mut self, method: &str, path: &str, body: &Value) -> Vec<u8> {
        let url = format!("{}/api/v1{path}", self.console);
        let mut request = self.client.request(method.parse().unwrap(), url).header("connection", "close");
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        request.send().await.unwrap().bytes().await.unwrap().to_vec()
    }

    /// Signs in, registering first where there is nobody yet.
    pub(crate) async fn sign_in(&mut self, password: &str, first: bool) {
        let mail = "owner@example.com";
        let (path, body) = if first {
            let body = json!({"workspace_name": "Canary", "time_zone": "UTC", "name": "Owner", "email": mail, "password": password});
            ("/auth/register", body)
        } else {
            ("/auth/login", json!({"email": mail, "password": password}))
        };
        let session = self.shown_once("POST", path, &body).await;
        let token = session["access_token"].as_str().unwrap_or_else(|| panic!("{session}"));
        self.token = Some(token.to_owned());
    }

    /// The end of what was said last.
    pub(crate) fn last(&self) -> String {
        String::from_utf8_lossy(&self.said[self.said.len().saturating_sub(600)..]).into_owned()
    }

    /// A call through the gateway: its status.
    pub(crate) async fn call(&mut self, key: &str, body: &Value) -> u16 {
        let url = format!("{}/chat/completions", self.gateway);
        let request = self.client.post(url).header("connection", "close").bearer_auth(key);
        let answer = request.header("content-type", "application/json").body(body.to_string()).send();
        let answer = answer.await.unwrap();
        let status = answer.status().as_u16();
        let headers = format!("{:?}", answer.headers());
        self.said.extend_from_slice(headers.as_bytes());
        // A stream that is cut ends with an error, which is what was asked for.
        self.said.extend_from_slice(&answer.bytes().await.unwrap_or_default());
        status
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
