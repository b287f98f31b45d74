//! What handlers take from a request. Whatever is wrong becomes a problem that names the field.

use crate::failure::Failure;
use axum::body::Bytes;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody, PathRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::request::Parts;
use http::{StatusCode, Uri};
use reeve_engine::{Code, Cx};
use serde::de::DeserializeOwned;

/// Who asks.
pub(crate) struct Asked(pub(crate) Cx);

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let cx = parts.extensions.get::<Cx>().cloned();
        let missing =
            || Failure::from(reeve_engine::Error::new(Code::Internal, "The request lost who asks."));
        cx.map(Self).ok_or_else(missing)
    }
}

/// A JSON body.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let bytes = Bytes::from_request(request, state).await.map_err(unread)?;
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            malformed(&path, &error.into_inner().to_string())
        })?;
        json.end().map_err(|error| malformed(".", &error.to_string()))?;
        Ok(Self(value))
    }
}

fn unread(rejection: BytesRejection) -> Failure {
    match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => Failure::with_status(
            StatusCode::PAYLOAD_TOO_LARGE,
            Code::Invalid,
            "The request's body is too large.",
        ),
        other => Failure::with_status(other.status(), Code::Invalid, "The request's body broke off."),
    }
}

/// A problem about the part of the body at `path`, from what the JSON reader said.
fn malformed(path: &str, said: &str) -> Failure {
    // The place in the text helps nobody who sent it by program.
    let said = said.split(" at line ").next().unwrap_or(said);
    let inside = |name: &str| if path == "." { name.to_owned() } else { format!("{path}.{name}") };
    if let Some(name) = quoted(said, "missing field `") {
        return Failure::field(&inside(name), "is needed");
    }
    if quoted(said, "unknown field `").is_some() {
        // The path names it already.
        return Failure::field(path, "is not a field of this request");
    }
    if path == "." {
        return reeve_engine::Error::new(
            Code::Invalid,
            format!("The body is not the JSON that is expected: {said}."),
        )
        .into();
    }
    Failure::field(path, said)
}

fn quoted<'a>(said: &'a str, start: &str) -> Option<&'a str> {
    said.strip_prefix(start)?.split('`').next()
}

/// The query. Parameters without a value count as absent.
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let given: Vec<&str> = parts
            .uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.ends_with('='))
            .collect();
        let uri: Uri = format!("/?{}", given.join("&")).parse().unwrap_or_default();
        let Query(value) = Query::try_from_uri(&uri).map_err(|rejection| {
            let text = rejection.body_text();
            let said = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
            match said.split_once(": ") {
                Some((field, message)) => Failure::field(field, message),
                None => match (quoted(said, "missing field `"), quoted(said, "unknown field `")) {
                    (Some(name), _) => Failure::field(name, "is needed"),
                    (_, Some(name)) => Failure::field(name, "is not a parameter of this list"),
                    _ => Failure::from(reeve_engine::Error::new(Code::Invalid, said)),
                },
            }
        })?;
        Ok(Self(value))
    }
}

/// The ids in the path.
pub(crate) struct Ids<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Ids<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let read = Path::<T>::from_request_parts(parts, state).await;
        read.map(|Path(ids)| Self(ids)).map_err(|rejection| match &rejection {
            PathRejection::FailedToDeserializePathParams(failed) => match failed.kind() {
                ErrorKind::DeserializeError { key, message, .. } => Failure::field(key, message.as_str()),
                ErrorKind::ParseErrorAtKey { key, .. } => Failure::field(key, "is not an id"),
                ErrorKind::Message(message) => Failure::field("id", message.as_str()),
                _ => Failure::field("id", "is not an id"),
            },
            _ => Failure::field("id", "is not an id"),
        })
    }
}
