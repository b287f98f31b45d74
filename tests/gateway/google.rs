//! Google's `generateContent` through the gateway.

use reeve_core::usage::Unit;
use reeve_providers::tokens;
use reeve_tests::app::{Answer, TestApp, TestTenant, price_at};
use reeve_tests::provider::Fault;
use serde_json::{Value, json};

const MODEL: &str = "gemini-2.5-flash";

fn path(method: &str) -> String {
    format!("/google/v1beta/models/{MODEL}:{method}")
}

fn hello() -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": "say hello cached=2 reasoning=5"}]}],
        "generationConfig": {"maxOutputTokens": 60}})
}

async fn send(app: &TestApp, tenant: &TestTenant, method: &str, body: &Value) -> Answer {
    app.call_native(&path(method), ("x-goog-api-key", &tenant.key), body).await
}

/// Asserts that an answer is an error in Google's shape, and gives its message.
#[track_caller]
fn assert_refused(answer: &Answer, status: u16, word: &str) -> String {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
    let error = &answer.json()["error"];
    assert_eq!(
        (error["code"].as_u64(), error["status"].as_str()),
        (Some(status.into()), Some(word)),
        "{error}"
    );
    error["message"].as_str().expect("a message").to_owned()
}

#[tokio::test]
async fn a_whole_answer_is_charged_exactly() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;

    let answer = send(&app, &acme, "generateContent", &hello()).await;

    assert_eq!(answer.status, 200, "{}", answer.body);
    let (call, charge) = (app.provider.calls().remove(0), app.charge().await);
    assert_eq!(call.path, "/v1beta/models/gemini-2.5-flash:generateContent");
    assert_eq!(call.headers["x-goog-api-key"], reeve_tests::provider::KEY);
    assert_eq!(call.body, hello().to_string(), "byte for byte");
    assert_eq!(charge.usage, call.billed);
    assert_eq!((charge.usage.get(Unit::CacheRead), charge.usage.get(Unit::Reasoning)), (2, 5));
    // Five fresh at $0.30, two cached at $0.03, sixteen out at $2.50 a million.
    assert_eq!(charge.cost.map(|c| c.to_string()).as_deref(), Some("0.00004156"));
    assert_eq!((charge.provider.as_str(), charge.model.as_str()), ("google", MODEL));
}

#[tokio::test]
async fn a_streamed_answer_is_passed_on_and_charged_exactly() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;
    let mut two = hello();
    two["generationConfig"]["candidateCount"] = 2.into();

    let answer = send(&app, &acme, "streamGenerateContent?alt=sse", &two).await;

    assert!(answer.header("content-type").starts_with("text/event-stream"), "{}", answer.body);
    assert_eq!(answer.events().len(), 2 * 11 + 1);
    let charge = app.charge().await;
    assert_eq!(charge.usage, app.provider.calls()[0].billed);
    assert_eq!(charge.usage.output_tokens(), 2 * 16);
    assert_eq!((charge.outcome.as_str(), charge.stream, charge.unpriced_reason), ("success", true, None));
}

#[tokio::test]
async fn a_cut_stream_is_charged_for_what_was_counted() {
    tokens::warm_up();
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::Cut(8));

    let answer = send(&app, &acme, "streamGenerateContent?alt=sse", &hello()).await;

    let last = answer.events().pop().expect("an event");
    assert_eq!(last["error"]["status"], "UNAVAILABLE", "{}", answer.body);
    let charge = app.charge().await;
    assert_eq!((charge.outcome.as_str(), charge.unpriced_reason.as_deref()), ("failure", Some("estimated")));
    let billed = app.provider.calls().remove(0).billed;
    assert_eq!(charge.usage.input_tokens(), billed.input_tokens(), "every event says it");
    assert_eq!(charge.usage.get(Unit::Reasoning), 5);
    assert!(charge.usage.output_tokens() >= billed.output_tokens(), "{:?} of {billed:?}", charge.usage);
}

#[tokio::test]
async fn an_answer_without_a_cap_gets_one() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;
    let mut open = hello();
    open["generationConfig"] = json!({"temperature": 0.5});

    assert_eq!(send(&app, &acme, "generateContent", &open).await.status, 200);

    let sent: Value = serde_json::from_slice(&app.provider.calls()[0].body).expect("JSON");
    assert_eq!(sent["generationConfig"]["maxOutputTokens"], 65_536);
    assert_eq!(sent["generationConfig"]["temperature"], 0.5);
}

#[tokio::test]
async fn refusals_are_in_googles_shape() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;

    let wrong = app.call_native(&path("generateContent"), ("x-goog-api-key", "rvk_wrong"), &hello()).await;
    assert_refused(&wrong, 401, "UNAUTHENTICATED");
    let unknown = "/google/v1beta/models/gemini-of-nobody:generateContent";
    let unknown = app.call_native(unknown, ("x-goog-api-key", &acme.key), &hello()).await;
    assert_refused(&unknown, 404, "NOT_FOUND");
    let array = send(&app, &acme, "streamGenerateContent", &hello()).await;
    assert!(assert_refused(&array, 400, "INVALID_ARGUMENT").contains("alt=sse"));
    let mut both = hello();
    both["generation_config"] = json!({"maxOutputTokens": 100_000});
    assert_refused(&send(&app, &acme, "generateContent", &both).await, 400, "INVALID_ARGUMENT");
    assert_refused(&send(&app, &acme, "predict", &hello()).await, 404, "NOT_FOUND");
    app.budget(Some(acme.id), reeve_core::period::PeriodKind::Day, "0.00001").await;
    assert_refused(&send(&app, &acme, "generateContent", &hello()).await, 402, "FAILED_PRECONDITION");
    app.assert_untouched(&acme).await;
}

#[tokio::test]
async fn the_key_may_stand_in_the_address_and_goes_no_further() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;
    let path = format!("{}?key={}", path("generateContent"), acme.key);
    let sent = app.client.post(app.url(&path)).body(hello().to_string()).send().await.expect("an answer");
    assert_eq!(sent.status(), 200);
    let call = app.provider.calls().remove(0);
    assert!(!format!("{call:?}").contains(&acme.key));
    let wrong = format!("{}?key={}", self::path("generateContent"), "rvk_aaaaaaaaaaaa_secretsecret");
    let refused =
        Answer::of(app.client.post(app.url(&wrong)).body("{}").send().await.expect("an answer")).await;
    assert!(!refused.body.contains("secretsecret"));
    let entry = app.entry("auth.failed").await;
    assert!(!format!("{entry:?}").contains("secretsecret"), "the trail keeps the public part alone");
}

#[tokio::test]
async fn counting_is_free_and_embeddings_are_charged() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;
    let counted = send(&app, &acme, "countTokens", &json!({"contents": hello()["contents"]})).await;
    assert_eq!(counted.json(), json!({"totalTokens": 7}));
    let embed = json!({"content": {"parts": [{"text": "one two three"}]}});
    let path = "/google/v1beta/models/gemini-embedding-001:embedContent";
    let answer = app.call_native(path, ("x-goog-api-key", &acme.key), &embed).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let charges = app.charges(2).await;
    assert_eq!(
        (charges[0].operation.as_str(), charges[0].cost.map(|c| c.to_string()).as_deref()),
        ("count_tokens", Some("0.00"))
    );
    assert_eq!(charges[1].operation, "embeddings");
    assert_eq!(charges[1].cost, Some(price_at("google", "gemini-embedding-001", &charges[1].usage)));
    assert_eq!(charges[1].usage.input_tokens(), 3);
}
