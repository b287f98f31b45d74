//! What the gateway is measured against: a provider that answers at once, and a proxy that governs nothing.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt;
use http::header;
use http::{HeaderMap, HeaderName};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Tokens of every answer.
pub(crate) const PROMPT: u64 = 21;
pub(crate) const COMPLETION: u64 = 9;

/// Lets streams go on, or makes them wait.
#[derive(Clone)]
pub(crate) struct Gate(Arc<watch::Sender<bool>>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(true)))
    }
}

impl Gate {
    pub(crate) fn close(&self) {
        self.0.send_replace(false);
    }

    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }

    async fn pass(&self) {
        // It fails only where the gate is gone, and then nobody waits any more.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

/// Servers of one run, stopped when dropped.
#[derive(Default)]
pub(crate) struct Servers(JoinSet<()>);

impl Servers {
    async fn serve(&mut self, router: Router) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let listener = listener.tap_io(|socket| {
            let _ = socket.set_nodelay(true);
        });
        self.0.spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(address)
    }

    /// A provider, and how often it was called.
    pub(crate) async fn provider(&mut self) -> io::Result<(SocketAddr, Arc<AtomicU64>)> {
        let calls = Arc::new(AtomicU64::new(0));
        let answer = format!(
            r#"{{"id":"chatcmpl-1","object":"chat.completion","created":1761955200,"model":"gpt-4o-mini","choices":[{{"index":0,"message":{{"role":"assistant","content":"Hello! How can I help you today?","refusal":null}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":{PROMPT},"completion_tokens":{COMPLETION},"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0}}}},"service_tier":"default"}}"#,
            PROMPT + COMPLETION
        );
        let (counter, answer) = (Arc::clone(&calls), Bytes::from(answer));
        let handler = post(move |_: Bytes| {
            counter.fetch_add(1, Ordering::Relaxed);
            let answer = answer.clone();
            async move { ([(header::CONTENT_TYPE, "application/json")], answer) }
        });
        let address = self.serve(Router::new().route("/v1/chat/completions", handler)).await?;
        Ok((address, calls))
    }

    /// A provider of streams whose middle waits while its gate is closed.
    pub(crate) async fn streams(&mut self) -> io::Result<(SocketAddr, Gate)> {
        let gate = Gate::default();
        let chunk = |delta: &str, usage: &str| {
            format!(
                r#"data: {{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1761955200,"model":"gpt-4o-mini","choices":[{delta}]{usage}}}{}"#,
                "\n\n"
            )
        };
        let delta = |text: &str| {
            chunk(&format!(r#"{{"index":0,"delta":{{"content":"{text}"}},"finish_reason":null}}"#), "")
        };
        let usage = format!(
            r#","usage":{{"prompt_tokens":{PROMPT},"completion_tokens":{COMPLETION},"total_tokens":{}}}"#,
            PROMPT + COMPLETION
        );
        let begin = Bytes::from(delta("Hello"));
        let rest = Bytes::from(delta(" there") + &chunk("", &usage) + "data: [DONE]\n\n");
        let open = gate.clone();
        let handler = post(move |_: Bytes| {
            let (begin, rest, open) = (begin.clone(), rest.clone(), open.clone());
            async move {
                let first = futures_util::stream::once(async move { Ok::<_, io::Error>(begin) });
                let then = futures_util::stream::once(async move {
                    open.pass().await;
                    Ok(rest)
                });
                let body = Body::from_stream(futures_util::StreamExt::chain(first, then));
                ([(header::CONTENT_TYPE, "text/event-stream")], body)
            }
        });
        Ok((self.serve(Router::new().route("/v1/chat/completions", handler)).await?, gate))
    }

    /// A proxy that swaps the key and passes everything on.
    pub(crate) async fn proxy(
        &mut self,
        provider: SocketAddr,
    ) -> Result<SocketAddr, Box<dyn std::error::Error + Send + Sync>> {
        let client =
            reqwest::Client::builder().no_proxy().pool_max_idle_per_host(64).tcp_nodelay(true).build()?;
        let url: Arc<str> = format!("http://{provider}/v1/chat/completions").into();
        let router = Router::new()
            .route("/v1/chat/completions", post(forward))
            .layer(DefaultBodyLimit::max(32 * 1024 * 1024))
            .with_state((client, url));
        Ok(self.serve(router).await?)
    }
}

async fn forward(
    State((client, url)): State<(reqwest::Client, Arc<str>)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = client.post(&*url).headers(passed_on(&headers)).bearer_auth("sk-upstream-key");
    let answer = match request.body(body).send().await {
        Ok(answer) => answer,
        Err(error) => return (http::StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    };
    let (status, headers) = (answer.status(), passed_on(answer.headers()));
    let length = answer.headers().get(header::CONTENT_LENGTH).cloned();
    let mut response = Response::new(Body::from_stream(answer.bytes_stream()));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    // Else it would go out in chunks.
    response.headers_mut().extend(length.map(|length| (header::CONTENT_LENGTH, length)));
    response
}

/// All but the key and what belongs to one connection.
fn passed_on(headers: &HeaderMap) -> HeaderMap {
    const OWN: [HeaderName; 5] = [
        header::HOST,
        header::AUTHORIZATION,
        header::CONTENT_LENGTH,
        header::CONNECTION,
        header::TRANSFER_ENCODING,
    ];
    let other = headers.iter().filter(|(name, _)| !OWN.contains(name));
    other.map(|(name, value)| (name.clone(), value.clone())).collect()
}
