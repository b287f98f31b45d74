//! A witness as C2SP tlog-witness says, on a port of this machine: it knows logs by name and keys, keeps the largest head of each, and
//! signs what continues it. It can also be told to misbehave.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use data_encoding::BASE64;
use parking_lot::Mutex;
use reeve_ledger::tree::Hash;
use reeve_ledger::{Checkpoint, CheckpointError, Cosigner, NoteError, VerifierKey, note, verify_consistency};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// When the tests' witnesses sign, in seconds: the start of every test.
pub(crate) const TIME: u64 = 1_795_262_400;

/// An answer it is told to give, whatever it is asked.
pub(crate) type Scripted = (u16, &'static str, String);

#[derive(Default)]
struct Known {
    keys: BTreeMap<String, Vec<VerifierKey>>,
    heads: BTreeMap<String, (u64, Hash)>,
    time: u64,
    script: VecDeque<Scripted>,
    /// Statuses that were answered.
    answered: Vec<u16>,
    agents: Vec<String>,
}

struct Shared {
    cosigner: Cosigner,
    known: Mutex<Known>,
}

/// The witness; it goes with its value.
pub(crate) struct TestWitness {
    shared: Arc<Shared>,
    address: SocketAddr,
    _serving: JoinSet<()>,
}

/// A witness's key pair; the same for the same number.
pub(crate) fn cosigner(seed: u8) -> Cosigner {
    Cosigner::from_seed(format!("witness.example/w{seed}"), &[seed; 32]).unwrap()
}

/// The text of a note: what is signed.
pub(crate) fn text(note: &str) -> String {
    format!("{}\n", note.rsplit_once("\n\n").unwrap().0)
}

/// A note with a witness's line more.
pub(crate) fn cosigned(note: &str, by: &Cosigner, time: u64) -> String {
    note::cosigned(note, by.witness_key(), &by.cosign(&text(note), time))
}

impl TestWitness {
    pub(crate) async fn start(seed: u8) -> Self {
        let known = Mutex::new(Known { time: TIME, ..Known::default() });
        let shared = Arc::new(Shared { cosigner: cosigner(seed), known });
        let router = Router::new().route("/w/add-checkpoint", post(add)).with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shared, address, _serving: serving }
    }

    pub(crate) fn vkey(&self) -> String {
        self.shared.cosigner.witness_key().to_string()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/w", self.address)
    }

    /// From now on it signs what these keys signed.
    pub(crate) fn know(&self, keys: &[String]) {
        let mut known = self.shared.known.lock();
        known.keys.clear();
        for key in keys {
            let key: VerifierKey = key.parse().unwrap();
            known.keys.entry(key.name().to_owned()).or_default().push(key);
        }
    }

    /// What it holds of a log: entries and root.
    pub(crate) fn head(&self, origin: &str) -> Option<(u64, Hash)> {
        self.shared.known.lock().heads.get(origin).copied()
    }

    pub(crate) fn set_head(&self, origin: &str, head: (u64, Hash)) {
        self.shared.known.lock().heads.insert(origin.to_owned(), head);
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.shared.known.lock().time += seconds;
    }

    /// Answers this next, in this order.
    pub(crate) fn script(&self, answers: impl IntoIterator<Item = Scripted>) {
        self.shared.known.lock().script = answers.into_iter().collect();
    }

    /// What it answered since this was asked last.
    pub(crate) fn answered(&self) -> Vec<u16> {
        std::mem::take(&mut self.shared.known.lock().answered)
    }

    pub(crate) fn agents(&self) -> Vec<String> {
        self.shared.known.lock().agents.clone()
    }
}

async fn add(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: String) -> Response {
    let mut known = shared.known.lock();
    known.agents.push(headers[header::USER_AGENT].to_str().unwrap().to_owned());
    let (status, kind, body) = match known.script.pop_front() {
        Some(scripted) => scripted,
        None => known.answer(&shared.cosigner, &body),
    };
    known.answered.push(status);
    let location = (header::LOCATION, "http://127.0.0.1:1/elsewhere");
    (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, kind), location], body).into_response()
}

impl Known {
    fn answer(&mut self, by: &Cosigner, body: &str) -> Scripted {
        let no = |status: u16| (status, "text/plain", String::new());
        let Some((old, proof, note)) = parts(body) else { return no(400) };
        let Ok(said) = Checkpoint::parse(&text(note)) else { return no(400) };
        let Some(keys) = self.keys.get(&said.origin) else { return no(404) };
        let by_known = |key: &VerifierKey| match Checkpoint::open(note, key) {
            Ok(_) => Some(true),
            Err(CheckpointError::Note(NoteError::NotSigned { .. })) => Some(false),
            Err(_) => None,
        };
        let checked: Option<Vec<bool>> = keys.iter().map(by_known).collect();
        if !checked.is_some_and(|checked| checked.contains(&true)) {
            return no(403);
        }
        let (size, root) = self.heads.get(&said.origin).copied().unwrap_or((0, reeve_ledger::EMPTY_ROOT));
        if old > said.size {
            return no(400);
        }
        if old != size {
            return (409, "text/x.tlog.size", format!("{size}\n"));
        }
        if verify_consistency(old, said.size, root, said.root, &proof).is_err() {
            return no(422);
        }
        self.heads.insert(said.origin.clone(), (said.size, said.root));
        let line = by.witness_key().line(&by.cosign(&text(note), self.time));
        (200, "text/plain", format!("\u{2014} elsewhere.example/other AAAAAAAA\n{line}"))
    }
}

/// The old size, the proof and the note of a request, strictly as the specification has it.
fn parts(body: &str) -> Option<(u64, Vec<Hash>, &str)> {
    let (head, note) = body.split_once("\n\n")?;
    let mut lines = head.split('\n');
    let size = lines.next()?.strip_prefix("old ")?;
    let old: u64 = size.parse().ok().filter(|n: &u64| n.to_string() == size)?;
    let proof: Option<Vec<Hash>> =
        lines.map(|line| BASE64.decode(line.as_bytes()).ok()?.try_into().ok()).collect();
    let proof = proof.filter(|proof| proof.len() <= 63)?;
    (old > 0 || proof.is_empty()).then_some((old, proof, note))
}
