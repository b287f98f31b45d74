//! The bridge in front of a Router that tells what it was asked.

use axum::extract::Request as AxumRequest;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde_json::{Value, json};

use super::request::{ApiRequest, MAX_BODY};
use super::{ApiResponse, Bridge, Host};

fn bridge() -> Bridge {
    let router = Router::new()
        .route("/api/v1/echo", get(echo).post(echo))
        .route("/api/v1/auth/login", post(|| async { [("set-cookie", "r=1; Path=/api/v1/auth; HttpOnly")] }))
        .route("/api/v1/auth/refresh", post(echo))
        .route("/api/v1/usage/import", post(echo))
        .route("/api/v1/bytes", get(|| async { vec![0xff_u8, 0xfe] }))
        .route("/api/v1/broken", get(broken))
        .route("/health/live", get(|| async { "ok" }));
    Bridge::new(router)
}

/// An answer that breaks off after its first bytes.
async fn broken() -> axum::body::Body {
    let pieces = [Ok(&b"half"[..]), Err(std::io::Error::other("cut"))];
    axum::body::Body::from_stream(futures_util::stream::iter(pieces))
}

/// Says what arrived. The extension is required: a request without it would be answered 500.
async fn echo(
    Extension(host): Extension<Host>,
    headers: HeaderMap,
    request: AxumRequest,
) -> impl IntoResponse {
    let names: Vec<String> = headers.keys().map(ToString::to_string).collect();
    let cookie = headers.get("cookie").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (method, uri) = (request.method().to_string(), request.uri().to_string());
    let length = axum::body::to_bytes(request.into_body(), usize::MAX).await.map(|body| body.len()).ok();
    let from_window = matches!(host, Host::Window);
    Json(json!({
        "method": method, "uri": uri, "headers": names, "cookie": cookie, "length": length, "from_window": from_window,
    }))
}

fn request(method: &str, path: &str) -> ApiRequest {
    ApiRequest { method: method.into(), path: path.into(), headers: Vec::new(), body: None, save_as: None }
}

fn body_of(response: &ApiResponse) -> Value {
    serde_json::from_str(&response.body).expect("a JSON body")
}

#[tokio::test]
async fn passes_a_request_through_and_says_where_it_came_from() {
    let mut asked = request("POST", "/api/v1/echo?limit=5");
    asked.headers.push(("Authorization".into(), "Bearer x".into()));
    asked.body = Some("{}".into());
    let response = bridge().answer(asked).await;
    assert_eq!(response.status, 200);
    let seen = body_of(&response);
    assert_eq!(seen["method"], "POST");
    assert_eq!(seen["uri"], "/api/v1/echo?limit=5");
    assert_eq!(seen["headers"], json!(["authorization"]));
    assert_eq!(seen["length"], 2);
    assert_eq!(seen["from_window"], true);
}

#[tokio::test]
async fn drops_what_a_page_may_not_say() {
    let mut asked = request("GET", "/api/v1/echo");
    for name in
        ["Host", "ORIGIN", "Cookie", "Forwarded", "X-Forwarded-For", "X-Reeve-User", "Accept-Encoding"]
    {
        asked.headers.push((name.into(), "forged".into()));
    }
    asked.headers.push(("accept".into(), "application/json".into()));
    let seen = body_of(&bridge().answer(asked).await);
    assert_eq!(seen["headers"], json!(["accept"]));
}

#[tokio::test]
async fn keeps_cookies_to_itself() {
    let bridge = bridge();
    let signed_in = bridge.answer(request("POST", "/api/v1/auth/login")).await;
    assert_eq!(signed_in.status, 200);
    assert!(signed_in.headers.iter().all(|(name, _)| name != "set-cookie"), "no script may read it");
    assert_eq!(body_of(&bridge.answer(request("POST", "/api/v1/auth/refresh")).await)["cookie"], "r=1");
    assert_eq!(body_of(&bridge.answer(request("GET", "/api/v1/echo")).await)["cookie"], Value::Null);
}

#[tokio::test]
async fn refuses_paths_outside_the_api() {
    for path in [
        "/health/live",
        "/api/v1",
        "/api/v10/echo",
        "/api/v1/../../health/live",
        "/api/v1/%2E%2e/echo",
        "http://elsewhere/api/v1/echo",
        "api/v1/echo",
        "",
    ] {
        let response = bridge().answer(request("GET", path)).await;
        assert_eq!((response.status, &body_of(&response)["code"]), (404, &json!("not_found")), "{path}");
    }
}

