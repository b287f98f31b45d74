//! A rotation from its beginning to its end.

use crate::house::{DAY, House};
use reeve_core::rotation::{RotationCause, RotationState as State, VersionState as Version};
use reeve_engine::Cx;
use reeve_engine::error::Code;
use reeve_engine::rotation::{BeginRotation, Resolution, SetRotation};
use reeve_tests::app::TestApp;
use reeve_tests::provider::{AdminFault, Step};

#[tokio::test]
async fn a_new_key_is_made_tried_and_used_and_the_old_one_ends() {
    let house = House::start().await;
    let acme = house.app.tenant("Acme").make().await;
    let rotation = house.rotate(false).await;
    let r = house.comes_to(rotation, &[State::Draining]).await;
    assert_eq!((r.from_version, r.to_version), (1, Some(2)));
    assert_eq!(house.versions().await, [Version::Grace, Version::Current]);
    let answer = house
        .app
        .chat(
            &acme,
            &serde_json::json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let made =
        house.app.provider.admin().live().into_iter().find(|k| k.name == r.tag).expect("named by our tag");
    assert!(made.id != house.first);

    // Made by hand, nobody knows the id of the old key: a person deletes it, or says that they did.
    let r = house.ends(rotation).await;
    assert_eq!((r.state, r.resumes), (State::AwaitingOperator, Some(State::Done)), "{r:?}");
    let key = Resolution::DeleteKey(house.first.clone());
    house.engine().resolve_rotation(&Cx::system(), rotation, key).await.unwrap();
    let r = house.comes_to(rotation, &[State::Done]).await;
    assert!(r.ended_at.is_some());
    assert_eq!(house.versions().await, [Version::Revoked, Version::Current]);
    assert_eq!(house.live(), std::slice::from_ref(&made.id), "the first key is deleted at the provider");

    // The next one needs nobody.
    let second = house.rotate(false).await;
    let r = house.ends(second).await;
    assert_eq!(r.state, State::Done, "{r:?}");
    assert_eq!(house.versions().await, [Version::Revoked, Version::Revoked, Version::Current]);
    assert!(!house.live().contains(&made.id));
    house.assert_sound().await;
    for kind in ["planned", "intent", "minted", "promoted", "disabled", "revoked"] {
        let entries = house.app.entries(&format!("rotation.{kind}")).await;
        assert_eq!(entries.len(), 2, "{kind}");
    }
}

#[tokio::test]
async fn a_key_is_replaced_when_it_is_due() {
    let house = House::start().await;
    assert_eq!(house.engine().check_rotations().await.unwrap(), 0);
    house.app.clock.advance(89 * DAY);
    assert_eq!(house.engine().check_rotations().await.unwrap(), 0);
    let never = SetRotation { period_days: Some(0), ..SetRotation::default() };
    house.engine().set_rotation(&Cx::system(), house.credential, never).await.unwrap();
    house.app.clock.advance(2 * DAY);
    assert_eq!(house.engine().check_rotations().await.unwrap(), 0, "there is no schedule");
    let again = SetRotation { period_days: Some(90), ..SetRotation::default() };
    house.engine().set_rotation(&Cx::system(), house.credential, again).await.unwrap();
    // The task that looks at the clock may have been first.
    house.engine().check_rotations().await.unwrap();
    let all = house.engine().rotations(&Cx::system(), None, None, 10).await.unwrap().0;
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].0.cause, RotationCause::Schedule);
    house.comes_to(all[0].0.id, &[State::Draining]).await;
    house.assert_sound().await;
}

#[tokio::test]
async fn a_compromised_key_is_not_used_from_the_moment_the_new_one_is() {
    let house = House::start().await;
    let rotation = house.rotate(true).await;
    house.comes_to(rotation, &[State::AwaitingOperator]).await;
    assert_eq!(house.versions().await, [Version::Disabled, Version::Current]);
    let last4 = house.engine().credentials(&Cx::system(), None, 1).await.unwrap().0[0].last4.clone();
    let twice = BeginRotation { compromised: true, last4: Some(last4), grace_days: None };
    let refused = house.engine().begin_rotation(&Cx::system(), house.credential, twice).await.unwrap_err();
    assert_eq!(refused.code, Code::Conflict, "one at a time");
    let wrong = BeginRotation { compromised: true, last4: Some("nope".to_owned()), grace_days: None };
    let refused = house.engine().begin_rotation(&Cx::system(), house.credential, wrong).await.unwrap_err();
    assert_eq!(refused.code, Code::Invalid, "it must be known which key it is about");
}

