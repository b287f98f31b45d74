//! Azure: its addresses and key header on the way in, and on the way out.

use crate::hello;
use reeve_tests::app::{Answer, Options, TestApp};
use serde_json::{Value, json};

/// An app whose only key is one of Azure, for two deployments.
async fn azure(base: &str) -> TestApp {
    let app = TestApp::start_with(Options { no_credential: true, ..Default::default() }).await;
    let root = app.provider.base_url().replace("/v1", base);
    let models = ["team-mini=gpt-4o-mini", "team-embed=text-embedding-3-small"];
    app.credential("azure-openai", &root, app.provider.key(), &models).await;
    app
}

#[tokio::test]
async fn an_azure_client_reaches_its_deployment() {
    let app = azure("").await;
    let acme = app.tenant("Acme").make().await;
    let mut body = hello("ignored");
    body.as_object_mut().unwrap().remove("model");
    let path = "/azure/openai/deployments/team-mini/chat/completions?api-version=2024-12-01-preview&x=y";
    let request = app.client.post(app.url(path)).header("api-key", &acme.key);
    let answer = Answer::of(request.body(body.to_string()).send().await.unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let call = app.provider.calls().remove(0);
    assert_eq!(call.path, "/openai/deployments/team-mini/chat/completions");
    assert_eq!(call.headers["api-key"], app.provider.key());
    assert!(call.headers.get("authorization").is_none());
    let charge = app.charge().await;
    assert_eq!((charge.model.as_str(), &charge.usage), ("gpt-4o-mini", &call.billed), "priced as the model");
    assert_eq!(charge.provider, "azure-openai");
}

#[tokio::test]
async fn any_client_reaches_a_deployment_by_its_model() {
    let app = azure("/openai").await;
    let acme = app.tenant("Acme").make().await;
    assert_eq!(app.chat(&acme, &hello("gpt-4o-mini")).await.status, 200);
    let embed = json!({"model": "text-embedding-3-small", "input": "two words"});
    assert_eq!(app.embed(&acme, &embed).await.status, 200);
    let calls = app.provider.calls();
    assert_eq!(calls[0].path, "/openai/deployments/team-mini/chat/completions");
    assert_eq!(calls[1].path, "/openai/deployments/team-embed/embeddings");
    let sent: Value = serde_json::from_slice(&calls[0].body).unwrap();
    assert_eq!(sent["model"], "team-mini");
    assert!(app.charges(2).await.iter().all(|c| c.pricing == "priced"));
}

#[tokio::test]
async fn below_v1_the_deployment_is_in_the_body() {
    let app = azure("/v1").await;
    let acme = app.tenant("Acme").make().await;
    let answer = app
        .call(
            &acme,
            "/azure/openai/v1/responses",
            &json!({"model": "team-mini", "input": "hi", "max_output_tokens": 20}),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let call = app.provider.calls().remove(0);
    assert_eq!((call.path.as_str(), call.model.as_str()), ("/v1/responses", "team-mini"));
    assert_eq!(call.headers["api-key"], app.provider.key());
    assert_eq!(app.charge().await.model, "gpt-4o-mini");
}

#[tokio::test]
async fn other_names_and_keys_are_refused() {
    let app = azure("").await;
    let acme = app.tenant("Acme").make().await;
    let path = "/azure/openai/deployments/other/chat/completions";
    let answer = app.call(&acme, path, &hello("gpt-4o-mini")).await;
    answer.assert_error(404, "invalid_request_error", "model_not_found");
    let wrong =
        app.client.post(app.url(path)).header("api-key", "rvk_wrong").body("{}").send().await.unwrap();
    Answer::of(wrong).await.assert_error(401, "invalid_request_error", "invalid_api_key");
    app.assert_untouched(&acme).await;
}

#[tokio::test]
async fn pictures_and_sound_have_deployments_too() {
    let app = TestApp::start_with(Options { no_credential: true, ..Default::default() }).await;
    let root = app.provider.base_url().replace("/v1", "");
    let models = ["team-image-1=gpt-image-1", "team-hear=whisper-1", "team-say=tts-1"];
    app.credential("azure-openai", &root, app.provider.key(), &models).await;
    let acme = app.tenant("Acme").make().await;
    let at = |path: &str| {
        app.client.post(app.url(&format!("/azure/openai/deployments/{path}"))).header("api-key", &acme.key)
    };
    let json = |value: Value| value.to_string();
    let form = |fields: &[&str]| {
        let part =
            |name: &&str| format!("--m\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\nPNG\r\n");
        fields.iter().map(part).collect::<String>() + "--m--\r\n"
    };
    let kind = "multipart/form-data; boundary=m";
    for request in [
        at("team-image-1/images/generations").body(json(json!({"prompt": "a tree", "size": "1024x1024"}))),
        at("team-image-1/images/edits").header("content-type", kind).body(form(&["image", "prompt"])),
        at("team-hear/audio/transcriptions").header("content-type", kind).body(form(&["file"])),
        at("team-hear/audio/translations").header("content-type", kind).body(form(&["file"])),
        at("team-say/audio/speech").body(json(json!({"input": "hello", "voice": "alloy"}))),
    ] {
        let answer = Answer::of(request.send().await.unwrap()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let (charges, calls) = (app.charges(5).await, app.provider.calls());
    let models: Vec<_> = charges.iter().map(|c| (c.operation.as_str(), c.model.as_str())).collect();
    let expected = [
        ("images", "gpt-image-1"),
        ("image_edits", "gpt-image-1"),
        ("transcriptions", "whisper-1"),
        ("translations", "whisper-1"),
        ("speech", "tts-1"),
    ];
    assert_eq!(models, expected);
    assert!(
        charges.iter().all(|c| c.pricing == "priced" && c.cost > Some(reeve_core::money::NanoUsd::ZERO)),
        "{charges:#?}"
    );
    assert_eq!(calls[1].path, "/openai/deployments/team-image-1/images/edits");
    assert_eq!(calls[3].path, "/openai/deployments/team-hear/audio/translations");
    assert!(String::from_utf8_lossy(&calls[2].body).contains("team-hear"), "the form names the deployment");
}
