//! Embeddings.

use reeve_tests::app::{TestApp, price_of};
use serde_json::json;

#[tokio::test]
async fn every_shape_of_input_is_charged_exactly() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let inputs = [
        json!("four words of text"),
        json!(["two words", "three more words"]),
        json!([1, 2, 3]),
        json!([[1, 2], [3]]),
    ];

    for input in &inputs {
        let answer = app.embed(&acme, &json!({"model": "text-embedding-3-small", "input": input})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.json()["object"], "list");
    }

    let charges = app.charges(inputs.len()).await;
    for (charge, call) in charges.iter().zip(app.provider.calls()) {
        assert_eq!((charge.operation.as_str(), &charge.usage), ("embeddings", &call.billed));
        assert_eq!(charge.cost, Some(price_of("text-embedding-3-small", &call.billed)));
        assert_eq!(call.path, "/v1/embeddings");
    }
    // Four tokens at $0.02 a million.
    assert_eq!(charges[0].cost.map(|c| c.to_string()).as_deref(), Some("0.00000008"));
}

#[tokio::test]
async fn malformed_embeddings_are_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    for (body, param) in [
        (json!({"model": "text-embedding-3-small"}), "input"),
        (json!({"model": "text-embedding-3-small", "input": 7}), "input"),
        (json!({"input": "x"}), "model"),
    ] {
        let answer = app.embed(&acme, &body).await;
        answer.assert_error(400, "invalid_request_error", "invalid_request");
        assert_eq!(answer.json()["error"]["param"], param);
    }
    app.assert_untouched(&acme).await;
}
