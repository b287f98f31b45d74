//! Killed at any step of a rotation, Reeve goes on with it: no key at the provider that nobody knows, none of somebody else's
//! touched, one key in use. Debug builds die where `REEVE_CRASH_AT` says.
//!
//! Each step is tried without a fault, and the steps around the making of a key with what a provider can do wrong there. Every
//! step with every fault, and a second kill while it recovers, take `REEVE_CRASH_FULL`.

use crate::house::{HURRIED, automate};
use reeve_core::id::CredentialId;
use reeve_core::rotation::{RotationState as State, VersionState as Version};
use reeve_engine::credentials::AddCredential;
use reeve_engine::rotation::{BeginRotation, Resolution, SetRotation};
use reeve_engine::vault::VaultKeys;
use reeve_engine::{Cx, Engine, OpenEngine, SystemClock};
use reeve_providers::upstream::UpstreamConfig;
use reeve_tests::app::{eventually, impatient};
use reeve_tests::provider::{AdminFault, ScriptedProvider, Step};
use reeve_vault::{EnvSecret, Secret};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const SECRET: &str = "kB1mJ0Yw2o9tqv3dQxH7Zr5uNfXcA8eLgT4sPiV6yKE=";

/// Where it may die: before an act, behind it and before that is written down, and behind that.
const WHEN: [&str; 3] = ["before", "called", "after"];
const STEPS: [State; 10] = [
    State::Planned,
    State::Intent,
    State::Minting,
    State::Minted,
    State::Probing,
    State::Promoted,
    State::Draining,
    State::Disabling,
    State::Soaking,
    State::Revoking,
];
const FAULTS: [AdminFault; 5] = [
    AdminFault::CutAfter,
    AdminFault::StatusAfter(500),
    AdminFault::StatusBefore(500),
    AdminFault::Limited(0),
    AdminFault::OtherShape,
];

async fn open(folder: &Path, upstream: UpstreamConfig) -> Engine {
    let keys = VaultKeys::default().with_env(|| EnvSecret::parse(SECRET).ok());
    let open = OpenEngine { data_dir: folder.to_owned(), keys, clock: Arc::new(SystemClock) };
    let engine = Engine::open_with(open, upstream).await.expect("the store opens after any crash");
    engine.set_rotation_pace(HURRIED);
    engine
}

/// A folder whose one key was made by a rotation, so that the next one needs nobody; and that key's credential.
async fn set_up(folder: &Path, provider: &ScriptedProvider) -> CredentialId {
    let (engine, cx) = (open(folder, impatient()).await, Cx::system());
    let (first, value) = provider.admin().seeded_key("by hand");
    let new = AddCredential {
        name: "scripted".to_owned(),
        provider: "openai".to_owned(),
        base_url: Some(provider.base_url()),
        models: Vec::new(),
        weight: None,
        priority: None,
        api_key: Secret::copy_of(value.as_bytes()),
    };
    let id = engine.add_credential(&cx, new).await.unwrap().id;
    automate(&engine, provider, id).await;
    let at_once = SetRotation { grace_days: Some(0), soak_hours: Some(0), ..SetRotation::default() };
    engine.set_rotation(&cx, id, at_once).await.unwrap();
    let rotation = engine.begin_rotation(&cx, id, BeginRotation::default()).await.unwrap().id;
    comes_to(&engine, id, State::AwaitingOperator).await;
    engine.resolve_rotation(&cx, rotation, Resolution::DeleteKey(first)).await.unwrap();
    comes_to(&engine, id, State::Done).await;
    engine.close().await;
    id
}

async fn comes_to(engine: &Engine, id: CredentialId, state: State) {
    eventually(&format!("a rotation is {}", state.as_str()), || async {
        let all = engine.rotations(&Cx::system(), Some(id), None, 1).await.unwrap().0;
        (all[0].0.state == state).then_some(())
    })
    .await;
}

/// Has a child begin a rotation and die at `point`; whether it came there.
async fn die_at(folder: &Path, point: &str, begin: bool) -> bool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crash-house"));
    command.arg(folder).env("KEY_ENCRYPTION_SECRET", SECRET).env("REEVE_CRASH_AT", point);
    if begin {
        command.env("REEVE_ROTATE", "1");
    }
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a child");
    for _ in 0..if begin { 400 } else { 60 } {
        if child.try_wait().expect("a child").is_some() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    child.kill().expect("a child that can be killed");
    child.wait().expect("a dead child");
    false
}

/// Goes on behind the kill until the rotation is over, sweeps, and holds what there is against the ledger.
async fn recover(folder: &Path, provider: &ScriptedProvider, id: CredentialId, case: &str) {
    let (engine, cx) = (open(folder, impatient()).await, Cx::system());
    eventually(&format!("{case}: the rotation is over"), || async {
        let all = engine.rotations(&cx, Some(id), None, 1).await.unwrap().0;
        let r = &all[0].0;
        assert!(r.state != State::NeedsAttention, "{case}: {r:?}");
        r.ended_at.is_some().then_some(())
    })
    .await;
    engine.check_rotations().await.unwrap();
    let versions = engine.key_versions(&cx, id).await.unwrap().versions;
    assert_eq!(versions.iter().filter(|v| v.state == Version::Current).count(), 1, "{case}: {versions:?}");
    for key in provider.admin().live().iter().filter(|key| !key.foreign && !key.admin) {
        let known = versions.iter().find(|v| v.provider_key_id.as_deref() == Some(&key.id));
        assert!(known.is_some_and(|v| v.sealed.is_some()), "{case}: nobody knows {key:?}, but {versions:?}");
    }
    let keys = provider.admin().keys();
    assert!(
        keys.iter().filter(|key| key.foreign).all(|key| !key.deleted),
        "{case}: a foreign key was touched"
    );
    let current = versions.iter().find(|v| v.state == Version::Current).unwrap();
    let alive = provider.admin().live();
    assert!(
        alive.iter().any(|key| current.provider_key_id.as_deref() == Some(&key.id)),
        "{case}: the key in use is dead"
    );
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_step_it_leaves_no_key_that_nobody_knows() {
    let full = std::env::var_os("REEVE_CRASH_FULL").is_some();
    let mut provider = ScriptedProvider::start().await.unwrap();
    provider.admin().foreign_key("somebody's");
    let folder = tempfile::tempdir().unwrap();
    let id = set_up(folder.path(), &provider).await;
    let mut died = 0;
    for step in STEPS {
        for (n, when) in WHEN.into_iter().enumerate() {
            // Before an act is behind the one before it.
            if !full && n == 0 {
                continue;
            }
            let around = matches!(step, State::Minting | State::Revoking);
            let faults: Vec<Option<AdminFault>> = match (full, around) {
                (true, _) => std::iter::once(None).chain(FAULTS.map(Some)).collect(),
                (false, true) => vec![None, Some(FAULTS[(died as usize) % FAULTS.len()])],
                (false, false) => vec![None],
            };
            for fault in faults {
                let case = format!("{when}:{} with {fault:?}", step.as_str());
                let scripted = if step == State::Revoking { Step::Delete } else { Step::Create };
                if let Some(fault) = fault {
                    provider.admin().on(scripted, fault);
                }
                let point = format!("{when}:{}", step.as_str());
                died += u32::from(die_at(folder.path(), &point, true).await);
                if full {
                    die_at(folder.path(), &point, false).await;
                }
                recover(folder.path(), &provider, id, &case).await;
            }
        }
    }
    assert!(died >= 20, "only {died} kills met their step");
    provider.assert_done();
}
