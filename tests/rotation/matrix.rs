//! Every adapter × every point where a rotation may break off × whatever its provider may do wrong.
//!
//! Here a rotation breaks off within the process: it stops at the point, the engine is closed, and the data folder is opened
//! again (`killed.rs` kills a real process). By default each adapter meets every other transition, and the points and faults take turns;
//! all of it, and a second break while it recovers, take `REEVE_CRASH_FULL`.

use crate::adapters::{ADAPTERS, Adapter, STEPS, WHEN, begin};
use crate::house::HURRIED;
use crate::serving::{assert_serves, caller};
use reeve_core::id::CredentialId;
use reeve_core::rotation::RotationState as State;
use reeve_engine::rotation::{Resolution, Rotation};
use reeve_engine::vault::{KeyringOf, VaultKeys};
use reeve_engine::{Cx, Engine, OpenEngine};
use reeve_tests::app::{START, SetClock, impatient};
use reeve_tests::provider::{AdminFault, ScriptedProvider, Step};
use reeve_vault::{Keyring, MemoryKeyring};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// What goes wrong at the provider.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Wrong {
    Nothing,
    EffectThenTimeout,
    TimeoutWithoutEffect,
    TooManyCalls,
    ErrorBeforeEffect,
    ErrorAfterEffect,
    CutAnswer,
    StaleList,
    NoRoom,
    ForeignKeys,
}

const WRONG: [Wrong; 10] = [
    Wrong::Nothing,
    Wrong::EffectThenTimeout,
    Wrong::TimeoutWithoutEffect,
    Wrong::TooManyCalls,
    Wrong::ErrorBeforeEffect,
    Wrong::ErrorAfterEffect,
    Wrong::CutAnswer,
    Wrong::StaleList,
    Wrong::NoRoom,
    Wrong::ForeignKeys,
];

impl Wrong {
    fn fault(self) -> Option<AdminFault> {
        Some(match self {
            Self::EffectThenTimeout | Self::StaleList => AdminFault::HangAfter,
            Self::TimeoutWithoutEffect => AdminFault::HangBefore,
            Self::TooManyCalls => AdminFault::Limited(0),
            Self::ErrorBeforeEffect => AdminFault::StatusBefore(500),
            Self::ErrorAfterEffect => AdminFault::StatusAfter(500),
            Self::CutAnswer => AdminFault::CutAfter,
            Self::Nothing | Self::NoRoom | Self::ForeignKeys => return None,
        })
    }
}

/// A provider, and a data folder that is opened again and again.
struct Place {
    adapter: Adapter,
    provider: ScriptedProvider,
    folder: TempDir,
    clock: Arc<SetClock>,
    keyring: Arc<MemoryKeyring>,
    credential: CredentialId,
    /// The key of a tenant whose calls the credential serves.
    caller: String,
}

impl Place {
    async fn new(adapter: Adapter) -> Self {
        let mut place = Self {
            adapter,
            provider: ScriptedProvider::start().await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(SetClock::new(START.parse().unwrap())),
            keyring: Arc::default(),
            credential: "crd_00000000000000000000000000".parse().unwrap(),
            caller: String::new(),
        };
        let engine = place.open().await;
        place.caller = caller(&engine).await;
        place.credential = adapter.add(&engine, &place.provider).await.0;
        // Behind the first rotation Reeve knows its key's id, and the next one needs nobody where that can be.
        begin(&engine, place.credential).await;
        place.see_through(&engine, "the first rotation").await;
        engine.close().await;
        place
    }

    async fn open(&self) -> Engine {
        let keyring = Arc::clone(&self.keyring);
        let of: KeyringOf = Arc::new(move |_| Arc::clone(&keyring) as Arc<dyn Keyring>);
        let keys = VaultKeys { keyring: Some(of), ..VaultKeys::default() };
        let open =
            OpenEngine { data_dir: self.folder.path().to_owned(), keys, clock: Arc::clone(&self.clock) as _ };
        let engine = Engine::open_with(open, impatient()).await.expect("the store opens after any crash");
        engine.set_rotation_pace(HURRIED);
        engine
    }

    async fn newest(&self, engine: &Engine) -> Rotation {
        engine.rotations(&Cx::system(), Some(self.credential), None, 1).await.unwrap().0.remove(0).0
    }

