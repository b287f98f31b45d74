//! Pictures: by token, or by the picture.

use reeve_core::usage::Unit;
use reeve_tests::app::{Answer, TestApp, TestTenant, price_of};
use reeve_tests::provider::Fault;
use serde_json::{Value, json};

const PATH: &str = "/v1/images/generations";
const EDITS: &str = "/v1/images/edits";

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

async fn edit(app: &TestApp, tenant: &TestTenant, fields: &[(&str, &str)]) -> Answer {
    let part = |(name, value): &(&str, &str)| {
        format!("--mark\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body = fields.iter().map(part).collect::<String>() + "--mark--\r\n";
    let request = app.client.post(app.url(EDITS)).bearer_auth(&tenant.key);
    let request = request.header("content-type", "multipart/form-data; boundary=mark").body(body);
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_changed_picture_costs_its_tokens_and_those_of_what_came_with_it() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let fields = [
        ("model", "gpt-image-1"),
        ("prompt", "a red roof"),
        ("image[]", "PNG one"),
        ("image[]", "PNG two"),
        ("mask", "PNG three"),
        ("n", "2"),
        ("size", "1024x1024"),
        ("quality", "low"),
    ];
    let answer = edit(&app, &acme, &fields).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["data"].as_array().map(Vec::len)),
        (200, Some(2)),
        "{}",
        answer.body
    );
    let (charge, call) = (app.charge().await, app.provider.calls().remove(0));
    assert_eq!((charge.operation.as_str(), &charge.usage), ("image_edits", &call.billed));
    assert_eq!((charge.usage.get(Unit::ImageInput), charge.usage.get(Unit::ImageOutput)), (582, 544));
    assert_eq!(charge.cost, Some(price_of("gpt-image-1", &call.billed)));
    assert!(charge.cost <= charge.trail.reserved, "{charge:?}");
    assert_eq!(call.path, EDITS);
    assert!(String::from_utf8_lossy(&call.body).contains("PNG three"), "passed on as it came");
}

#[tokio::test]
async fn a_change_that_cannot_be_bounded_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let good = [("model", "gpt-image-1"), ("prompt", "a red roof"), ("image", "PNG")];
    for (left_out, added, param) in [
        ("image", None, "image"),
        ("prompt", None, "prompt"),
        ("model", None, "model"),
        ("", Some(("n", "1000")), "n"),
        ("", Some(("stream", "true")), "stream"),
        ("", Some(("model", "dearer")), "model"),
    ] {
        let fields: Vec<_> = good.into_iter().filter(|(name, _)| *name != left_out).chain(added).collect();
        let answer = edit(&app, &acme, &fields).await;
        answer.assert_error(400, "invalid_request_error", "invalid_request");
        assert_eq!(answer.json()["error"]["param"], param);
    }
    app.call(&acme, EDITS, &draw("gpt-image-1", 1)).await.assert_error(
        400,
        "invalid_request_error",
        "invalid_request",
    );
    app.assert_untouched(&acme).await;
}
