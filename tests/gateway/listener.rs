//! The listener itself: what it bears, and how it ends.

use crate::{hello, streamed_hello};
use reeve_tests::app::{Answer, TestApp, eventually};
use reeve_tests::provider::Fault;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What the gateway says to bytes that are no request.
async fn raw(app: &TestApp, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.gateway()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn heads_are_bounded() {
    let app = TestApp::start().await;
    let many: String = (0..100).map(|n| format!("x-{n}: 1\r\n")).collect();
    let answer = raw(&app, format!("GET /health HTTP/1.1\r\nhost: localhost\r\n{many}\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let long = "x".repeat(100 * 1024);
    let answer =
        raw(&app, format!("GET /health HTTP/1.1\r\nhost: localhost\r\nx-long: {long}\r\n\r\n").as_bytes())
            .await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let answer = raw(&app, b"\x16\x03\x01 not http at all\r\n\r\n").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn one_connection_serves_many_calls() {
    let app = TestApp::start().await;
    let mut stream = TcpStream::connect(app.gateway()).await.unwrap();
    for _ in 0..3 {
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut answer = [0; 512];
        let n = stream.read(&mut answer).await.unwrap();
        assert!(answer[..n].starts_with(b"HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn stopping_lets_calls_end() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::Slow(Duration::from_millis(20)));
    let (client, url) = (app.client.clone(), app.url("/v1/chat/completions"));
    let request = client.post(&url).bearer_auth(&acme.key).body(streamed_hello("gpt-4o-mini").to_string());
    let call = async { Answer::of(request.send().await.unwrap()).await };
    let stop = async {
        eventually("the call works", || async { (app.provider.open_calls() == 1).then_some(()) }).await;
        app.close().await;
    };

    let (answer, ()) = tokio::join!(call, stop);

    assert!(answer.body.ends_with("data: [DONE]\n\n") && !answer.broken, "{}", answer.body);
    let again = client.post(&url).bearer_auth(&acme.key).body(hello("gpt-4o-mini").to_string());
    assert!(again.send().await.is_err(), "nobody listens any more");
}

/// How long a listener bears a client who sends a head byte by byte.
async fn bears(address: std::net::SocketAddr) -> Duration {
    let (mut stream, began) = (TcpStream::connect(address).await.unwrap(), std::time::Instant::now());
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\nx-slow: ").await.unwrap();
    let mut answer = [0; 64];
    loop {
        // Either may tell of the end, depending on what arrives first.
        if stream.write_all(b"x").await.is_err() {
            return began.elapsed();
        }
        match tokio::time::timeout(Duration::from_millis(500), stream.read(&mut answer)).await {
            Ok(_) => return began.elapsed(),
            Err(_) => assert!(began.elapsed() < Duration::from_secs(90), "a head may take for ever"),
        }
    }
}

#[tokio::test]
async fn neither_listener_waits_for_ever_for_a_head() {
    let app = TestApp::start().await;
    let console = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = console.local_addr().unwrap();
    let mut serving = tokio::task::JoinSet::new();
    let options = reeve_api::ServeOptions::default();
    serving.spawn(reeve_api::serve(app.engine.clone(), console, options, std::future::pending()));
    let (gateway, console) = tokio::join!(bears(app.gateway()), bears(address));
    assert!(gateway > Duration::from_secs(5) && console > Duration::from_secs(5), "slow lines are borne");
}
