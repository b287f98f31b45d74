//! `/v1/audio/speech`.

use super::chat::model;
use super::edit::{Edits, edited};
use super::error::RequestError;
use super::fields::Fields;
use bytes::Bytes;
use std::borrow::Cow;

const GOVERNED: [&str; 8] =
    ["model", "input", "instructions", "voice", "response_format", "speed", "stream_format", "user"];
/// The most seconds a character is spoken for.
const SECONDS_PER_CHARACTER: u64 = 2;
/// The most tokens of a second of speech.
const TOKENS_PER_SECOND: u64 = 25;
/// What an answer with no text to speak of may last, in seconds.
const LEAST_SECONDS: u64 = 10;

/// What governance needs of a request for speech.
#[derive(Debug)]
pub struct SpeechRequest<'a> {
    body: &'a Bytes,
    fields: Fields<'a>,
    /// The model asked for.
    pub model: Cow<'a, str>,
    /// What to say.
    pub input: Cow<'a, str>,
    /// How to say it.
    pub instructions: Option<Cow<'a, str>>,
    /// How the sound is coded; `mp3` where the client did not say.
    pub format: Cow<'a, str>,
    /// Whether it comes as events.
    pub events: bool,
}

impl<'a> SpeechRequest<'a> {
    /// Reads a request whose address may name the model, which then counts.
    ///
    /// # Errors
    /// [`RequestError`] names what is wrong, and the field.
    pub fn read(body: &'a Bytes, named: Option<&'a str>) -> Result<Self, RequestError> {
        let fields = Fields::read(body, &GOVERNED)?;
        Ok(Self {
            model: named.map_or_else(|| model(&fields), |named| Ok(Cow::Borrowed(named)))?,
            input: fields.text("input")?.ok_or(RequestError::Missing { field: "input" })?,
            instructions: fields.text("instructions")?,
            format: fields.text("response_format")?.unwrap_or(Cow::Borrowed("mp3")),
            events: fields.text("stream_format")?.is_some_and(|format| format == "sse"),
            fields,
            body,
        })
    }

    /// Characters to be spoken, as they are billed.
    #[must_use]
    pub fn characters(&self) -> u64 {
        self.input.chars().count() as u64
    }

    /// The most seconds the speech may last.
    #[must_use]
    pub fn most_seconds(&self) -> u64 {
        LEAST_SECONDS + self.characters() * SECONDS_PER_CHARACTER
    }

    /// The most tokens the speech may be.
    #[must_use]
    pub fn most_tokens(&self) -> u64 {
        self.most_seconds() * TOKENS_PER_SECOND
    }

    /// The body to send, with the model under the provider's name where the request used another.
    #[must_use]
    pub fn upstream_body(&self, model: Option<&str>) -> Bytes {
        edited(self.body, &self.fields, &Edits { model, ..Edits::default() })
    }
}

/// The most seconds that `bytes` of sound can be; exact for sound that is not compressed.
#[must_use]
pub fn seconds(format: &str, bytes: u64) -> u64 {
    // 24,000 samples a second of two bytes each; the tightest of the other codings takes a twelfth of that.
    match format {
        "pcm" | "wav" => bytes.div_ceil(48_000),
        _ => bytes.div_ceil(4_000),
    }
}
