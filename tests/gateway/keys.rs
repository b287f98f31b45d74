//! Who may call.

use crate::hello;
use reeve_core::tenant::TenantStatus;
use reeve_engine::Cx;
use reeve_tests::app::{Answer, TestApp};

#[tokio::test]
async fn wrong_keys_are_refused_alike() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let (start, mut end) = acme.key.split_at(20);
    end = &end[1..];
    let wrong = ["rvk_unknownkey00_x".to_owned(), format!("{start}X{end}"), "sk-openai".to_owned()];
    let mut told = Vec::new();
    for key in &wrong {
        let request = app.post("/v1/chat/completions", key, hello("gpt-4o-mini").to_string());
        let answer = Answer::of(request.send().await.unwrap()).await;
        told.push(answer.assert_error(401, "invalid_request_error", "invalid_api_key"));
    }
    told.dedup();
    assert_eq!(told.len(), 1, "nothing tells a wrong key from an unknown one");
    let entries = app.entries_once("auth.failed", wrong.len()).await;
    assert!(entries.iter().all(|e| e.outcome == "denied" && e.via == "gateway"));
    app.assert_untouched(&acme).await;
}

#[tokio::test]
async fn no_key_at_all_is_told_as_that() {
    let app = TestApp::start().await;
    let request = app.client.post(app.url("/v1/chat/completions")).body(hello("gpt-4o-mini").to_string());
    let answer = Answer::of(request.send().await.unwrap()).await;
    let told = answer.assert_error(401, "invalid_request_error", "invalid_api_key");
    assert!(told.contains("no API key") && told.contains("Authorization: Bearer"), "{told}");
    app.entry("auth.failed").await;
    assert!(app.provider.calls().is_empty());
}

#[tokio::test]
async fn the_other_header_works_too() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let request = app.client.post(app.url("/v1/chat/completions")).header("x-api-key", &acme.key);
    assert_eq!(request.body(hello("gpt-4o-mini").to_string()).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_revoked_key_is_refused_from_the_next_call_on() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    assert_eq!(app.chat(&acme, &hello("gpt-4o-mini")).await.status, 200);

    app.engine.revoke_api_key(&Cx::system(), acme.id, acme.key_id).await.unwrap();

    let answer = app.chat(&acme, &hello("gpt-4o-mini")).await;
    answer.assert_error(401, "invalid_request_error", "invalid_api_key");
    app.entry("auth.failed").await;
    app.charge().await;
    assert_eq!(app.provider.calls().len(), 1);
}

#[tokio::test]
async fn an_expired_key_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let soon = app.engine.now().plus(60_000);
    let minted = app.engine.mint_api_key(&Cx::system(), acme.id, "short", Some(soon)).await.unwrap();
    let call = || app.post("/v1/chat/completions", &minted.secret, hello("gpt-4o-mini").to_string()).send();
    assert_eq!(call().await.unwrap().status(), 200);

    app.clock.advance(60_000);

    assert_eq!(call().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_suspended_tenant_is_refused_until_it_is_resumed() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let cx = Cx::system();
    let set = |status| app.engine.set_tenant_status(&cx, acme.id, status, None);
    set(TenantStatus::Suspended).await.unwrap();

    let answer = app.chat(&acme, &hello("gpt-4o-mini")).await;

    let message = answer.assert_error(403, "permission_error", "forbidden");
    assert!(message.contains("Acme") && message.contains("suspended"), "{message}");
    let entry = app.entry("access.denied").await;
    assert_eq!((entry.outcome, entry.tenant.map(|t| t.1).as_deref()), ("denied", Some("Acme")));
    app.assert_untouched(&acme).await;

    set(TenantStatus::Active).await.unwrap();
    assert_eq!(app.chat(&acme, &hello("gpt-4o-mini")).await.status, 200);
}
