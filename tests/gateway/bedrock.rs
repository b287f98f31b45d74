//! AWS Bedrock's Converse through the gateway.

use reeve_core::usage::Unit;
use reeve_providers::bedrock::frames::{Frame, Splitter};
use reeve_providers::tokens;
use reeve_tests::app::{AWS_KEY, Answer, TestApp, TestTenant, price_at};
use reeve_tests::provider::{Fault, KEY};
use serde_json::{Value, json};

const MODEL: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";

fn path(method: &str) -> String {
    format!("/bedrock/model/{}/{method}", MODEL.replace(':', "%3A"))
}

fn hello() -> Value {
    json!({"system": [{"text": "be brief"}], "inferenceConfig": {"maxTokens": 60},
        "messages": [{"role": "user", "content": [{"text": "say hello cached=2 written=3"}]}]})
}

async fn send(app: &TestApp, tenant: &TestTenant, method: &str, body: &Value) -> Answer {
    app.call_native(&path(method), ("authorization", &format!("Bearer {}", tenant.key)), body).await
}

async fn frames(app: &TestApp, tenant: &TestTenant) -> Vec<Frame> {
    let key = format!("Bearer {}", tenant.key);
    let sent = app.native(&path("converse-stream"), ("authorization", &key), &hello()).send().await;
    let response = sent.expect("an answer");
    assert_eq!(response.headers()["content-type"], "application/vnd.amazon.eventstream");
    let mut splitter = Splitter::default();
    splitter.push(&response.bytes().await.expect("a whole body"));
    let mut frames = Vec::new();
    while let Some(frame) = splitter.next() {
        frames.push(frame.expect("a frame"));
    }
    assert!(splitter.is_whole());
    frames
}

/// Asserts that an answer is an error in AWS's shape, and gives its message.
#[track_caller]
fn assert_refused(answer: &Answer, status: u16, kind: &str) -> String {
    assert_eq!(
        (answer.status.as_u16(), answer.header("x-amzn-errortype")),
        (status, kind),
        "{}",
        answer.body
    );
    answer.json()["message"].as_str().expect("a message").to_owned()
}

#[tokio::test]
async fn a_whole_answer_is_signed_for_and_charged_exactly() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;

    let answer = send(&app, &acme, "converse", &hello()).await;

    // The scripted provider takes a call only with the right signature over path and body.
    assert_eq!(answer.status, 200, "{}", answer.body);
    let (call, charge) = (app.provider.calls().remove(0), app.charge().await);
    assert_eq!(call.path, format!("/model/{}/converse", MODEL.replace(':', "%3A")));
    let signed = call.headers["authorization"].to_str().expect("a text");
    assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIASCRIPTED/"), "{signed}");
    assert_eq!(charge.usage, call.billed);
    assert_eq!((charge.usage.get(Unit::CacheRead), charge.usage.get(Unit::CacheWrite)), (2, 3));
    assert_eq!(charge.cost, Some(price_at("aws-bedrock", MODEL, &call.billed)));
    assert_eq!((charge.provider.as_str(), charge.model.as_str()), ("aws-bedrock", MODEL));
    assert_eq!((charge.outcome.as_str(), charge.unpriced_reason), ("success", None));
}

#[tokio::test]
async fn a_streamed_answer_is_passed_on_frame_by_frame() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;

    let frames = frames(&app, &acme).await;

    assert_eq!(frames.len(), 1 + 16 + 3);
    assert_eq!(frames.last().expect("a frame").kind, "metadata");
    let charge = app.charge().await;
    assert_eq!(charge.usage, app.provider.calls()[0].billed);
    assert_eq!((charge.outcome.as_str(), charge.stream, charge.unpriced_reason), ("success", true, None));
}

#[tokio::test]
async fn a_cut_stream_ends_with_an_exception() {
    tokens::warm_up();
    for fault in [Fault::Cut(6), Fault::MalformedJson] {
        let app = TestApp::start_native().await;
        let acme = app.tenant("Acme").make().await;
        app.provider.next(fault);

        let frames = frames(&app, &acme).await;

        let last = frames.last().expect("a frame");
        assert_eq!((last.is_exception, last.kind.as_str()), (true, "modelStreamErrorException"));
        let charge = app.charge().await;
        assert_eq!(
            (charge.outcome.as_str(), charge.unpriced_reason.as_deref()),
            ("failure", Some("estimated"))
        );
        assert!(charge.usage.input_tokens() >= 10 && charge.usage.output_tokens() >= 2, "{:?}", charge.usage);
    }
}

#[tokio::test]
async fn refusals_are_in_awss_shape() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;

    let wrong = app.call_native(&path("converse"), ("authorization", "Bearer rvk_wrong"), &hello()).await;
    assert_refused(&wrong, 403, "AccessDeniedException");
    let signed =
        "AWS4-HMAC-SHA256 Credential=AKIASCRIPTED/20261121/us-east-1/bedrock/aws4_request, Signature=00";
    let signed = app.call_native(&path("converse"), ("authorization", signed), &hello()).await;
    let message = assert_refused(&signed, 403, "AccessDeniedException");
    assert!(message.contains("AWS_BEARER_TOKEN_BEDROCK"), "{message}");
    let unknown = "/bedrock/model/nobody.nothing-v1%3A0/converse";
    let key = format!("Bearer {}", acme.key);
    let unknown = app.call_native(unknown, ("authorization", &key), &hello()).await;
    assert_refused(&unknown, 404, "ResourceNotFoundException");
    let mut malformed = hello();
    malformed["inferenceConfig"]["maxTokens"] = "many".into();
    let message =
        assert_refused(&send(&app, &acme, "converse", &malformed).await, 400, "ValidationException");
    assert!(message.contains("maxTokens"), "{message}");
    app.budget(Some(acme.id), reeve_core::period::PeriodKind::Day, "0.00001").await;
    let poor = send(&app, &acme, "converse", &hello()).await;
    assert_refused(&poor, 402, "ServiceQuotaExceededException");
    app.assert_untouched(&acme).await;
}

#[tokio::test]
async fn a_limit_of_the_providers_is_told_in_its_words() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::Limited(3));
    let answer = send(&app, &acme, "converse", &hello()).await;
    assert_refused(&answer, 429, "ThrottlingException");
    assert_eq!(app.charge().await.cost.map(|c| c.to_string()).as_deref(), Some("0.00"));
}

#[tokio::test]
async fn a_provider_key_that_is_refused_is_nobody_elses_business() {
    let app = TestApp::start_native().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.revoke_key(AWS_KEY);
    let answer = send(&app, &acme, "converse", &hello()).await;
    // AWS's clients would try a 502 again.
    let message = assert_refused(&answer, 424, "ModelErrorException");
    assert!(message.contains("Your key is fine"), "{message}");
}

#[tokio::test]
async fn a_bedrock_api_key_goes_along_as_a_bearer() {
    let app =
        TestApp::start_with(reeve_tests::app::Options { no_credential: true, ..Default::default() }).await;
    app.credential("aws-bedrock", &app.provider.bedrock_url(), KEY, &[]).await;
    let acme = app.tenant("Acme").make().await;
    let answer = send(&app, &acme, "converse", &hello()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(app.provider.calls()[0].headers["authorization"], format!("Bearer {KEY}"));
}
