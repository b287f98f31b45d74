//! What may reach a listener at all: requests that call it by its own name, and for the API none that another site's page
//! sent. The window is no listener: only this process can reach it.

use super::identify;
use crate::failure::Failure;
use crate::host::{Host, Listener, is_loopback_name};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, ORIGIN, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use reeve_core::principal::Principal;
use reeve_engine::denials::Foreign;
use reeve_engine::{Code, Cx, Engine};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The Host check (DNS rebinding).
pub(super) async fn refuse_other_names(
    State(engine): State<Engine>,
    request: Request,
    next: Next,
) -> Response {
    let listener = request.extensions().get::<Listener>();
    let known = match (Host::of(request.extensions()), called(request.headers(), request.uri()), listener) {
        (Host::Window, _, _) => true,
        (Host::Server, Some(name), Some(listener)) => listener.is_called(name),
        (Host::Server, Some(name), None) => is_loopback_name(name),
        // HTTP/1.1 requires the name; only inside this process it may be missing.
        (Host::Server, None, listener) => listener.is_none(),
    };
    if known {
        return next.run(request).await;
    }
    note(&engine, stranger(&request), Foreign::Name).await;
    refused(StatusCode::FORBIDDEN, Code::Forbidden, "This listener goes by another name; see --public-host.")
}

fn called<'r>(headers: &'r HeaderMap, uri: &'r Uri) -> Option<&'r str> {
    headers.get(HOST).map_or_else(
        || uri.authority().map(http::uri::Authority::as_str),
        |h| Some(h.to_str().unwrap_or_default()),
    )
}

/// The Origin, Sec-Fetch-Site and content type checks (requests forged by other sites).
pub(super) async fn refuse_foreign(State(engine): State<Engine>, request: Request, next: Next) -> Response {
    if Host::of(request.extensions()) == Host::Window {
        return next.run(request).await;
    }
    let headers = request.headers();
    if !is_same_site(headers) || !is_own_origin(&request) {
        note(&engine, stranger(&request), Foreign::Page).await;
        return refused(
            StatusCode::FORBIDDEN,
            Code::Forbidden,
            "Requests from other sites' pages are not answered.",
        );
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !reads && has_body(headers) && !is_json(headers) {
        let message = "The body must be JSON: send content-type: application/json.";
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::Invalid, message);
    }
    next.run(request).await
}

/// A denial is an entry in the audit trail, also where nobody was asked who they are.
async fn note(engine: &Engine, cx: Cx, why: Foreign) {
    if let Err(error) = engine.note_foreign(&cx, why).await {
        tracing::error!(error = &error as &dyn std::error::Error, "a refusal could not be recorded");
    }
}

fn stranger(request: &Request) -> Cx {
    let host = Host::of(request.extensions());
    identify::context(host, Principal::Anonymous, request.headers(), request.extensions())
}

fn refused(status: StatusCode, code: Code, message: &str) -> Response {
    Failure::with_status(status, code, message).into_response()
}

/// Browsers say where a request comes from; programs say nothing.
fn is_same_site(headers: &HeaderMap) -> bool {
    headers.get(FETCH_SITE).is_none_or(|site| matches!(site.as_bytes(), b"same-origin" | b"none"))
}

/// An origin, where there is one, is this listener itself.
fn is_own_origin(request: &Request) -> bool {
    let Some(origin) = request.headers().get(ORIGIN) else { return true };
    let Some(name) =
        origin.to_str().ok().and_then(|o| o.strip_prefix("http://").or_else(|| o.strip_prefix("https://")))
    else {
        return false;
    };
    match (request.extensions().get::<Listener>(), called(request.headers(), request.uri())) {
        (Some(listener), _) => listener.is_called(name),
        (None, called) => called == Some(name),
    }
}

fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING) || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}
