//! Bodies of `converse` and `converse-stream`.

use crate::openai::{Fields, MAX_OUTPUT_TOKENS, RequestError};
use bytes::Bytes;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Names whose meaning matters here.
const GOVERNED: [&str; 9] = [
    "messages",
    "system",
    "inferenceConfig",
    "toolConfig",
    "serviceTier",
    "performanceConfig",
    "additionalModelRequestFields",
    "promptVariables",
    "requestMetadata",
];
/// Fields by which some models' own requests cap the output; beside `inferenceConfig` they would say two things.
const OWN_CAPS: [&str; 5] =
    ["max_tokens", "maxTokens", "max_tokens_to_sample", "max_new_tokens", "max_gen_len"];

/// What governance needs of a request to converse.
#[derive(Debug)]
pub struct ConverseRequest<'a> {
    pub(super) body: &'a Bytes,
    /// All members of the body.
    pub fields: Fields<'a>,
    /// The cap on output tokens the client set.
    pub max_tokens: Option<u64>,
    /// `priority`, `flex`, `reserved` or `default`.
    pub service_tier: Option<Cow<'a, str>>,
    /// The end user: the entry `user` of `requestMetadata`.
    pub user: Option<Cow<'a, str>>,
}

impl<'a> ConverseRequest<'a> {
    /// Reads a request.
    ///
    /// # Errors
    /// [`RequestError`] names what is wrong, and the field.
    pub fn read(body: &'a Bytes) -> Result<Self, RequestError> {
        let fields = Fields::read(body, &GOVERNED)?;
        list(&fields, "messages")?;
        list(&fields, "system")?;
        priceable(&fields)?;
        let config = object(&fields, "inferenceConfig", &["maxTokens"])?;
        let max_tokens = config.map_or(Ok(None), |c| c.number("maxTokens", 1, MAX_OUTPUT_TOKENS))?;
        let tier = object(&fields, "serviceTier", &["type"])?;
        let metadata = object(&fields, "requestMetadata", &[])?;
        Ok(Self {
            max_tokens,
            service_tier: tier.map_or(Ok(None), |tier| tier.text("type"))?,
            user: metadata.and_then(|metadata| metadata.text("user").ok().flatten()),
            fields,
            body,
        })
    }
}

fn list<'a>(fields: &Fields<'a>, field: &'static str) -> Result<Option<&'a RawValue>, RequestError> {
    match fields.get(field) {
        Some(value) if !value.get().starts_with('[') => {
            Err(RequestError::WrongType { field, expected: "a list" })
        }
        value => Ok(value),
    }
}

pub(super) fn object<'a>(
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

/// Faster hardware has a price that no list says; a second cap on output would make the reserved one worthless.
fn priceable(fields: &Fields<'_>) -> Result<(), RequestError> {
    if let Some(performance) = object(fields, "performanceConfig", &["latency"])?
        && performance.text("latency")?.is_some_and(|latency| latency != "standard")
    {
        return Err(RequestError::Unpriceable { field: "performanceConfig" });
    }
    let own = object(fields, "additionalModelRequestFields", &[])?;
    let caps = |own: &Fields<'_>| OWN_CAPS.iter().any(|cap| own.get(cap).is_some());
    if own.as_ref().is_some_and(caps) {
        return Err(RequestError::WrongType {
            field: "additionalModelRequestFields",
            expected: "without a cap on output; set inferenceConfig.maxTokens",
        });
    }
    Ok(())
}
