//! The most input tokens of a request to converse.

use super::ConverseRequest;
use crate::openai::Fields;
use crate::tokens::{Family, InputBound, Sum};
use serde_json::value::RawValue;

/// The start of an answer, and what the provider adds of its own.
const FRAME: u64 = 160;
/// What frames a message.
const PER_MESSAGE: u64 = 8;
/// The instruction on how to use tools.
const PER_TOOLSET: u64 = 1_024;
/// The most tokens of a picture, whichever model reads it.
const PICTURE: u64 = 8_192;
/// Members that the model never reads.
const NOT_READ: [&str; 7] = [
    "inferenceConfig",
    "requestMetadata",
    "serviceTier",
    "performanceConfig",
    "guardrailConfig",
    "additionalModelResponseFieldPaths",
    "modelId",
];

/// The most input tokens of `request`.
#[must_use]
pub fn bound(request: &ConverseRequest<'_>) -> InputBound {
    let mut sum = Sum::new(Family::Other, FRAME);
    for (name, value) in request.fields.iter() {
        match name {
            "messages" => each(value, &mut sum, message),
            "system" => each(value, &mut sum, block),
            "toolConfig" => tools(&mut sum, value),
            // A stored prompt is as long as its owner made it.
            "promptVariables" if value.get() != "null" => sum.unbounded("promptVariables"),
            name if NOT_READ.contains(&name) => {}
            _ if value.get().starts_with(['{', '[', '"']) => sum.json(value),
            _ => {}
        }
    }
    if request.fields.get("messages").is_none() {
        sum.unbounded("messages");
    }
    sum.bound()
}

fn each(raw: &RawValue, sum: &mut Sum, mut take: impl FnMut(&mut Sum, &RawValue)) {
    match serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
        Ok(items) => items.into_iter().for_each(|item| take(sum, item)),
        Err(_) => sum.json(raw),
    }
}

fn message(sum: &mut Sum, raw: &RawValue) {
    sum.add(PER_MESSAGE);
    let Ok(members) = serde_json::from_str::<Fields<'_>>(raw.get()) else { return sum.json(raw) };
    for (name, value) in members.iter() {
        match name {
            "content" => each(value, sum, block),
            _ => sum.plain(value),
        }
    }
}

/// A block has one member, whose name says what it is.
fn block(sum: &mut Sum, raw: &RawValue) {
    sum.add(4);
    let Ok(members) = serde_json::from_str::<Fields<'_>>(raw.get()) else { return sum.json(raw) };
    for (name, value) in members.iter() {
        match name {
            "image" => sum.add(PICTURE),
            "document" => document(sum, value),
            "video" => sum.unbounded("video"),
            // At most 32 tokens a second, and no codec in use needs less than 384 bytes for that second.
            "audio" => sum.add(64 + value.get().len() as u64 / 16),
            "cachePoint" => {}
            "toolResult" => tool_result(sum, value),
            _ => sum.plain(value),
        }
    }
}

fn tool_result(sum: &mut Sum, raw: &RawValue) {
    let Ok(members) = serde_json::from_str::<Fields<'_>>(raw.get()) else { return sum.json(raw) };
    for (name, value) in members.iter() {
        match name {
            "content" => each(value, sum, block),
            _ => sum.plain(value),
        }
    }
}

/// Text counts as such; whatever else becomes as many pages as it has.
fn document(sum: &mut Sum, raw: &RawValue) {
    let inner = |raw: &RawValue| {
        let members = serde_json::from_str::<Fields<'_>>(raw.get()).ok()?;
        members.iter().filter(|(name, _)| *name == "source").last().map(|(_, v)| v.get().to_owned())
    };
    let is_text = inner(raw).is_some_and(|source| {
        serde_json::from_str::<Fields<'_>>(&source)
            .is_ok_and(|source| source.iter().all(|(name, _)| name == "text"))
    });
    if is_text { sum.json(raw) } else { sum.unbounded("document") }
}

fn tools(sum: &mut Sum, raw: &RawValue) {
    sum.add(PER_TOOLSET);
    sum.json(raw);
    let Ok(config) = serde_json::from_str::<Fields<'_>>(raw.get()) else { return };
    let lists = config.iter().filter(|(name, _)| *name == "tools");
    for (_, list) in lists {
        let tools = serde_json::from_str::<Vec<Fields<'_>>>(list.get()).unwrap_or_default();
        let own = |tool: &Fields<'_>| tool.iter().all(|(name, _)| matches!(name, "toolSpec" | "cachePoint"));
        if !tools.iter().all(own) {
            sum.unbounded("toolConfig");
        }
    }
}
