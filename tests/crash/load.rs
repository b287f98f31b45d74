//! Calls of all kinds, as fast as they are answered.

use reeve_tests::app::eventually;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::task::JoinSet;

const WORKERS: u64 = 16;

/// Marsaglia's xorshift: enough to choose moments and calls by.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn from_environment() -> Self {
        let given = std::env::var("REEVE_CRASH_SEED").ok().and_then(|s| s.parse().ok());
        let seed = given.unwrap_or_else(|| RandomState::new().hash_one(7_u8) | 1);
        eprintln!("REEVE_CRASH_SEED={seed}");
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Load on one address.
pub(crate) struct Load {
    workers: JoinSet<()>,
    answers: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Load {
    pub(crate) fn begin(address: SocketAddr, keys: &[String], seed: u64) -> Self {
        let (answers, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut workers = JoinSet::new();
        for n in 0..WORKERS {
            let (answers, over, client) = (Arc::clone(&answers), Arc::clone(&over), client.clone());
            let key = keys[usize::try_from(n).unwrap_or(0) % keys.len()].clone();
            let mut random = Random(seed.wrapping_mul(n + 3) | 1);
            workers.spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    let request =
                        client.post(format!("http://{address}/v1/chat/completions")).bearer_auth(&key);
                    let shape = random.next();
                    let request = request.header("x-reeve-tags", ["batch", "chat", ""][choose(shape / 5, 3)]);
                    let Ok(response) = request.body(call(shape)).send().await else { return };
                    let status = response.status().as_u16();
                    assert!(matches!(status, 200 | 402), "{status}: {:?}", response.text().await);
                    if response.bytes().await.is_ok() && status == 200 {
                        answers.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        Self { workers, answers, over }
    }

    /// Waits until calls are answered.
    pub(crate) async fn first_answer(&self) {
        eventually("an answer", || async { (self.answers.load(Ordering::Relaxed) > 0).then_some(()) }).await;
    }

    /// Waits until nobody calls any more; how many answers there were.
    pub(crate) async fn end(mut self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.workers.join_next().await {
            ended.expect("a worker saw what it must not");
        }
        self.answers.load(Ordering::Relaxed)
    }
}

/// Whole and streamed calls, short and long, at once and with a pause.
fn call(random: u64) -> String {
    // The last may cost so much that the exposure bound rises again and again.
    let (model, most) = [("gpt-4o-mini", 150), ("gpt-4o", 150), ("gpt-4.1-mini", 20_000)][choose(random, 3)];
    let user = ["ann", "bob", "eve", "joe"][choose(random / 11, 4)];
    let (tokens, stream) = (random / 7 % 120, random.is_multiple_of(2));
    serde_json::json!({
        "model": model, "stream": stream, "max_tokens": most, "user": user,
        "messages": [{"role": "user", "content": format!("say something tokens={tokens} cached={}", random % 5)}],
    })
    .to_string()
}

fn choose(random: u64, of: u64) -> usize {
    usize::try_from(random % of).unwrap_or(0)
}
