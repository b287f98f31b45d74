mod tls;

use super::*;
use futures_util::StreamExt;
use reeve_core::time::Millis;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What the server read, and a way to reach it.
struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<String>>,
}

impl Server {
    /// Answers one request with `parts`, waiting `pause` before each but the first; then closes the connection.
    async fn answering(parts: &'static [&'static str], pause: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(String::new()));
        let log = seen.clone();
        let serve = async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 64 * 1024];
            let mut text = String::new();
            let whole = |text: &str| {
                if text.starts_with("GET") { text.ends_with("\r\n\r\n") } else { text.ends_with("{}") }
            };
            while !whole(&text) {
                let n = socket.read(&mut buffer).await.unwrap();
                assert!(n > 0, "the client left");
                text += std::str::from_utf8(&buffer[..n]).unwrap();
            }
            *log.lock().unwrap() = text;
            for (i, part) in parts.iter().enumerate() {
                if i > 0 {
                    tokio::time::sleep(pause).await;
                }
                socket.write_all(part.as_bytes()).await.unwrap();
            }
            if parts.is_empty() {
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
        };
        #[expect(clippy::disallowed_methods, reason = "ends with the runtime of its test")]
        tokio::spawn(serve);
        Self { address, seen }
    }

    fn base(&self) -> BaseUrl {
        BaseUrl::parse(&format!("http://{}/v1", self.address)).unwrap()
    }
}

fn quick() -> Upstream {
    let brief = Duration::from_millis(200);
    Upstream::new(UpstreamConfig {
        connect_timeout: brief,
        head_timeout: brief,
        idle_timeout: brief,
        ..UpstreamConfig::default()
    })
    .unwrap()
}

async fn post(server: &Server, upstream: &Upstream, headers: &HeaderMap) -> Result<Response, UpstreamError> {
    let base = server.base();
    let target = Target::json(&base, "/chat/completions", Key(b"sk-test"), headers);
    upstream.send(target, Bytes::from_static(b"{}")).await
}

const PROMPT: Duration = Duration::from_millis(1);

#[tokio::test]
async fn a_call_carries_the_key_and_brings_the_answer() {
    const HEAD: &str = "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\nretry-after: 7\r\nset-cookie: a=b\r\ncontent-length: 4\r\n\r\n";
    let server = Server::answering(&[HEAD, "ab", "cd"], PROMPT).await;
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_static("Bearer rvk_client"));
    headers.insert("idempotency-key", HeaderValue::from_static("i-1"));
    let response = post(&server, &quick(), &headers).await.unwrap();
    assert_eq!(response.status, 429);
    assert_eq!(response.headers.get("retry-after").unwrap(), "7");
    assert!(response.headers.get("set-cookie").is_none());
    assert_eq!(&response.collect(100).await.unwrap()[..], b"abcd");
    let seen = server.seen.lock().unwrap().clone();
    assert!(seen.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{seen}");
    for line in [
        "authorization: Bearer sk-test\r\n",
        "content-type: application/json\r\n",
        "idempotency-key: i-1\r\n",
    ] {
        assert!(seen.contains(line), "{seen}");
    }
    assert!(!seen.contains("rvk_client") && !seen.contains("accept-encoding"), "{seen}");
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit() {
    let server =
        Server::answering(&["HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nabcd", "efgh"], PROMPT).await;
    let response = post(&server, &quick(), &HeaderMap::new()).await.unwrap();
    assert!(matches!(response.collect(7).await, Err(UpstreamError::TooLong { limit: 7 })));
}

#[tokio::test]
async fn no_connection_means_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server { address: listener.local_addr().unwrap(), seen: Arc::default() };
    drop(listener);
    let error = post(&server, &quick(), &HeaderMap::new()).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Unreachable(_)), "{error:?}");
    assert!(error.is_before_first_byte() && !error.may_have_run());
}

