//! The most input tokens of a request.

use super::names;
use super::request::{EmbedRequest, GenerateRequest};
use crate::openai::{Fields, Text};
use crate::tokens::{Family, InputBound, Sum};
use serde_json::value::RawValue;

/// The start of an answer, and what the provider adds of its own.
const FRAME: u64 = 64;
/// What frames a turn.
const PER_TURN: u64 = 8;
/// The instruction on how to use functions.
const PER_TOOLSET: u64 = 512;
/// The most tokens of a picture: sixteen tiles of 258, or the highest resolution.
const PICTURE: u64 = 4_400;
/// Members that the model never reads.
const NOT_READ: [&str; 4] = ["model", "safetySettings", "safety_settings", "labels"];

/// The most input tokens of a request for content.
#[must_use]
pub fn bound(request: &GenerateRequest<'_>) -> InputBound {
    let mut sum = Sum::new(Family::Other, FRAME);
    for (name, value) in request.fields.iter() {
        match name {
            "contents" => each(value, &mut sum, content),
            name if names::is(name, names::SYSTEM) => content(&mut sum, value),
            "tools" => each(value, &mut sum, tool),
            name if names::is(name, names::CACHED) && value.get() != "null" => {
                sum.unbounded(names::CACHED[0]);
            }
            name if NOT_READ.contains(&name) => {}
            // A schema of the answer is read by the model, too.
            _ if value.get().starts_with(['{', '[', '"']) => sum.json(value),
            _ => {}
        }
    }
    sum.bound()
}

/// The most input tokens of a request for embeddings.
#[must_use]
pub fn bound_embedding(request: &EmbedRequest<'_>) -> InputBound {
    let mut sum = Sum::new(Family::Other, 0);
    for (name, value) in request.fields.iter() {
        match name {
            "content" => content(&mut sum, value),
            "requests" => each(value, &mut sum, |sum, one| {
                let Ok(one) = serde_json::from_str::<Fields<'_>>(one.get()) else { return sum.json(one) };
                one.iter().filter(|(n, _)| *n == "content").for_each(|(_, value)| content(sum, value));
            }),
            _ => {}
        }
    }
    sum.bound()
}

/// Every item of a list, or the single one that stands for a list.
fn each(raw: &RawValue, sum: &mut Sum, mut take: impl FnMut(&mut Sum, &RawValue)) {
    match serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
        Ok(items) => items.into_iter().for_each(|item| take(sum, item)),
        Err(_) => take(sum, raw),
    }
}

/// A turn: its parts, and who speaks.
fn content(sum: &mut Sum, raw: &RawValue) {
    sum.add(PER_TURN);
    let Ok(members) = serde_json::from_str::<Fields<'_>>(raw.get()) else { return sum.plain(raw) };
    for (name, value) in members.iter() {
        match name {
            "parts" => each(value, sum, part),
            _ => sum.plain(value),
        }
    }
}

fn part(sum: &mut Sum, raw: &RawValue) {
    sum.add(2);
    let Ok(members) = serde_json::from_str::<Fields<'_>>(raw.get()) else { return sum.plain(raw) };
    for (name, value) in members.iter() {
        match name {
            "inlineData" | "inline_data" => inline(sum, value),
            "fileData" | "file_data" => sum.unbounded("fileData"),
            // Thoughts come back encrypted: three bytes for four letters, and no token is shorter than a byte.
            "thoughtSignature" | "thought_signature" => sum.add(value.get().len() as u64 / 4 * 3 + 3),
            _ => sum.plain(value),
        }
    }
}

fn inline(sum: &mut Sum, raw: &RawValue) {
    let Ok(blob) = serde_json::from_str::<Fields<'_>>(raw.get()) else { return sum.json(raw) };
    let member = |names: [&str; 2]| blob.iter().filter(|(n, _)| names.contains(n)).last().map(|(_, v)| v);
    let kind = member(["mimeType", "mime_type"]);
    let kind = kind.and_then(|v| serde_json::from_str::<Text<'_>>(v.get()).ok());
    let data = member(["data", "data"]).map_or(0, |v| v.get().len() as u64);
    match kind.as_ref().map(|k| k.0.split('/').next().unwrap_or_default()) {
        Some("image") => sum.add(PICTURE),
        // 32 tokens a second, and no codec in use needs less than 384 bytes for that second.
        Some("audio") => sum.add(64 + data / 16),
        Some("text") => sum.add(data),
        // A page or a second of film is a few hundred tokens, and can be very few bytes.
        _ => sum.unbounded("inlineData"),
    }
}

fn tool(sum: &mut Sum, raw: &RawValue) {
    sum.add(PER_TOOLSET);
    sum.json(raw);
    let Ok(members) = serde_json::from_str::<Fields<'_>>(raw.get()) else { return sum.unbounded("tools") };
    if members.iter().any(|(name, value)| !names::is(name, names::FUNCTIONS) && value.get() != "null") {
        sum.unbounded("tools");
    }
}
