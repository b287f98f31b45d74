//! Rate limits over the wire: headers, refusals, what they leave untouched, and who is kept out by a flood.

use crate::hello;
use reeve_core::limit::{LimitScope, RateLimit};
use reeve_engine::Cx;
use reeve_engine::limits::SetLimit;
use reeve_tests::app::{Answer, TestApp, TestTenant, eventually};
use reeve_tests::provider::Fault;
use serde_json::json;
use std::time::Duration;

async fn limit(app: &TestApp, scope: LimitScope, subject: impl ToString, numbers: RateLimit) {
    let new = SetLimit { scope, subject: subject.to_string(), numbers };
    app.engine.set_limit(&Cx::system(), new).await.unwrap();
}

fn requests(n: u64) -> RateLimit {
    RateLimit { requests_per_minute: Some(n), ..RateLimit::default() }
}

fn tokens(n: u64) -> RateLimit {
    RateLimit { tokens_per_minute: Some(n), ..RateLimit::default() }
}

/// Requests left of a subject's limit.
async fn left(app: &TestApp, scope: LimitScope, subject: impl ToString) -> Vec<(Option<u64>, Option<u64>)> {
    let subject = subject.to_string();
    let found = app.engine.limit_status(&Cx::system(), Some(scope), Some(&subject), 10).await.unwrap();
    found.iter().map(|s| (s.requests.map(|b| b.available), s.tokens.map(|b| b.available))).collect()
}

async fn as_user(app: &TestApp, tenant: &TestTenant, user: &str) -> Answer {
    let call = app.post("/v1/chat/completions", &tenant.key, hello("gpt-4o-mini").to_string());
    Answer::of(call.header("x-reeve-user", user).send().await.unwrap()).await
}

#[tokio::test]
async fn every_answer_says_how_the_limits_stand() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    limit(&app, LimitScope::Tenant, acme.id, tokens(60_000)).await;

    let answer = app.chat(&acme, &hello("gpt-4o-mini")).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-ratelimit-limit-requests"), "5000", "the key's is the tightest");
    assert_eq!(answer.header("x-ratelimit-remaining-requests"), "4999");
    assert_eq!(answer.header("x-ratelimit-reset-requests"), "12ms");
    assert_eq!(answer.header("x-ratelimit-limit-tokens"), "60000");
    let tokens: u64 = answer.header("x-ratelimit-remaining-tokens").parse().unwrap();
    assert!((59_900..60_000).contains(&tokens), "{tokens}");
    assert!(answer.header("x-ratelimit-reset-tokens").ends_with("ms"));
    assert_eq!((answer.header("x-ratelimit-limit"), answer.header("retry-after")), ("60000", ""));
    let full: i64 = answer.header("x-ratelimit-reset").parse().unwrap();
    assert_eq!(full, reeve_core::time::Clock::now(&*app.clock).0 / 1_000 + 1);
    // Also those that failed, and those for nobody known.
    let malformed = app.post("/v1/chat/completions", &acme.key, "{").send().await.unwrap();
    assert_eq!(Answer::of(malformed).await.header("x-ratelimit-remaining-requests"), "4998");
    assert_eq!(app.models(&acme.key).await.header("x-ratelimit-remaining-requests"), "4997");
    let stranger = app.models("rvk_wrong").await;
    assert_eq!((stranger.status.as_u16(), stranger.header("x-ratelimit-remaining-requests")), (401, "99"));
}

