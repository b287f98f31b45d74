//! Web pages and strange names stay out.

use crate::hello;
use reeve_tests::app::{Answer, TestApp};

#[tokio::test]
async fn a_page_in_a_browser_may_not_call() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    for origin in ["https://evil.example", "null", "http://127.0.0.1:8000"] {
        let request = app
            .post("/v1/chat/completions", &acme.key, hello("gpt-4o-mini").to_string())
            .header("origin", origin);
        let answer = Answer::of(request.send().await.unwrap()).await;
        answer.assert_error(403, "invalid_request_error", "origin_not_allowed");
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    let preflight = app.client.request(http::Method::OPTIONS, app.url("/v1/chat/completions"));
    let preflight =
        preflight.header("origin", "https://evil.example").header("access-control-request-method", "POST");
    assert_eq!(preflight.send().await.unwrap().status(), 403);
    let read =
        app.client.get(app.url("/v1/models")).bearer_auth(&acme.key).header("sec-fetch-site", "cross-site");
    assert_eq!(read.send().await.unwrap().status(), 403);

    let entries = app.entries_once("access.denied", 5).await;
    assert!(entries.iter().all(|e| e.outcome == "denied"));
    app.assert_untouched(&acme).await;
}

#[tokio::test]
async fn a_name_that_is_not_ours_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    for host in ["evil.example", "evil.example:4141", "127.0.0.1.evil.example"] {
        let request = app
            .post("/v1/chat/completions", &acme.key, hello("gpt-4o-mini").to_string())
            .header("host", host);
        let answer = Answer::of(request.send().await.unwrap()).await;
        answer.assert_error(403, "invalid_request_error", "host_not_allowed");
    }
    app.entries_once("access.denied", 3).await;
    app.assert_untouched(&acme).await;
    let own = app.post("/v1/chat/completions", &acme.key, hello("gpt-4o-mini").to_string());
    assert_eq!(own.header("host", "localhost:4141").send().await.unwrap().status(), 200);
}