#[tokio::test]
async fn carries_a_mebibyte_and_no_more() {
    let mut whole = request("POST", "/api/v1/echo");
    whole.body = Some("x".repeat(MAX_BODY));
    assert_eq!(body_of(&bridge().answer(whole).await)["length"], MAX_BODY);

    let mut too_large = request("POST", "/api/v1/echo");
    too_large.body = Some("x".repeat(MAX_BODY + 1));
    let response = bridge().answer(too_large).await;
    assert_eq!((response.status, &body_of(&response)["code"]), (413, &json!("invalid")));
    assert!(response.headers.contains(&("content-type".into(), "application/problem+json".into())));
}

#[tokio::test]
async fn answers_nonsense_with_a_problem() {
    assert_eq!(bridge().answer(request("G E T", "/api/v1/echo")).await.status, 400);
    let mut bad_header = request("GET", "/api/v1/echo");
    bad_header.headers.push(("x".into(), "a\nb".into()));
    assert_eq!(bridge().answer(bad_header).await.status, 400);
    assert_eq!(bridge().answer(request("GET", "/api/v1/bytes")).await.status, 500, "bytes that are no text");
}

#[tokio::test]
async fn only_files_chosen_in_the_dialog_may_be_named() {
    let bridge = bridge();
    let import = |path: &str, body: &str| ApiRequest { body: Some(body.into()), ..request("POST", path) };
    let by_path = r#"{"name":"usage","path":"/home/somebody/usage.csv"}"#;

    for path in ["/api/v1/usage/import", "/api/v1/usage/import?x=1"] {
        let refused = bridge.answer(import(path, by_path)).await;
        assert_eq!((refused.status, &body_of(&refused)["code"]), (403, &json!("forbidden")), "{path}");
    }
    for path in ["/api/v1/prices/refresh", "/api/v1/vault/restore", "/api/v1/vault/restore/preview"] {
        assert_eq!(bridge.answer(import(path, by_path)).await.status, 403, "{path}");
    }
    let by_text = r#"{"name":"usage","csv":"a,b","path":null}"#;
    assert_eq!(bridge.answer(import("/api/v1/usage/import", by_text)).await.status, 200, "no file is named");

    bridge.lend_file("/home/somebody/usage.csv");
    assert_eq!(bridge.answer(import("/api/v1/usage/import", by_path)).await.status, 200);
    let another = by_path.replace("usage.csv", "secrets.csv");
    assert_eq!(bridge.answer(import("/api/v1/usage/import", &another)).await.status, 403);
}

/// Bytes arrive in the file that was chosen, once; no other file is touched, and a refusal leaves the file as it was.
#[tokio::test]
async fn an_answer_goes_into_the_chosen_file_and_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("export.zip");
    let path = place.to_str().expect("a Unicode path").to_owned();
    let asked = |to: &str| ApiRequest { save_as: Some(path.clone()), ..request("GET", to) };
    let bridge = bridge();
    assert_eq!(bridge.answer(asked("/api/v1/bytes")).await.status, 403, "nobody chose it");

    bridge.lend_place(&path);
    let missing = bridge.answer(asked("/api/v1/nothing")).await;
    assert!(missing.status == 404 && !place.exists(), "what failed is no file");
    let saved = bridge.answer(asked("/api/v1/bytes")).await;
    assert_eq!((saved.status, saved.body.as_str()), (200, ""));
    assert_eq!(std::fs::read(&place).expect("the file"), [0xff, 0xfe]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&place).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "nobody else reads it");
    }
    assert_eq!(bridge.answer(asked("/api/v1/bytes")).await.status, 403, "a choice is for one download");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 1, "nothing is left beside it");

    std::fs::write(&place, "kept").expect("a file");
    bridge.lend_place(&path);
    let broken = bridge.answer(asked("/api/v1/broken")).await;
    assert_eq!(broken.status, 500, "{}", broken.body);
    assert_eq!(std::fs::read(&place).expect("the file"), b"kept");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 1, "nothing is left beside it");
}
