//! Killed at any step of a rotation, Reeve goes on with it: no key at the provider that nobody knows, none of somebody else's
//! touched, one key in use. Debug builds die where `REEVE_CRASH_AT` says.
//!
//! Real processes die here, for every provider that makes keys: at every step of OpenAI's, and at the two steps of the others
//! where most may be lost. Every step of each, with every fault for OpenAI and with faults in turn for the others, and a second
//! kill while it recovers, take `REEVE_CRASH_FULL`; `matrix.rs` goes through every fault at every step of each within the process.

use crate::adapters::{ADAPTERS, Adapter, STEPS, WHEN, begin};
use crate::house::{HURRIED, STUCK};
use reeve_core::id::CredentialId;
use reeve_core::rotation::RotationState as State;
use reeve_engine::vault::VaultKeys;
use reeve_engine::{Cx, Engine, OpenEngine, SystemClock};
use reeve_providers::upstream::UpstreamConfig;
use reeve_tests::app::impatient;
use reeve_tests::provider::{AdminFault, ScriptedProvider, Step};
use reeve_vault::EnvSecret;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const SECRET: &str = "kB1mJ0Yw2o9tqv3dQxH7Zr5uNfXcA8eLgT4sPiV6yKE=";

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
async fn set_up(adapter: Adapter, folder: &Path, provider: &ScriptedProvider) -> CredentialId {
    let engine = open(folder, impatient()).await;
    provider.admin().set_time(engine.now().0 / 1_000);
    let (id, _) = adapter.add(&engine, provider).await;
    begin(&engine, id).await;
    see_through(adapter, &engine, provider, id, "the first rotation").await;
    engine.close().await;
    id
}

/// Waits until the newest rotation is over, and does what is left to a person.
async fn see_through(
    adapter: Adapter,
    engine: &Engine,
    provider: &ScriptedProvider,
    id: CredentialId,
    case: &str,
) {
    let (mut last, mut since) = (None, Instant::now());
    loop {
        let r = engine.rotations(&Cx::system(), Some(id), None, 1).await.unwrap().0.remove(0).0;
        assert!(r.state != State::NeedsAttention, "{case}: {r:?}");
        match (r.ended_at, r.state) {
            (Some(_), _) => return assert_eq!(r.state, State::Done, "{case}: {r:?}"),
            (None, State::AwaitingOperator) => adapter.operator(engine, provider, &r).await,
            _ => engine.resume_rotations().await.unwrap(),
        }
        if last.as_ref() != Some(&r) {
            (last, since) = (Some(r), Instant::now());
        }
        assert!(since.elapsed() < STUCK, "{case}: it does not end: {last:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
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
async fn recover(adapter: Adapter, folder: &Path, provider: &ScriptedProvider, id: CredentialId, case: &str) {
    let engine = open(folder, impatient()).await;
    see_through(adapter, &engine, provider, id, case).await;
    engine.check_rotations().await.unwrap();
    adapter.assert_sound(&engine, provider, id, case).await;
    engine.close().await;
}

/// Kills at `point`, with each of `faults` in turn, and once more while it recovers where `twice`; how often it came there.
async fn kill_at(
    adapter: Adapter,
    folder: &Path,
    provider: &ScriptedProvider,
    id: CredentialId,
    (when, step): (&str, State),
    faults: &[Option<AdminFault>],
    twice: bool,
) -> u32 {
    let (point, mut died) = (format!("{when}:{}", step.as_str()), 0);
    for fault in faults {
        let case = format!("{adapter:?}, {point} with {fault:?}");
        if let Some(fault) = fault {
            let at = if step == State::Revoking { adapter.ends_by() } else { Step::Create };
            provider.admin().on(at, *fault);
        }
        died += u32::from(die_at(folder, &point, true).await);
        if twice {
            die_at(folder, &point, false).await;
        }
        recover(adapter, folder, provider, id, &case).await;
    }
    died
}

/// Every step of OpenAI's, and of the others the two where most may be lost; every step of each where all of it is asked for.
async fn killed(adapter: Adapter) -> u32 {
    let full = std::env::var_os("REEVE_CRASH_FULL").is_some();
    let mut provider = ScriptedProvider::start().await.unwrap();
    if adapter != Adapter::Azure && !matches!(adapter, Adapter::AwsIam | Adapter::BedrockKey) {
        provider.admin().made_by_others(adapter.make(), "somebody's");
    }
    let folder = tempfile::tempdir().unwrap();
    let id = set_up(adapter, folder.path(), &provider).await;
    let all: Vec<_> = std::iter::once(None).chain(FAULTS.map(Some)).collect();
    let few = [("called", State::Minting), ("called", State::Revoking)];
    let mut died = 0;
    for (n, step) in STEPS.into_iter().enumerate() {
        for (m, when) in WHEN.into_iter().enumerate() {
            let point = n * WHEN.len() + m;
            // Before an act is behind the one before it.
            let is_asked_for = match adapter {
                Adapter::Openai => when != "before",
                _ => few.contains(&(when, step)),
            };
            if !full && !is_asked_for {
                continue;
            }
            let around = matches!(step, State::Minting | State::Revoking);
            let turn = (adapter as usize + died as usize) % FAULTS.len();
            let faults = match (full, around, adapter == Adapter::Openai) {
                (true, _, true) => all.clone(),
                // Faults take turns here: `matrix.rs` has every one of them at every point.
                (true, _, false) => vec![all[(adapter as usize + point) % all.len()]],
                (false, true, true) => vec![None, Some(FAULTS[turn])],
                (false, true, false) => vec![Some(FAULTS[turn])],
                (false, false, _) => vec![None],
            };
            died += kill_at(adapter, folder.path(), &provider, id, (when, step), &faults, full).await;
        }
    }
    provider.assert_done();
    died
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_step_it_leaves_no_key_that_nobody_knows() {
    let died = killed(Adapter::Openai).await;
    assert!(died >= 20, "only {died} kills met their step");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_where_most_may_be_lost_no_provider_keeps_a_key_that_nobody_knows() {
    for adapter in ADAPTERS.into_iter().filter(|a| *a != Adapter::Openai && !a.is_guided()) {
        let died = killed(adapter).await;
        assert!(died >= 2, "{adapter:?}: only {died} kills met their step");
    }
}