#[tokio::test]
async fn a_refusal_names_the_limit_and_the_wait() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    limit(&app, LimitScope::Tenant, acme.id, requests(2)).await;
    for _ in 0..2 {
        assert_eq!(app.chat(&acme, &hello("gpt-4o-mini")).await.status, 200);
    }

    let answer = app.chat(&acme, &hello("gpt-4o-mini")).await;

    let message = answer.assert_error(429, "requests", "rate_limit_exceeded");
    assert!(message.contains("Acme") && message.contains("2 requests a minute"), "{message}");
    assert_eq!((answer.header("retry-after"), answer.header("x-should-retry")), ("30", ""));
    assert_eq!(answer.header("x-ratelimit-remaining-requests"), "0");
    assert_eq!(answer.header("x-ratelimit-reset-requests"), "1m0s");
    app.charges(2).await;
    let entry = app.entry("limit.exceeded").await;
    assert_eq!((entry.outcome, entry.summary.as_str()), ("denied", message.as_str()));
    app.clock.advance(30_000);
    assert_eq!(app.chat(&acme, &hello("gpt-4o-mini")).await.status, 200, "after the wait there is room");
    assert_eq!(app.chat(&acme, &hello("gpt-4o-mini")).await.status, 429);
}

#[tokio::test]
async fn a_refused_call_takes_nothing_of_the_other_limits() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    limit(&app, LimitScope::User, "ada", requests(1)).await;
    limit(
        &app,
        LimitScope::Model,
        "gpt-4o-mini",
        RateLimit { tokens_per_minute: Some(9_000), ..requests(50) },
    )
    .await;
    assert_eq!(as_user(&app, &acme, "ada").await.status, 200);
    app.charges(1).await;
    let before = (
        left(&app, LimitScope::Tenant, acme.id).await,
        left(&app, LimitScope::ApiKey, acme.key_id).await,
        left(&app, LimitScope::Model, "gpt-4o-mini").await,
    );

    let answer = as_user(&app, &acme, "ada").await;

    let message = answer.assert_error(429, "requests", "rate_limit_exceeded");
    assert!(message.contains("the user ada"), "the caller is told who: {message}");
    let after = (
        left(&app, LimitScope::Tenant, acme.id).await,
        left(&app, LimitScope::ApiKey, acme.key_id).await,
        left(&app, LimitScope::Model, "gpt-4o-mini").await,
    );
    assert_eq!(before, after);
    assert_eq!(before.0, [(Some(9_999), None)]);
    assert_eq!(as_user(&app, &acme, "bob").await.status, 200, "another user has another bucket");
    let entry = app.entry("limit.exceeded").await;
    assert!(!entry.summary.contains("ada"), "who it was is not in the open part: {}", entry.summary);
}

#[tokio::test]
async fn an_estimate_gives_back_what_was_not_used() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    limit(&app, LimitScope::Tenant, acme.id, tokens(5_000)).await;
    let mut request = hello("gpt-4o-mini");
    request["max_tokens"] = 4_000.into();

    assert_eq!(app.chat(&acme, &request).await.status, 200);

    let used = app.charge().await.usage;
    let used = used.input_tokens() + used.output_tokens();
    assert_eq!(left(&app, LimitScope::Tenant, acme.id).await, [(Some(9_999), Some(5_000 - used))]);
    assert_eq!(app.chat(&acme, &request).await.status, 200, "so that the next one fits as well");
    request["max_tokens"] = 5_000.into();
    let answer = app.chat(&acme, &request).await;
    let message = answer.assert_error(429, "tokens", "rate_limit_exceeded");
    assert!(message.contains("Lower max_tokens"), "{message}");
    assert_eq!((answer.header("retry-after"), answer.header("x-should-retry")), ("", "false"));
    // Where the caller names no most, the limit is it: with a full bucket that fits.
    app.clock.advance(60_000);
    assert_eq!(
        app.chat(&acme, &json!({"model": "gpt-4o-mini", "messages": request["messages"]})).await.status,
        200
    );
}

#[tokio::test]
async fn a_call_refused_by_its_budget_gets_its_tokens_back() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    limit(&app, LimitScope::Tenant, acme.id, tokens(5_000)).await;
    app.budget(Some(acme.id), reeve_core::period::PeriodKind::Day, "0").await;

    assert_eq!(app.chat(&acme, &hello("gpt-4o-mini")).await.status, 402);

    assert_eq!(left(&app, LimitScope::Tenant, acme.id).await, [(Some(9_999), Some(5_000))]);
}

