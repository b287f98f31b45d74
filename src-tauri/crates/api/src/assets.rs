//! The web UI for browsers: the files of `ui/dist`, inside the program. While developing they are read from the folder.

use crate::failure::Failure;
use crate::host::Host;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use reeve_engine::{Code, Error};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../../../ui/dist/"]
#[allow_missing = true]
struct Files;

const INDEX: &str = "index.html";
/// Files here carry a hash of their content in their name.
const HASHED: &str = "assets/";

/// A file of the UI. A path that is none is a page of the UI, which draws it from `index.html`.
pub(crate) async fn serve_file(request: Request) -> Response {
    let path = request.uri().path();
    if Host::of(request.extensions()) == Host::Window
        || path.starts_with("/api/")
        || path.starts_with("/health/")
    {
        return nothing(path);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let message = format!("{} cannot be done here.", request.method());
        return Failure::with_status(StatusCode::METHOD_NOT_ALLOWED, Code::Invalid, message).into_response();
    }
    let name = path.trim_start_matches('/');
    if let Some(file) = Files::get(name).filter(|_| name != INDEX && !name.is_empty()) {
        return answer(name, file, request.headers());
    }
    if !is_page(name, request.headers()) {
        return nothing(path);
    }
    match Files::get(INDEX) {
        Some(file) => answer(INDEX, file, request.headers()),
        None => {
            Failure::from(Error::new(Code::Unavailable, "This build has no web UI; build it with `make ui`."))
                .into_response()
        }
    }
}

fn nothing(path: &str) -> Response {
    Failure::from(Error::new(Code::NotFound, format!("There is no {path} here."))).into_response()
}

/// Pages are asked for by people: no file extension, and HTML is welcome.
fn is_page(name: &str, headers: &HeaderMap) -> bool {
    let last = name.rsplit('/').next().unwrap_or_default();
    let accepts = headers.get(ACCEPT).is_none_or(|accept| {
        accept.to_str().is_ok_and(|accept| accept.contains("text/html") || accept.contains("*/*"))
    });
    !name.starts_with(HASHED) && (name == INDEX || !last.contains('.')) && accepts
}

fn answer(name: &str, file: EmbeddedFile, asked: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", &HEXLOWER.encode(&file.metadata.sha256_hash())[..32]);
    let caching = if name.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let unchanged = asked.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = kind_of(name, file.metadata.mimetype());
        let mut response = Response::new(Body::from(file.data));
        response.headers_mut().extend(HeaderValue::from_str(&kind).ok().map(|kind| (CONTENT_TYPE, kind)));
        response
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    response.headers_mut().extend(HeaderValue::from_str(&tag).ok().map(|tag| (ETAG, tag)));
    response
}

fn kind_of(name: &str, guessed: &str) -> String {
    let text = guessed.starts_with("text/") || name.ends_with(".js") || name.ends_with(".json");
    if text { format!("{guessed}; charset=utf-8") } else { guessed.to_owned() }
}
