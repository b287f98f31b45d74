//! How a request fails: one mapping from the engine's codes to HTTP, one problem body (RFC 9457), one line in the log.
//!
//! A handler's failure travels as a response extension; the outermost layer writes it out, because only there the request's
//! id is known.

use axum::body::Body;
use axum::extract::OriginalUri;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use reeve_engine::{Code, Error, FieldError};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// What went wrong (RFC 9457).
#[derive(Serialize, ToSchema)]
pub(crate) struct Problem {
    /// A name for the kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// The kind in one word.
    #[schema(value_type = ProblemCode)]
    code: &'static str,
    /// What went wrong here, for people.
    detail: String,
    /// The id under which the server's log knows the request.
    request_id: String,
    /// The fields that are wrong, if that is why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<ProblemField>,
}

/// A field that is wrong.
#[derive(Serialize, ToSchema)]
struct ProblemField {
    /// Its name on the wire.
    field: String,
    /// What is wrong with it.
    message: String,
}

/// The kinds of problem.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProblemCode {
    Invalid,
    Unauthenticated,
    SecondFactorRequired,
    Forbidden,
    StepUpRequired,
    NotFound,
    Conflict,
    BudgetExceeded,
    QuotaExceeded,
    RateLimited,
    PolicyDenied,
    PreconditionFailed,
    Unavailable,
    VaultLocked,
    Internal,
}

/// A failed request.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    error: Arc<Error>,
}

impl Failure {
    /// A failure of the transport, with a status of its own.
    pub(crate) fn with_status(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        Self { status, error: Arc::new(Error::new(code, message)) }
    }

    /// One wrong field.
    pub(crate) fn field(field: &str, message: impl Into<String>) -> Self {
        Error::field(field, message).into()
    }

    /// The fields and what is said of them; without fields, what is said at all.
    #[cfg(test)]
    pub(crate) fn told(&self) -> Vec<(String, String)> {
        let fields = self.error.fields.iter().map(|f| (f.field.clone(), f.message.clone()));
        if self.error.fields.is_empty() {
            vec![(String::new(), self.error.message.clone())]
        } else {
            fields.collect()
        }
    }

    /// The problem body, with what the log needs.
    pub(crate) fn render(&self, request_id: &str, method: &Method, path: &str) -> Response {
        self.log(request_id, method, path);
        let error = &self.error;
        let problem = Problem {
            kind: format!("urn:reeve:problem:{}", error.code.as_str()),
            title: title(error.code).to_owned(),
            status: self.status.as_u16(),
            code: error.code.as_str(),
            detail: error.message.clone(),
            request_id: request_id.to_owned(),
            fields: error.fields.iter().map(field).collect(),
        };
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if error.code == Code::Unauthenticated {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = error.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// Once, here: with the whole chain where it is ours to repair.
    fn log(&self, request_id: &str, method: &Method, path: &str) {
        let error: &dyn std::error::Error = self.error.as_ref();
        let (status, code) = (self.status.as_u16(), self.error.code.as_str());
        if self.status.is_server_error() {
            tracing::error!(request_id, %method, path, status, code, error, "a request failed");
        } else {
            tracing::debug!(request_id, %method, path, status, code, error, "a request was refused");
        }
    }
}

fn field(wrong: &FieldError) -> ProblemField {
    ProblemField { field: wrong.field.clone(), message: wrong.message.clone() }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { status: status(error.code), error: Arc::new(error) }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The one mapping from codes to HTTP.
const fn status(code: Code) -> StatusCode {
    match code {
        Code::Invalid => StatusCode::BAD_REQUEST,
        Code::Unauthenticated | Code::SecondFactorRequired => StatusCode::UNAUTHORIZED,
        Code::Forbidden | Code::StepUpRequired | Code::PolicyDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Conflict => StatusCode::CONFLICT,
        Code::BudgetExceeded => StatusCode::PAYMENT_REQUIRED,
        Code::QuotaExceeded | Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Code::Unavailable | Code::VaultLocked => StatusCode::SERVICE_UNAVAILABLE,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

const fn title(code: Code) -> &'static str {
    match code {
        Code::Invalid => "The request is not as it should be",
        Code::Unauthenticated => "Nobody is signed in",
        Code::Forbidden => "This is not allowed",
        Code::SecondFactorRequired => "A code is needed as well",
        Code::StepUpRequired => "The password or a code is needed once more",
        Code::NotFound => "There is no such thing",
        Code::Conflict => "It clashes with what is there",
        Code::BudgetExceeded => "A budget has no room",
        Code::QuotaExceeded => "A quota is used up",
        Code::RateLimited => "Too many requests",
        Code::PolicyDenied => "A policy refuses it",
        Code::PreconditionFailed => "Something must be done first",
        Code::Unavailable => "Not possible at the moment",
        Code::VaultLocked => "The vault is locked",
        Code::Internal => "Something went wrong inside",
    }
}

/// For paths under the API that it does not have.
pub(crate) async fn no_such_path(OriginalUri(uri): OriginalUri) -> Failure {
    Error::new(Code::NotFound, format!("There is no {} here.", uri.path())).into()
}

/// For methods that a path does not have.
pub(crate) async fn no_such_method(method: Method) -> Response {
    let failure = Failure::with_status(
        StatusCode::METHOD_NOT_ALLOWED,
        Code::Invalid,
        format!("{method} cannot be done here."),
    );
    failure.into_response()
}

/// Headers that a problem keeps from the response it replaces.
pub(crate) const KEPT: [http::HeaderName; 5] = [
    ALLOW,
    http::header::SET_COOKIE,
    http::HeaderName::from_static("x-ratelimit-limit"),
    http::HeaderName::from_static("x-ratelimit-remaining"),
    http::HeaderName::from_static("x-ratelimit-reset"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn a_problem_says_everything_once() {
        let error = Error::fields(vec![
            FieldError { field: "name".into(), message: "is needed".into() },
            FieldError { field: "tier".into(), message: "is unknown".into() },
        ]);
        let failure = Failure::from(error.unwrap().retry_after(7));
        let response = failure.render("req_1", &Method::POST, "/tenants");
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.headers()[RETRY_AFTER], "7");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "type": "urn:reeve:problem:invalid", "title": "The request is not as it should be", "status": 400,
                "code": "invalid", "detail": "2 fields need attention: name, tier", "request_id": "req_1",
                "fields": [{"field": "name", "message": "is needed"}, {"field": "tier", "message": "is unknown"}]
            })
        );
    }

    #[test]
    fn every_code_has_a_word_in_the_document() {
        for (code, expected) in [
            (Code::Invalid, 400),
            (Code::Unauthenticated, 401),
            (Code::BudgetExceeded, 402),
            (Code::Forbidden, 403),
            (Code::SecondFactorRequired, 401),
            (Code::StepUpRequired, 403),
            (Code::PolicyDenied, 403),
            (Code::NotFound, 404),
            (Code::Conflict, 409),
            (Code::PreconditionFailed, 412),
            (Code::QuotaExceeded, 429),
            (Code::RateLimited, 429),
            (Code::Internal, 500),
            (Code::Unavailable, 503),
            (Code::VaultLocked, 503),
        ] {
            assert_eq!(status(code).as_u16(), expected);
            assert!(serde_json::from_value::<ProblemCode>(code.as_str().into()).is_ok(), "{code:?}");
        }
    }
}
