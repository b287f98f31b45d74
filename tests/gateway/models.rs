//! `GET /v1/models`.

use reeve_tests::app::{Options, TestApp};
use serde_json::Value;

fn ids(list: &Value) -> Vec<&str> {
    assert_eq!(list["object"], "list");
    let models = list["data"].as_array().unwrap();
    for model in models {
        assert_eq!(model["object"], "model");
        assert!(model["created"].is_i64() && model["owned_by"].is_string(), "{model}");
    }
    models.iter().map(|m| m["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_is_served_is_listed() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let answer = app.models(&acme.key).await;
    let list = answer.json();
    let ids = ids(&list);
    assert!(ids.contains(&"gpt-4o-mini") && ids.contains(&"text-embedding-3-small"));
    assert!(!ids.iter().any(|id| id.contains("claude")), "another provider's");
    assert!(answer.header("x-reeve-request-id").starts_with("req_"));
    assert!(app.provider.calls().is_empty());
}

#[tokio::test]
async fn a_key_for_some_models_lists_those() {
    let app = TestApp::start_with(Options { no_credential: true, ..Options::default() }).await;
    app.credential("openai", &app.provider.base_url(), app.provider.key(), &["gpt-4o", "ft:gpt-4o:acme"])
        .await;
    let acme = app.tenant("Acme").make().await;
    assert_eq!(ids(&app.models(&acme.key).await.json()), ["ft:gpt-4o:acme", "gpt-4o"]);
}

#[tokio::test]
async fn strangers_see_no_list() {
    let app = TestApp::start().await;
    app.models("rvk_nobody000000_x").await.assert_error(401, "invalid_request_error", "invalid_api_key");
}
