//! Failures in the words of the API that was called, so that its clients raise the exceptions their users know.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use reeve_core::limit::Metric;
use reeve_engine::{Code, Error};
use reeve_providers::bedrock::frames::Frame;
use reeve_providers::openai::RequestError;
use reeve_providers::upstream::UpstreamError;

/// Beyond this many seconds a client should not wait and try again by itself.
const PATIENCE_S: u64 = 60;

/// In whose words a failure is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialect {
    /// `{"error": {"message", "type", "param", "code"}}`.
    OpenAi,
    /// `{"type": "error", "error": {"type", "message"}}`.
    Anthropic,
    /// `{"error": {"code", "message", "status", "details"}}`.
    Google,
    /// `{"message"}` and a header.
    Bedrock,
}

/// A failure as the client is told of it.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    /// What OpenAI calls the type.
    kind: &'static str,
    code: &'static str,
    message: String,
    param: Option<String>,
    retry_after_s: Option<u64>,
    /// Whether the client should try again by itself; by status where `None`.
    retry: Option<bool>,
}

impl Failure {
    fn new(status: StatusCode, kind: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, code, message: message.into(), param: None, retry_after_s: None, retry: None }
    }

    pub(crate) fn host_refused() -> Self {
        let sentence = "This listener does not go by the name in the Host header. Call it by its address, or add the name to its hosts.";
        Self::new(StatusCode::FORBIDDEN, "invalid_request_error", "host_not_allowed", sentence)
    }

    pub(crate) fn origin_refused() -> Self {
        let sentence = "Web pages may not call this listener. Call it from a program, or add the page's origin to those allowed.";
        Self::new(StatusCode::FORBIDDEN, "invalid_request_error", "origin_not_allowed", sentence)
    }

    pub(crate) fn no_such_route(method: &http::Method, path: &str) -> Self {
        let path: String = path.chars().take(200).collect();
        let sentence = format!(
            "Unknown request URL: {method} {path}. Reeve serves /v1/chat/completions, /v1/completions, /v1/responses, \
             /v1/embeddings, /v1/images/generations, /v1/audio/…, /v1/models, /azure/openai/…, /anthropic/v1/messages, \
             /google/v1beta/models/… and /bedrock/model/…."
        );
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "unknown_url", sentence)
    }

    pub(crate) fn wrong_method(method: &http::Method, path: &str) -> Self {
        let sentence = format!("{path} does not take {method} requests.");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request_error", "method_not_allowed", sentence)
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let sentence = format!("The request is larger than {} MiB.", limit / (1024 * 1024));
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request_error", "request_too_large", sentence)
    }

    pub(crate) fn body_timeout() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "invalid_request_error",
            "request_timeout",
            "The request did not arrive in time.",
        )
    }

    pub(crate) fn body_broken() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_request_error",
            "invalid_request",
            "The request broke off.",
        )
    }

    pub(crate) fn busy() -> Self {
        let sentence = "Reeve is handling too many large requests at once.";
        Self {
            retry_after_s: Some(1),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", "unavailable", sentence)
        }
    }

    pub(crate) fn bug() -> Self {
        let sentence = "Something went wrong inside Reeve; its log says what.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "internal", sentence)
    }

    /// The provider does not take the key that Reeve keeps. Its own words may hold parts of that key, and would make the
    /// caller look for the fault in theirs.
    pub(crate) fn provider_key_refused(provider: &str) -> Self {
        let sentence = format!(
            "{provider} refused the provider key that Reeve uses for this call. Your key is fine; an operator must renew the provider's."
        );
        let failure = Self::new(StatusCode::BAD_GATEWAY, "upstream_error", "provider_key_refused", sentence);
        Self { retry: Some(false), ..failure }
    }

    /// The provider's stream ended before its end.
    pub(crate) fn stream_cut(why: &str) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "upstream_error", "provider_stream_cut", why)
    }

    /// An engine error for the audit trail that says the same as this.
    pub(crate) fn to_error(&self) -> Error {
        let code = match self.status {
            StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
            _ => Code::Invalid,
        };
        Error::new(code, self.message.clone())
    }

    /// The status, before any provider's clients have their say.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// A word for what went wrong.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// Whether a client should not try again by itself.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.retry == Some(false)
    }

    /// What went wrong, in a sentence.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The failure as an answer.
    pub(crate) fn told(self, dialect: Dialect) -> Response {
        let body = self.json(dialect);
        let status = dialect.status(&self);
        let mut response =
            (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body)
                .into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(retry) = self.retry {
            headers.insert("x-should-retry", HeaderValue::from_static(if retry { "true" } else { "false" }));
        }
        dialect.mark(status, headers);
        response
    }

    /// The failure as an event at the end of a stream.
    pub(crate) fn event(&self, dialect: Dialect) -> Bytes {
        let json = self.json(dialect);
        match dialect {
            Dialect::OpenAi | Dialect::Google => format!("data: {json}\n\n").into(),
            Dialect::Anthropic => format!("event: error\ndata: {json}\n\n").into(),
            Dialect::Bedrock => Frame::write("modelStreamErrorException", true, json),
        }
    }

    /// The JSON body.
    fn json(&self, dialect: Dialect) -> String {
        match dialect {
            Dialect::OpenAi => self.openai(),
            other => other.body(self).to_string(),
        }
    }

    fn openai(&self) -> String {
        let Self { kind, code, message, param, .. } = self;
        serde_json::json!({ "error": { "message": message, "type": kind, "param": param, "code": code } })
            .to_string()
    }
}