#[tokio::test]
async fn a_revoked_credential_leaves_nothing_at_the_provider() {
    let house = House::start().await;
    let rotation = house.rotate(false).await;
    house.comes_to(rotation, &[State::Draining]).await;
    house.engine().revoke_credential(&Cx::system(), house.credential, None).await.unwrap();
    let r = house.stands(rotation).await;
    assert!(r.ended_at.is_some());
    house.app.entries_once("rotation.revoked", 1).await;
    assert_eq!(house.live(), std::slice::from_ref(&house.first), "only what a person made is left");
    assert_eq!(house.versions().await, [Version::Revoked, Version::Revoked]);
}

#[tokio::test]
async fn the_first_call_of_each_key_is_an_entry() {
    let house = House::start().await;
    let acme = house.app.tenant("Acme").make().await;
    let hello = serde_json::json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]});
    for _ in 0..3 {
        assert_eq!(house.app.chat(&acme, &hello).await.status, 200);
        house.app.clock.advance(60_000);
    }
    house.app.entries_once("key.used_first", 1).await;
    let rotation = house.rotate(false).await;
    house.comes_to(rotation, &[State::Draining]).await;
    for _ in 0..3 {
        assert_eq!(house.app.chat(&acme, &hello).await.status, 200);
        house.app.clock.advance(60_000);
    }
    house.app.entries_once("key.used_first", 2).await;
}

#[tokio::test]
async fn keys_that_people_replace_are_asked_for_one_by_one() {
    let (app, cx) = (TestApp::start().await, Cx::system());
    app.engine.set_rotation_pace(crate::house::HURRIED);
    for n in 0..3 {
        let base = app.provider.base_url();
        app.provider.accept_key(&format!("sk-scripted-by-hand-{n}"));
        app.credential("openai", &base, &format!("sk-scripted-by-hand-{n}"), &[&format!("m{n}")]).await;
    }
    app.clock.advance(400 * DAY);
    app.engine.check_rotations().await.unwrap();
    app.engine.check_rotations().await.unwrap();
    let all = app.engine.rotations(&cx, None, None, 10).await.unwrap().0;
    assert_eq!(all.len(), 1, "an upgrade, or a year of rest, does not ask for all at once");
    let needs = app.engine.overview(&cx).await.unwrap().needs_you;
    assert!(needs.iter().any(|need| need.text.starts_with("3 more keys")), "{needs:?}");
    let given_up = Resolution::GiveUp;
    app.engine.resolve_rotation(&cx, all[0].0.id, given_up).await.unwrap();
}

#[tokio::test]
async fn an_older_copy_of_the_vault_is_known_by_the_keys_that_were_replaced_since() {
    let house = House::start().await;
    let before = house.engine().vault_status(&Cx::system()).await.unwrap().generation;
    let rotation = house.rotate(false).await;
    house.comes_to(rotation, &[State::Draining]).await;
    house.app.entries_once("vault.moved_on", 1).await;
    let after = house.engine().vault_status(&Cx::system()).await.unwrap().generation;
    assert!(after > before, "{before} to {after}");
}

#[tokio::test]
async fn what_was_revoked_and_not_deleted_is_deleted_by_the_sweep() {
    let house = House::start().await;
    let rotation = house.rotate(false).await;
    house.comes_to(rotation, &[State::Draining]).await;
    // The provider is not there when it is told.
    house.app.provider.admin().on(Step::Delete, AdminFault::StatusBefore(503));
    house.engine().revoke_credential(&Cx::system(), house.credential, None).await.unwrap();
    house.app.entries_once("rotation.revoked", 1).await;
    assert_eq!(house.live().len(), 2, "it lives on");
    house.engine().check_rotations().await.unwrap();
    assert_eq!(house.live(), std::slice::from_ref(&house.first), "only what a person made is left");
    house.engine().check_rotations().await.unwrap();
    house.app.entries_once("rotation.revoked", 2).await;
}
