//! What reaches the provider: the client's own bytes, the provider's key, and nothing of the client's that is not its business.

use crate::hello;
use reeve_tests::app::TestApp;
use serde_json::{Value, json};

#[tokio::test]
async fn a_body_is_forwarded_byte_for_byte() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let odd = r#"{ "messages":[{"role":"user","content":"a\u0041 \n é"}],"max_tokens" : 7, "model":"gpt-4o-mini","x_unknown":1.50e2 }"#;

    let answer = app.post("/v1/chat/completions", &acme.key, odd).send().await.unwrap();

    assert_eq!(answer.status(), 200);
    assert_eq!(app.provider.calls()[0].body, odd);
}

#[tokio::test]
async fn a_cap_goes_along_where_the_client_has_none() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let request = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]});

    assert_eq!(app.chat(&acme, &request).await.status, 200);

    let sent: Value = serde_json::from_slice(&app.provider.calls()[0].body).unwrap();
    assert_eq!(sent["max_completion_tokens"], 16_384, "the most this model writes");
    assert_eq!(sent["messages"], request["messages"]);
}

#[tokio::test]
async fn a_small_plan_caps_lower() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").tier(reeve_core::tenant::Tier::Free).make().await;
    let request = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], "n": 2});

    assert_eq!(app.chat(&acme, &request).await.status, 200);

    let sent: Value = serde_json::from_slice(&app.provider.calls()[0].body).unwrap();
    let cap = sent["max_completion_tokens"].as_u64().unwrap();
    assert!(
        (1_900..=2_048).contains(&cap),
        "two answers share what 4,096 tokens leave beside the prompt: {cap}"
    );
}

#[tokio::test]
async fn headers_that_are_not_the_providers_business_stay_here() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let request = app
        .post("/v1/chat/completions", &acme.key, hello("gpt-4o-mini").to_string())
        .header("x-api-key", "other-secret")
        .header("cookie", "session=1")
        .header("x-reeve-user", "zoe")
        .header("x-reeve-tags", "team=blue")
        .header("x-forwarded-for", "10.1.2.3")
        .header("openai-organization", "org-client")
        .header("idempotency-key", "once");

    assert_eq!(request.send().await.unwrap().status(), 200);

    let call = app.provider.calls().remove(0);
    let said = format!("{:?}", call.headers);
    assert_eq!(call.headers["authorization"], format!("Bearer {}", app.provider.key()));
    assert_eq!(call.headers["idempotency-key"], "once");
    for name in
        ["x-api-key", "cookie", "x-reeve-user", "x-reeve-tags", "x-forwarded-for", "openai-organization"]
    {
        assert!(!call.headers.contains_key(name), "{name} must stay here");
    }
    assert!(!said.contains(&acme.key), "the caller's key must stay here");
}

#[tokio::test]
async fn each_model_goes_to_the_key_that_names_it() {
    let app = TestApp::start().await;
    let other = reeve_tests::provider::ScriptedProvider::start().await.unwrap();
    app.credential("openai", &other.base_url(), other.key(), &["gpt-4o"]).await;
    let acme = app.tenant("Acme").make().await;

    assert_eq!(app.chat(&acme, &hello("gpt-4o")).await.status, 200);
    assert_eq!(app.chat(&acme, &hello("gpt-4o-mini")).await.status, 200);

    let models =
        |calls: Vec<reeve_tests::provider::Call>| calls.into_iter().map(|c| c.model).collect::<Vec<_>>();
    assert_eq!(
        (models(other.calls()), models(app.provider.calls())),
        (vec!["gpt-4o".to_owned()], vec!["gpt-4o-mini".to_owned()])
    );
}
