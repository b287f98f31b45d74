//! Bodies of `generateContent`, `countTokens` and the embeddings.

use super::names::{self, name_in};
use crate::openai::{Fields, MAX_OUTPUT_TOKENS, RequestError};
use bytes::Bytes;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Names whose meaning matters here.
const GOVERNED: [&str; 11] = [
    "contents",
    "systemInstruction",
    "system_instruction",
    "generationConfig",
    "generation_config",
    "tools",
    "cachedContent",
    "cached_content",
    "serviceTier",
    "service_tier",
    "model",
];
/// The same of `generationConfig`.
const GOVERNED_CONFIG: [&str; 6] = [
    "maxOutputTokens",
    "max_output_tokens",
    "candidateCount",
    "candidate_count",
    "thinkingConfig",
    "thinking_config",
];

/// What governance needs of a request for content.
#[derive(Debug)]
pub struct GenerateRequest<'a> {
    pub(super) body: &'a Bytes,
    /// All members of the body.
    pub fields: Fields<'a>,
    /// The cap on output tokens the client set for each candidate, thinking included.
    pub max_tokens: Option<u64>,
    /// How many candidates; 1 where the client did not say.
    pub candidates: u64,
    /// `standard`, `flex` or `priority`, in small letters.
    pub service_tier: Option<String>,
    /// Whether the provider may search and bill for each search.
    pub searches: bool,
}

/// A request to count tokens, which costs nothing.
#[derive(Debug)]
pub struct CountRequest;

/// What governance needs of a request for embeddings.
#[derive(Debug)]
pub struct EmbedRequest<'a> {
    /// The whole body.
    pub(super) fields: Fields<'a>,
}

impl<'a> GenerateRequest<'a> {
    /// Reads a request for `model`, which stands in its path.
    ///
    /// # Errors
    /// [`RequestError`] names what is wrong, and the field.
    pub fn read(model: &str, body: &'a Bytes) -> Result<Self, RequestError> {
        let fields = Fields::read(body, &GOVERNED)?;
        same_model(&fields, model)?;
        list(&fields, "contents")?.ok_or(RequestError::Missing { field: "contents" })?;
        list(&fields, "tools")?;
        let mut request = Self {
            body,
            max_tokens: None,
            candidates: 1,
            service_tier: service_tier(&fields)?,
            searches: searches(&fields),
            fields,
        };
        if let Some(config) = names::object(&request.fields, names::CONFIG, &GOVERNED_CONFIG)? {
            request.max_tokens = number(&config, names::MAX_TOKENS, 1, MAX_OUTPUT_TOKENS)?;
            request.candidates = number(&config, names::CANDIDATES, 1, 128)?.unwrap_or(1);
            thinking(&config)?;
        }
        Ok(request)
    }
}

impl CountRequest {
    /// Checks that a request is one.
    ///
    /// # Errors
    /// [`RequestError`] where it is no JSON object, or its body names another model than its path.
    pub fn read(model: &str, body: &Bytes) -> Result<Self, RequestError> {
        same_model(&Fields::read(body, &["model"])?, model).map(|()| Self)
    }
}

impl<'a> EmbedRequest<'a> {
    /// Reads a request for one embedding or several.
    ///
    /// # Errors
    /// [`RequestError`] names what is wrong, and the field.
    pub fn read(model: &str, body: &'a Bytes) -> Result<Self, RequestError> {
        let fields = Fields::read(body, &["model", "content", "requests"])?;
        same_model(&fields, model)?;
        if fields.get("content").is_none() && fields.get("requests").is_none() {
            return Err(RequestError::Missing { field: "content" });
        }
        if let Some(requests) = list(&fields, "requests")? {
            let wrong = |_| RequestError::WrongType { field: "requests", expected: "a list of objects" };
            for one in serde_json::from_str::<Vec<&RawValue>>(requests.get()).map_err(wrong)? {
                same_model(&Fields::read(one.get().as_bytes(), &["model"])?, model)?;
            }
        }
        Ok(Self { fields })
    }
}

/// A body may name the model again; it must not name another, because that of the path is charged.
fn same_model(fields: &Fields<'_>, model: &str) -> Result<(), RequestError> {
    let named: Option<Cow<'_, str>> = fields.text("model")?;
    match named {
        Some(named) if named.strip_prefix("models/").unwrap_or(&named) != model => {
            Err(RequestError::WrongType { field: "model", expected: "the model of the path" })
        }
        _ => Ok(()),
    }
}

fn list<'a>(fields: &Fields<'a>, field: &'static str) -> Result<Option<&'a RawValue>, RequestError> {
    match fields.get(field) {
        // A single object is taken for a list of one.
        Some(value) if !value.get().starts_with(['[', '{']) => {
            Err(RequestError::WrongType { field, expected: "a list" })
        }
        value => Ok(value),
    }
}

/// A number under either of its names.
fn number(fields: &Fields<'_>, name: names::Name, min: u64, max: u64) -> Result<Option<u64>, RequestError> {
    match name_in(fields, name)? {
        Some(field) => fields.number(field, min, max),
        None => Ok(None),
    }
}

/// Thinking is part of the output; a budget that is no number is refused here, because the provider might read it otherwise.
fn thinking(config: &Fields<'_>) -> Result<(), RequestError> {
    let Some(thinking) = names::object(config, names::THINKING, &names::BUDGET)? else { return Ok(()) };
    let Some(budget) = names::get(&thinking, names::BUDGET)? else { return Ok(()) };
    // -1 lets the model decide.
    let digits = budget.get().strip_prefix('-').unwrap_or(budget.get());
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(RequestError::WrongType { field: names::BUDGET[0], expected: "a whole number" });
    }
    Ok(())
}

/// Whether a tool is one of those that are billed by the search. What cannot be read as a tool is taken for one.
fn searches(fields: &Fields<'_>) -> bool {
    const FREE: [&str; 8] = [
        "functionDeclarations",
        "function_declarations",
        "codeExecution",
        "code_execution",
        "urlContext",
        "url_context",
        "computerUse",
        "computer_use",
    ];
    let Some(tools) = fields.get("tools") else { return false };
    let Ok(tools) = serde_json::from_str::<Vec<Fields<'_>>>(tools.get()) else { return true };
    tools.iter().any(|tool| tool.iter().any(|(name, value)| !FREE.contains(&name) && value.get() != "null"))
}

fn service_tier(fields: &Fields<'_>) -> Result<Option<String>, RequestError> {
    let Some(field) = name_in(fields, names::TIER)? else { return Ok(None) };
    let tier = fields.text(field)?.map(|tier| tier.to_ascii_lowercase());
    Ok(tier.map(|tier| tier.strip_prefix("service_tier_").map_or_else(|| tier.clone(), str::to_owned)))
}
