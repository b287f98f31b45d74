//! The management API of one engine through both of its doors: in process as the window asks it, and over TCP as a browser
//! does.

use crate::app::SetClock;
use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use reeve_api::{Host, ServeOptions};
use reeve_core::time::Clock;
use reeve_engine::vault::{KeyringOf, VaultKeys};
use reeve_engine::{Engine, OpenEngine};
use reeve_store::{OpenStore, Store};
use reeve_vault::{Keyring, MemoryKeyring};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// What every program at a door calls itself.
pub const AGENT: &str = "ReeveTests/1 (marked-machine)";

/// Which door a request goes through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Door {
    /// In process, as the window asks.
    Window,
    /// Over TCP, as a browser or a program asks.
    Server,
}

/// An engine with its management API.
pub struct Console {
    /// The engine.
    pub engine: Engine,
    /// Its clock.
    pub clock: Arc<SetClock>,
    /// Where it listens.
    pub address: SocketAddr,
    router: Router,
    client: reqwest::Client,
    token: Option<String>,
    serving: JoinHandle<()>,
    keyring: Arc<MemoryKeyring>,
    folder: TempDir,
}

/// What came back.
#[derive(Clone, PartialEq, Debug)]
pub struct Reply {
    /// Status.
    pub status: u16,
    /// Type of the body.
    pub content_type: String,
    /// Body; `null` if there is none.
    pub body: Value,
}

/// What came back, byte for byte.
#[derive(Clone, PartialEq, Debug)]
pub struct Raw {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Vec<u8>,
}

impl Console {
    /// A fresh one, nothing set up.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a data folder");
        let clock = Arc::new(SetClock::new(crate::app::START.parse().expect("a time")));
        Self::open(folder, clock, Arc::new(MemoryKeyring::new())).await
    }

    async fn open(folder: TempDir, clock: Arc<SetClock>, keyring: Arc<MemoryKeyring>) -> Self {
        let same = Arc::clone(&keyring);
        let of: KeyringOf = Arc::new(move |_| Arc::clone(&same) as Arc<dyn Keyring>);
        let keys = VaultKeys { keyring: Some(of), ..VaultKeys::default() };
        let open = OpenEngine {
            data_dir: folder.path().to_owned(),
            keys,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
        };
        let engine = Engine::open(open).await.expect("the engine opens");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let serve =
            reeve_api::serve(engine.clone(), listener, ServeOptions::default(), std::future::pending());
        #[expect(clippy::disallowed_methods, reason = "ends with the console, see Drop")]
        let serving = tokio::spawn(async move {
            let _ = serve.await;
        });
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let router = reeve_api::router(engine.clone());
        Self { engine, clock, address, router, client, token: None, serving, keyring, folder }
    }

    /// Closes it, lets `change` have the store by itself, and opens it again: for what no request brings about, such as
    /// what a crash leaves behind. Nobody is signed in afterwards.
    pub async fn reopen<F: Future<Output = ()>>(self, change: impl FnOnce(Store) -> F) -> Self {
        self.engine.close().await;
        self.serving.abort();
        let parts = (Arc::clone(&self.clock), Arc::clone(&self.keyring));
        // Everything that holds the file goes first.
        let folder = self.into_folder();
        let clock = Arc::clone(&parts.0) as Arc<dyn Clock>;
        let mut waited = 0;
        let store = loop {
            let open = OpenStore { folder: folder.path().to_owned(), clock: Arc::clone(&clock), readers: 1 };
            match Store::open(open) {
                Ok(store) => break store,
                Err(error) if waited == 200 => panic!("the store stays open: {error}"),
                Err(_) => waited += 1,
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        };
        change(store.clone()).await;
        store.close().await;
        drop(store);
        Self::open(folder, parts.0, parts.1).await
    }

    /// Closes it and opens it where the keyring has lost its key: the vault is locked. Nobody is signed in.
    pub async fn reopen_locked(mut self) -> Self {
        self.keyring = Arc::new(MemoryKeyring::new());
        self.reopen(|_| std::future::ready(())).await
    }

    fn into_folder(mut self) -> TempDir {
        let empty = tempfile::tempdir().expect("a folder");
        std::mem::replace(&mut self.folder, empty)
    }

    /// The client that talks to [`Console::address`].
    #[must_use]
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Signs every later request with the access token of a session view.
    pub fn sign(&mut self, session: &Value) {
        self.token = session["access_token"].as_str().map(str::to_owned);
    }

    /// Forgets the token.
    pub fn sign_out(&mut self) {
        self.token = None;
    }

    /// Asks through a door.
    pub async fn ask(&self, door: Door, method: &str, path: &str, body: Option<Value>) -> Reply {
        let raw = self.download(door, method, path, body).await;
        let body = serde_json::from_slice(&raw.body).unwrap_or(Value::Null);
        Reply { status: raw.status, content_type: raw.header("content-type"), body }
    }

    /// Asks through a door, for an answer that may be any bytes.
    pub async fn download(&self, door: Door, method: &str, path: &str, body: Option<Value>) -> Raw {
        let method: Method = method.parse().expect("a method");
        let mut headers = HeaderMap::new();
        headers.insert("user-agent", http::HeaderValue::from_static(AGENT));
        if body.is_some() {
            headers.insert("content-type", http::HeaderValue::from_static("application/json"));
        }
        if let Some(token) = &self.token {
            headers.insert("authorization", format!("Bearer {token}").parse().expect("a header"));
        }
        let body = body.map(|b| b.to_string());
        match door {
            Door::Window => self.in_process(method, path, headers, body).await,
            Door::Server => self.over_tcp(method, path, headers, body).await,
        }
    }

    /// Asks over TCP with these headers alone and a body of any bytes.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Raw {
        let method: Method = method.parse().expect("a method");
        let at = format!("http://{}/api/v1{path}", self.address);
        let request = self.client.request(method, at).header("content-type", "application/json").body(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Raw { status, headers, body: response.bytes().await.expect("a body").into() }
    }

    async fn in_process(&self, method: Method, path: &str, headers: HeaderMap, body: Option<String>) -> Raw {
        let mut request = Request::new(body.map_or_else(Body::empty, Body::from));
        *request.method_mut() = method;
        *request.uri_mut() = format!("/api/v1{path}").parse().expect("a path");
        *request.headers_mut() = headers;
        request.extensions_mut().insert(Host::Window);
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        Raw { status: parts.status.as_u16(), headers: parts.headers, body: bytes.into() }
    }

    async fn over_tcp(&self, method: Method, path: &str, headers: HeaderMap, body: Option<String>) -> Raw {
        let request =
            self.client.request(method, format!("http://{}/api/v1{path}", self.address)).headers(headers);
        let request = match body {
            Some(body) => request.body(body),
            None => request,
        };
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Raw { status, headers, body: response.bytes().await.expect("a body").into() }
    }
}

impl Raw {
    /// The body as JSON; `null` if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// A header's text; empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).and_then(|t| t.to_str().ok()).unwrap_or_default().to_owned()
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
