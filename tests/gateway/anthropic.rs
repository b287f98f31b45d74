//! Anthropic's messages through the gateway.

use reeve_core::usage::Unit;
use reeve_providers::tokens;
use reeve_tests::app::{Answer, TestApp, TestTenant, eventually, price_at};
use reeve_tests::provider::Fault;
use serde_json::{Value, json};
use std::time::Duration;

const PATH: &str = "/anthropic/v1/messages";
const MODEL: &str = "claude-sonnet-4-5";

fn hello() -> Value {
    json!({"model": MODEL, "max_tokens": 60, "system": "be brief",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "say hello cached=2 written=3 reasoning=5"}]}]})
}

fn streamed() -> Value {
    let mut request = hello();
    request["stream"] = true.into();
    request
}

async fn send(app: &TestApp, tenant: &TestTenant, body: &Value) -> Answer {
    app.call_native(PATH, ("x-api-key", &tenant.key), body).await
}

/// Asserts that an answer is an error in Anthropic's shape, and gives its message.
#[track_caller]
fn assert_refused(answer: &Answer, status: u16, kind: &str) -> String {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
    let body = answer.json();
    assert_eq!(
        (body["type"].as_str(), body["error"]["type"].as_str()),
        (Some("error"), Some(kind)),
        "{body}"
    );
    assert_eq!(
        answer.header("request-id"),
        answer.header("x-reeve-request-id"),
        "where the SDK looks for it"
    );
    body["error"]["message"].as_str().expect("a message").to_owned()
}

#[tokio::test]
async fn a_whole_answer_is_charged_exactly() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;

    let answer = send(&app, &acme, &hello()).await;

    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["content"][0]["text"], ["word"; 11].join(" "), "passed on as it came");
    let (call, charge) = (app.provider.calls().remove(0), app.charge().await);
    assert_eq!(call.path, "/v1/messages");
    assert_eq!(call.headers["anthropic-version"], "2023-06-01", "asked for where the client names none");
    assert!(!call.headers.contains_key("authorization"));
    assert_eq!(call.body, hello().to_string(), "byte for byte");
    assert_eq!(charge.usage, call.billed);
    // Ten prompt tokens: five fresh at $3, two read from a cache at $0.30, three stored at $3.75; sixteen out at $15.
    assert_eq!((charge.usage.get(Unit::CacheRead), charge.usage.get(Unit::CacheWrite)), (2, 3));
    assert_eq!(
        charge.usage.input_tokens() + charge.usage.output_tokens(),
        10 + 16,
        "nothing is counted twice"
    );
    assert_eq!(charge.cost, Some(price_at("anthropic", MODEL, &call.billed)));
    assert_eq!(charge.cost.map(|c| c.to_string()).as_deref(), Some("0.00026685"));
    assert_eq!(answer.header("x-reeve-cost"), "0.00026685");
    assert_eq!((charge.provider.as_str(), charge.operation.as_str()), ("anthropic", "chat"));
    assert_eq!((charge.outcome.as_str(), charge.unpriced_reason), ("success", None));
}

#[tokio::test]
async fn a_streamed_answer_is_passed_on_and_charged_exactly() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;

    let answer = send(&app, &acme, &streamed()).await;

    assert!(answer.header("content-type").starts_with("text/event-stream"), "{}", answer.body);
    let events = answer.events();
    assert_eq!(events.len(), 3 + 11 + 3);
    assert_eq!(events.last().expect("an event")["type"], "message_stop");
    let charge = app.charge().await;
    assert_eq!(charge.usage, app.provider.calls()[0].billed);
    assert_eq!(charge.cost.map(|c| c.to_string()).as_deref(), Some("0.00026685"));
    assert_eq!((charge.outcome.as_str(), charge.stream, charge.unpriced_reason), ("success", true, None));
}

#[tokio::test]
async fn a_cut_stream_is_charged_for_what_came_and_ends_with_an_error() {
    tokens::warm_up();
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::Cut(8));

    let answer = send(&app, &acme, &streamed()).await;

    assert!(answer.body.contains("event: error\ndata: {"), "{}", answer.body);
    let last = answer.events().pop().expect("an event");
    assert_eq!((last["type"].as_str(), last["error"]["type"].as_str()), (Some("error"), Some("api_error")));
    let charge = app.charge().await;
    assert_eq!((charge.outcome.as_str(), charge.unpriced_reason.as_deref()), ("failure", Some("estimated")));
    let billed = app.provider.calls().remove(0).billed;
    // What went in was said at the start; five words had come.
    for unit in [Unit::Input, Unit::CacheRead, Unit::CacheWrite] {
        assert_eq!(charge.usage.get(unit), billed.get(unit), "{unit:?}");
    }
    assert!((5..=20).contains(&charge.usage.output_tokens()), "{:?}", charge.usage);
}

