//! `/v1/audio/transcriptions` and `/v1/audio/translations`: forms with a file in them.

use super::error::RequestError;
use super::multipart::{Form, Part};
use super::usage::{Answer, Reading, read};
use bytes::Bytes;
use reeve_core::usage::{Unit, Usage};
use serde_json::Value;

/// No coding in use needs fewer bytes for a second of speech.
const LEAST_BYTES_PER_SECOND: u64 = 1_024;
/// The most tokens of a second of sound.
const TOKENS_PER_SECOND: u64 = 10;

/// What governance needs of a request to write down what was said.
#[derive(Debug)]
pub struct TranscriptionRequest<'a> {
    body: &'a Bytes,
    form: Form<'a>,
    /// The model asked for.
    pub model: &'a str,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// The most seconds the file may last.
    pub most_seconds: u64,
}

impl<'a> TranscriptionRequest<'a> {
    /// Reads a request whose address may name the model, which then counts.
    ///
    /// # Errors
    /// [`RequestError`] names what is wrong, and the field.
    pub fn read(body: &'a Bytes, content_type: &str, named: Option<&'a str>) -> Result<Self, RequestError> {
        let form = Form::read(body, content_type)?;
        let (model, stream) = (form.model(named)?, form.flag("stream")?);
        let file = form.one("file")?.ok_or(RequestError::Missing { field: "file" })?;
        Ok(Self { model, stream, most_seconds: most_seconds(file), form, body })
    }

    /// The most tokens the file and what goes with it may be.
    #[must_use]
    pub fn most_tokens(&self) -> u64 {
        let words: usize = self.form.parts().filter(|p| p.name != "file").map(|p| p.value.len()).sum();
        self.most_seconds * TOKENS_PER_SECOND + words as u64 + 64
    }

    /// The body to send, with the model under the provider's name where the request used another.
    #[must_use]
    pub fn upstream_body(&self, model: Option<&str>) -> Bytes {
        self.form.with_model(self.body, model)
    }
}

/// How long a file lasts at most: what a WAV file says of itself, else what its size allows for.
fn most_seconds(file: &Part<'_>) -> u64 {
    let bytes = file.value.len() as u64;
    let rate = file.value.get(28..32).and_then(|rate| rate.try_into().ok()).map(u32::from_le_bytes);
    match rate {
        Some(rate) if file.value.starts_with(b"RIFF") && u64::from(rate) > LEAST_BYTES_PER_SECOND => {
            bytes.div_ceil(u64::from(rate))
        }
        _ => bytes / LEAST_BYTES_PER_SECOND + 1,
    }
}

/// What an answer used: tokens, or seconds.
#[must_use]
pub fn read_answer(body: &[u8]) -> Answer {
    let told: Value = serde_json::from_slice(body).unwrap_or_default();
    let usage = match &told["usage"] {
        Value::Object(usage) if usage.contains_key("seconds") => seconds(&usage["seconds"]),
        Value::Null => seconds(&told["duration"]),
        usage => read(usage),
    };
    Answer { usage, model: None, service_tier: None, is_error: !told["error"].is_null() }
}

/// Whole seconds, the last one begun; some providers write the number as a text.
fn seconds(value: &Value) -> Reading {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    match number {
        Some(n) if (0.0..1e7).contains(&n) => {
            Reading::Usage(Usage::new().with(Unit::SecondIn, (n.ceil() as u64).max(1)))
        }
        _ => Reading::Missing,
    }
}
