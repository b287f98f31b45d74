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
            "The request's body is too large. For a long usage file, use reeve-server usage import.",
        ),
        other => Failure::with_status(other.status(), Code::Invalid, "The request's body broke off."),
    }
}

/// A problem about the part of the request at `path`, from what its reader said.
fn malformed(path: &str, said: &str) -> Failure {
    // The place in the text helps nobody who sent it by program.
    let said = said.split(" at line ").next().unwrap_or(said);
    // Where the text itself is broken there is no place to name.
    let path = if matches!(path, "" | "?") || path.ends_with(".?") { "." } else { path };
    let inside = |name: &str| if path == "." { name.to_owned() } else { format!("{path}.{name}") };
    if let Some(name) = quoted(said, "missing field `") {
        return Failure::field(&inside(name), "is needed");
    }
    if let Some(name) = quoted(said, "unknown field `") {
        // The path may end in it already.
        let field = if path.rsplit('.').next() == Some(name) { path.to_owned() } else { inside(name) };
        return Failure::field(&field, "is not known here");
    }
    if let Some((_, known)) =
        said.strip_prefix("unknown variant `").and_then(|said| said.split_once(", expected "))
    {
        return Failure::field(path, format!("must be {}", known.replace('`', "")));
    }
    if path == "." {
        return reeve_engine::Error::new(Code::Invalid, format!("The request cannot be read: {said}."))
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
                Some((field, said)) => malformed(field, said),
                None => malformed(".", said),
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Body {
        name: String,
        limits: Option<Limits>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Limits {
        tier: crate::words::Tier,
        most: Option<u32>,
    }

    async fn body(json: &str) -> Vec<(String, String)> {
        let request = Request::new(axum::body::Body::from(json.to_owned()));
        match JsonBody::<Body>::from_request(request, &()).await {
            Ok(_) => Vec::new(),
            Err(failure) => failure.told(),
        }
    }

    async fn query(text: &str) -> Vec<(String, String)> {
        let request = http::Request::builder().uri(format!("/x?{text}")).body(()).unwrap();
        match Params::<Limits>::from_request_parts(&mut request.into_parts().0, &()).await {
            Ok(_) => Vec::new(),
            Err(failure) => failure.told(),
        }
    }

    fn one(field: &str, message: &str) -> Vec<(String, String)> {
        vec![(field.to_owned(), message.to_owned())]
    }

    #[tokio::test]
    async fn a_body_that_is_wrong_names_the_field() {
        assert_eq!(body(r#"{"name":"x","limits":{"tier":"free"}}"#).await, []);
        assert_eq!(body("{}").await, one("name", "is needed"));
        assert_eq!(body(r#"{"name":"x","limits":{}}"#).await, one("limits.tier", "is needed"));
        assert_eq!(body(r#"{"name":"x","nmae":1}"#).await, one("nmae", "is not known here"));
        assert_eq!(body(r#"{"name":"x","limits":{"a":1}}"#).await, one("limits.a", "is not known here"));
        let tiers = "must be one of free, starter, professional, enterprise";
        assert_eq!(body(r#"{"name":"x","limits":{"tier":"gold"}}"#).await, one("limits.tier", tiers));
        assert_eq!(body(r#"{"name":7}"#).await, one("name", "invalid type: integer `7`, expected a string"));
        for bad in ["", "{", "[]x", r#"{"name":"x"} {}"#] {
            let told = body(bad).await;
            assert!(told[0].1.starts_with("The request cannot be read"), "{bad}: {told:?}");
        }
    }

    #[tokio::test]
    async fn a_query_that_is_wrong_names_the_parameter() {
        assert_eq!(query("tier=free&most=").await, []);
        assert_eq!(query("").await, one("tier", "is needed"));
        assert_eq!(query("tier=free&x=1").await, one("x", "is not known here"));
        assert_eq!(
            query("tier=gold").await,
            one("tier", "must be one of free, starter, professional, enterprise")
        );
        assert_eq!(query("tier=free&most=-1").await, one("most", "invalid digit found in string"));
    }
}
