//! `/v1/images/generations`.

use super::chat::model;
use super::edit::{Edits, edited};
use super::error::RequestError;
use super::fields::Fields;
use super::usage::{Answer, Reading, read};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::borrow::Cow;

const GOVERNED: [&str; 9] =
    ["model", "prompt", "n", "size", "quality", "stream", "partial_images", "user", "service_tier"];
/// The most pictures of a call.
pub(super) const MOST_PICTURES: u64 = 100;
/// The most tokens of a picture, whatever its size: four times what the dearest listed size takes.
const MOST_TOKENS: u64 = 25_000;
/// The most pixels a picture may have where its size is left to the provider.
pub(super) const MOST_PIXELS: u64 = 4_096 * 4_096;

/// What governance needs of a request for pictures.
#[derive(Debug)]
pub struct ImagesRequest<'a> {
    body: &'a Bytes,
    fields: Fields<'a>,
    /// The model asked for.
    pub model: Cow<'a, str>,
    /// What to draw.
    pub prompt: Cow<'a, str>,
    /// How many pictures.
    pub n: u64,
    /// The most tokens of each.
    pub tokens_each: u64,
    /// Pixels of each.
    pub pixels_each: u64,
    /// The end user, as the client names them.
    pub user: Option<Cow<'a, str>>,
}

impl<'a> ImagesRequest<'a> {
    /// Reads a request whose address may name the model, which then counts.
    ///
    /// # Errors
    /// [`RequestError`] names what is wrong, and the field.
    pub fn read(body: &'a Bytes, named: Option<&'a str>) -> Result<Self, RequestError> {
        let fields = Fields::read(body, &GOVERNED)?;
        whole(fields.flag("stream")?)?;
        let size = fields.text("size")?.and_then(|size| pixels(&size));
        Ok(Self {
            model: named.map_or_else(|| model(&fields), |named| Ok(Cow::Borrowed(named)))?,
            prompt: fields.text("prompt")?.ok_or(RequestError::Missing { field: "prompt" })?,
            n: fields.number("n", 1, MOST_PICTURES)?.unwrap_or(1),
            tokens_each: tokens(fields.text("quality")?.as_deref(), size),
            pixels_each: size.unwrap_or(MOST_PIXELS),
            user: fields.text("user")?,
            fields,
            body,
        })
    }

    /// The body to send, with the model under the provider's name where the request used another.
    #[must_use]
    pub fn upstream_body(&self, model: Option<&str>) -> Bytes {
        edited(self.body, &self.fields, &Edits { model, ..Edits::default() })
    }
}

/// A picture comes as a whole.
pub(super) fn whole(stream: bool) -> Result<(), RequestError> {
    if !stream {
        return Ok(());
    }
    Err(RequestError::WrongType { field: "stream", expected: "false: pictures are passed on whole" })
}

/// The pixels of `1024x1536`.
pub(super) fn pixels(size: &str) -> Option<u64> {
    let (width, height) = size.split_once('x')?;
    width.parse::<u64>().ok()?.checked_mul(height.parse().ok()?)
}

/// OpenAI's own figures for pictures of up to 1024x1536 and their qualities; for anything else a generous bound.
pub(super) fn tokens(quality: Option<&str>, pixels: Option<u64>) -> u64 {
    let is_small = pixels.is_some_and(|n| n <= 1_024 * 1_536);
    match quality {
        Some("low") if is_small => 1_024,
        Some("medium") if is_small => 4_096,
        _ if is_small => 8_192,
        _ => MOST_TOKENS,
    }
}

/// A list of pictures: what it used, and how many they are.
#[must_use]
pub fn read_answer(body: &[u8]) -> (Answer, u64) {
    #[derive(Deserialize, Default)]
    struct Pictures {
        #[serde(default)]
        data: Vec<IgnoredAny>,
        #[serde(default)]
        usage: Value,
        #[serde(default)]
        error: Value,
    }
    let mut told: Pictures = serde_json::from_slice(body).unwrap_or_default();
    all_drawn(&mut told.usage);
    // Some providers send a usage of zeros with what they bill by the picture.
    let usage = match read(&told.usage) {
        Reading::Contradictory { best, .. } if best.is_empty() => Reading::Missing,
        reading => reading,
    };
    let answer = Answer { usage, model: None, service_tier: None, is_error: !told.error.is_null() };
    (answer, told.data.len() as u64)
}

/// What comes out are pictures, but for what the provider says is text.
fn all_drawn(usage: &mut Value) {
    let Some(output) = usage.get("output_tokens").and_then(Value::as_u64) else { return };
    let details = usage.get("output_tokens_details").cloned().unwrap_or(Value::Null);
    if details.get("image_tokens").is_none() {
        let text = details.get("text_tokens").and_then(Value::as_u64).unwrap_or(0);
        usage["output_tokens_details"] = json!({ "image_tokens": output.saturating_sub(text) });
    }
}
