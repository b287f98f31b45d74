//! `/v1/messages` and `/v1/messages/count_tokens`.

use crate::openai::{Fields, MAX_OUTPUT_TOKENS, RequestError};
use bytes::Bytes;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Names whose meaning matters here.
const GOVERNED: [&str; 16] = [
    "model",
    "messages",
    "system",
    "stream",
    "max_tokens",
    "tools",
    "metadata",
    "service_tier",
    "thinking",
    "speed",
    "inference_geo",
    "fallbacks",
    "fallback_credit_token",
    "mcp_servers",
    "container",
    "thread",
];

/// What governance needs of a request for a message.
#[derive(Debug)]
pub struct MessagesRequest<'a> {
    pub(super) body: &'a Bytes,
    /// All members of the body.
    pub fields: Fields<'a>,
    /// The model asked for.
    pub model: Cow<'a, str>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// The cap on output tokens, thinking included.
    pub max_tokens: u64,
    /// `auto` or `standard_only`.
    pub service_tier: Option<Cow<'a, str>>,
    /// The end user, as the client names them.
    pub user: Option<Cow<'a, str>>,
    /// The most searches of the web the provider may make and bill for; `None` where the request allows any number.
    pub searches: Option<u64>,
}

/// A request to count tokens, which costs nothing.
#[derive(Debug)]
pub struct CountRequest<'a> {
    /// The model asked for.
    pub model: Cow<'a, str>,
}

impl<'a> MessagesRequest<'a> {
    /// Reads a request.
    ///
    /// # Errors
    /// [`RequestError`] names what is wrong, and the field.
    pub fn read(body: &'a Bytes) -> Result<Self, RequestError> {
        let fields = read(body)?;
        let max_tokens = fields.number("max_tokens", 0, MAX_OUTPUT_TOKENS)?;
        priceable(&fields)?;
        thinking(&fields)?;
        Ok(Self {
            model: model(&fields)?,
            stream: fields.flag("stream")?,
            max_tokens: max_tokens.ok_or(RequestError::Missing { field: "max_tokens" })?,
            service_tier: fields.text("service_tier")?,
            user: user(&fields)?,
            searches: searches(&fields)?,
            fields,
            body,
        })
    }
}

impl<'a> CountRequest<'a> {
    /// Reads a request.
    ///
    /// # Errors
    /// [`RequestError`] names what is wrong, and the field.
    pub fn read(body: &'a Bytes) -> Result<Self, RequestError> {
        Ok(Self { model: model(&read(body)?)? })
    }
}

fn read(body: &Bytes) -> Result<Fields<'_>, RequestError> {
    let fields = Fields::read(body, &GOVERNED)?;
    list(&fields, "messages")?.ok_or(RequestError::Missing { field: "messages" })?;
    list(&fields, "tools")?;
    Ok(fields)
}

fn model<'a>(fields: &Fields<'a>) -> Result<Cow<'a, str>, RequestError> {
    fields.text("model")?.filter(|m| !m.is_empty()).ok_or(RequestError::Missing { field: "model" })
}

fn list<'a>(fields: &Fields<'a>, field: &'static str) -> Result<Option<&'a RawValue>, RequestError> {
    match fields.get(field) {
        Some(value) if !value.get().starts_with('[') => {
            Err(RequestError::WrongType { field, expected: "a list" })
        }
        value => Ok(value),
    }
}

fn object<'a>(
    fields: &Fields<'a>,
    field: &'static str,
    governed: &[&'static str],
) -> Result<Option<Fields<'a>>, RequestError> {
    let Some(value) = fields.get(field) else { return Ok(None) };
    if !value.get().starts_with('{') {
        return Err(RequestError::WrongType { field, expected: "an object" });
    }
    Fields::read(value.get().as_bytes(), governed).map(Some)
}

/// Faster answers, answers from one region, and answers of another model have prices that no list says.
fn priceable(fields: &Fields<'_>) -> Result<(), RequestError> {
    let is_one_of =
        |field, free: &[&str]| Ok(fields.text(field)?.is_none_or(|value| free.contains(&&*value)));
    if !is_one_of("speed", &["standard"])? {
        return Err(RequestError::Unpriceable { field: "speed" });
    }
    if !is_one_of("inference_geo", &["global", "not_available"])? {
        return Err(RequestError::Unpriceable { field: "inference_geo" });
    }
    for field in ["fallbacks", "fallback_credit_token", "thread"] {
        if fields.get(field).is_some_and(|value| !matches!(value.get(), "[]" | "{}")) {
            return Err(RequestError::Unpriceable { field });
        }
    }
    Ok(())
}

/// Thinking is part of `max_tokens`; a budget that is no number is refused here, because the provider might read it otherwise.
fn thinking(fields: &Fields<'_>) -> Result<(), RequestError> {
    let Some(thinking) = object(fields, "thinking", &["type", "budget_tokens"])? else { return Ok(()) };
    thinking.number("budget_tokens", 0, MAX_OUTPUT_TOKENS).map(|_| ())
}

fn user<'a>(fields: &Fields<'a>) -> Result<Option<Cow<'a, str>>, RequestError> {
    object(fields, "metadata", &["user_id"])?.map_or(Ok(None), |metadata| metadata.text("user_id"))
}

/// Every tool that may search says how often; one that does not say may search without end.
fn searches(fields: &Fields<'_>) -> Result<Option<u64>, RequestError> {
    const MOST: u64 = 1_000;
    let Some(tools) = fields.get("tools") else { return Ok(Some(0)) };
    let wrong = |_| RequestError::WrongType { field: "tools", expected: "a list of objects" };
    let tools = serde_json::from_str::<Vec<&RawValue>>(tools.get()).map_err(wrong)?;
    let mut sum = Some(0);
    for tool in tools {
        let tool = Fields::read(tool.get().as_bytes(), &["type", "max_uses"])?;
        let kind = tool.text("type")?.unwrap_or_default();
        if kind.starts_with("advisor") {
            return Err(RequestError::Unpriceable { field: "tools" });
        }
        if kind.starts_with("web_search") {
            let uses = tool.number("max_uses", 0, MOST)?;
            sum = sum.zip(uses).map(|(sum, uses)| sum + uses);
        }
    }
    Ok(sum)
}
