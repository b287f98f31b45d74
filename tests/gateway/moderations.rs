//! Checks of texts: free at OpenAI, which counts nothing; governed like every other call.

use crate::prices::own;
use reeve_core::tenant::QuotaOverride;
use reeve_core::usage::Usage;
use reeve_engine::Cx;
use reeve_engine::model_rules::ModelRules;
use reeve_tests::app::{Answer, TestApp};
use reeve_tests::provider::Fault;
use serde_json::{Value, json};

const PATH: &str = "/v1/moderations";

#[tokio::test]
async fn a_check_is_passed_on_and_recorded_as_free() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let inputs = [
        json!("four words of text"),
        json!(["one", "two"]),
        json!([{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]),
    ];
    for input in &inputs {
        let answer = app.call(&acme, PATH, &json!({"input": input})).await;
        assert_eq!((answer.status.as_u16(), answer.header("x-reeve-cost")), (200, "0.00"), "{}", answer.body);
        assert_eq!(answer.json()["results"][0]["flagged"], false);
    }
    let charges = app.charges(inputs.len()).await;
    for (charge, call) in charges.iter().zip(app.provider.calls()) {
        assert_eq!(
            (charge.operation.as_str(), charge.model.as_str()),
            ("moderations", "omni-moderation-latest")
        );
        assert_eq!(charge.cost.map(|c| c.to_string()).as_deref(), Some("0.00"));
        assert_eq!((charge.pricing.as_str(), charge.unpriced_reason.as_deref()), ("priced", None));
        assert!(charge.usage.is_empty());
        let sent: Value = serde_json::from_slice(&call.body).unwrap();
        assert_eq!((call.path.as_str(), &sent["model"]), (PATH, &json!("omni-moderation-latest")));
    }
}

#[tokio::test]
async fn a_check_that_has_a_price_is_charged() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.credential("openai", &app.provider.base_url(), app.provider.key(), &["checks-1"]).await;
    app.engine.set_own_price(&Cx::system(), own(None, "checks-1", 100_000)).await.unwrap();
    let ask = json!({"model": "checks-1", "input": "four words of text"});
    assert_eq!(app.call(&acme, PATH, &ask).await.header("x-reeve-cost"), "0.0000004");
    app.provider.next(Fault::MissingUsage);
    app.call(&acme, PATH, &ask).await;

    let charges = app.charges(2).await;
    assert_eq!((&charges[0].usage, charges[0].unpriced_reason.as_deref()), (&Usage::tokens(4, 0), None));
    assert_eq!(
        (charges[1].pricing.as_str(), charges[1].unpriced_reason.as_deref()),
        ("priced", Some("estimated"))
    );
    assert!(charges[1].usage.input_tokens() >= 4 && charges[1].cost > Some(reeve_core::money::NanoUsd::ZERO));
}

#[tokio::test]
async fn free_is_not_for_everybody() {
    let app = TestApp::start().await;
    let quota = QuotaOverride { requests_per_day: Some(1), ..QuotaOverride::default() };
    let (acme, globex) = (app.tenant("Acme").quota(quota).make().await, app.tenant("Globex").make().await);
    let ask = json!({"input": "hello"});
    let stranger = app.post(PATH, "rvk_wrong", ask.to_string()).send().await.unwrap();
    Answer::of(stranger).await.assert_error(401, "invalid_request_error", "invalid_api_key");
    for (body, param) in
        [(json!({}), "input"), (json!({"input": 7}), "input"), (json!({"input": "x", "model": 7}), "model")]
    {
        let answer = app.call(&globex, PATH, &body).await;
        answer.assert_error(400, "invalid_request_error", "invalid_request");
        assert_eq!(answer.json()["error"]["param"], param);
    }
    let unpriced = json!({"input": "hello", "model": "unheard-of"});
    app.call(&globex, PATH, &unpriced).await.assert_error(404, "invalid_request_error", "model_not_found");
    let rules = ModelRules { allow: Vec::new(), deny: vec!["omni-*".to_owned()] };
    app.engine.set_model_rules(&Cx::system(), globex.id, rules).await.unwrap();
    assert_eq!(app.call(&globex, PATH, &ask).await.status, 403);
    app.assert_untouched(&globex).await;

    assert_eq!(app.call(&acme, PATH, &ask).await.status, 200);
    app.call(&acme, PATH, &ask).await.assert_error(429, "insufficient_quota", "quota_exceeded");
    app.charges(1).await;
}

#[tokio::test]
async fn a_providers_failure_is_passed_on_and_costs_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::Status(400));
    let answer = app.call(&acme, PATH, &json!({"input": "hello"})).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-reeve-cost")), (400, "0.00"));
    assert_eq!(app.charge().await.outcome, "failure");
}
