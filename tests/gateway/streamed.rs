//! Streamed answers.

use crate::streamed_hello;
use reeve_tests::app::{TestApp, price_of};
use reeve_tests::provider::Fault;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn usage_is_asked_for_and_hidden_from_who_did_not_ask() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;

    let answer = app.chat(&acme, &streamed_hello("gpt-4o-mini")).await;

    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("text/event-stream"));
    assert!(answer.header("x-reeve-request-id").starts_with("req_"));
    let events = answer.events();
    // Role, sixteen words, the end, and the mark of the end.
    assert_eq!(events.len(), 19);
    assert_eq!(events.last(), Some(&Value::from("[DONE]")));
    assert!(events.iter().all(|e| e.get("usage").is_none()), "usage must be hidden: {}", answer.body);

    let call = app.provider.calls().remove(0);
    let sent: Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!(sent["stream_options"], json!({"include_usage": true}));
    let charge = app.charge().await;
    assert_eq!((charge.outcome.as_str(), charge.stream, charge.unpriced_reason), ("success", true, None));
    assert_eq!(charge.usage, call.billed);
    assert_eq!(charge.cost.map(|c| c.to_string()).as_deref(), Some("0.0000108"));
    assert!(charge.first_byte_ms <= charge.latency_ms);
}

#[tokio::test]
async fn usage_is_shown_to_who_asked() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let mut request = streamed_hello("gpt-4o-mini");
    request["stream_options"] = json!({"include_usage": true});

    let answer = app.chat(&acme, &request).await;

    let events = answer.events();
    assert_eq!(events.len(), 20);
    assert_eq!(events[18]["choices"], json!([]));
    assert_eq!(events[18]["usage"]["completion_tokens"], 16);
    assert_eq!(app.charge().await.usage, app.provider.calls()[0].billed);
    let sent: Value = serde_json::from_slice(&app.provider.calls()[0].body).unwrap();
    assert_eq!(sent, request, "there was nothing to change");
}

#[tokio::test]
async fn a_client_that_declined_usage_is_charged_all_the_same() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let mut request = streamed_hello("gpt-4o-mini");
    request["stream_options"] = json!({"include_usage": false});

    let answer = app.chat(&acme, &request).await;

    assert!(answer.events().iter().all(|e| e.get("usage").is_none()));
    assert_eq!(app.charge().await.unpriced_reason, None, "the provider said");
}

#[tokio::test]
async fn bytes_pass_as_they_come() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::Slow(Duration::from_millis(100)));

    let sent = app.post("/v1/chat/completions", &acme.key, streamed_hello("gpt-4o-mini").to_string());
    let mut response = sent.send().await.unwrap();
    let first = response.chunk().await.unwrap().unwrap();

    assert!(first.starts_with(b"data: {"));
    assert_eq!(app.provider.open_calls(), 1, "the provider is still at it while the client reads");
    app.charges(0).await;
    while response.chunk().await.unwrap().is_some() {}
    app.charge().await;
}

#[tokio::test]
async fn several_answers_in_one_stream_are_one_charge() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let mut request = streamed_hello("gpt-4o");
    request["n"] = 3.into();

    app.chat(&acme, &request).await;

    let (charge, billed) = (app.charge().await, app.provider.calls().remove(0).billed);
    assert_eq!(billed.output_tokens(), 48);
    assert_eq!((&charge.usage, charge.cost), (&billed, Some(price_of("gpt-4o", &billed))));
}

#[tokio::test]
async fn a_client_may_leave_at_the_mark_of_the_end() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    for _ in 0..5 {
        let sent = app.post("/v1/chat/completions", &acme.key, streamed_hello("gpt-4o-mini").to_string());
        let mut response = sent.send().await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"data: [DONE]\n\n") {
            seen.extend_from_slice(&response.chunk().await.unwrap().unwrap());
        }
        drop(response);
    }
    for charge in app.charges(5).await {
        assert_eq!((charge.outcome.as_str(), charge.unpriced_reason), ("success", None));
    }
}
