//! A vault that does not open: calls wait for people, and cost nothing.

use crate::hello;
use reeve_engine::Cx;
use reeve_tests::app::{Options, TestApp};
use reeve_vault::keyring::KeyringMode;

#[tokio::test]
async fn a_locked_vault_refuses_and_says_why() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let keyring = app.keyring.clone();
    let folder = app.close().await;
    keyring.set_mode(KeyringMode::Locked);

    let options =
        Options { keyring: Some(keyring), folder: Some(folder), no_credential: true, ..Options::default() };
    let app = TestApp::start_with(options).await;
    let answer = app.chat(&acme, &hello("gpt-4o-mini")).await;

    let message = answer.assert_error(503, "server_error", "vault_locked");
    assert!(message.contains("vault is locked"), "{message}");
    let entry = app.entry("request.refuse").await;
    assert_eq!(entry.outcome, "denied");
    app.assert_untouched(&acme).await;
}

#[tokio::test]
async fn a_provider_key_says_when_it_was_last_used() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let last_used = async || {
        let (found, _) = app.engine.credentials(&Cx::system(), None, 1).await.unwrap();
        found[0].last_used_at
    };
    assert_eq!(last_used().await, None);

    let before = app.engine.now();
    assert_eq!(app.chat(&acme, &hello("gpt-4o-mini")).await.status, 200);
    app.charge().await;
    let first = last_used().await.unwrap();
    assert!(first >= before);

    app.clock.advance(60_000);
    assert_eq!(app.chat(&acme, &hello("gpt-4o-mini")).await.status, 200);
    app.charges(2).await;
    assert!(last_used().await.unwrap() > first);
}
