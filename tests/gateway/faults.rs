//! Providers that refuse, fail, lie or stay away: the right status, and the right charge.

use crate::{hello, streamed_hello};
use reeve_core::money::NanoUsd;
use reeve_core::period::PeriodKind;
use reeve_engine::Cx;
use reeve_engine::usage::Charge;
use reeve_tests::app::{Answer, TestApp, TestTenant};
use reeve_tests::provider::Fault;

async fn met(fault: Fault) -> (TestApp, TestTenant, Answer) {
    let app = TestApp::start_impatient().await;
    let acme = app.tenant("Acme").make().await;
    app.budget(Some(acme.id), PeriodKind::Month, "1").await;
    app.provider.next(fault).expect("gpt-4o-mini", 1);
    let answer = app.chat(&acme, &hello("gpt-4o-mini")).await;
    (app, acme, answer)
}

/// Asserts that the provider's refusal cost nothing, and is on record.
#[track_caller]
fn assert_free(charge: &Charge, status: u16) {
    assert_eq!((charge.outcome.as_str(), charge.status), ("failure", Some(status)));
    assert_eq!((charge.cost, charge.pricing.as_str()), (Some(NanoUsd::ZERO), "priced"));
    assert!(charge.usage.is_empty());
}

/// Asserts that the call was charged as dear as it can have been, and flagged.
async fn assert_worst_case(app: &TestApp, charge: &Charge) {
    assert_eq!(
        (charge.pricing.as_str(), charge.unpriced_reason.as_deref()),
        ("ceiling", Some("missing_usage"))
    );
    // Twenty tokens at $0.60 a million, and the prompt on top.
    assert!(
        charge.cost.is_some_and(|c| c.to_string().parse::<f64>().unwrap() > 0.000_012),
        "{:?}",
        charge.cost
    );
    let budget = app.engine.budgets(&Cx::system(), None, 1).await.unwrap().0.remove(0);
    assert_eq!((Some(budget.status.spent), budget.status.reserved), (charge.cost, NanoUsd::ZERO));
}

#[tokio::test]
async fn a_providers_limit_is_passed_on_with_its_wait() {
    let (app, _, answer) = met(Fault::Limited(7)).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "7"));
    assert_eq!(answer.json()["error"]["code"], "rate_limit_exceeded", "in the provider's words");
    assert_eq!(answer.header("x-reeve-cost"), "0.00");
    assert_free(&app.charge().await, 429);
}

#[tokio::test]
async fn a_providers_failure_is_passed_on() {
    for status in [400, 403, 404, 500, 503] {
        let (app, _, answer) = met(Fault::Status(status)).await;
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.json()["error"]["code"], "server_error");
        assert_free(&app.charge().await, status);
    }
}

#[tokio::test]
async fn a_refused_provider_key_is_not_the_callers_fault() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.revoke_key(app.provider.key());

    let answer = app.chat(&acme, &hello("gpt-4o-mini")).await;

    let message = answer.assert_error(502, "upstream_error", "provider_key_refused");
    assert!(!message.contains("sk-"), "{message}");
    assert_eq!(answer.header("x-should-retry"), "false");
    assert_free(&app.charge().await, 401);
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_passed_on_and_charged_at_its_worst() {
    let (app, _, answer) = met(Fault::MalformedJson).await;
    assert_eq!(answer.status, 200);
    assert!(serde_json::from_str::<serde_json::Value>(&answer.body).is_err(), "half a document");
    assert_worst_case(&app, &app.charge().await).await;
}

#[tokio::test]
async fn an_answer_without_usage_is_charged_at_its_worst() {
    let (app, _, answer) = met(Fault::MissingUsage).await;
    assert_eq!(answer.status, 200);
    let charge = app.charge().await;
    assert_eq!(answer.header("x-reeve-cost"), charge.cost.unwrap().to_string());
    assert_worst_case(&app, &charge).await;
}

#[tokio::test]
async fn a_web_page_is_charged_at_its_worst() {
    let (app, _, answer) = met(Fault::WebPage).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/html"));
    assert_worst_case(&app, &app.charge().await).await;
}

#[tokio::test]
async fn contradictory_usage_counts_the_larger_and_says_so() {
    let (app, _, _) = met(Fault::ContradictoryUsage).await;
    let charge = app.charge().await;
    assert_eq!(
        (charge.unpriced_reason.as_deref(), charge.pricing.as_str()),
        (Some("contradictory_usage"), "priced")
    );
    assert_eq!(charge.usage, app.provider.calls()[0].billed);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_charged_at_its_worst() {
    let (app, _, answer) = met(Fault::Cut(1)).await;
    answer.assert_error(502, "upstream_error", "provider_answer_broken");
    assert_eq!(answer.header("x-should-retry"), "false", "it would be paid twice");
    let charge = app.charge().await;
    assert_eq!((charge.outcome.as_str(), charge.status), ("failure", Some(200)));
    assert_worst_case(&app, &charge).await;
}

#[tokio::test]
async fn a_provider_that_never_answers_is_charged_at_its_worst() {
    let (app, acme, answer) = met(Fault::Hang).await;
    answer.assert_error(504, "upstream_error", "provider_timeout");
    assert_eq!(answer.header("x-should-retry"), "false");
    let charge = app.charge().await;
    assert_eq!((charge.outcome.as_str(), charge.status), ("failure", None));
    assert_worst_case(&app, &charge).await;
    let counters = app.engine.quota(&Cx::system(), acme.id).await.unwrap().counters;
    assert_eq!(counters.concurrent, 0);
}

#[tokio::test]
async fn a_stream_that_never_begins_is_the_same() {
    let app = TestApp::start_impatient().await;
    let acme = app.tenant("Acme").make().await;
    app.budget(Some(acme.id), PeriodKind::Month, "1").await;
    app.provider.next(Fault::Hang);
    let answer = app.chat(&acme, &streamed_hello("gpt-4o-mini")).await;
    answer.assert_error(504, "upstream_error", "provider_timeout");
    assert_worst_case(&app, &app.charge().await).await;
}

#[tokio::test]
async fn a_stream_that_is_refused_is_refused_in_the_providers_words() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::Limited(3));
    let answer = app.chat(&acme, &streamed_hello("gpt-4o-mini")).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "3"));
    assert_free(&app.charge().await, 429);
}

#[tokio::test]
async fn an_unreachable_provider_costs_nothing() {
    let options = reeve_tests::app::Options { no_credential: true, ..Default::default() };
    let app = TestApp::start_with(options).await;
    // A port that was free a moment ago.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    app.credential("openai", &format!("http://{free}/v1"), "sk-unused-key", &[]).await;
    let acme = app.tenant("Acme").make().await;
    let budget = app.budget(Some(acme.id), PeriodKind::Day, "1").await;

    for request in [hello("gpt-4o-mini"), streamed_hello("gpt-4o-mini")] {
        let answer = app.chat(&acme, &request).await;
        answer.assert_error(502, "upstream_error", "provider_unreachable");
        assert_eq!(answer.header("x-should-retry"), "", "nothing was sent, so trying again is fine");
    }

    let charges = app.charges(2).await;
    for charge in &charges {
        assert_eq!(
            (charge.outcome.as_str(), charge.status, charge.cost),
            ("failure", None, Some(NanoUsd::ZERO))
        );
    }
    let status = app.engine.budget(&Cx::system(), budget).await.unwrap().status;
    assert_eq!((status.spent, status.reserved), (NanoUsd::ZERO, NanoUsd::ZERO));
}
