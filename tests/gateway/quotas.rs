//! Quotas of a plan.

use crate::hello;
use reeve_core::tenant::{QuotaOverride, Tier};
use reeve_tests::app::{TestApp, eventually};
use reeve_tests::provider::Fault;
use std::time::Duration;

#[tokio::test]
async fn a_call_beyond_the_tokens_of_the_plan_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").tier(Tier::Free).make().await;
    let mut request = hello("gpt-4o-mini");
    request["max_tokens"] = 5_000.into();

    let answer = app.chat(&acme, &request).await;

    let message = answer.assert_error(429, "insufficient_quota", "quota_exceeded");
    assert!(message.contains("4096"), "{message}");
    assert_eq!(answer.header("retry-after"), "", "waiting does not help");
    assert_eq!(answer.header("x-should-retry"), "false", "and libraries need not try");
    let entry = app.entry("quota.exceeded").await;
    assert_eq!(entry.outcome, "denied");
    app.assert_untouched(&acme).await;
}

#[tokio::test]
async fn the_days_calls_run_out_and_come_back() {
    let app = TestApp::start().await;
    let quota = QuotaOverride { requests_per_day: Some(2), ..QuotaOverride::default() };
    let acme = app.tenant("Acme").quota(quota).make().await;
    for _ in 0..2 {
        assert_eq!(app.chat(&acme, &hello("gpt-4o-mini")).await.status, 200);
    }

    let answer = app.chat(&acme, &hello("gpt-4o-mini")).await;

    answer.assert_error(429, "insufficient_quota", "quota_exceeded");
    let wait: i64 = answer.header("retry-after").parse().unwrap();
    assert!((12 * 3_600..=12 * 3_600 + 1).contains(&wait), "until midnight: {wait}");
    app.charges(2).await;
    app.clock.advance(wait * 1_000);
    assert_eq!(app.chat(&acme, &hello("gpt-4o-mini")).await.status, 200);
}

#[tokio::test]
async fn calls_at_the_same_time_are_limited() {
    let app = TestApp::start().await;
    let quota = QuotaOverride { concurrent_requests: Some(1), ..QuotaOverride::default() };
    let acme = app.tenant("Acme").quota(quota).make().await;
    app.provider.next(Fault::FirstByteAfter(Duration::from_millis(500)));
    let request = hello("gpt-4o-mini");
    let first = app.chat(&acme, &request);
    let second = async {
        eventually("the first call works", || async { (app.provider.open_calls() == 1).then_some(()) }).await;
        app.chat(&acme, &request).await
    };

    let (first, second) = tokio::join!(first, second);

    assert_eq!(first.status, 200);
    second.assert_error(429, "insufficient_quota", "quota_exceeded");
    assert_eq!((second.header("retry-after"), second.header("x-should-retry")), ("1", ""));
    app.charge().await;
    assert_eq!(app.chat(&acme, &request).await.status, 200, "its place is free again");
}