/// Status, type and code of each engine code.
fn shape(code: Code) -> (StatusCode, &'static str, &'static str) {
    match code {
        Code::Invalid => (StatusCode::BAD_REQUEST, "invalid_request_error", "invalid_request"),
        Code::Unauthenticated | Code::SecondFactorRequired => {
            (StatusCode::UNAUTHORIZED, "invalid_request_error", "invalid_api_key")
        }
        Code::Forbidden => (StatusCode::FORBIDDEN, "permission_error", "forbidden"),
        Code::StepUpRequired => (StatusCode::FORBIDDEN, "permission_error", "step_up_required"),
        // What a call can name and not find is a model.
        Code::NotFound => (StatusCode::NOT_FOUND, "invalid_request_error", "model_not_found"),
        Code::Conflict => (StatusCode::CONFLICT, "invalid_request_error", "conflict"),
        // Not 429: clients try that again by themselves, and money does not come back in seconds.
        Code::BudgetExceeded => (StatusCode::PAYMENT_REQUIRED, "insufficient_quota", "budget_exceeded"),
        Code::QuotaExceeded => (StatusCode::TOO_MANY_REQUESTS, "insufficient_quota", "quota_exceeded"),
        Code::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "requests", "rate_limit_exceeded"),
        Code::PolicyDenied => (StatusCode::FORBIDDEN, "permission_error", "policy_denied"),
        Code::PreconditionFailed => {
            (StatusCode::PRECONDITION_FAILED, "invalid_request_error", "precondition_failed")
        }
        Code::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "server_error", "unavailable"),
        Code::VaultLocked => (StatusCode::SERVICE_UNAVAILABLE, "server_error", "vault_locked"),
        Code::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "server_error", "internal"),
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (status, kind, code) = shape(error.code);
        // As OpenAI has it: the type says what there is too much of.
        let kind = if error.metric == Some(Metric::Tokens) { "tokens" } else { kind };
        if status.is_server_error() {
            tracing::error!(error = &error as &dyn std::error::Error, "a call failed");
        }
        let hopeless =
            status == StatusCode::TOO_MANY_REQUESTS && error.retry_after_s.is_none_or(|s| s > PATIENCE_S);
        let model = (error.code == Code::NotFound).then(|| "model".to_owned());
        Self {
            param: error.fields.first().map(|f| f.field.clone()).or(model),
            retry_after_s: error.retry_after_s,
            retry: hopeless.then_some(false),
            ..Self::new(status, kind, code, error.message)
        }
    }
}

impl From<&UpstreamError> for Failure {
    fn from(error: &UpstreamError) -> Self {
        let (status, code) = match error {
            UpstreamError::Timeout { .. } => (StatusCode::GATEWAY_TIMEOUT, "provider_timeout"),
            UpstreamError::Unreachable(_) => (StatusCode::BAD_GATEWAY, "provider_unreachable"),
            UpstreamError::BrokenBeforeAnswer(_) | UpstreamError::BrokenWithin(_) => {
                (StatusCode::BAD_GATEWAY, "provider_answer_broken")
            }
            UpstreamError::TooLong { .. } => (StatusCode::BAD_GATEWAY, "provider_answer_too_long"),
            UpstreamError::Redirected { .. } => (StatusCode::BAD_GATEWAY, "provider_redirects"),
            UpstreamError::KeyNotSendable | UpstreamError::PathNotSendable | UpstreamError::Setup(_) => {
                (StatusCode::BAD_GATEWAY, "provider_misconfigured")
            }
        };
        // Trying again by itself, a client would pay twice for what may have run.
        let retry = (error.may_have_run()
            || status == StatusCode::BAD_GATEWAY && code != "provider_unreachable")
            .then_some(false);
        let mut sentence = error.to_string();
        if let Some(first) = sentence.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self { retry, ..Self::new(status, "upstream_error", code, format!("{sentence}.")) }
    }
}

/// A request that is not understood, as an engine error that names the field.
pub(crate) fn not_understood(error: &RequestError) -> Error {
    let mut sentence = error.to_string();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let mut told = Error::new(Code::Invalid, format!("{sentence}."));
    if let Some(field) = error.field() {
        told.fields.push(reeve_engine::FieldError { field: field.to_owned(), message: error.to_string() });
    }
    told
}

/// Where nothing says in whose words: OpenAI's.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.told(Dialect::OpenAi)
    }
}
