//! Calls during the hand-over: none fails, and the older key is asked only where the new one is refused.

use crate::house::{House, STUCK};
use reeve_core::rotation::{RotationState as State, VersionState as Version};
use reeve_engine::Cx;
use reeve_providers::upstream::UpstreamConfig;
use reeve_tests::app::eventually;
use reeve_tests::provider::Fault;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

fn hello() -> Value {
    json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]})
}

#[tokio::test]
async fn a_refused_new_key_falls_back_and_is_given_up_after_three_calls() {
    let house = House::start().await;
    let acme = house.app.tenant("Acme").make().await;
    let rotation = house.rotate(false).await;
    let r = house.comes_to(rotation, &[State::Draining]).await;
    let new = house.app.provider.admin().live().into_iter().find(|key| key.name == r.tag).unwrap();
    house.app.provider.admin().kill(&new.id);
    for n in 0..3 {
        let answer = house.app.chat(&acme, &hello()).await;
        assert_eq!(answer.status, 200, "call {n}: {}", answer.body);
    }
    let r = house.ends(rotation).await;
    assert_eq!((r.state, r.error_class.as_deref()), (State::RolledBack, Some("demoted")), "{r:?}");
    assert_eq!(house.versions().await, [Version::Current, Version::Revoked]);
    house.app.entries_once("rotation.demoted", 1).await;
    house.app.entries_once("rotation.fallback_used", 1).await;
    let used = house.engine().key_versions(&Cx::system(), house.credential).await.unwrap();
    let calls: u64 = used.fallbacks.iter().map(|(f, ..)| f.calls).sum();
    assert_eq!(calls, 3);
    assert_eq!(used.fallbacks[0].1.as_deref(), Some("Acme"), "people see who was served with the older key");
    assert_eq!(house.app.chat(&acme, &hello()).await.status, 200);
    let charges = house.app.charges(4).await;
    assert_eq!(charges.iter().filter(|c| c.attempts == 2).count(), 3, "one more attempt each, no more");
}

#[tokio::test]
async fn the_older_key_is_not_asked_for_anything_but_a_refusal_of_the_new_one() {
    let house = House::start().await;
    let acme = house.app.tenant("Acme").make().await;
    let rotation = house.rotate(false).await;
    house.comes_to(rotation, &[State::Draining]).await;
    for status in [429, 500, 503, 400] {
        let before = house.app.provider.calls().len();
        house.app.provider.next(Fault::Status(status));
        assert_eq!(house.app.chat(&acme, &hello()).await.status.as_u16(), status);
        assert_eq!(house.app.provider.calls().len(), before + 1, "{status}: asked once");
    }
    house.app.clock.advance(8 * crate::house::DAY);
    let used = house.engine().key_versions(&Cx::system(), house.credential).await.unwrap();
    assert!(used.fallbacks.is_empty());
}

/// `REEVE_ROTATIONS` rotations at `REEVE_ROTATION_RATE` calls a second; no call fails, whatever key it met.
#[tokio::test(flavor = "multi_thread")]
async fn no_call_fails_while_keys_come_and_go() {
    let number =
        |name: &str, usual: u64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual);
    let (rotations, rate) = (number("REEVE_ROTATIONS", 12), number("REEVE_ROTATION_RATE", 200));
    // A machine that is busy with the load is slow, and that is not what is tested.
    let house = House::start_with(UpstreamConfig::default()).await;
    reeve_tests::limits::make_room(house.engine()).await.unwrap();
    let acme = house.app.tenant("Acme").make().await;
    let (stop, sent, failed) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut load = JoinSet::new();
    let workers = 8;
    for _ in 0..workers {
        let request = house.app.post("/v1/chat/completions", &acme.key, hello().to_string());
        let (stop, sent, failed) = (Arc::clone(&stop), Arc::clone(&sent), Arc::clone(&failed));
        load.spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_micros(1_000_000 * workers / rate));
            while !stop.load(Ordering::SeqCst) {
                tick.tick().await;
                let answer = request.try_clone().expect("a body that can be sent again").send().await;
                let fine = answer.is_ok_and(|answer| answer.status().is_success());
                sent.fetch_add(1, Ordering::SeqCst);
                failed.fetch_add(u64::from(!fine), Ordering::SeqCst);
            }
        });
    }
    let mut bad = 0;
    for n in 0..rotations {
        // Every fourth new key is no good, and every third old one ends at once.
        let is_bad = n % 4 == 3;
        if is_bad {
            house.app.provider.admin().new_keys_see(&["gpt-4o"]);
            bad += 1;
        }
        let rotation = house.rotate(n % 3 == 2).await;
        let reached =
            [State::Draining, State::RolledBack, State::AwaitingOperator, State::Done, State::NeedsAttention];
        let r = house.comes_to(rotation, &reached).await;
        assert_eq!(r.state == State::RolledBack, is_bad, "{r:?}");
        finish(&house, rotation).await;
        house.app.provider.admin().new_keys_see(&[
            "gpt-4o",
            "gpt-4o-mini",
            "gpt-4o-mini-2024-07-18",
            "text-embedding-3-small",
        ]);
    }
    stop.store(true, Ordering::SeqCst);
    while load.join_next().await.is_some() {}
    let (sent, failed) = (sent.load(Ordering::SeqCst), failed.load(Ordering::SeqCst));
    assert_eq!(failed, 0, "of {sent} calls over {rotations} rotations ({bad} with a bad key)");
    assert!(sent > rotations * 5, "{sent} calls are too few to prove anything");
    house.assert_sound().await;
}

/// Has the old key retired now, and deleted where a person must do that.
async fn finish(house: &House, rotation: reeve_core::id::RotationId) {
    use reeve_engine::rotation::Resolution;
    let cx = Cx::system();
    let (mut last, mut since) = (None, Instant::now());
    loop {
        let detail = house.engine().rotation(&cx, rotation).await.unwrap();
        let r = &detail.rotation;
        if r.ended_at.is_some() {
            return;
        }
        let decision = match r.state {
            State::Draining | State::Soaking => {
                let old = detail.versions.iter().find(|v| v.version == r.from_version).unwrap();
                Some(Resolution::Retire(Some(old.last4.clone())))
            }
            State::AwaitingOperator => Some(Resolution::DeleteKey(house.first.clone())),
            _ => None,
        };
        if let Some(decision) = decision {
            // It may have gone on in the meantime.
            drop(house.engine().resolve_rotation(&cx, rotation, decision).await);
        }
        if last.as_ref() != Some(r) {
            (last, since) = (Some(r.clone()), Instant::now());
        }
        assert!(since.elapsed() < STUCK, "the rotation does not end, and stands at {last:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn uses_are_counted_by_version() {
    let house = House::start().await;
    let acme = house.app.tenant("Acme").make().await;
    for _ in 0..3 {
        assert_eq!(house.app.chat(&acme, &hello()).await.status, 200);
        house.app.clock.advance(60_000);
    }
    eventually("the uses are written", || async {
        let used = house.engine().key_versions(&Cx::system(), house.credential).await.unwrap();
        (used.versions[0].calls == 3).then_some(())
    })
    .await;
}
