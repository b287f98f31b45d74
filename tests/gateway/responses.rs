//! Responses: typed events, reasoning, searches of the web.

use reeve_core::usage::Unit;
use reeve_providers::tokens;
use reeve_tests::app::{TestApp, eventually, price_of};
use reeve_tests::provider::Fault;
use serde_json::{Value, json};
use std::time::Duration;

const PATH: &str = "/v1/responses";

fn ask(input: &str, stream: bool) -> Value {
    json!({"model": "gpt-4o", "input": input, "max_output_tokens": 60, "stream": stream})
}

#[tokio::test]
async fn whole_and_streamed_responses_are_charged_exactly() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let said = "say it in words tokens=40 cached=3 reasoning=15";
    let whole = app.call(&acme, PATH, &ask(said, false)).await;
    assert_eq!(
        (whole.status.as_u16(), whole.json()["object"].as_str()),
        (200, Some("response")),
        "{}",
        whole.body
    );
    let streamed = app.call(&acme, PATH, &ask(said, true)).await;
    let events = streamed.events();
    assert_eq!(events.first().unwrap()["type"], "response.created");
    assert_eq!(events.last().unwrap()["type"], "response.completed");
    assert_eq!(events.len(), 1 + 25 + 1, "every event passes");
    for (charge, call) in app.charges(2).await.iter().zip(app.provider.calls()) {
        assert_eq!((charge.operation.as_str(), &charge.usage), ("responses", &call.billed));
        assert_eq!(charge.usage.get(Unit::Reasoning), 15);
        assert_eq!(
            (charge.cost, charge.unpriced_reason.as_deref()),
            (Some(price_of("gpt-4o", &call.billed)), None)
        );
    }
    let sent = app.provider.calls().remove(0).body;
    assert_eq!(sent, ask(said, false).to_string(), "byte for byte");
}

#[tokio::test]
async fn a_response_without_a_cap_gets_one() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let answer = app
        .call(&acme, PATH, &json!({"model": "gpt-4o", "input": [{"role": "user", "content": "hi"}]}))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let sent: Value = serde_json::from_slice(&app.provider.calls()[0].body).unwrap();
    assert_eq!(sent["max_output_tokens"], 16_384);
    assert!(sent.get("max_completion_tokens").is_none());
}

#[tokio::test]
async fn what_cannot_be_priced_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    for (field, value, param) in [
        ("background", json!(true), "background"),
        ("tools", json!([{"type": "code_interpreter", "container": {"type": "auto"}}]), "tools"),
        ("tools", json!([{"type": "file_search", "vector_store_ids": ["vs_1"]}]), "tools"),
        ("tools", json!([{"type": "web_search"}]), "max_tool_calls"),
        ("tools", json!("all"), "tools"),
        ("input", json!(7), "input"),
        ("max_output_tokens", json!(-5), "max_output_tokens"),
        ("max_output_tokens", json!(1e300), "max_output_tokens"),
        ("stream", json!("yes"), "stream"),
    ] {
        let mut request = ask("hi", false);
        request[field] = value;
        let answer = app.call(&acme, PATH, &request).await;
        answer.assert_error(400, "invalid_request_error", "invalid_request");
        assert_eq!(answer.json()["error"]["param"], param, "{}", answer.body);
    }
    app.assert_untouched(&acme).await;
}

#[tokio::test]
async fn a_cut_stream_is_charged_for_what_came() {
    tokens::warm_up();
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::Cut(9));
    let answer = app.call(&acme, PATH, &ask("say hello tokens=30", true)).await;
    assert_eq!(answer.events().last().unwrap()["error"]["code"], "provider_stream_cut");
    let (charge, billed) = (app.charge().await, app.provider.calls().remove(0).billed);
    assert_eq!((charge.outcome.as_str(), charge.unpriced_reason.as_deref()), ("failure", Some("estimated")));
    let (counted, sent) = (charge.usage.output_tokens(), billed.output_tokens());
    assert!((sent..=sent + 2).contains(&counted), "{counted} of {sent}");
}

#[tokio::test]
async fn a_client_that_leaves_is_charged_for_what_came() {
    tokens::warm_up();
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::Slow(Duration::from_millis(20)));
    let sent = app.post(PATH, &acme.key, ask("say hello tokens=50", true).to_string());
    let mut response = sent.send().await.unwrap();
    response.chunk().await.unwrap().unwrap();
    drop(response);
    let charge = app.charge().await;
    assert_eq!(
        (charge.outcome.as_str(), charge.unpriced_reason.as_deref()),
        ("cancelled", Some("estimated"))
    );
    assert!(charge.usage.output_tokens() < 50, "{:?}", charge.usage);
    eventually("the provider is left", || async { (app.provider.open_calls() == 0).then_some(()) }).await;
}

#[tokio::test]
async fn usage_that_is_missing_or_contradicts_itself_is_flagged() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::MissingUsage).next(Fault::ContradictoryUsage);
    app.call(&acme, PATH, &ask("say hello", false)).await;
    app.call(&acme, PATH, &ask("say hello", false)).await;
    let charges = app.charges(2).await;
    assert_eq!(
        (charges[0].pricing.as_str(), charges[0].unpriced_reason.as_deref()),
        ("ceiling", Some("missing_usage"))
    );
    assert_eq!(charges[1].unpriced_reason.as_deref(), Some("contradictory_usage"));
    assert_eq!(charges[1].usage, app.provider.calls()[1].billed);
}