#[tokio::test]
async fn a_key_has_places_of_its_own() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let one = RateLimit { concurrent_requests: Some(1), ..RateLimit::default() };
    limit(&app, LimitScope::ApiKey, acme.key_id, one).await;
    app.provider.next(Fault::FirstByteAfter(Duration::from_millis(500)));
    let request = hello("gpt-4o-mini");
    let second = async {
        eventually("the first call works", || async { (app.provider.open_calls() == 1).then_some(()) }).await;
        app.chat(&acme, &request).await
    };

    let (first, second) = tokio::join!(app.chat(&acme, &request), second);

    assert_eq!(first.status, 200);
    second.assert_error(429, "requests", "rate_limit_exceeded");
    assert_eq!(second.header("retry-after"), "1");
    app.charge().await;
    assert_eq!(app.chat(&acme, &request).await.status, 200, "its place is free again");
}

#[tokio::test]
async fn a_flood_of_wrong_keys_is_slowed_and_summed() {
    let app = TestApp::start().await;
    let (acme, late) = (app.tenant("Acme").make().await, app.tenant("Late").make().await);
    assert_eq!(app.chat(&acme, &hello("gpt-4o-mini")).await.status, 200, "heard from this address");
    for n in 0..100 {
        assert_eq!(app.models(&format!("rvk_guess{n}")).await.status, 401);
    }

    for n in 0..150 {
        let answer = app.models(&format!("rvk_other{n}")).await;
        answer.assert_error(429, "requests", "rate_limit_exceeded");
        assert_eq!(answer.header("retry-after"), "1");
    }

    // Nobody learns by trying whether a key is right; who calls already is not kept out.
    app.models(&late.key).await.assert_error(429, "requests", "rate_limit_exceeded");
    assert_eq!(app.chat(&acme, &hello("gpt-4o-mini")).await.status, 200);
    app.clock.advance(2_000);
    let refused = eventually("all are counted", || async {
        let refused = app.engine.limit_refusals(&Cx::system()).await.unwrap().hour;
        (refused.iter().map(|r| r.calls).sum::<u64>() == 151).then_some(refused)
    })
    .await;
    assert!(refused.iter().all(|r| r.scope == LimitScope::Ip), "{refused:?}");
    let entries = app.entries("limit.exceeded").await;
    assert!(entries.len() < 20, "a few by themselves and the sums of the rest, not {}", entries.len());
    assert!(entries.iter().any(|e| e.summary.contains("further requests")));
    assert_eq!(app.models(&late.key).await.status, 200, "and the address recovers");
}

#[tokio::test]
async fn where_a_refused_call_came_from_is_sealed_in_its_entry() {
    let app = TestApp::start().await;
    assert_eq!(app.models("rvk_0123456789ab_x").await.status, 401);
    let entry = app.entry("auth.failed").await;
    let detail = app.engine.audit_entry(&Cx::system(), entry.stream, entry.sequence).await.unwrap();
    assert_eq!(detail.ip.as_deref(), Some("127.0.0.1"));
    assert!(!detail.leaf.contains("127.0.0.1"), "{}", detail.leaf);
}

#[tokio::test]
async fn an_address_without_a_key_that_knocks_everywhere_is_limited() {
    let app = TestApp::start().await;
    for _ in 0..100 {
        let answer = Answer::of(app.client.get(app.url("/v1/nothing")).send().await.unwrap()).await;
        assert_eq!(answer.status, 404);
    }
    let answer = Answer::of(app.client.get(app.url("/v1/nothing")).send().await.unwrap()).await;
    answer.assert_error(429, "requests", "rate_limit_exceeded");
    let health = app.client.get(app.url("/health")).send().await.unwrap();
    assert_eq!(health.status(), 200, "whoever watches the gateway is not limited");
}
