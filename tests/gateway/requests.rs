//! Requests that are not understood, not priced, or not for here.

use crate::hello;
use reeve_tests::app::{Answer, TestApp, TestTenant};
use serde_json::json;

async fn post(app: &TestApp, tenant: &TestTenant, body: impl Into<reqwest::Body>) -> Answer {
    Answer::of(app.post("/v1/chat/completions", &tenant.key, body).send().await.unwrap()).await
}

#[tokio::test]
async fn malformed_bodies_are_told_what_is_wrong() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let messages = json!([{"role": "user", "content": "hi"}]);
    let cases = [
        ("{\"model\":".to_owned(), None),
        (String::new(), None),
        ("[]".to_owned(), None),
        (json!({"messages": messages}).to_string(), Some("model")),
        (json!({"model": "", "messages": messages}).to_string(), Some("model")),
        (json!({"model": 7, "messages": messages}).to_string(), Some("model")),
        (json!({"model": "m".repeat(500), "messages": messages}).to_string(), Some("model")),
        (json!({"model": "gpt-4o-mini"}).to_string(), Some("messages")),
        (json!({"model": "gpt-4o-mini", "messages": "hi"}).to_string(), Some("messages")),
        (json!({"model": "gpt-4o-mini", "messages": messages, "stream": "yes"}).to_string(), Some("stream")),
        (
            json!({"model": "gpt-4o-mini", "messages": messages, "max_tokens": -1}).to_string(),
            Some("max_tokens"),
        ),
        (
            json!({"model": "gpt-4o-mini", "messages": messages, "max_tokens": 1.5}).to_string(),
            Some("max_tokens"),
        ),
        (
            json!({"model": "gpt-4o-mini", "messages": messages, "max_tokens": u64::MAX}).to_string(),
            Some("max_tokens"),
        ),
        (json!({"model": "gpt-4o-mini", "messages": messages, "n": 0}).to_string(), Some("n")),
        (
            json!({"model": "gpt-4o-mini", "messages": messages, "stream_options": 1}).to_string(),
            Some("stream_options"),
        ),
        (
            format!("{{\"model\":\"gpt-4o-mini\",\"model\":\"gpt-4o\",\"messages\":{messages}}}"),
            Some("model"),
        ),
        (
            format!("{{\"model\":\"gpt-4o-mini\",\"Max_Tokens\":5,\"messages\":{messages}}}"),
            Some("max_tokens"),
        ),
    ];
    for (body, param) in &cases {
        let answer = post(&app, &acme, body.clone()).await;
        answer.assert_error(400, "invalid_request_error", "invalid_request");
        assert_eq!(answer.json()["error"]["param"].as_str(), *param, "{body}");
    }
    // The clock stands still: of one kind in one second, ten are written each and the rest are gathered.
    let entries = app.entries_once("request.refuse", 10).await;
    assert!(entries.iter().all(|e| e.outcome == "denied"));
    app.assert_untouched(&acme).await;
}

#[tokio::test]
async fn a_cap_beyond_the_plan_is_refused_not_sent() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let mut request = hello("gpt-4o-mini");
    request["max_tokens"] = 10_000_000.into();
    let answer = app.chat(&acme, &request).await;
    answer.assert_error(429, "insufficient_quota", "quota_exceeded");
    app.assert_untouched(&acme).await;
}

#[tokio::test]
async fn an_unknown_model_is_not_found() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;

    let answer = app.chat(&acme, &hello("gpt-4o-minni")).await;

    let message = answer.assert_error(404, "invalid_request_error", "model_not_found");
    assert!(message.contains("gpt-4o-minni"), "{message}");
    assert_eq!(answer.json()["error"]["param"], "model");
    let entry = app.entry("model.refuse").await;
    assert_eq!(entry.outcome, "denied");
    app.assert_untouched(&acme).await;
}

#[tokio::test]
async fn without_a_provider_key_no_model_is_found() {
    let options = reeve_tests::app::Options { no_credential: true, ..Default::default() };
    let app = TestApp::start_with(options).await;
    let acme = app.tenant("Acme").make().await;
    app.chat(&acme, &hello("gpt-4o-mini")).await.assert_error(
        404,
        "invalid_request_error",
        "model_not_found",
    );
    app.assert_untouched(&acme).await;
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let announced = post(&app, &acme, vec![b' '; 32 * 1024 * 1024 + 1]).await;
    announced.assert_error(413, "invalid_request_error", "request_too_large");

    let pieces = (0..33).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024 * 1024]));
    let unannounced = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    // The connection may break while the rest is still on its way.
    if let Ok(response) = app.post("/v1/chat/completions", &acme.key, unannounced).send().await {
        Answer::of(response).await.assert_error(413, "invalid_request_error", "request_too_large");
    }
    app.entries_once("request.refuse", 2).await;
    app.assert_untouched(&acme).await;
}

#[tokio::test]
async fn a_long_prompt_goes_through() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    // A picture of three megabytes, in chunks of its own.
    let picture = format!("data:image/png;base64,{}", "QUJD".repeat(750_000));
    let content = json!([{"type": "text", "text": "what is this"}, {"type": "image_url", "image_url": {"url": picture}}]);
    let request =
        json!({"model": "gpt-4o", "messages": [{"role": "user", "content": content}], "max_tokens": 20});

    let answer = app.chat(&acme, &request).await;

    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(app.provider.calls()[0].body.len(), request.to_string().len());
    assert_eq!(app.charge().await.usage, app.provider.calls()[0].billed);
}

#[tokio::test]
async fn other_paths_and_methods_are_not_served() {
    let app = TestApp::start().await;
    for path in [
        "/",
        "/v1",
        "/v1/completions/x",
        "/azure/openai/deployments/a/images/variations",
        "/v1/files",
        "/api/v1/tenants",
        "/api/v1/setup",
        "/health/live",
        "/v1/chat/completions/x",
    ] {
        let answer = Answer::of(app.client.get(app.url(path)).send().await.unwrap()).await;
        answer.assert_error(404, "invalid_request_error", "unknown_url");
    }
    let answer = Answer::of(app.client.get(app.url("/v1/chat/completions")).send().await.unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"));
    assert_eq!(answer.json()["error"]["code"], "method_not_allowed");
    let health = Answer::of(app.client.get(app.url("/health")).send().await.unwrap()).await;
    assert_eq!((health.status.as_u16(), health.json()), (200, json!({"status": "ok"})));
}