#[tokio::test]
async fn a_client_that_leaves_stops_the_provider_and_pays_for_what_came() {
    tokens::warm_up();
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::Slow(Duration::from_millis(30)));
    let mut long = streamed();
    (long["max_tokens"], long["messages"][0]["content"]) = (500.into(), "tokens=400".into());

    let sent = app.native(PATH, ("x-api-key", &acme.key), &long);
    let mut response = sent.send().await.expect("an answer");
    for _ in 0..6 {
        response.chunk().await.expect("a piece");
    }
    drop(response);

    let charge = app.charge().await;
    assert_eq!(
        (charge.outcome.as_str(), charge.unpriced_reason.as_deref()),
        ("cancelled", Some("estimated"))
    );
    assert!((1..100).contains(&charge.usage.output_tokens()), "{:?}", charge.usage);
    eventually("the provider is left", || async { (app.provider.open_calls() == 0).then_some(()) }).await;
}

#[tokio::test]
async fn what_the_provider_refuses_is_told_in_its_words_and_costs_nothing() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::Limited(7)).next(Fault::Status(529));

    let limited = send(&app, &acme, &hello()).await;
    assert_eq!((limited.status.as_u16(), limited.header("retry-after")), (429, "7"));
    assert_eq!(limited.json()["error"]["type"], "rate_limit_error");
    let overloaded = send(&app, &acme, &hello()).await;
    assert_eq!(overloaded.status.as_u16(), 529);
    assert_eq!(overloaded.json()["error"]["type"], "overloaded_error");
    for charge in app.charges(2).await {
        assert_eq!(
            (charge.outcome.as_str(), charge.cost.map(|c| c.to_string()).as_deref()),
            ("failure", Some("0.00"))
        );
    }
}

#[tokio::test]
async fn a_provider_key_that_is_refused_is_nobody_elses_business() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.revoke_key(reeve_tests::provider::KEY);

    let answer = send(&app, &acme, &hello()).await;

    let message = assert_refused(&answer, 502, "api_error");
    assert!(message.contains("Your key is fine") && !answer.body.contains("sk-scripted"), "{message}");
}

#[tokio::test]
async fn usage_that_is_missing_or_impossible_is_charged_at_the_worst_case() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::MissingUsage).next(Fault::ContradictoryUsage).next(Fault::MalformedJson);
    for _ in 0..3 {
        assert_eq!(send(&app, &acme, &hello()).await.status, 200);
    }
    let least = price_at("anthropic", MODEL, &reeve_core::usage::Usage::tokens(0, 60));
    for charge in app.charges(3).await {
        assert_eq!(
            (charge.pricing.as_str(), charge.unpriced_reason.as_deref()),
            ("ceiling", Some("missing_usage"))
        );
        assert!(charge.cost.is_some_and(|cost| cost >= least), "{charge:?}");
    }
}

#[tokio::test]
async fn refusals_are_in_anthropics_shape() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;

    let wrong = app.call_native(PATH, ("x-api-key", "rvk_wrong"), &hello()).await;
    assert_refused(&wrong, 401, "authentication_error");
    let mut unknown = hello();
    unknown["model"] = "claude-of-nobody".into();
    assert_refused(&send(&app, &acme, &unknown).await, 404, "not_found_error");
    let mut malformed = hello();
    malformed["max_tokens"] = "many".into();
    let message = assert_refused(&send(&app, &acme, &malformed).await, 400, "invalid_request_error");
    assert!(message.contains("max_tokens"), "{message}");
    let mut fast = hello();
    fast["speed"] = "fast".into();
    let message = assert_refused(&send(&app, &acme, &fast).await, 400, "invalid_request_error");
    assert!(message.contains("cannot be priced"), "{message}");
    app.assert_untouched(&acme).await;
}

#[tokio::test]
async fn a_budget_that_is_used_up_refuses() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;
    app.budget(Some(acme.id), reeve_core::period::PeriodKind::Day, "0.0005").await;

    let answer = send(&app, &acme, &hello()).await;

    let message = assert_refused(&answer, 402, "billing_error");
    assert!(message.contains("daily budget"), "{message}");
    app.assert_untouched(&acme).await;
}

#[tokio::test]
async fn counting_tokens_is_free_and_recorded() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;
    let mut ask = hello();
    ask.as_object_mut().expect("an object").remove("max_tokens");

    let path = "/anthropic/v1/messages/count_tokens";
    let answer = app.call_native(path, ("x-api-key", &acme.key), &ask).await;

    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"input_tokens": 10})));
    let charge = app.charge().await;
    assert_eq!(
        (charge.operation.as_str(), charge.cost.map(|c| c.to_string()).as_deref()),
        ("count_tokens", Some("0.00"))
    );
    assert!(charge.usage.is_empty() && charge.unpriced_reason.is_none());
}

#[tokio::test]
async fn the_short_path_and_a_bearer_do_as_well() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;
    let sent =
        app.post("/v1/messages", &acme.key, hello().to_string()).header("anthropic-version", "2023-01-01");
    let answer =
        Answer::of(sent.header("anthropic-beta", "context-1m-2025-08-07").send().await.expect("an answer"))
            .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let call = app.provider.calls().remove(0);
    assert_eq!(call.headers["anthropic-version"], "2023-01-01", "the client's own");
    assert_eq!(call.headers["anthropic-beta"], "context-1m-2025-08-07");
}
