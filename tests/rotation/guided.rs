//! Where a provider has no admin API a person makes the key, and Reeve does the rest.

use reeve_core::rotation::{RotationState as State, VersionState as Version};
use reeve_engine::Cx;
use reeve_engine::rotation::{BeginRotation, Resolution};
use reeve_tests::app::{TestApp, eventually};
use reeve_vault::Secret;

#[tokio::test]
async fn a_person_makes_the_key_and_deletes_the_old_one() {
    let (app, cx) = (TestApp::start().await, Cx::system());
    app.engine.set_rotation_pace(crate::house::HURRIED);
    let credential = app.engine.credentials(&cx, None, 1).await.unwrap().0.remove(0);
    let begun = app.engine.begin_rotation(&cx, credential.id, BeginRotation::default()).await.unwrap();
    let comes_to = async |state: State| {
        eventually("the rotation goes on", || async {
            let r = app.engine.rotation(&cx, begun.id).await.unwrap().rotation;
            (r.state == state).then_some(r)
        })
        .await
    };
    comes_to(State::AwaitingOperator).await;
    let paste = async |key: &str| {
        let key = Secret::copy_of(key.as_bytes());
        app.engine.paste_rotated_key(&cx, begun.id, key, None).await
    };
    assert!(paste(app.provider.key()).await.is_err(), "that is the old one");
    assert!(paste("short").await.is_err());
    app.provider.accept_key("sk-made-by-a-person");
    paste("sk-made-by-a-person").await.unwrap();
    comes_to(State::Draining).await;
    assert!(paste("sk-another-one-too").await.is_err(), "one is enough");

    let decide = async |what: Resolution| app.engine.resolve_rotation(&cx, begun.id, what).await;
    assert!(decide(Resolution::Retire(Some("nope".to_owned()))).await.is_err());
    assert!(decide(Resolution::GiveUp).await.is_err(), "it is in use already");
    decide(Resolution::Retire(Some(credential.last4.clone()))).await.unwrap();
    comes_to(State::AwaitingOperator).await;
    decide(Resolution::Deleted).await.unwrap();
    comes_to(State::Done).await;
    let used = app.engine.key_versions(&cx, credential.id).await.unwrap();
    assert_eq!(
        used.versions.iter().map(|v| v.state).collect::<Vec<_>>(),
        [Version::Current, Version::Revoked]
    );
    assert!(used.versions[1].sealed.is_none(), "shredded");
}

#[tokio::test]
async fn a_pasted_key_that_is_refused_is_not_used() {
    let (app, cx) = (TestApp::start().await, Cx::system());
    app.engine.set_rotation_pace(crate::house::HURRIED);
    let id = app.engine.credentials(&cx, None, 1).await.unwrap().0[0].id;
    let begun = app.engine.begin_rotation(&cx, id, BeginRotation::default()).await.unwrap();
    eventually("it waits", || async {
        let r = app.engine.rotation(&cx, begun.id).await.unwrap().rotation;
        (r.state == State::AwaitingOperator).then_some(())
    })
    .await;
    let key = Secret::copy_of(b"sk-nobody-knows-this");
    app.engine.paste_rotated_key(&cx, begun.id, key, None).await.unwrap();
    let r = eventually("it is over", || async {
        let r = app.engine.rotation(&cx, begun.id).await.unwrap().rotation;
        r.ended_at.is_some().then_some(r)
    })
    .await;
    assert_eq!(r.state, State::RolledBack);
    assert!(r.error.unwrap().contains("refuses"));
    let acme = app.tenant("Acme").make().await;
    let hello = serde_json::json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]});
    assert_eq!(app.chat(&acme, &hello).await.status, 200);
}
