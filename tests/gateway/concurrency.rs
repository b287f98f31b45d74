//! Many calls at the edge of a budget: never over, and never refused while there is room.

use crate::hello;
use futures_util::StreamExt;
use reeve_core::money::NanoUsd;
use reeve_core::period::PeriodKind;
use reeve_core::tenant::QuotaOverride;
use reeve_engine::Cx;
use reeve_providers::tokens;
use reeve_tests::app::{TestApp, TestTenant};
use reeve_tests::provider::Fault;
use std::time::Duration;

const CALLS: usize = 1_000;

async fn wide(app: &TestApp) -> TestTenant {
    let quota = QuotaOverride { concurrent_requests: Some(10_000), ..QuotaOverride::default() };
    app.tenant("Acme").quota(quota).make().await
}

/// What one such call reserves: the charge of one whose usage is missing.
async fn worst_case(app: &TestApp, tenant: &TestTenant) -> NanoUsd {
    app.provider.next(Fault::MissingUsage);
    app.chat(tenant, &hello("gpt-4o-mini")).await;
    app.charge().await.cost.unwrap()
}

async fn burst(app: &TestApp, tenant: &TestTenant, at_once: usize) -> Vec<u16> {
    let request = hello("gpt-4o-mini");
    let calls = (0..CALLS).map(|_| app.chat(tenant, &request));
    let answers = futures_util::stream::iter(calls).buffer_unordered(at_once);
    answers.map(|a| a.status.as_u16()).collect().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_calls_at_once_take_exactly_what_there_is() {
    tokens::warm_up();
    let app = TestApp::start().await;
    let acme = wide(&app).await;
    let worst = worst_case(&app, &acme).await;
    // Room for exactly 400 reservations: none is settled before all are decided.
    let limit = NanoUsd(worst.0 * 401);
    app.provider.model("gpt-4o-mini", Fault::FirstByteAfter(Duration::from_secs(4)));
    let budget = app.budget(Some(acme.id), PeriodKind::Day, &limit.to_string()).await;

    let statuses = burst(&app, &acme, CALLS).await;

    let served = statuses.iter().filter(|s| **s == 200).count();
    assert_eq!(served, 400, "neither more nor fewer than fit");
    assert_eq!(statuses.iter().filter(|s| **s == 402).count(), CALLS - 400);
    assert_eq!(app.provider.calls().len(), 401);
    let status = app.engine.budget(&Cx::system(), budget).await.unwrap().status;
    assert_eq!((status.reserved, status.refused_calls), (NanoUsd::ZERO, 600));
    let charges = app.charges(401).await;
    let sum: NanoUsd = charges.iter().filter_map(|c| c.cost).sum();
    assert_eq!(sum, status.spent, "what is written down is what is counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_settling_frees_is_used_to_the_last_call() {
    tokens::warm_up();
    let app = TestApp::start().await;
    let acme = wide(&app).await;
    let worst = worst_case(&app, &acme).await;
    let budget = app.budget(None, PeriodKind::Month, "0.005").await;

    let statuses = burst(&app, &acme, 64).await;

    let status = app.engine.budget(&Cx::system(), budget).await.unwrap().status;
    assert!(status.spent <= "0.005".parse().unwrap(), "never over: {}", status.spent);
    assert!(status.remaining < worst, "never refused while there is room: {} left", status.remaining);
    let served = statuses.iter().filter(|s| **s == 200).count();
    let charges = app.charges(served + 1).await;
    assert_eq!(charges.iter().filter_map(|c| c.cost).sum::<NanoUsd>(), status.spent);
    assert_eq!(app.provider.totals().calls, served as u64 + 1, "the provider hears of no refused call");
}
