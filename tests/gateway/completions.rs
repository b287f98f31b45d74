//! The older completions.

use reeve_engine::Cx;
use reeve_providers::tokens;
use reeve_tests::app::{TestApp, price_of};
use reeve_tests::provider::Fault;
use serde_json::{Value, json};

const PATH: &str = "/v1/completions";
const MODEL: &str = "gpt-3.5-turbo-instruct";

fn ask(stream: bool) -> Value {
    json!({"model": MODEL, "prompt": "say hello to the world", "max_tokens": 12, "stream": stream})
}

#[tokio::test]
async fn whole_and_streamed_completions_are_charged_exactly() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let whole = app.call(&acme, PATH, &ask(false)).await;
    assert_eq!(whole.status, 200, "{}", whole.body);
    assert_eq!(whole.json()["choices"][0]["text"], ["word"; 12].join(" "));
    let streamed = app.call(&acme, PATH, &ask(true)).await;
    let events = streamed.events();
    assert_eq!(events.last(), Some(&Value::from("[DONE]")));
    assert!(events.iter().all(|e| e.get("usage").is_none()), "nobody asked for usage");
    for (charge, call) in app.charges(2).await.iter().zip(app.provider.calls()) {
        assert_eq!((charge.operation.as_str(), &charge.usage), ("completions", &call.billed));
        assert_eq!(charge.cost, Some(price_of(MODEL, &call.billed)));
        assert_eq!(call.path, PATH);
    }
}

#[tokio::test]
async fn a_cap_nobody_set_is_the_one_the_api_documents() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let answer =
        app.call(&acme, PATH, &json!({"model": MODEL, "prompt": ["one", "two"], "n": 2, "best_of": 3})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let sent: Value = serde_json::from_slice(&app.provider.calls()[0].body).unwrap();
    assert_eq!(sent["max_tokens"], 16);
    let counters = app.engine.quota(&Cx::system(), acme.id).await.unwrap().counters;
    assert_eq!(counters.concurrent, 0);
}

#[tokio::test]
async fn a_cut_stream_is_charged_for_what_came() {
    tokens::warm_up();
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::Cut(5));
    let answer = app.call(&acme, PATH, &ask(true)).await;
    assert_eq!(answer.events().last().unwrap()["error"]["code"], "provider_stream_cut");
    let (charge, billed) = (app.charge().await, app.provider.calls().remove(0).billed);
    assert_eq!(charge.unpriced_reason.as_deref(), Some("estimated"));
    assert!(
        charge.usage.output_tokens() >= billed.output_tokens() && charge.usage.output_tokens() <= 8,
        "{:?}",
        charge.usage
    );
}

#[tokio::test]
async fn a_cut_stream_that_counted_zeros_so_far_is_charged_for_what_came() {
    tokens::warm_up();
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let ask =
        json!({"model": MODEL, "prompt": "count zeros until the end", "max_tokens": 12, "stream": true});
    let whole = app.call(&acme, PATH, &ask).await;
    assert_eq!(whole.events().last(), Some(&Value::from("[DONE]")));
    app.provider.next(Fault::Cut(5));
    let cut = app.call(&acme, PATH, &ask).await;
    assert_eq!(cut.events().last().unwrap()["error"]["code"], "provider_stream_cut");

    let (charges, calls) = (app.charges(2).await, app.provider.calls());
    assert_eq!((&charges[0].usage, charges[0].unpriced_reason.as_deref()), (&calls[0].billed, None));
    assert_eq!(
        (charges[1].outcome.as_str(), charges[1].unpriced_reason.as_deref()),
        ("failure", Some("estimated"))
    );
    assert!(charges[1].usage.output_tokens() >= calls[1].billed.output_tokens(), "{:?}", charges[1].usage);
}
