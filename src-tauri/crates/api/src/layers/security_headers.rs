//! What browsers are told to allow. The window has its own policy in `tauri.conf.json`; this one says the same.

use crate::host::{Host, Listener};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue};

const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

pub(super) async fn add(request: Request, next: Next) -> Response {
    let host = Host::of(request.extensions());
    let is_api = request.uri().path().starts_with("/api/");
    let tls = request.extensions().get::<Listener>().is_some_and(|listener| listener.tls);
    let called = request.headers().get(HOST).and_then(|h| h.to_str().ok()).map(str::to_owned);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if is_api {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if tls {
        headers.insert(
            STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
    if host == Host::Server {
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(OPENER, HeaderValue::from_static("same-origin"));
        headers.insert(RESOURCE, HeaderValue::from_static("same-origin"));
        if let Some(policy) = content_policy(called.as_deref()) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
    }
    response
}

/// Live events come over a WebSocket of the same listener, and of no other.
fn content_policy(called: Option<&str>) -> Option<HeaderValue> {
    let plain = |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
    let sockets = called.filter(plain).map(|host| format!(" ws://{host} wss://{host}")).unwrap_or_default();
    HeaderValue::from_str(&format!(
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; \
         connect-src 'self'{sockets}; object-src 'none'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
    ))
    .ok()
}
