//! A client that costs little itself: prepared bytes out, answers counted in.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

type Failed = Box<dyn Error + Send + Sync>;

/// What OpenAI's client for Python says of itself with every request.
const SDK: &str = "accept: application/json\r\naccept-encoding: gzip, deflate\r\nconnection: keep-alive\r\n\
    user-agent: OpenAI/Python 2.6.1\r\nx-stainless-arch: x64\r\nx-stainless-async: false\r\nx-stainless-lang: python\r\n\
    x-stainless-os: Linux\r\nx-stainless-package-version: 2.6.1\r\nx-stainless-read-timeout: 600\r\n\
    x-stainless-retry-count: 0\r\nx-stainless-runtime: CPython\r\nx-stainless-runtime-version: 3.13.5\r\n";

/// A request as it goes over the wire.
pub(crate) fn request(key: &str, body: &str) -> Arc<[u8]> {
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n{SDK}\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat().into()
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self, Failed> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// One streamed call to its end; how long its first event took.
    async fn stream(&mut self, request: &[u8]) -> Result<Duration, Failed> {
        let sent = Instant::now();
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let mut first = None;
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(String::from_utf8_lossy(&self.buffer).into_owned().into());
            }
            if first.is_none() && self.buffer.windows(6).any(|w| w == b"data: ") {
                first = Some(sent.elapsed());
            }
            // The end of a chunked body, behind the event that ends the stream.
            if self.buffer.ends_with(b"0\r\n\r\n") {
                return first.ok_or_else(|| "a stream without events".into());
            }
        }
    }

    /// One call; an error for anything but 200.
    async fn call(&mut self, request: &[u8]) -> Result<(), Failed> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the connection was closed".into());
            }
            if self.is_whole()? {
                return Ok(());
            }
        }
    }

    fn is_whole(&self) -> Result<bool, Failed> {
        let Some(head_end) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") else { return Ok(false) };
        let head = std::str::from_utf8(&self.buffer[..head_end])?.to_ascii_lowercase();
        if !head.starts_with("http/1.1 200") {
            return Err(String::from_utf8_lossy(&self.buffer).into_owned().into());
        }
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")).ok_or("no content-length")?;
        Ok(self.buffer.len() >= head_end + 4 + length.trim().parse::<usize>()?)
    }
}

/// Calls a second over so many connections, each calling again as soon as it is answered.
pub(crate) async fn throughput(
    address: SocketAddr,
    request: &Arc<[u8]>,
    connections: usize,
    time: Duration,
) -> Result<f64, Failed> {
    let (done, mut workers) = (Arc::new(AtomicU64::new(0)), JoinSet::new());
    let until = Instant::now() + time;
    for _ in 0..connections {
        let (done, request) = (Arc::clone(&done), Arc::clone(request));
        workers.spawn(async move {
            let mut connection = Connection::open(address).await?;
            while Instant::now() < until {
                connection.call(&request).await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, Failed>(())
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker??;
    }
    Ok(done.load(Ordering::Relaxed) as f64 / time.as_secs_f64())
}

/// Latencies at a steady rate, in ascending order. Each counts from when the call was due: a late one is not forgiven.
pub(crate) async fn latencies(
    address: SocketAddr,
    request: &Arc<[u8]>,
    rate: u32,
    time: Duration,
) -> Result<Vec<Duration>, Failed> {
    const CONNECTIONS: u32 = 16;
    let begin = Instant::now() + Duration::from_millis(50);
    let mut workers = JoinSet::new();
    for n in 0..CONNECTIONS {
        let request = Arc::clone(request);
        workers.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut taken = Vec::new();
            let mut due = begin + Duration::from_secs(1) * n / rate;
            while due < begin + time {
                tokio::time::sleep_until(due).await;
                // The timer's grain is a millisecond and no fault of who is called.
                let sent = Instant::now().min(due + Duration::from_millis(2));
                connection.call(&request).await?;
                taken.push(sent.elapsed());
                due += Duration::from_secs(1) * CONNECTIONS / rate;
            }
            Ok::<_, Failed>(taken)
        });
    }
    let mut all = Vec::new();
    while let Some(worker) = workers.join_next().await {
        all.extend(worker??);
    }
    all.sort_unstable();
    Ok(all)
}

/// How long the first event of streams takes at a steady rate, in ascending order.
pub(crate) async fn first_bytes(
    address: SocketAddr,
    request: &Arc<[u8]>,
    rate: u32,
    time: Duration,
) -> Result<Vec<Duration>, Failed> {
    const CONNECTIONS: u32 = 16;
    let begin = Instant::now() + Duration::from_millis(50);
    let mut workers = JoinSet::new();
    for n in 0..CONNECTIONS {
        let request = Arc::clone(request);
        workers.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let (mut taken, mut due) = (Vec::new(), begin + Duration::from_secs(1) * n / rate);
            while due < begin + time {
                tokio::time::sleep_until(due).await;
                taken.push(connection.stream(&request).await?);
                due += Duration::from_secs(1) * CONNECTIONS / rate;
            }
            Ok::<_, Failed>(taken)
        });
    }
    let mut all = Vec::new();
    while let Some(worker) = workers.join_next().await {
        all.extend(worker??);
    }
    all.sort_unstable();
    Ok(all)
}

/// The value below which so many percent lie, in milliseconds.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(0.0, |d| d.as_secs_f64() * 1_000.0)
}
