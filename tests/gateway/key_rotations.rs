//! Another secret for an API key: nobody's call fails meanwhile, and the key stays the same one.

use crate::hello;
use reeve_core::time::Millis;
use reeve_engine::api_keys::{ApiKey, RotateApiKey};
use reeve_engine::{Code, Cx};
use reeve_tests::app::{Options, TestApp, TestTenant, eventually};

const HOUR: i64 = 60 * Millis::MINUTE;

async fn status(app: &TestApp, key: &str) -> u16 {
    let request = app.post("/v1/chat/completions", key, hello("gpt-4o-mini").to_string());
    request.send().await.unwrap().status().as_u16()
}

async fn stored(app: &TestApp, of: &TestTenant) -> ApiKey {
    app.engine.api_keys(&Cx::system(), of.id, None, 10).await.unwrap().0.remove(0)
}

/// Rotates with that overlap; the new key.
async fn rotated(app: &TestApp, of: &TestTenant, overlap_ms: i64, force: bool) -> Result<String, Code> {
    let how = RotateApiKey { overlap_ms: Some(overlap_ms), force };
    let minted = app.engine.rotate_api_key(&Cx::system(), of.id, of.key_id, how).await;
    minted.map(|minted| minted.secret.to_string()).map_err(|e| e.code)
}

#[tokio::test]
async fn both_secrets_work_while_they_overlap_and_the_old_one_ends_by_itself() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let new = rotated(&app, &acme, HOUR, false).await.unwrap();
    assert_ne!(new, acme.key);
    assert_eq!((status(&app, &acme.key).await, status(&app, &new).await), (200, 200));
    app.charges(2).await.iter().for_each(|c| assert_eq!(c.api_key_id, Some(acme.key_id), "one key, one id"));
    let entry = app.entry("api_key.rotate").await;
    assert!(!format!("{entry:?}").contains(&new), "the secret is shown once and kept nowhere");

    app.clock.advance(HOUR - 1);
    assert_eq!(status(&app, &acme.key).await, 200);
    app.clock.advance(1);
    assert_eq!((status(&app, &acme.key).await, status(&app, &new).await), (401, 200));
}

#[tokio::test]
async fn who_still_uses_the_old_secret_is_seen() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let new = rotated(&app, &acme, HOUR, false).await.unwrap();
    let used = async || {
        let key = stored(&app, &acme).await;
        (key.last_used_at.is_some(), key.previous.unwrap().last_used_at.is_some())
    };
    assert_eq!(used().await, (false, false));
    assert_eq!(status(&app, &acme.key).await, 200);
    eventually("the old secret was used", || async { (used().await == (false, true)).then_some(()) }).await;
    assert_eq!(status(&app, &new).await, 200);
    eventually("the new one, too", || async { (used().await == (true, true)).then_some(()) }).await;
}

#[tokio::test]
async fn a_second_rotation_waits_for_the_end_of_the_first_unless_it_is_forced() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let second = rotated(&app, &acme, HOUR, false).await.unwrap();
    assert_eq!(rotated(&app, &acme, HOUR, false).await, Err(Code::Conflict));
    let third = rotated(&app, &acme, HOUR, true).await.unwrap();
    let answers = [status(&app, &acme.key).await, status(&app, &second).await, status(&app, &third).await];
    assert_eq!(answers, [401, 200, 200], "one secret before, never two");

    app.engine.end_previous_secret(&Cx::system(), acme.id, acme.key_id).await.unwrap();
    assert_eq!((status(&app, &second).await, status(&app, &third).await), (401, 200));
    app.entry("api_key.end_previous").await;
    let fourth = rotated(&app, &acme, 0, false).await.unwrap();
    assert_eq!((status(&app, &third).await, status(&app, &fourth).await), (401, 200), "no overlap");
}

#[tokio::test]
async fn of_many_at_once_one_rotates() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let all = futures_util::future::join_all((0..8).map(|_| rotated(&app, &acme, HOUR, false))).await;
    let made: Vec<_> = all.into_iter().filter_map(Result::ok).collect();
    assert_eq!(made.len(), 1, "the others would have ended what was just shown");
    assert_eq!((status(&app, &acme.key).await, status(&app, &made[0]).await), (200, 200));
}

#[tokio::test]
async fn revoking_ends_both_secrets_and_what_has_ended_is_not_rotated() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let new = rotated(&app, &acme, HOUR, false).await.unwrap();
    app.engine.revoke_api_key(&Cx::system(), acme.id, acme.key_id).await.unwrap();
    assert_eq!((status(&app, &acme.key).await, status(&app, &new).await), (401, 401));
    assert_eq!(rotated(&app, &acme, HOUR, true).await, Err(Code::Conflict));
    let other = app.tenant("Borealis").make().await;
    let how = RotateApiKey::default();
    let foreign = app.engine.rotate_api_key(&Cx::system(), other.id, acme.key_id, how).await;
    assert_eq!(foreign.unwrap_err().code, Code::NotFound, "another tenant's");
    let long = rotated(&app, &other, 31 * Millis::DAY, false).await;
    assert_eq!(long, Err(Code::Invalid));
}

#[tokio::test]
async fn a_key_with_an_end_lives_as_long_again_and_its_old_secret_no_longer_than_before() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let (cx, began) = (Cx::system(), app.engine.now());
    let short = app.engine.mint_api_key(&cx, acme.id, "short", Some(began.plus(2 * HOUR))).await.unwrap();
    app.clock.advance(HOUR + HOUR / 2);
    let how = RotateApiKey { overlap_ms: Some(10 * HOUR), force: false };
    let rotated = app.engine.rotate_api_key(&cx, acme.id, short.key.id, how).await.unwrap();
    let now = app.engine.now();
    assert_eq!(rotated.key.expires_at, Some(now.plus(2 * HOUR)));
    assert_eq!(rotated.key.previous.as_ref().unwrap().until, began.plus(2 * HOUR));
    app.clock.advance(HOUR / 2);
    assert_eq!((status(&app, &short.secret).await, status(&app, &rotated.secret).await), (401, 200));
}

#[tokio::test]
async fn a_restart_forgets_neither_secret() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let new = rotated(&app, &acme, HOUR, false).await.unwrap();
    let keyring = app.keyring.clone();
    let folder = app.close().await;
    let options = Options { keyring: Some(keyring), folder: Some(folder), ..Options::default() };
    let app = TestApp::start_with(options).await;
    assert_eq!((status(&app, &acme.key).await, status(&app, &new).await), (200, 200));
    app.clock.advance(HOUR);
    assert_eq!((status(&app, &acme.key).await, status(&app, &new).await), (401, 200));
}
