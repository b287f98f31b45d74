//! A Reeve whose OpenAI keys are made and retired through the scripted admin API.

use reeve_core::id::{CredentialId, RotationId};
use reeve_core::rotation::{RotationState, VersionState};
use reeve_engine::rotation::control::AddControlCredential;
use reeve_engine::rotation::{BeginRotation, Pace, Rotation, SetRotation};
use reeve_engine::{Cx, Engine};
use reeve_providers::upstream::UpstreamConfig;
use reeve_tests::app::{Options, TestApp, impatient};
use reeve_tests::provider::{ADMIN_KEY, PROJECT, ScriptedProvider};
use reeve_vault::Secret;
use serde_json::json;
use std::time::{Duration, Instant};

/// What tests need not wait for.
pub(crate) const HURRIED: Pace = Pace {
    settle_ms: 0,
    probe_delay_ms: 0,
    probe_gap_ms: 0,
    probe_patience_ms: 60_000,
    backoff_ms: 0,
    jitter_ms: 0,
};
/// What has not moved for so long does not move any more.
pub(crate) const STUCK: Duration = Duration::from_secs(60);
pub(crate) const DAY: i64 = 86_400_000;

pub(crate) struct House {
    pub(crate) app: TestApp,
    pub(crate) credential: CredentialId,
    /// The provider's id of the first key.
    pub(crate) first: String,
}

impl House {
    pub(crate) async fn start() -> Self {
        Self::start_with(impatient()).await
    }

    pub(crate) async fn start_with(upstream: UpstreamConfig) -> Self {
        let options = Options { no_credential: true, upstream, ..Options::default() };
        let app = TestApp::start_with(options).await;
        app.engine.set_rotation_pace(HURRIED);
        let (first, value) = app.provider.admin().seeded_key("by hand");
        let credential = app.credential("openai", &app.provider.base_url(), &value, &[]).await;
        automate(&app.engine, &app.provider, credential).await;
        Self { app, credential, first }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.app.engine
    }

    pub(crate) async fn rotate(&self, compromised: bool) -> RotationId {
        let last4 = self.engine().credentials(&Cx::system(), None, 10).await.unwrap().0[0].last4.clone();
        let asked = BeginRotation { compromised, last4: Some(last4), ..BeginRotation::default() };
        self.engine().begin_rotation(&Cx::system(), self.credential, asked).await.unwrap().id
    }

    pub(crate) async fn stands(&self, id: RotationId) -> Rotation {
        self.engine().rotation(&Cx::system(), id).await.unwrap().rotation
    }

    /// Waits until the rotation has come to one of these states: as long as it moves at all, however slow the machine.
    pub(crate) async fn comes_to(&self, id: RotationId, states: &[RotationState]) -> Rotation {
        let (mut last, mut since) = (self.stands(id).await, Instant::now());
        while !states.contains(&last.state) {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let now = self.stands(id).await;
            if now != last {
                (last, since) = (now, Instant::now());
            }
            assert!(since.elapsed() < STUCK, "it does not come to {states:?}, and stands at {last:?}");
        }
        last
    }

    /// Waits until it is over or waits for a person; the clock runs on meanwhile.
    pub(crate) async fn ends(&self, id: RotationId) -> Rotation {
        let (mut last, mut since) = (None, Instant::now());
        loop {
            let r = self.stands(id).await;
            let waits = matches!(r.state, RotationState::AwaitingOperator | RotationState::NeedsAttention);
            if r.ended_at.is_some() || waits {
                return r;
            }
            if r.next_at.is_some_and(|at| at > self.engine().now()) {
                self.app.clock.advance(r.next_at.unwrap().0 - self.engine().now().0);
                let seconds = self.engine().now().0 / 1_000;
                self.app.provider.admin().set_time(seconds);
            }
            if last.as_ref() != Some(&r) {
                (last, since) = (Some(r), Instant::now());
            }
            assert!(since.elapsed() < STUCK, "the rotation does not end, and stands at {last:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The states of the versions, oldest first.
    pub(crate) async fn versions(&self) -> Vec<VersionState> {
        let used = self.engine().key_versions(&Cx::system(), self.credential).await.unwrap();
        used.versions.iter().rev().map(|v| v.state).collect()
    }

    /// Ids of the keys that work at the provider, the admin key aside.
    pub(crate) fn live(&self) -> Vec<String> {
        let keys = self.app.provider.admin().live();
        keys.into_iter().filter(|key| !key.admin).map(|key| key.id).collect()
    }

    /// What must hold behind any rotation: one key in use, and no key at the provider that nobody knows.
    pub(crate) async fn assert_sound(&self) {
        let used = self.engine().key_versions(&Cx::system(), self.credential).await.unwrap().versions;
        let current: Vec<_> = used.iter().filter(|v| v.state == VersionState::Current).collect();
        assert_eq!(current.len(), 1, "{used:?}");
        let alive = self.app.provider.admin().live();
        for key in alive.iter().filter(|key| !key.foreign && !key.admin && key.id != self.first) {
            let known = used.iter().find(|v| v.provider_key_id.as_deref() == Some(&key.id));
            let known = known.unwrap_or_else(|| panic!("nobody knows {key:?}"));
            assert!(known.sealed.is_some(), "{} lives on and is {:?} here", key.id, known.state);
        }
        let foreign = self.app.provider.admin().keys();
        assert!(
            foreign.iter().filter(|key| key.foreign).all(|key| !key.deleted),
            "a foreign key was touched"
        );
    }
}

/// Has Reeve make and retire keys of `credential` by itself.
pub(crate) async fn automate(engine: &Engine, provider: &ScriptedProvider, credential: CredentialId) {
    let cx = Cx::system();
    let new = AddControlCredential {
        name: "OpenAI admin".to_owned(),
        provider: "openai".to_owned(),
        secret: Secret::copy_of(ADMIN_KEY.as_bytes()),
    };
    let admin = engine.add_control_credential(&cx, new).await.unwrap();
    let control = json!({"kind": "openai", "project": PROJECT, "base_url": provider.base_url()});
    let set = SetRotation {
        control: Some(Some(control)),
        control_credential: Some(Some(admin.id)),
        ..SetRotation::default()
    };
    engine.set_rotation(&cx, credential, set).await.unwrap();
}
