//! What a page may ask: paths of the API, bodies of a decent size, and nothing that claims who is asking.

use axum::body::Body;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use serde::Deserialize;
use serde_json::Value;

/// Where every path must begin.
const API: &str = "/api/v1/";

/// The routes that read a file by its path, when the window asks.
const BY_PATH: &[&str] = &[
    "/api/v1/usage/import",
    "/api/v1/prices/refresh",
    "/api/v1/vault/restore",
    "/api/v1/vault/restore/preview",
];

/// Bytes. WebKitGTK hands a body over on the thread that draws, so a large one would freeze the window.
pub(super) const MAX_BODY: usize = 1024 * 1024;

/// Headers that say who or where the caller is, or belong to the transport: a page has no say in either.
/// `accept-encoding` is among them because an answer has to be text.
const DROPPED: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "cookie",
    "forwarded",
    "host",
    "origin",
    "referer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-real-ip",
];
const DROPPED_FAMILIES: &[&str] = &["x-forwarded-", "x-reeve-", "sec-", "proxy-"];

/// One request as the page's fetch-shaped function sends it.
#[derive(Deserialize)]
pub(crate) struct ApiRequest {
    pub(crate) method: String,
    /// With the query, without scheme and host.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<String>,
    /// A file that the person chose for the answer's body; the page then gets an answer without one.
    #[serde(default)]
    pub(crate) save_as: Option<String>,
}

/// Why a request does not reach the Router.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("Only paths under /api/v1/ can be asked for here.")]
    NotTheApi,
    #[error("The request body is larger than 1 MiB. Import large files by path, with the file dialog.")]
    TooLarge,
    #[error("This file was not chosen in the file dialog since Reeve was started. Choose it there.")]
    NotChosen,
    #[error("{0:?} is not an HTTP method.")]
    Method(String),
    #[error("The header {0:?} cannot be sent.")]
    Header(String),
}

impl Refusal {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NotTheApi => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotChosen => StatusCode::FORBIDDEN,
            Self::Method(_) | Self::Header(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// The `code` of the problem body.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NotTheApi => "not_found",
            Self::NotChosen => "forbidden",
            Self::TooLarge | Self::Method(_) | Self::Header(_) => "invalid",
        }
    }
}

impl ApiRequest {
    /// The file on this machine that the request asks to be read.
    pub(super) fn named_file(&self) -> Option<String> {
        let path = self.path.split(['?', '#']).next()?;
        if !BY_PATH.contains(&path) {
            return None;
        }
        // A body that is no JSON names no file, and the API will say what is wrong with it.
        let body: Value = serde_json::from_str(self.body.as_deref()?).ok()?;
        body.get("path")?.as_str().map(str::to_owned)
    }

    /// The same request for the Router, without what a page may not say.
    ///
    /// # Errors
    /// When the path is outside the API, the body too large, or a part is no valid HTTP.
    pub(crate) fn into_http(self) -> Result<Request<Body>, Refusal> {
        let uri = api_uri(&self.path)?;
        let body = self.body.unwrap_or_default();
        if body.len() > MAX_BODY {
            return Err(Refusal::TooLarge);
        }
        let mut request = Request::new(Body::from(body));
        *request.uri_mut() = uri;
        *request.method_mut() =
            Method::from_bytes(self.method.as_bytes()).map_err(|_| Refusal::Method(self.method))?;

        for (name, value) in self.headers {
            let parsed = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value));
            let (Ok(known), Ok(value)) = parsed else { return Err(Refusal::Header(name)) };
            if !is_dropped(known.as_str()) {
                request.headers_mut().append(known, value);
            }
        }
        Ok(request)
    }
}

/// The path as a URI, when it is one of the API's and stays there: a `..` means nothing to the Router, but it would to
/// whatever is put before it one day.
fn api_uri(path: &str) -> Result<Uri, Refusal> {
    let uri: Uri = path.parse().map_err(|_| Refusal::NotTheApi)?;
    let climbs =
        |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    let stays = uri.scheme().is_none() && uri.path().starts_with(API) && !uri.path().split('/').any(climbs);
    stays.then_some(uri).ok_or(Refusal::NotTheApi)
}

/// `name` in lower case, as `HeaderName` keeps it.
fn is_dropped(name: &str) -> bool {
    DROPPED.contains(&name) || DROPPED_FAMILIES.iter().any(|family| name.starts_with(family))
}