    /// Lets the rotation go on, with a person at hand and time to spare, until it is over; or until it breaks off: whether it did.
    async fn goes_on(&self, engine: &Engine, case: &str) -> bool {
        for _ in 0..2_000 {
            if engine.rotations_broke_off() {
                return true;
            }
            let r = self.newest(engine).await;
            if r.ended_at.is_some() {
                return false;
            }
            let now = engine.now();
            match r.state {
                State::AwaitingOperator => self.adapter.operator(engine, &self.provider, &r).await,
                State::NeedsAttention => self.room_is_made(engine, &r, case).await,
                _ => {
                    if let Some(at) = r.next_at.filter(|at| *at > now) {
                        self.clock.advance(at.0 - now.0);
                        self.provider.admin().set_time(at.0 / 1_000);
                    }
                    engine.resume_rotations().await.unwrap();
                }
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        panic!("{case}: it does not end: {:?}", self.newest(engine).await);
    }

    async fn see_through(&self, engine: &Engine, case: &str) -> Rotation {
        assert!(!self.goes_on(engine, case).await);
        self.newest(engine).await
    }

    /// A person must look only where there is no room, and then whoever made the key that is in the way takes it back.
    async fn room_is_made(&self, engine: &Engine, r: &Rotation, case: &str) {
        assert_eq!(r.error_class.as_deref(), Some("limit"), "{case}: {r:?}");
        for key in self.provider.admin().live().iter().filter(|key| key.foreign) {
            self.provider.admin().withdrawn(&key.id);
        }
        self.provider.admin().room_for(100);
        engine.resolve_rotation(&Cx::system(), r.id, Resolution::Retry).await.unwrap();
    }

    /// Scripts what goes wrong around `step`.
    fn script(&self, wrong: Wrong, step: State) {
        let admin = self.provider.admin();
        // What the case before did not use up would be another fault of this one.
        admin.stale_lists(0);
        if matches!(wrong, Wrong::NoRoom | Wrong::ForeignKeys) {
            let is_there = admin.live().iter().any(|key| key.foreign);
            if !is_there && self.adapter != Adapter::Azure {
                admin.made_by_others(self.adapter.make(), "somebody's");
            }
        }
        if wrong == Wrong::NoRoom {
            let there = admin.live().iter().filter(|key| !key.admin).count();
            admin.room_for(there);
        }
        if wrong == Wrong::StaleList {
            admin.stale_lists(3);
        }
        let Some(fault) = wrong.fault() else { return };
        let at = match step {
            State::Disabling if self.adapter.can_disable() => Step::Switch,
            State::Disabling | State::Soaking | State::Revoking => self.adapter.ends_by(),
            _ if self.adapter.is_guided() => self.adapter.ends_by(),
            _ => Step::Create,
        };
        // Nobody is asked anything where a person does everything.
        if self.adapter != Adapter::Manual {
            admin.on(at, fault);
        }
    }

    /// Breaks a rotation off at `point`, and once more on the way on where `twice`; whether it came there.
    async fn case(&self, point: &str, step: State, wrong: Wrong, twice: bool) -> bool {
        let case = format!("{:?}, {point}, {wrong:?}", self.adapter);
        self.script(wrong, step);
        // Ids go by the clock, and this one moves only by hand.
        self.clock.advance(1_000);
        let engine = self.open().await;
        engine.break_off_rotations_at(point);
        begin(&engine, self.credential).await;
        let broke = self.goes_on(&engine, &case).await;
        engine.close().await;
        if twice {
            let engine = self.open().await;
            engine.break_off_rotations_at(point);
            self.goes_on(&engine, &case).await;
            engine.close().await;
        }
        let engine = self.open().await;
        let r = self.see_through(&engine, &case).await;
        assert_eq!(r.state, State::Done, "{case}: {r:?}");
        engine.check_rotations().await.unwrap();
        self.adapter.assert_sound(&engine, &self.provider, self.credential, &case).await;
        assert_serves(self.adapter, &engine, &self.caller, &case).await;
        engine.close().await;
        broke
    }
}

/// Which cases are part of every run: each adapter with every other step, and the rest takes turns.
fn is_usual(adapter: usize, step: usize, when: usize, wrong: usize) -> bool {
    let by_step = step / 2;
    (step + adapter).is_multiple_of(2)
        && (by_step + adapter) % WHEN.len() == when
        && (step + 2 * adapter) % WRONG.len() == wrong
}

#[test]
fn every_run_meets_every_adapter_step_and_fault() {
    let mut met = BTreeSet::new();
    for (a, adapter) in ADAPTERS.into_iter().enumerate() {
        for (n, step) in STEPS.into_iter().enumerate() {
            for (m, when) in WHEN.into_iter().enumerate() {
                for (k, wrong) in WRONG.into_iter().enumerate() {
                    if is_usual(a, n, m, k) {
                        let step = format!("{when}:{}", step.as_str());
                        met.extend([format!("{adapter:?}"), step, format!("{wrong:?}")]);
                    }
                }
            }
        }
    }
    assert_eq!(met.len(), ADAPTERS.len() + STEPS.len() * WHEN.len() + WRONG.len(), "{met:?}");
}

async fn all_of(adapter: Adapter) {
    let full = std::env::var_os("REEVE_CRASH_FULL").is_some();
    let mut place = Place::new(adapter).await;
    let turn = ADAPTERS.iter().position(|a| *a == adapter).unwrap();
    let mut steps = BTreeSet::new();
    for (n, step) in STEPS.into_iter().enumerate() {
        if full && n > 0 {
            // Each looks through all that was before it.
            place.provider.assert_done();
            place = Place::new(adapter).await;
        }
        for (m, when) in WHEN.into_iter().enumerate() {
            for (k, wrong) in WRONG.into_iter().enumerate() {
                let point = format!("{when}:{}", step.as_str());
                if (full || is_usual(turn, n, m, k)) && place.case(&point, step, wrong, full).await {
                    steps.insert(step.as_str());
                }
            }
        }
    }
    // Where a person makes the key nothing is asked for.
    let never = if adapter.is_guided() { 2 } else { 0 };
    let expected = if full { STEPS.len() - never } else { STEPS.len() / 2 - never };
    assert!(steps.len() >= expected, "it broke off at {steps:?} alone");
    place.provider.assert_done();
}

macro_rules! each {
    ($($name:ident: $adapter:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                all_of(Adapter::$adapter).await;
            }
        )*
    };
}

each! {
    openai_keys_break_off_anywhere: Openai,
    an_admin_key_of_its_own_breaks_off_anywhere: OpenaiAdmin,
    aws_access_keys_break_off_anywhere: AwsIam,
    bedrock_keys_break_off_anywhere: BedrockKey,
    google_keys_break_off_anywhere: Google,
    azure_keys_break_off_anywhere: Azure,
    openrouter_keys_break_off_anywhere: Openrouter,
    keys_of_a_template_break_off_anywhere: Template,
    anthropic_keys_break_off_anywhere: Anthropic,
    keys_made_by_hand_break_off_anywhere: Manual,
}
