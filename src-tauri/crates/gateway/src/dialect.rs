//! What differs from provider to provider besides reading requests and answers: the address, what a stream is, and how a failure is
//! told so that the provider's own clients raise the exceptions their users know.

use crate::error::{Dialect, Failure};
use crate::headers::REQUEST_ID;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use reeve_providers::catalogue::openai_folder;
use reeve_providers::upstream::BaseUrl;
use serde_json::{Value, json};
use std::borrow::Cow;

impl Dialect {
    /// The only provider that understands it; `None` where many do.
    pub(crate) const fn provider(self) -> Option<&'static str> {
        match self {
            Self::OpenAi => None,
            Self::Anthropic => Some("anthropic"),
            Self::Google => Some("google"),
            Self::Bedrock => Some("aws-bedrock"),
        }
    }

    /// Where `path` is at a provider: its own shape and OpenAI's need not have the same folder.
    pub(crate) fn address<'a>(
        self,
        provider: &str,
        base_url: &'a BaseUrl,
        path: &'a str,
    ) -> (Cow<'a, BaseUrl>, Cow<'a, str>) {
        if self != Self::OpenAi {
            return (Cow::Owned(base_url.without("/openai")), Cow::Borrowed(path));
        }
        let folder = openai_folder(provider, base_url);
        let path =
            if folder.is_empty() { Cow::Borrowed(path) } else { Cow::Owned(format!("{folder}{path}")) };
        (Cow::Borrowed(base_url), path)
    }

    /// Whether an answer with these headers is a stream.
    pub(crate) fn is_stream(self, headers: &HeaderMap) -> bool {
        let streams = match self {
            Self::Bedrock => "application/vnd.amazon.eventstream",
            Self::OpenAi | Self::Anthropic | Self::Google => "text/event-stream",
        };
        let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(streams))
    }

    /// Whether the provider refuses the key that Reeve keeps: what it says may then hold parts of that key, or the name of
    /// whose it is.
    pub(crate) fn is_key_refusal(self, status: StatusCode, body: &[u8]) -> bool {
        let refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        match self {
            Self::OpenAi | Self::Anthropic => status == StatusCode::UNAUTHORIZED,
            Self::Google => refused || memchr::memmem::find(body, b"API_KEY_INVALID").is_some(),
            Self::Bedrock => refused,
        }
    }

    /// The status of a failure.
    pub(crate) fn status(self, failure: &Failure) -> StatusCode {
        match (self, failure.status()) {
            (Self::Bedrock, StatusCode::UNAUTHORIZED) => StatusCode::FORBIDDEN,
            // AWS's clients try again whatever is 502 or 504; what may have run is not to be paid twice.
            (Self::Bedrock, StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT)
                if failure.is_hopeless() =>
            {
                StatusCode::FAILED_DEPENDENCY
            }
            (_, status) => status,
        }
    }

    /// The headers by which clients tell failures apart.
    pub(crate) fn mark(self, status: StatusCode, headers: &mut HeaderMap) {
        if self == Self::Bedrock {
            let kind = HeaderValue::from_static(exception(status));
            headers.insert(HeaderName::from_static("x-amzn-errortype"), kind);
        }
    }

    /// Puts the id of the request where the provider's clients look for one, unless the provider gave its own.
    pub(crate) fn name_request(self, response: &mut Response) {
        let name = match self {
            Self::Anthropic => "request-id",
            Self::Bedrock => "x-amzn-requestid",
            Self::OpenAi | Self::Google => return,
        };
        let headers = response.headers_mut();
        if let Some(id) = headers.get(&REQUEST_ID).cloned() {
            headers.entry(HeaderName::from_static(name)).or_insert(id);
        }
    }

    /// The body of a failure. Not for OpenAI's shape.
    pub(crate) fn body(self, failure: &Failure) -> Value {
        let (status, message) = (self.status(failure), failure.message());
        match self {
            Self::Bedrock | Self::OpenAi => json!({ "message": message }),
            Self::Anthropic => {
                json!({ "type": "error", "error": { "type": error_type(status), "message": message } })
            }
            Self::Google => {
                let reason = json!({
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": failure.code(), "domain": "reeve",
                });
                json!({ "error": {
                    "code": status.as_u16(), "message": message, "status": word(status), "details": [reason],
                } })
            }
        }
    }
}

/// Anthropic's type of error for a status.
fn error_type(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        408 | 504 => "timeout_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

/// Google's word for a status.
fn word(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        402 | 412 => "FAILED_PRECONDITION",
        408 | 504 => "DEADLINE_EXCEEDED",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        502 | 503 => "UNAVAILABLE",
        500.. => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    }
}

/// AWS's exception for a status.
fn exception(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 | 403 => "AccessDeniedException",
        402 => "ServiceQuotaExceededException",
        404 => "ResourceNotFoundException",
        408 | 504 => "ModelTimeoutException",
        424 => "ModelErrorException",
        429 => "ThrottlingException",
        503 => "ServiceUnavailableException",
        500.. => "InternalServerException",
        _ => "ValidationException",
    }
}
