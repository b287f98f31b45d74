//! `/v1/chat/completions`.

use super::edit::{Edits, edited};
use super::error::RequestError;
use super::fields::{Fields, MAX_OUTPUT_TOKENS};
use bytes::Bytes;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Names whose meaning matters here.
const GOVERNED: [&str; 12] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "service_tier",
    "user",
    "tools",
    "functions",
    "web_search_options",
];

/// What governance needs of a chat request.
#[derive(Debug)]
pub struct ChatRequest<'a> {
    body: &'a Bytes,
    /// All members of the body.
    pub fields: Fields<'a>,
    /// The model asked for.
    pub model: Cow<'a, str>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Whether the client itself asked for usage at the end of the stream.
    pub include_usage: bool,
    /// The cap on output tokens the client set, for each of `n` answers: the larger where it set both fields.
    pub max_tokens: Option<u64>,
    /// How many answers; 1 where the client did not say.
    pub n: u64,
    /// The service tier asked for.
    pub service_tier: Option<Cow<'a, str>>,
    /// The end user, as the client names them.
    pub user: Option<Cow<'a, str>>,
    /// The messages, unparsed.
    pub messages: &'a RawValue,
}

impl<'a> ChatRequest<'a> {
    /// Reads a request.
    ///
    /// # Errors
    /// [`RequestError`] names what is wrong, and the field.
    pub fn read(body: &'a Bytes) -> Result<Self, RequestError> {
        Self::read_as(body, None)
    }

    /// Reads a request whose address may name the model, which then counts.
    ///
    /// # Errors
    /// As [`ChatRequest::read`].
    pub fn read_as(body: &'a Bytes, named: Option<&'a str>) -> Result<Self, RequestError> {
        let fields = Fields::read(body, &GOVERNED)?;
        let model = named.map_or_else(|| model(&fields), |named| Ok(Cow::Borrowed(named)))?;
        let messages = fields.get("messages").ok_or(RequestError::Missing { field: "messages" })?;
        if !messages.get().starts_with('[') {
            return Err(RequestError::WrongType { field: "messages", expected: "a list" });
        }
        let stream = fields.flag("stream")?;
        let cap = |field| fields.number(field, 1, MAX_OUTPUT_TOKENS);
        let (old, new) = (cap("max_tokens")?, cap("max_completion_tokens")?);
        Ok(Self {
            stream,
            include_usage: include_usage(&fields)?,
            max_tokens: old.max(new),
            n: fields.number("n", 1, 128)?.unwrap_or(1),
            service_tier: fields.text("service_tier")?,
            user: fields.text("user")?,
            model,
            messages,
            fields,
            body,
        })
    }

    /// The most output tokens the request allows, all `n` answers together, where one answer may have `each`.
    #[must_use]
    pub fn output_bound(&self, each: u64) -> u64 {
        self.max_tokens.unwrap_or(each).saturating_mul(self.n)
    }

    /// The body to send: the very same bytes where there is nothing to change.
    #[must_use]
    pub fn upstream_body(&self, edits: &Edits<'_>) -> Bytes {
        let edits = Edits { include_usage: edits.include_usage && self.stream, ..*edits };
        edited(self.body, &self.fields, &edits)
    }
}

pub(super) fn model<'a>(fields: &Fields<'a>) -> Result<Cow<'a, str>, RequestError> {
    fields.text("model")?.filter(|m| !m.is_empty()).ok_or(RequestError::Missing { field: "model" })
}

pub(super) fn include_usage(fields: &Fields<'_>) -> Result<bool, RequestError> {
    let Some(options) = fields.get("stream_options") else { return Ok(false) };
    if !options.get().starts_with('{') {
        return Err(RequestError::WrongType { field: "stream_options", expected: "an object" });
    }
    Fields::read(options.get().as_bytes(), &["include_usage"])?.flag("include_usage")
}
