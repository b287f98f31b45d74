//! Clients that leave.

use crate::{hello, streamed_hello};
use reeve_engine::Cx;
use reeve_providers::tokens;
use reeve_tests::app::{TestApp, eventually, price_of};
use reeve_tests::provider::Fault;
use std::time::Duration;

/// Sends a call and leaves once the provider has it.
async fn send_and_leave(app: &TestApp, key: &str, body: String) {
    let sent = app.post("/v1/chat/completions", key, body).send();
    let working =
        eventually("the provider works", || async { (app.provider.open_calls() == 1).then_some(()) });
    tokio::select! {
        answer = sent => panic!("answered too early: {answer:?}"),
        () = working => {}
    }
}

#[tokio::test]
async fn a_whole_answer_nobody_waits_for_is_charged_as_billed() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::FirstByteAfter(Duration::from_millis(300)));

    send_and_leave(&app, &acme.key, hello("gpt-4o-mini").to_string()).await;

    let charge = app.charge().await;
    let billed = app.provider.calls().remove(0).billed;
    assert_eq!((charge.outcome.as_str(), charge.unpriced_reason), ("cancelled", None));
    assert_eq!((&charge.usage, charge.cost), (&billed, Some(price_of("gpt-4o-mini", &billed))));
    let counters = app.engine.quota(&Cx::system(), acme.id).await.unwrap().counters;
    assert_eq!(counters.concurrent, 0, "its place is free again");
}

#[tokio::test]
async fn a_stream_nobody_reads_is_stopped_and_charged_for_what_came() {
    tokens::warm_up();
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::Slow(Duration::from_millis(50)));
    let sent = app.post("/v1/chat/completions", &acme.key, streamed_hello("gpt-4o-mini").to_string());
    let mut response = sent.send().await.unwrap();
    let mut events = 0;
    while events < 4 {
        let piece = response.chunk().await.unwrap().unwrap();
        events += piece.windows(6).filter(|w| w == b"data: ").count();
    }

    drop(response);

    eventually("the provider is left", || async { (app.provider.open_calls() == 0).then_some(()) }).await;
    let charge = app.charge().await;
    let billed = app.provider.calls().remove(0).billed;
    assert_eq!(
        (charge.outcome.as_str(), charge.unpriced_reason.as_deref()),
        ("cancelled", Some("estimated"))
    );
    assert!(billed.output_tokens() < 16, "the provider was stopped: {billed:?}");
    assert!(charge.usage.output_tokens() >= 3 && charge.usage.output_tokens() < 16, "{:?}", charge.usage);
    assert!(charge.usage.input_tokens() >= billed.input_tokens());
}

#[tokio::test]
async fn a_stream_left_before_its_head_is_charged_for_the_prompt() {
    tokens::warm_up();
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::FirstByteAfter(Duration::from_millis(200)));

    send_and_leave(&app, &acme.key, streamed_hello("gpt-4o-mini").to_string()).await;

    let charge = app.charge().await;
    assert_eq!(
        (charge.outcome.as_str(), charge.unpriced_reason.as_deref()),
        ("cancelled", Some("estimated"))
    );
    assert!(charge.usage.input_tokens() >= 8);
    eventually("the provider is left", || async { (app.provider.open_calls() == 0).then_some(()) }).await;
}

#[tokio::test]
async fn a_call_nobody_waits_for_is_settled_before_the_engine_closes() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::FirstByteAfter(Duration::from_millis(300)));
    send_and_leave(&app, &acme.key, hello("gpt-4o-mini").to_string()).await;
    let keyring = app.keyring.clone();

    let folder = app.close().await;

    let options = reeve_tests::app::Options {
        keyring: Some(keyring),
        folder: Some(folder),
        no_credential: true,
        ..Default::default()
    };
    let again = TestApp::start_with(options).await;
    assert_eq!(again.charge().await.usage.output_tokens(), 16);
    assert!(again.engine.holds(&Cx::system()).await.unwrap().is_empty(), "an orderly end holds nothing");
}
