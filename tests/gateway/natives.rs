//! What all shapes have in common: a call goes to a key of its own provider, whichever keys there are.

use reeve_tests::app::TestApp;
use serde_json::json;

#[tokio::test]
async fn each_shape_finds_a_key_of_its_own_provider() {
    // The OpenAI key was there first and serves all models.
    let app = TestApp::start().await;
    app.native_credentials().await;
    let acme = app.tenant("Acme").make().await;
    let messages = json!([{"role": "user", "content": "hi"}]);
    let message = json!({"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": messages});
    let content =
        json!({"contents": [{"parts": [{"text": "hi"}]}], "generationConfig": {"maxOutputTokens": 9}});
    let converse = json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]});
    for (path, body) in [
        ("/anthropic/v1/messages", &message),
        ("/google/v1beta/models/gemini-2.5-flash:generateContent", &content),
        ("/bedrock/model/amazon.nova-lite-v1%3A0/converse", &converse),
    ] {
        let answer = app.call_native(path, ("authorization", &format!("Bearer {}", acme.key)), body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
    let providers: Vec<_> = app.charges(3).await.into_iter().map(|c| c.provider).collect();
    assert_eq!(providers, ["anthropic", "google", "aws-bedrock"]);
}

#[tokio::test]
async fn a_shape_without_a_key_of_its_provider_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let message = json!({"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": []});
    let answer = app.call_native("/anthropic/v1/messages", ("x-api-key", &acme.key), &message).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["error"]["type"].as_str()),
        (404, Some("not_found_error"))
    );
    app.assert_untouched(&acme).await;
}

#[tokio::test]
async fn openais_shape_still_reaches_the_other_providers() {
    let app =
        TestApp::start_with(reeve_tests::app::Options { no_credential: true, ..Default::default() }).await;
    app.credential("anthropic", &app.provider.anthropic_url(), app.provider.key(), &[]).await;
    let acme = app.tenant("Acme").make().await;
    let answer = app.chat(&acme, &crate::hello("claude-sonnet-4-5")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let call = app.provider.calls().remove(0);
    assert_eq!(call.path, "/v1/chat/completions");
    assert_eq!(app.charge().await.provider, "anthropic");
}

#[tokio::test]
async fn a_key_of_each_provider_can_be_tried() {
    let app = TestApp::start_native().await;
    let cx = reeve_engine::Cx::system();
    for credential in app.engine.credentials(&cx, None, 10).await.unwrap().0 {
        let probed = app.engine.probe_credential(&cx, credential.id).await.unwrap();
        assert!(probed.ok && probed.models > Some(0), "{}: {probed:?}", credential.provider);
    }
    app.provider.revoke_key(reeve_tests::app::AWS_KEY);
    app.provider.revoke_key(app.provider.key());
    for credential in app.engine.credentials(&cx, None, 10).await.unwrap().0 {
        let probed = app.engine.probe_credential(&cx, credential.id).await.unwrap();
        assert_eq!((probed.ok, probed.message.as_str()), (false, "The provider refuses the key."));
    }
}
