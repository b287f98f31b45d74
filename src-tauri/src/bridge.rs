//! The window's way to the API: one command, whose body is the API's own Router.
//!
//! The page in the window sends what it would send over HTTP and receives what HTTP would answer. No port is opened, so no
//! other program or web page can reach this door; that a request came from the window is told to the Router by an
//! extension, which nothing outside this process can set.

mod cookies;
mod request;
mod save;

use std::collections::HashSet;
use std::path::Path;

use axum::Router;
use axum::body::Body;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use reeve_api::Host;
use serde::Serialize;
use serde_json::json;
use tauri::{AppHandle, Manager};
use tower::ServiceExt;

use cookies::CookieJar;
pub(crate) use request::ApiRequest;
use request::Refusal;

/// Answers the page's requests. One per window process, for the cookies are those of one browser.
pub(crate) struct Bridge {
    router: Router,
    cookies: Mutex<CookieJar>,
    /// The files that the person chose in the dialog since the start.
    files: Mutex<HashSet<String>>,
    /// The places that the person chose for a download; each is for one.
    places: Mutex<HashSet<String>>,
}

/// One answer, as the page's fetch-shaped function takes it.
#[derive(Debug, Serialize)]
pub(crate) struct ApiResponse {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// Sends one request to the API. Never fails: what goes wrong is an answer with a problem body, as over HTTP.
#[tauri::command]
pub(crate) async fn api_request(app: AppHandle, request: ApiRequest) -> ApiResponse {
    app.state::<Bridge>().answer(request).await
}

impl Bridge {
    pub(crate) fn new(router: Router) -> Self {
        Self { router, cookies: Mutex::default(), files: Mutex::default(), places: Mutex::default() }
    }

    /// From now on the page may name this file in an import.
    pub(crate) fn lend_file(&self, path: &str) {
        self.files.lock().insert(path.to_owned());
    }

    /// From now on the page may have one answer put there.
    pub(crate) fn lend_place(&self, path: &str) {
        self.places.lock().insert(path.to_owned());
    }

    pub(crate) async fn answer(&self, request: ApiRequest) -> ApiResponse {
        let place = request.save_as.clone();
        let mut request = match self.permitted(request) {
            Ok(request) => request,
            Err(refusal) => {
                return ApiResponse::problem(refusal.status(), refusal.code(), &refusal.to_string());
            }
        };
        self.lend_identity(&mut request);
        let path = request.uri().path().to_owned();

        let Ok(response) = self.router.clone().oneshot(request).await;
        let (mut parts, body) = response.into_parts();
        self.keep_cookies(&path, &mut parts.headers);
        if let Some(place) = place.filter(|_| parts.status.is_success()) {
            return self.put(&place, body, &parts).await;
        }
        match body.collect().await.map(|body| String::from_utf8(body.to_bytes().into())) {
            Ok(Ok(body)) => {
                ApiResponse { status: parts.status.as_u16(), headers: pairs(&parts.headers), body }
            }
            Ok(Err(_)) => {
                ApiResponse::internal("The answer is not text, which is all that this way carries.")
            }
            Err(error) => {
                tracing::error!(error = %error, "the API broke off its answer");
                ApiResponse::internal("The answer broke off.")
            }
        }
    }

    /// Puts the body of an answer into its file, and answers without it.
    async fn put(&self, place: &str, body: Body, parts: &http::response::Parts) -> ApiResponse {
        self.places.lock().remove(place);
        match save::save(body, Path::new(place)).await {
            Ok(()) => ApiResponse {
                status: parts.status.as_u16(),
                headers: pairs(&parts.headers),
                body: String::new(),
            },
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a download could not be saved");
                ApiResponse::internal(&format!("The file was not saved: {error}."))
            }
        }
    }

    /// The request, when a page may send it. The API would read any file that the window names, so a script that got into
    /// the page could read the person's files; hence only those chosen in the dialog. The same holds for writing them.
    fn permitted(&self, request: ApiRequest) -> Result<Request<Body>, Refusal> {
        if request.save_as.as_ref().is_some_and(|place| !self.places.lock().contains(place)) {
            return Err(Refusal::NotChosen);
        }
        match request.named_file() {
            Some(path) if !self.files.lock().contains(&path) => Err(Refusal::NotChosen),
            _ => request.into_http(),
        }
    }

    /// What only this process may say about a request: where it came from, and its cookies.
    fn lend_identity(&self, request: &mut Request<Body>) {
        request.extensions_mut().insert(Host::Window);
        if let Some(cookies) = self.cookies.lock().header_for(request.uri().path()) {
            request.headers_mut().insert(http::header::COOKIE, cookies);
        }
    }

    /// Takes the cookies out of an answer, so that no script in the page ever reads them.
    fn keep_cookies(&self, path: &str, headers: &mut HeaderMap) {
        let mut jar = self.cookies.lock();
        for cookie in headers.get_all(SET_COOKIE) {
            jar.store(path, cookie);
        }
        headers.remove(SET_COOKIE);
    }
}

impl ApiResponse {
    fn problem(status: StatusCode, code: &str, detail: &str) -> Self {
        let body = json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "code": code,
            "detail": detail,
            "request_id": null,
        });
        Self {
            status: status.as_u16(),
            headers: vec![("content-type".into(), "application/problem+json".into())],
            body: body.to_string(),
        }
    }

    fn internal(detail: &str) -> Self {
        Self::problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

#[cfg(test)]
mod tests;
