//! Hard budgets at every level: a call that might not fit is refused before the provider hears of it.

use crate::hello;
use reeve_core::money::NanoUsd;
use reeve_core::period::PeriodKind;
use reeve_engine::Cx;
use reeve_tests::app::TestApp;

/// More than a call of these tests costs, less than it may cost at most.
const TOO_LITTLE: &str = "0.000012";

async fn refused_by(of_tenant: bool, period: PeriodKind, words: [&str; 2]) {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let budget = app.budget(of_tenant.then_some(acme.id), period, TOO_LITTLE).await;

    let answer = app.chat(&acme, &hello("gpt-4o-mini")).await;

    let message = answer.assert_error(402, "insufficient_quota", "budget_exceeded");
    assert!(words.iter().all(|word| message.contains(word)), "{message}");
    assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|s| s > 0));
    let entry = app.entry("budget.exceeded").await;
    assert_eq!(entry.outcome, "denied");
    assert_eq!(entry.resource.map(|r| r.id), Some(budget.to_string()), "the entry names the budget");
    app.assert_untouched(&acme).await;
    let status = app.engine.budget(&Cx::system(), budget).await.unwrap().status;
    assert_eq!((status.spent, status.reserved, status.refused_calls), (NanoUsd::ZERO, NanoUsd::ZERO, 1));
}

#[tokio::test]
async fn the_workspaces_day_refuses() {
    refused_by(false, PeriodKind::Day, ["workspace", "daily"]).await;
}

#[tokio::test]
async fn the_workspaces_month_refuses() {
    refused_by(false, PeriodKind::Month, ["workspace", "monthly"]).await;
}

#[tokio::test]
async fn the_tenants_day_refuses() {
    refused_by(true, PeriodKind::Day, ["Acme", "daily"]).await;
}

#[tokio::test]
async fn the_tenants_month_refuses() {
    refused_by(true, PeriodKind::Month, ["Acme", "monthly"]).await;
}

#[tokio::test]
async fn what_is_left_is_told_and_settled() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.budget(None, PeriodKind::Month, "10").await;
    let tight = app.budget(Some(acme.id), PeriodKind::Day, "0.01").await;

    let answer = app.chat(&acme, &hello("gpt-4o-mini")).await;

    assert_eq!(
        answer.header("x-reeve-budget-remaining"),
        "0.0099892",
        "the tightest, less what the call cost"
    );
    let status = app.engine.budget(&Cx::system(), tight).await.unwrap().status;
    assert_eq!((status.spent.to_string().as_str(), status.reserved), ("0.0000108", NanoUsd::ZERO));
}

#[tokio::test]
async fn another_tenants_budget_is_not_touched() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").make().await, app.tenant("Globex").make().await);
    app.budget(Some(acme.id), PeriodKind::Day, TOO_LITTLE).await;
    assert_eq!(app.chat(&acme, &hello("gpt-4o-mini")).await.status, 402);
    assert_eq!(app.chat(&globex, &hello("gpt-4o-mini")).await.status, 200);
}

#[tokio::test]
async fn a_new_day_has_a_new_budget() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    // Room for one call at its worst, not for two.
    app.budget(Some(acme.id), PeriodKind::Day, "0.00005").await;
    let mut served = 0;
    while app.chat(&acme, &hello("gpt-4o-mini")).await.status == 200 {
        served += 1;
        assert!(served < 10);
    }
    assert!(served > 0);
    app.clock.advance(12 * 3_600_000);
    assert_eq!(app.chat(&acme, &hello("gpt-4o-mini")).await.status, 200);
}
