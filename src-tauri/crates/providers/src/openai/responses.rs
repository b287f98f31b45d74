//! `/v1/responses`.

pub mod stream;
pub mod usage;

use super::chat::model;
use super::edit::{Edits, edited};
use super::error::RequestError;
use super::fields::{Fields, MAX_OUTPUT_TOKENS, Text};
use bytes::Bytes;
use serde_json::value::RawValue;
use std::borrow::Cow;

const GOVERNED: [&str; 14] = [
    "model",
    "input",
    "instructions",
    "stream",
    "background",
    "max_output_tokens",
    "max_tool_calls",
    "service_tier",
    "tools",
    "user",
    "previous_response_id",
    "conversation",
    "prompt",
    "safety_identifier",
];
/// Tools that run at the client, or whose work shows in tokens alone.
const BY_TOKENS: [&str; 6] = ["function", "custom", "local_shell", "apply_patch", "mcp", "tool_search"];
/// Searches a call may make at most.
const MAX_SEARCHES: u64 = 1_000;

/// What governance needs of a request for a response.
#[derive(Debug)]
pub struct ResponsesRequest<'a> {
    body: &'a Bytes,
    /// All members of the body.
    pub fields: Fields<'a>,
    /// The model asked for.
    pub model: Cow<'a, str>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// The cap on output tokens, reasoning included.
    pub max_tokens: Option<u64>,
    /// The service tier asked for.
    pub service_tier: Option<Cow<'a, str>>,
    /// The end user, as the client names them.
    pub user: Option<Cow<'a, str>>,
    /// The most searches of the web that may be billed.
    pub searches: u64,
}

impl<'a> ResponsesRequest<'a> {
    /// Reads a request.
    ///
    /// # Errors
    /// [`RequestError`] names what is wrong, and the field.
    pub fn read(body: &'a Bytes) -> Result<Self, RequestError> {
        let fields = Fields::read(body, &GOVERNED)?;
        if fields.get("input").is_some_and(|input| !input.get().starts_with(['[', '"'])) {
            return Err(RequestError::WrongType { field: "input", expected: "a text or a list" });
        }
        // Its usage comes after the answer, where nobody reads it.
        if fields.flag("background")? {
            return Err(RequestError::Unpriceable { field: "background" });
        }
        let user = fields.text("user")?;
        Ok(Self {
            model: model(&fields)?,
            stream: fields.flag("stream")?,
            max_tokens: fields.number("max_output_tokens", 1, MAX_OUTPUT_TOKENS)?,
            service_tier: fields.text("service_tier")?,
            user: if user.is_some() { user } else { fields.text("safety_identifier")? },
            searches: searches(&fields)?,
            fields,
            body,
        })
    }

    /// The body to send: the very same bytes where there is nothing to change.
    #[must_use]
    pub fn upstream_body(&self, model: Option<&str>, cap: Option<u64>) -> Bytes {
        let max_tokens = cap.map(|cap| ("max_output_tokens", cap));
        edited(self.body, &self.fields, &Edits { model, include_usage: false, max_tokens })
    }
}

/// The most searches: a request that may search says how often, because each is billed. What else the provider's own tools
/// cost no list says.
fn searches(fields: &Fields<'_>) -> Result<u64, RequestError> {
    let Some(tools) = fields.get("tools") else { return Ok(0) };
    let wrong = |_| RequestError::WrongType { field: "tools", expected: "a list of objects" };
    let tools = serde_json::from_str::<Vec<Fields<'_>>>(tools.get()).map_err(wrong)?;
    let mut may_search = false;
    for tool in &tools {
        let kind = tool.iter().find(|(name, _)| *name == "type").map(|(_, value)| value);
        let kind = kind.and_then(|v| serde_json::from_str::<Text<'_>>(v.get()).ok());
        match kind.as_ref().map_or("", |t| &t.0) {
            known if BY_TOKENS.contains(&known) => {}
            search if search.starts_with("web_search") => may_search = true,
            _ => return Err(RequestError::Unpriceable { field: "tools" }),
        }
    }
    if !may_search {
        return Ok(0);
    }
    let most = fields.number("max_tool_calls", 1, MAX_SEARCHES)?;
    most.ok_or(RequestError::Missing { field: "max_tool_calls" })
}

impl<'a> ResponsesRequest<'a> {
    /// Whether the provider adds input that it keeps: what was said before, or a prompt stored there.
    #[must_use]
    pub fn adds_stored_input(&self) -> Option<&'static str> {
        ["previous_response_id", "conversation", "prompt"].into_iter().find(|f| self.fields.get(f).is_some())
    }

    /// What is to be answered, unparsed.
    #[must_use]
    pub fn input(&self) -> Option<&'a RawValue> {
        self.fields.get("input")
    }
}