#[tokio::test]
async fn silence_before_the_head_may_cost_something() {
    let server = Server::answering(&[], PROMPT).await;
    let started = std::time::Instant::now();
    let error = post(&server, &quick(), &HeaderMap::new()).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Timeout { phase: Phase::Head, .. }), "{error:?}");
    assert!(error.is_before_first_byte() && error.may_have_run() && error.is_timeout());
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_connection_that_closes_unanswered_is_broken() {
    let server = Server::answering(&[""], PROMPT).await;
    let error = post(&server, &quick(), &HeaderMap::new()).await.unwrap_err();
    assert!(matches!(error, UpstreamError::BrokenBeforeAnswer(_)), "{error:?}");
    assert!(error.is_before_first_byte() && error.may_have_run());
}

#[tokio::test]
async fn an_answer_may_break_off_or_stall() {
    let server = Server::answering(&["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", "d"], PROMPT).await;
    let pieces: Vec<_> =
        post(&server, &quick(), &HeaderMap::new()).await.unwrap().into_stream().collect().await;
    let error = pieces.last().unwrap().as_ref().unwrap_err();
    assert!(matches!(error, UpstreamError::BrokenWithin(_)) && !error.is_before_first_byte(), "{error:?}");
    let stalled =
        Server::answering(&["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", "d"], Duration::from_secs(60))
            .await;
    let mut response = post(&stalled, &quick(), &HeaderMap::new()).await.unwrap();
    assert_eq!(response.piece().await.unwrap().unwrap(), "abc");
    let error = response.piece().await.unwrap_err();
    assert!(
        matches!(error, UpstreamError::Timeout { phase: Phase::Piece, .. }) && !error.is_before_first_byte()
    );
}

#[tokio::test]
async fn a_key_follows_no_redirect() {
    let server = Server::answering(
        &["HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"],
        PROMPT,
    )
    .await;
    let error = post(&server, &quick(), &HeaderMap::new()).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Redirected { status: 307 }), "{error:?}");
}

#[tokio::test]
async fn a_key_that_cannot_be_sent_is_not_shown() {
    let base = BaseUrl::parse("http://127.0.0.1:9").unwrap();
    let none = HeaderMap::new();
    let target = Target::json(&base, "/x", Key(b"sk-\nsecret"), &none);
    assert!(!format!("{target:?}").contains("secret"));
    let error = quick().send(target, Bytes::new()).await.unwrap_err();
    assert!(matches!(error, UpstreamError::KeyNotSendable) && !error.may_have_run());
    assert!(!format!("{error:?} {error}").contains("secret"));
}

#[tokio::test]
async fn tls_is_ready_for_use() {
    // Whoever answers plainly on a TLS connection is unreachable: that takes a TLS stack which was set up.
    let server = Server::answering(&[""], PROMPT).await;
    let base = BaseUrl::parse(&format!("https://{}/v1", server.address)).unwrap();
    let error = quick().probe("openai", &base, Key(b"k"), Millis(0)).await.unwrap_err();
    assert!(
        matches!(error, UpstreamError::Unreachable(_) | UpstreamError::Timeout { phase: Phase::Connect, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_probe_says_how_the_key_fares() {
    let list = "HTTP/1.1 200 OK\r\ncontent-length: 33\r\n\r\n{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}]} ";
    for (answer, outcome, models) in [
        (list, ProbeOutcome::Accepted, Some(2)),
        ("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", ProbeOutcome::KeyRefused, None),
        ("HTTP/1.1 429 Too Many\r\ncontent-length: 0\r\n\r\n", ProbeOutcome::Limited, None),
        ("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>", ProbeOutcome::NoList, None),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", ProbeOutcome::NoList, None),
        ("HTTP/1.1 503 Unavailable\r\ncontent-length: 0\r\n\r\n", ProbeOutcome::Faulty, None),
    ] {
        let parts: &'static [&'static str] = Box::leak(Box::new([answer]));
        let server = Server::answering(parts, PROMPT).await;
        let probe = quick().probe("openai", &server.base(), Key(b"k"), Millis(0)).await.unwrap();
        assert_eq!((probe.outcome, probe.models), (outcome, models), "{answer}");
        assert!(server.seen.lock().unwrap().starts_with("GET /v1/models "));
    }
}
