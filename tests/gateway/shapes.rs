//! What holds for every shape: who may call, what it may cost, and who is told what.

use reeve_core::period::PeriodKind;
use reeve_tests::app::{Answer, TestApp};
use reeve_tests::provider::Fault;
use serde_json::{Value, json};

/// Each shape with a request that is dear enough to be refused by a small budget.
fn shapes() -> Vec<(&'static str, Value)> {
    vec![
        ("/v1/completions", json!({"model": "gpt-3.5-turbo-instruct", "prompt": "hi", "max_tokens": 9})),
        ("/v1/responses", json!({"model": "gpt-4o", "input": "hi", "max_output_tokens": 20})),
        ("/v1/images/generations", json!({"model": "gpt-image-1", "prompt": "a tree"})),
        ("/v1/audio/speech", json!({"model": "tts-1", "input": "hello", "voice": "alloy"})),
    ]
}

#[tokio::test]
async fn strangers_are_turned_away() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    for (path, body) in shapes() {
        let answer = Answer::of(app.post(path, "rvk_wrong", body.to_string()).send().await.unwrap()).await;
        answer.assert_error(401, "invalid_request_error", "invalid_api_key");
    }
    app.assert_untouched(&acme).await;
}

#[tokio::test]
async fn a_budget_without_room_refuses_before_anything_is_sent() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.budget(Some(acme.id), PeriodKind::Day, "0.000001").await;
    for (path, body) in shapes() {
        app.call(&acme, path, &body).await.assert_error(402, "insufficient_quota", "budget_exceeded");
    }
    app.assert_untouched(&acme).await;
}

#[tokio::test]
async fn what_has_no_price_is_refused_never_free() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    for (path, mut body) in shapes() {
        body["model"] = "unheard-of".into();
        app.call(&acme, path, &body).await.assert_error(404, "invalid_request_error", "model_not_found");
    }
    // Models whose price says nothing of what such a call uses.
    for (path, model) in [("/v1/audio/speech", "gpt-transcribe"), ("/v1/responses", "tts-1")] {
        let mut body = shapes().into_iter().find(|(p, _)| *p == path).unwrap().1;
        body["model"] = model.into();
        app.call(&acme, path, &body).await.assert_error(404, "invalid_request_error", "model_not_found");
    }
    app.assert_untouched(&acme).await;
}

#[tokio::test]
async fn a_providers_refusal_is_passed_on_and_costs_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    for (path, body) in shapes() {
        app.provider.next(Fault::Status(400));
        let answer = app.call(&acme, path, &body).await;
        assert_eq!((answer.status.as_u16(), answer.header("x-reeve-cost")), (400, "0.00"), "{path}");
    }
    assert!(app.charges(4).await.iter().all(|c| c.usage.is_empty()));
}

#[tokio::test]
async fn malformed_bodies_are_told_what_is_wrong() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    for (path, mut body) in shapes() {
        for text in ["", "[]", "{\"model\":", "null"] {
            let answer = Answer::of(app.post(path, &acme.key, text).send().await.unwrap()).await;
            answer.assert_error(400, "invalid_request_error", "invalid_request");
        }
        body["model"] = 7.into();
        let answer = app.call(&acme, path, &body).await;
        assert_eq!(answer.json()["error"]["param"], "model", "{path}");
        let large =
            Answer::of(app.post(path, &acme.key, vec![b' '; 32 * 1024 * 1024 + 1]).send().await.unwrap())
                .await;
        large.assert_error(413, "invalid_request_error", "request_too_large");
    }
    app.assert_untouched(&acme).await;
}
