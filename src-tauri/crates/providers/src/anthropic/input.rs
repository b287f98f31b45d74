//! The most input tokens of a request for a message.

use super::MessagesRequest;
use crate::openai::{Fields, Text};
use crate::tokens::{Family, InputBound, Sum};
use serde_json::value::RawValue;

/// The start of an answer, and what the provider adds of its own.
const FRAME: u64 = 64;
/// What frames a message.
const PER_MESSAGE: u64 = 8;
/// The instruction on how to use tools.
const PER_TOOLSET: u64 = 1_024;
/// A tool of the provider's that the client runs: its description is the provider's own.
const PER_KNOWN_TOOL: u64 = 1_536;
/// The most tokens of a picture: the provider scales larger ones down.
const PICTURE: u64 = 8_192;
/// Tools of the provider's whose work is the client's.
const RUN_BY_CLIENT: [&str; 4] = ["bash_", "text_editor_", "computer_2", "memory_"];
/// Members through which the provider fetches input of its own.
const FETCHES: [&str; 2] = ["mcp_servers", "container"];
/// Members that the model never reads.
const NOT_READ: [&str; 5] = ["model", "metadata", "cache_control", "diagnostics", "thinking"];

/// The most input tokens of `request`.
#[must_use]
pub fn bound(request: &MessagesRequest<'_>) -> InputBound {
    let mut sum = Sum::new(Family::Other, FRAME);
    for (name, value) in request.fields.iter() {
        if let Some(fetches) = FETCHES.into_iter().find(|f| *f == name && !is_empty(value)) {
            sum.unbounded(fetches);
        }
        match name {
            "messages" => messages(&mut sum, value),
            "system" => content(&mut sum, value),
            "tools" => tools(&mut sum, value),
            name if NOT_READ.contains(&name) => {}
            _ if value.get().starts_with(['{', '[', '"']) => sum.json(value),
            _ => {}
        }
    }
    sum.bound()
}

fn is_empty(value: &RawValue) -> bool {
    matches!(value.get(), "null" | "[]" | "{}")
}

fn messages(sum: &mut Sum, raw: &RawValue) {
    let Ok(messages) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) else { return sum.json(raw) };
    for message in messages {
        sum.add(PER_MESSAGE);
        let Ok(members) = serde_json::from_str::<Fields<'_>>(message.get()) else {
            sum.json(message);
            continue;
        };
        for (name, value) in members.iter() {
            match name {
                "content" => content(sum, value),
                _ => sum.plain(value),
            }
        }
    }
}

/// A text, or blocks.
fn content(sum: &mut Sum, value: &RawValue) {
    match value.get().as_bytes().first() {
        Some(b'[') => {}
        _ if value.get() == "null" => return,
        _ => return sum.plain(value),
    }
    let Ok(blocks) = serde_json::from_str::<Vec<&RawValue>>(value.get()) else { return sum.plain(value) };
    for raw in blocks {
        sum.add(4);
        match serde_json::from_str::<Fields<'_>>(raw.get()) {
            Ok(block) => self::block(sum, &block),
            Err(_) => sum.json(raw),
        }
    }
}

fn block(sum: &mut Sum, block: &Fields<'_>) {
    let kind = text(block, "type");
    for (name, value) in block.iter() {
        match name {
            "type" | "cache_control" => {}
            "content" => content(sum, value),
            "source" if kind == "image" => sum.add(PICTURE),
            "source" => source(sum, value),
            // Thoughts come back encrypted: three bytes for four letters, and no token is shorter than a byte.
            "signature" | "data" | "encrypted_content" => sum.add(value.get().len() as u64 / 4 * 3 + 3),
            _ => sum.plain(value),
        }
    }
    if kind == "container_upload" {
        sum.unbounded("messages");
    }
}

/// A document: text counts as such, whatever else becomes as many pages as it has.
fn source(sum: &mut Sum, value: &RawValue) {
    let Ok(source) = serde_json::from_str::<Fields<'_>>(value.get()) else { return sum.plain(value) };
    match text(&source, "type").as_str() {
        "text" => source.iter().filter(|(n, _)| *n == "data").for_each(|(_, data)| sum.plain(data)),
        "content" => {
            source.iter().filter(|(n, _)| *n == "content").for_each(|(_, inner)| content(sum, inner))
        }
        _ => sum.unbounded("document"),
    }
}

fn tools(sum: &mut Sum, raw: &RawValue) {
    let tools = serde_json::from_str::<Vec<Fields<'_>>>(raw.get()).unwrap_or_default();
    for tool in &tools {
        match text(tool, "type").as_str() {
            "" | "custom" => sum.add(16),
            known if RUN_BY_CLIENT.iter().any(|t| known.starts_with(t)) => sum.add(PER_KNOWN_TOOL),
            _ => sum.unbounded("tools"),
        }
    }
    sum.add(PER_TOOLSET);
    sum.json(raw);
}

/// The text of a member; empty where it is none.
fn text(fields: &Fields<'_>, name: &str) -> String {
    let value = fields.iter().filter(|(n, _)| *n == name).last().map(|(_, v)| v);
    value
        .and_then(|v| serde_json::from_str::<Text<'_>>(v.get()).ok())
        .map_or_else(String::new, |t| t.0.into_owned())
}
