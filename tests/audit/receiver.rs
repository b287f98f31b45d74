//! A real receiver on a port of this machine: notes what it is sent, checks the signature, answers as it is told.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use parking_lot::Mutex;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A message as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) id: String,
    pub(crate) timestamp: i64,
    pub(crate) signature: String,
    pub(crate) body: Vec<u8>,
    /// What was answered.
    pub(crate) status: u16,
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The index of the entry it tells.
    pub(crate) fn sequence(&self) -> u64 {
        self.json()["data"]["sequence"].as_u64().unwrap()
    }

    /// Checks the signature as the guide says, with nothing of Reeve's own.
    pub(crate) fn assert_signed(&self, secret: &str) {
        let key = data_encoding::BASE64.decode(secret.strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
        let mut signed = format!("{}.{}.", self.id, self.timestamp).into_bytes();
        signed.extend_from_slice(&self.body);
        let expected = format!("v1,{}", data_encoding::BASE64.encode(&hmac(&key, &signed)));
        assert_eq!(self.signature, expected);
    }
}

/// HMAC-SHA256 (RFC 2104), written out.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    assert!(key.len() <= 64);
    let pad = |byte: u8| {
        let mut block = [byte; 64];
        block.iter_mut().zip(key).for_each(|(b, k)| *b ^= k);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

#[derive(Default)]
struct Noted {
    received: Vec<Received>,
    answers: VecDeque<u16>,
}

/// The receiver; it goes with its value.
pub(crate) struct Receiver {
    address: SocketAddr,
    noted: Arc<Mutex<Noted>>,
    _serving: JoinSet<()>,
}

impl Receiver {
    /// Answers these statuses first, and 204 from then on.
    pub(crate) async fn start(answers: &[u16]) -> Self {
        let noted =
            Arc::new(Mutex::new(Noted { received: Vec::new(), answers: answers.iter().copied().collect() }));
        let router = Router::new()
            .route("/hook/secret-path", post(take))
            .route(
                "/moved",
                post(|| async { (StatusCode::TEMPORARY_REDIRECT, [("location", "/hook/secret-path")]) }),
            )
            .with_state(Arc::clone(&noted));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, noted, _serving: serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook/secret-path", self.address)
    }

    pub(crate) fn moved(&self) -> String {
        format!("http://{}/moved", self.address)
    }

    pub(crate) fn answers(&self, statuses: &[u16]) {
        self.noted.lock().answers = statuses.iter().copied().collect();
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.noted.lock().received.clone()
    }

    /// What was taken, once there are so many.
    pub(crate) async fn taken(&self, count: usize) -> Vec<Received> {
        for _ in 0..600 {
            let taken: Vec<_> = self.received().into_iter().filter(|r| r.status < 300).collect();
            if taken.len() >= count {
                return taken;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{count} were not delivered; there are {}", self.received().len());
    }
}

async fn take(State(noted): State<Arc<Mutex<Noted>>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    let mut noted = noted.lock();
    let status = noted.answers.pop_front().unwrap_or(204);
    noted.received.push(Received {
        id: text("webhook-id"),
        timestamp: text("webhook-timestamp").parse().unwrap(),
        signature: text("webhook-signature"),
        body: body.to_vec(),
        status,
    });
    StatusCode::from_u16(status).unwrap()
}
