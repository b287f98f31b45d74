//! A real store with traffic, and the judgement of a changed copy of it.

use reeve_core::id::UserId;
use reeve_core::permission::Role;
use reeve_core::principal::Principal;
use reeve_core::time::Clock;
use reeve_engine::audit::{EntryFilter, Stream};
use reeve_engine::vault::{KeyringOf, VaultKeys};
use reeve_engine::witnesses::AddWitness;
use reeve_engine::{Cx, Engine, OpenEngine};
use reeve_ledger::{Cosigner, note};
use reeve_store::verify::Verify;
use reeve_store::{OpenStore, Read, Store, StoreError};
use reeve_tests::app::{Options, SetClock, TestApp};
use reeve_vault::{Keyring, MemoryKeyring};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A store that is closed, and the keyring of its computer.
pub(crate) struct Written {
    pub(crate) folder: Arc<TempDir>,
    pub(crate) keyring: Arc<MemoryKeyring>,
}

impl Written {
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("reeve.db")
    }

    /// The file and the key beside it, in a folder of their own: what remembers it elsewhere is another test's.
    pub(crate) fn copy(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(self.file(), copy.path().join("reeve.db")).unwrap();
        // Without it nobody could open a private section, and see whether it is the one that was written.
        std::fs::copy(self.folder.path().join("privacy.key"), copy.path().join("privacy.key")).unwrap();
        copy
    }
}

/// Somebody who may not read the trail: each try is an entry, with private sections where the caller is known.
fn curious(engine: &Engine) -> Cx {
    let principal = Principal::User {
        id: UserId(engine.new_request_id().0),
        subject: "u_0".to_owned(),
        may: Role::Finance.allowance(),
        grants: std::sync::Arc::default(),
        session: None,
    };
    Cx { principal, ip: Some("203.0.113.9".to_owned()), ..Cx::system() }
}

/// A week of two tenants: calls, refusals, keys that changed, more entries than a tile has.
pub(crate) async fn written() -> Written {
    let keyring = Arc::new(MemoryKeyring::new());
    let app =
        TestApp::start_with(Options { keyring: Some(Arc::clone(&keyring)), ..Options::default() }).await;
    let finance = curious(&app.engine);
    for _ in 0..270 {
        assert!(app.engine.audit_page(&finance, EntryFilter::default(), 1).await.is_err());
        app.clock.advance(1_000);
    }
    let (acme, other) = (app.tenant("Acme").make().await, app.tenant("Other").make().await);
    for (n, tenant) in [&acme, &other, &acme, &acme, &other, &acme].into_iter().enumerate() {
        let model = ["gpt-4o-mini", "gpt-4o"][n % 2];
        let user = ["ann", "bob"][n % 2];
        let call = json!({"model": model, "user": user, "max_tokens": 50 + n,
            "messages": [{"role": "user", "content": format!("say something tokens={}", 5 + n)}]});
        let request = app.post("/v1/chat/completions", &tenant.key, call.to_string());
        let answer = request.header("x-reeve-tags", "batch").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        app.clock.advance(20 * 60 * 1_000);
    }
    witnesses(&app).await;
    app.engine.rotate_ledger_keys().await.unwrap();
    app.engine.tend_ledger().await;
    app.clock.advance(11 * 60 * 1_000);
    app.engine.tend_ledger().await;
    let folder = app.close().await;
    Written { folder, keyring }
}

/// Three witnesses that signed both streams; one was removed.
async fn witnesses(app: &TestApp) {
    let cx = Cx::system();
    for seed in 1..=3 {
        let by = Cosigner::from_seed(format!("witness.example/w{seed}"), &[seed; 32]).unwrap();
        let new = AddWitness {
            vkey: by.witness_key().to_string(),
            url: Some("http://127.0.0.1:1/w".to_owned()),
            allow_private: false,
        };
        let id = app.engine.add_witness(&cx, new).await.unwrap().witness.id;
        for stream in Stream::ALL {
            let note = app.engine.audit_head(&cx, stream).await.unwrap().note;
            let text = format!("{}\n", note.rsplit_once("\n\n").unwrap().0);
            let time = u64::try_from(app.clock.now().0 / 1_000).unwrap();
            let note = note::cosigned(&note, by.witness_key(), &by.cosign(&text, time));
            app.engine.submit_cosigned(&cx, &note).await.unwrap();
        }
        if seed == 1 {
            app.engine.remove_witness(&cx, id).await.unwrap();
        }
    }
}

/// Opens a store as the start of Reeve does.
pub(crate) async fn open(folder: &Path, keyring: &Arc<MemoryKeyring>) -> Result<Engine, String> {
    let own = Arc::clone(keyring);
    let of: KeyringOf = Arc::new(move |_| Arc::clone(&own) as Arc<dyn Keyring>);
    let keys = VaultKeys { keyring: Some(of), ..VaultKeys::default() };
    let clock = SetClock::new(reeve_tests::app::START.parse().unwrap());
    clock.advance(30 * 24 * 3_600 * 1_000);
    let clock = Arc::new(clock) as Arc<dyn Clock>;
    // Tasks of an engine that was closed let go of the folder a moment after it.
    for _ in 0..100 {
        let options =
            OpenEngine { data_dir: folder.to_owned(), keys: keys.clone(), clock: Arc::clone(&clock) };
        match Engine::open(options).await {
            Ok(engine) => return Ok(engine),
            Err(error) if format!("{error:?}").contains("InUse") => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => return Err(format!("it does not open: {error:?}")),
        }
    }
    Err("the folder stays in use".to_owned())
}

/// What the store by itself says: nothing, or what is wrong with it. What Reeve says has this in it.
pub(crate) async fn judge_store(folder: &Path) -> Result<(), String> {
    let clock = Arc::new(SetClock::new(reeve_tests::app::START.parse().unwrap())) as Arc<dyn Clock>;
    let options = OpenStore { folder: folder.to_owned(), clock, readers: 1 };
    let store = Store::open(options).map_err(|error| format!("it does not open: {error}"))?;
    let said = said_of(&store).await.map_err(|error| format!("it cannot be read: {error}"));
    store.close().await;
    let said = said?;
    if said.is_empty() { Ok(()) } else { Err(said.join(" ")) }
}

async fn said_of(store: &Store) -> Result<Vec<String>, StoreError> {
    let mut said = store.read(|r: &Read<'_>| r.schema_faults()).await?;
    for stream in Stream::ALL {
        let verify = Verify { stream, since: None, workers: 1, progress: Arc::default() };
        said.extend(store.verify(verify).await?.0.first_bad.map(|bad| bad.reason));
    }
    said.extend(store.read(|r: &Read<'_>| r.charge_fault()).await?);
    for stream in Stream::ALL {
        said.extend(store.read(move |r: &Read<'_>| r.witnessed(stream)).await?.1);
    }
    Ok(said)
}

/// What Reeve says of a store: nothing, or what is wrong with it.
pub(crate) async fn judge(folder: &Path, written: &Written) -> Result<(), String> {
    let engine = open(folder, &written.keyring).await?;
    let mut said = Vec::new();
    for stream in Stream::ALL {
        match engine.verify(&Cx::cli(), stream).await {
            Ok(verification) if verification.intact() => {}
            Ok(verification) => said.push(verification.statement()),
            Err(error) => said.push(format!("it cannot be read: {error:?}")),
        }
    }
    engine.close().await;
    if said.is_empty() { Ok(()) } else { Err(said.join(" ")) }
}
