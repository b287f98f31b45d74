//! Streams that do not reach their end: what was produced is charged, and the client's library raises an error.

use crate::streamed_hello;
use reeve_engine::usage::Charge;
use reeve_providers::tokens;
use reeve_tests::app::{Answer, TestApp, eventually, price_of};
use reeve_tests::provider::Fault;
use std::time::Duration;

/// Asserts that the stream ended with an error event, and not with the mark of the end.
#[track_caller]
fn assert_broken_off(answer: &Answer) {
    let events = answer.events();
    let last = events.last().expect("an event");
    assert_eq!(last["error"]["code"], "provider_stream_cut", "{}", answer.body);
    assert_eq!(last["error"]["type"], "upstream_error");
    assert!(!answer.body.contains("[DONE]"));
    assert!(answer.body.ends_with("\n\n"));
}

/// Asserts that a charge is an estimate of at least what the provider bills.
#[track_caller]
fn assert_estimated(charge: &Charge, outcome: &str, app: &TestApp) {
    let billed = app.provider.calls().remove(0).billed;
    assert_eq!((charge.outcome.as_str(), charge.unpriced_reason.as_deref()), (outcome, Some("estimated")));
    assert_eq!(charge.cost, Some(price_of(&charge.model, &charge.usage)));
    assert!(charge.usage.input_tokens() >= billed.input_tokens(), "{:?} of {billed:?}", charge.usage);
    assert!(charge.usage.input_tokens() <= billed.input_tokens() + 40, "{:?} of {billed:?}", charge.usage);
    let (counted, sent) = (charge.usage.output_tokens(), billed.output_tokens());
    assert!((sent..=sent + 2).contains(&counted), "{counted} counted of {sent} sent");
}

#[tokio::test]
async fn a_cut_stream_is_charged_for_what_came() {
    tokens::warm_up();
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::Cut(8));

    let answer = app.chat(&acme, &streamed_hello("gpt-4o-mini")).await;

    assert_eq!(answer.status, 200, "the head had gone out");
    assert_broken_off(&answer);
    assert_eq!(answer.events().len(), 9, "eight of the provider's events and the error");
    assert_estimated(&app.charge().await, "failure", &app);
}

#[tokio::test]
async fn a_stream_cut_before_its_first_word_is_charged_for_the_prompt() {
    tokens::warm_up();
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::Cut(1));

    let answer = app.chat(&acme, &streamed_hello("gpt-4o-mini")).await;

    assert_broken_off(&answer);
    let charge = app.charge().await;
    assert_eq!(charge.usage.output_tokens(), 0);
    assert!(charge.cost.is_some_and(|c| c > reeve_core::money::NanoUsd::ZERO));
}

#[tokio::test]
async fn a_stream_that_stalls_is_given_up() {
    tokens::warm_up();
    let app = TestApp::start_impatient().await;
    let acme = app.tenant("Acme").make().await;
    // The head comes in time, and then each event takes longer than the gateway waits for one.
    app.provider.next(Fault::Slow(Duration::from_millis(400)));

    let answer = app.chat(&acme, &streamed_hello("gpt-4o-mini")).await;

    assert_eq!(answer.status, 200);
    assert_broken_off(&answer);
    assert_estimated(&app.charge().await, "failure", &app);
    eventually("the provider is left", || async { (app.provider.open_calls() == 0).then_some(()) }).await;
}

#[tokio::test]
async fn a_stream_without_usage_is_estimated() {
    tokens::warm_up();
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::MissingUsage);

    let answer = app.chat(&acme, &streamed_hello("gpt-4o-mini")).await;

    assert!(answer.body.ends_with("data: [DONE]\n\n"));
    assert_estimated(&app.charge().await, "success", &app);
}

#[tokio::test]
async fn contradictory_usage_counts_the_larger_and_says_so() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::ContradictoryUsage);

    app.chat(&acme, &streamed_hello("gpt-4o-mini")).await;

    let charge = app.charge().await;
    assert_eq!(charge.unpriced_reason.as_deref(), Some("contradictory_usage"));
    assert_eq!(charge.usage, app.provider.calls()[0].billed);
}

#[tokio::test]
async fn an_event_that_is_no_json_passes_and_the_end_counts() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::MalformedJson);

    let answer = app.chat(&acme, &streamed_hello("gpt-4o-mini")).await;

    assert!(answer.body.contains("\"choices\":[{\"ind\n\n"), "the provider's bytes are the provider's");
    assert_eq!(app.charge().await.usage, app.provider.calls()[0].billed);
}

#[tokio::test]
async fn a_provider_that_ignores_the_cap_is_stopped() {
    tokens::warm_up();
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::Huge(1_000_000));

    let answer = app.chat(&acme, &streamed_hello("gpt-4o-mini")).await;

    assert_broken_off(&answer);
    let charge = app.charge().await;
    assert_eq!((charge.outcome.as_str(), charge.unpriced_reason.as_deref()), ("failure", Some("estimated")));
    assert!(charge.usage.output_tokens() < 20_000, "{:?}", charge.usage);
    eventually("the provider is left", || async { (app.provider.open_calls() == 0).then_some(()) }).await;
    let overrun = app.entry("budget.overrun").await;
    assert_eq!(overrun.severity, "critical", "people hear of it");
}
