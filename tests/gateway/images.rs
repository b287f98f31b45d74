//! Pictures: by token, or by the picture.

use reeve_core::usage::Unit;
use reeve_tests::app::{TestApp, price_of};
use reeve_tests::provider::Fault;
use serde_json::{Value, json};

const PATH: &str = "/v1/images/generations";

fn draw(model: &str, n: u64) -> Value {
    json!({"model": model, "prompt": "a lighthouse at dawn", "n": n, "size": "1024x1024", "quality": "low"})
}

#[tokio::test]
async fn pictures_made_of_tokens_cost_their_tokens() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let answer = app.call(&acme, PATH, &draw("gpt-image-1", 2)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["data"].as_array().map(Vec::len)),
        (200, Some(2)),
        "{}",
        answer.body
    );
    let (charge, billed) = (app.charge().await, app.provider.calls().remove(0).billed);
    assert_eq!((charge.operation.as_str(), &charge.usage), ("images", &billed));
    assert_eq!(charge.usage.get(Unit::ImageOutput), 544);
    assert_eq!(charge.cost, Some(price_of("gpt-image-1", &billed)));
    assert_eq!(charge.unpriced_reason, None);
}

#[tokio::test]
async fn pictures_sold_by_the_piece_cost_their_number() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.credential("xai", &app.provider.base_url(), app.provider.key(), &["grok-imagine-image"]).await;
    let answer = app.call(&acme, PATH, &draw("grok-imagine-image", 3)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let charge = app.charge().await;
    assert_eq!(charge.cost.map(|c| c.to_string()).as_deref(), Some("0.06"), "three at two cents: {charge:?}");
    assert_eq!(charge.pricing, "priced");
}

#[tokio::test]
async fn without_usage_a_picture_of_tokens_is_charged_at_its_worst() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::MissingUsage);
    app.call(&acme, PATH, &draw("gpt-image-1", 1)).await;
    let charge = app.charge().await;
    assert_eq!(
        (charge.pricing.as_str(), charge.unpriced_reason.as_deref()),
        ("ceiling", Some("missing_usage"))
    );
    assert!(charge.cost.is_some_and(|c| c > reeve_core::money::NanoUsd::ZERO));
}

#[tokio::test]
async fn requests_that_cannot_be_bounded_are_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    for (field, value) in [
        ("n", json!(0)),
        ("n", json!(1_000)),
        ("stream", json!(true)),
        ("prompt", json!(null)),
        ("size", json!(7)),
    ] {
        let mut request = draw("gpt-image-1", 1);
        request[field] = value;
        let answer = app.call(&acme, PATH, &request).await;
        answer.assert_error(400, "invalid_request_error", "invalid_request");
        assert_eq!(answer.json()["error"]["param"], field);
    }
    app.assert_untouched(&acme).await;
}
