//! `/v1/completions`.

use super::chat::{include_usage, model};
use super::edit::{Edits, edited};
use super::error::RequestError;
use super::fields::{Fields, MAX_OUTPUT_TOKENS};
use bytes::Bytes;
use serde_json::value::RawValue;
use std::borrow::Cow;

const GOVERNED: [&str; 10] = [
    "model",
    "prompt",
    "suffix",
    "stream",
    "stream_options",
    "max_tokens",
    "n",
    "best_of",
    "service_tier",
    "user",
];
/// What the API generates where a request does not say.
const DEFAULT_MAX_TOKENS: u64 = 16;

/// What governance needs of a request to complete a text.
#[derive(Debug)]
pub struct CompletionsRequest<'a> {
    body: &'a Bytes,
    /// All members of the body.
    pub fields: Fields<'a>,
    /// The model asked for.
    pub model: Cow<'a, str>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Whether the client itself asked for usage at the end of the stream.
    pub include_usage: bool,
    /// The cap on output tokens of each answer.
    pub max_tokens: u64,
    /// How many answers are generated and billed, over all prompts: `best_of` of them where that is more than `n`.
    pub choices: u64,
    /// The service tier asked for.
    pub service_tier: Option<Cow<'a, str>>,
    /// The end user, as the client names them.
    pub user: Option<Cow<'a, str>>,
    /// A text, texts, a list of tokens, or lists of tokens; unparsed.
    pub prompt: &'a RawValue,
}

impl<'a> CompletionsRequest<'a> {
    /// Reads a request.
    ///
    /// # Errors
    /// [`RequestError`] names what is wrong, and the field.
    pub fn read(body: &'a Bytes) -> Result<Self, RequestError> {
        let fields = Fields::read(body, &GOVERNED)?;
        let prompt = fields.get("prompt").ok_or(RequestError::Missing { field: "prompt" })?;
        if !prompt.get().starts_with(['[', '"']) {
            return Err(RequestError::WrongType { field: "prompt", expected: "a text or a list" });
        }
        let count = |field| Ok::<_, RequestError>(fields.number(field, 1, 128)?.unwrap_or(1));
        Ok(Self {
            model: model(&fields)?,
            stream: fields.flag("stream")?,
            include_usage: include_usage(&fields)?,
            max_tokens: fields.number("max_tokens", 0, MAX_OUTPUT_TOKENS)?.unwrap_or(DEFAULT_MAX_TOKENS),
            choices: count("n")?.max(count("best_of")?).saturating_mul(prompts(prompt)),
            service_tier: fields.text("service_tier")?,
            user: fields.text("user")?,
            prompt,
            fields,
            body,
        })
    }

    /// Whether the request leaves the cap to the provider, of which not everyone means the same.
    #[must_use]
    pub fn leaves_cap(&self) -> bool {
        self.fields.get("max_tokens").is_none()
    }

    /// The body to send: the cap that was taken for granted is written in.
    #[must_use]
    pub fn upstream_body(&self, model: Option<&str>, include_usage: bool) -> Bytes {
        let max_tokens = self.leaves_cap().then_some(("max_tokens", self.max_tokens));
        edited(self.body, &self.fields, &Edits { model, include_usage, max_tokens })
    }
}

/// How many prompts: each is answered.
fn prompts(prompt: &RawValue) -> u64 {
    let items = serde_json::from_str::<Vec<&RawValue>>(prompt.get()).unwrap_or_default();
    match items.first() {
        Some(first) if first.get().starts_with(['"', '[']) => items.len() as u64,
        _ => 1,
    }
}
