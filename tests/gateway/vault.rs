//! A vault that does not open: calls wait for people, and cost nothing.

use crate::hello;
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

    let message = answer.assert_error(503, "server_error", "unavailable");
    assert!(message.contains("vault is locked"), "{message}");
    let entry = app.entry("request.refuse").await;
    assert_eq!(entry.outcome, "denied");
    app.assert_untouched(&acme).await;
}
