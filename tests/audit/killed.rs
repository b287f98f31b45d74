//! A process that is killed while it delivers: the next one goes on, nothing is lost, and little comes twice.

use crate::receiver::Receiver;
use reeve_engine::app_entries::{Action, AppActor, AppThing, NewAppEntry, Outcome, WriteEntries};
use reeve_engine::audit::Stream;
use reeve_engine::entry::Severity;
use reeve_engine::listeners::AddListener;
use reeve_engine::vault::VaultKeys;
use reeve_engine::{Cx, Engine, OpenEngine, SystemClock};
use reeve_tests::child::Child;
use reeve_vault::EnvSecret;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

const SECRET: &str = "kB1mJ0Yw2o9tqv3dQxH7Zr5uNfXcA8eLgT4sPiV6yKE=";
const ENTRIES: usize = 400;

async fn open(folder: &Path) -> Engine {
    let keys = VaultKeys::default().with_env(|| EnvSecret::parse(SECRET).ok());
    let open = OpenEngine { data_dir: folder.to_owned(), keys, clock: Arc::new(SystemClock) };
    Engine::open(open).await.unwrap()
}

fn entry(n: usize) -> NewAppEntry {
    NewAppEntry {
        id: None,
        event_type: None,
        action: Action::View,
        resource: AppThing { kind: "FILE".to_owned(), id: n.to_string(), name: None },
        related: None,
        project: None,
        tenant: None,
        actor: AppActor::default(),
        changes: Vec::new(),
        metadata: serde_json::Map::new(),
        severity: None,
        outcome: Outcome::Success,
        occurred_at: None,
        duration_ms: None,
        trace_id: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_delivers_it_loses_nothing() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start(&[]).await);
    let engine = open(folder.path()).await;
    // While nobody takes anything, the entries are written and this process goes.
    receiver.answers(&[503; 10_000]);
    let new = AddListener {
        name: "collector".to_owned(),
        url: receiver.url(),
        stream: Stream::Audit,
        event_types: vec!["app.".to_owned()],
        min_severity: Severity::Info,
        allow_private: false,
        first: None,
    };
    let (_, secret) = engine.add_listener(&Cx::system(), new).await.unwrap();
    let entries = (0..ENTRIES).map(entry).collect();
    let write = WriteEntries { key: None, entries, listed: true };
    let written = engine.write_entries(&Cx::system(), write).await.unwrap().sequences;
    engine.close().await;
    drop(engine);

    receiver.answers(&[]);
    for kill_at in [20, 130, 260] {
        let mut child = Child::start(folder.path(), SECRET).await;
        receiver.taken(kill_at).await;
        child.kill();
    }
    let _last = Child::start(folder.path(), SECRET).await;
    let mut all = BTreeSet::new();
    for _ in 0..600 {
        all = taken(&receiver).into_iter().collect();
        if all.len() == ENTRIES {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(all.into_iter().collect::<Vec<_>>(), written, "each entry came at least once");
    let came = taken(&receiver);
    let mut newest = 0;
    let firsts: Vec<_> =
        came.iter().filter(|n| (**n > newest).then(|| newest = **n).is_some()).copied().collect();
    assert_eq!(firsts, written, "in their order, whatever came again in between");
    assert!(came.len() < ENTRIES + 3 * 200, "{} deliveries of {ENTRIES} entries", came.len());
    for message in receiver.received() {
        message.assert_signed(&secret);
    }
}

/// Indexes of what was taken, in the order it came.
fn taken(receiver: &Receiver) -> Vec<u64> {
    receiver.received().iter().filter(|m| m.status < 300).map(|m| m.sequence()).collect()
}
