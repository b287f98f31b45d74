//! What a message used, as Anthropic says, in buckets that do not overlap.
//!
//! Here the provider's own counts are disjoint: `input_tokens` leaves out what a cache served or stored. Output includes
//! thinking. What a compaction used stands apart from the rest and is added.

use crate::openai::usage::{Answer, Contradiction, MAX_TOKENS, Reading};
use reeve_core::usage::{Unit, Usage};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Reads a whole answer. What is not JSON says nothing: [`Reading::Missing`].
#[must_use]
pub fn read_answer(body: &[u8]) -> Answer {
    let message: Message = serde_json::from_slice(body).unwrap_or_default();
    let is_error = message.kind.as_str() == Some("error") || !message.error.is_null();
    Answer { usage: read(&message.usage), is_error, ..message.head() }
}

/// A message, or the part of one that an event of a stream carries.
#[derive(Deserialize, Default)]
pub(super) struct Message {
    #[serde(default, rename = "type")]
    kind: Value,
    #[serde(default)]
    model: Value,
    #[serde(default)]
    pub(super) usage: Value,
    #[serde(default)]
    error: Value,
}

impl Message {
    /// Who answered, and at which tier; usage apart.
    pub(super) fn head(&self) -> Answer {
        let tier = self.usage.get("service_tier").and_then(Value::as_str);
        Answer {
            usage: Reading::Missing,
            model: self.model.as_str().map(str::to_owned),
            service_tier: tier.filter(|t| matches!(*t, "priority" | "batch")).map(str::to_owned),
            is_error: false,
        }
    }
}

/// Reads a `usage` object. Null is [`Reading::Missing`].
#[must_use]
pub fn read(usage: &Value) -> Reading {
    let object = match usage {
        Value::Null => return Reading::Missing,
        Value::Object(object) => object,
        _ => return Reading::Contradictory { what: Contradiction::NotAnObject, best: Usage::new() },
    };
    let mut fault = None;
    let mut used = buckets(object, &mut fault);
    let apart = object.get("iterations").and_then(Value::as_array);
    for iteration in apart.into_iter().flatten().filter_map(Value::as_object) {
        if matches!(iteration.get("type").and_then(Value::as_str), Some("compaction" | "advisor_message")) {
            buckets(iteration, &mut fault).iter().for_each(|(unit, quantity)| used.add(unit, quantity));
        }
    }
    if !object.contains_key("input_tokens") {
        fault.get_or_insert(Contradiction::NoPrompt);
    }
    if used.input_tokens() == 0 && used.output_tokens() == 0 {
        fault.get_or_insert(Contradiction::Nothing);
    }
    match fault {
        None => Reading::Usage(used),
        Some(what) => Reading::Contradictory { what, best: used },
    }
}

fn buckets(object: &Map<String, Value>, fault: &mut Option<Contradiction>) -> Usage {
    let mut count = |object: Option<&Map<String, Value>>, name: &'static str| {
        object.and_then(|o| o.get(name)).map_or(0, |value| number(value, name, fault))
    };
    let inner = |name: &str| object.get(name).and_then(Value::as_object);
    let top = Some(object);
    let mut used = Usage::tokens(count(top, "input_tokens"), 0);
    used.add(Unit::CacheRead, count(top, "cache_read_input_tokens"));
    let written = count(top, "cache_creation_input_tokens");
    let by_age = inner("cache_creation");
    let hour = count(by_age, "ephemeral_1h_input_tokens");
    let minutes = count(by_age, "ephemeral_5m_input_tokens");
    let output = count(top, "output_tokens");
    let thought = count(inner("output_tokens_details"), "thinking_tokens");
    used.add(Unit::WebSearch, count(inner("server_tool_use"), "web_search_requests"));
    // A stream counts along in the sum alone: what was written since is taken for the dearer kind that was asked for.
    let more = written.saturating_sub(hour.saturating_add(minutes));
    let (hour, minutes) = if hour > 0 { (hour + more, minutes) } else { (hour, minutes + more) };
    used.add(Unit::CacheWrite1h, hour);
    used.add(Unit::CacheWrite, minutes);
    if by_age.is_some() && hour + minutes > written {
        fault.get_or_insert(Contradiction::CacheParts);
    }
    if thought > output {
        fault.get_or_insert(Contradiction::CompletionParts);
    }
    used.add(Unit::Reasoning, thought);
    used.add(Unit::Output, output.saturating_sub(thought));
    used
}

/// A count; zero, and a fault, where it is none.
fn number(value: &Value, name: &'static str, fault: &mut Option<Contradiction>) -> u64 {
    match value {
        Value::Null => 0,
        value => match value.as_u64() {
            Some(n) if n <= MAX_TOKENS => n,
            Some(_) => {
                fault.get_or_insert(Contradiction::TooLarge(name));
                MAX_TOKENS
            }
            None => {
                fault.get_or_insert(Contradiction::NotACount(name));
                0
            }
        },
    }
}
