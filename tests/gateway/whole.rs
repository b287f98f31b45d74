//! Whole answers: passed on unchanged, charged to the nano-dollar.

use crate::hello;
use reeve_tests::app::{TestApp, price_of};
use serde_json::json;

#[tokio::test]
async fn a_call_is_answered_and_charged_exactly() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.expect("gpt-4o-mini", 1);

    let answer = app.chat(&acme, &hello("gpt-4o-mini")).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["choices"][0]["message"]["content"], ["word"; 16].join(" "));
    // Eight prompt tokens at $0.15 and sixteen generated ones at $0.60 a million.
    assert_eq!(answer.header("x-reeve-cost"), "0.0000108");
    assert!(answer.header("x-reeve-request-id").starts_with("req_"));
    assert_eq!(answer.header("x-reeve-budget-remaining"), "", "there is no budget");
    assert_eq!(answer.header("x-request-id"), "req_scripted", "the provider's own id");

    let charge = app.charge().await;
    let billed = app.provider.calls().remove(0).billed;
    assert_eq!(charge.usage, billed);
    assert_eq!(charge.cost, Some(price_of("gpt-4o-mini", &billed)));
    assert_eq!(charge.cost.map(|c| c.to_string()).as_deref(), Some("0.0000108"));
    assert_eq!((charge.tenant_id, charge.api_key_id), (acme.id, Some(acme.key_id)));
    assert_eq!(
        (charge.outcome.as_str(), charge.status, charge.pricing.as_str()),
        ("success", Some(200), "priced")
    );
    assert_eq!((charge.operation.as_str(), charge.stream, charge.unpriced_reason), ("chat", false, None));
    assert_eq!(charge.request_id.as_deref(), Some(answer.header("x-reeve-request-id")));
    assert!(charge.latency_ms.is_some() && charge.first_byte_ms <= charge.latency_ms);
}

#[tokio::test]
async fn every_kind_of_token_has_its_price() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let request = json!({
        "model": "gpt-4o", "n": 3,
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "tokens=40 cached=9 reasoning=15"}],
    });

    let answer = app.chat(&acme, &request).await;

    assert_eq!(answer.status, 200, "{}", answer.body);
    let charge = app.charge().await;
    let billed = app.provider.calls().remove(0).billed;
    assert_eq!(charge.usage, billed);
    // (2 x $2.50 + 9 x $1.25 + 120 x $10) a million.
    assert_eq!(charge.cost.map(|c| c.to_string()).as_deref(), Some("0.00121625"));
    assert_eq!(answer.header("x-reeve-cost"), "0.00121625");
}

#[tokio::test]
async fn a_charge_names_user_and_trace() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let mut request = hello("gpt-4o-mini");
    request["user"] = "from-the-body".into();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";

    app.chat(&acme, &request).await;
    let with_headers = app
        .post("/v1/chat/completions", &acme.key, request.to_string())
        .header("x-reeve-user", "from-the-header")
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    assert_eq!(with_headers.send().await.unwrap().status(), 200);

    let charges = app.charges(2).await;
    let who: Vec<_> = charges.iter().map(|c| (c.user.as_deref(), c.trace_id.as_deref())).collect();
    assert_eq!(who, [(Some("from-the-body"), None), (Some("from-the-header"), Some(trace))]);
}

#[tokio::test]
async fn a_dated_release_costs_what_its_model_costs() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let answer = app.chat(&acme, &hello("gpt-4o-mini-2024-07-18")).await;
    assert_eq!(answer.header("x-reeve-cost"), "0.0000108");
}

#[tokio::test]
async fn a_tier_is_charged_as_it_was_served() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let mut request = hello("gpt-5-mini");
    request["service_tier"] = "flex".into();

    let answer = app.chat(&acme, &request).await;

    assert_eq!(answer.status, 200, "{}", answer.body);
    let charge = app.charge().await;
    // The provider said "default", so the cheaper tier was not given.
    assert_eq!(charge.cost, Some(price_of("gpt-5-mini", &charge.usage)));
}
