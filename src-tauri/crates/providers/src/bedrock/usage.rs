//! What a call used, as Bedrock says, in buckets that do not overlap.
//!
//! `inputTokens` leaves out what a cache served or stored. The total has been given with and without those; both add up,
//! and mean the same. Anything else is flagged, and the larger number counts.

use crate::openai::usage::{Answer, Contradiction, MAX_TOKENS, Reading};
use reeve_core::usage::{Unit, Usage};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Reads a whole answer. What is not JSON says nothing: [`Reading::Missing`].
#[must_use]
pub fn read_answer(body: &[u8]) -> Answer {
    serde_json::from_slice::<Said>(body).unwrap_or_default().answer()
}

/// An answer, or the event at the end of a stream.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Said {
    #[serde(default)]
    usage: Value,
    #[serde(default)]
    service_tier: Value,
}

impl Said {
    pub(super) fn answer(&self) -> Answer {
        let tier = self.service_tier.get("type").and_then(Value::as_str);
        Answer {
            usage: read(&self.usage),
            model: None,
            service_tier: tier.filter(|t| matches!(*t, "flex" | "priority")).map(str::to_owned),
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
    let mut count = |name: &'static str| number(object.get(name), name, &mut fault);
    let (input, output) = (count("inputTokens"), count("outputTokens"));
    let (read, written) = (count("cacheReadInputTokens"), count("cacheWriteInputTokens"));
    let total = count("totalTokens");
    let (hour, minutes) = written_for(object, written, &mut fault);
    let mut used = Usage::tokens(input, output);
    used.add(Unit::CacheRead, read);
    used.add(Unit::CacheWrite, minutes);
    used.add(Unit::CacheWrite1h, hour);
    if !object.contains_key("inputTokens") {
        fault.get_or_insert(Contradiction::NoPrompt);
    }
    let (bare, all) = (input + output, input + output + read + written);
    if object.contains_key("totalTokens") && total != bare && total != all {
        fault.get_or_insert(Contradiction::Total);
        // Tokens nobody names are charged as the dearest kind.
        used.add(Unit::Output, total.saturating_sub(all));
    }
    if all == 0 {
        fault.get_or_insert(Contradiction::Nothing);
    }
    match fault {
        None => Reading::Usage(used),
        Some(what) => Reading::Contradictory { what, best: used },
    }
}

/// What was written to a cache for an hour, and for five minutes.
fn written_for(object: &Map<String, Value>, written: u64, fault: &mut Option<Contradiction>) -> (u64, u64) {
    let details = object.get("cacheDetails").and_then(Value::as_array);
    let (mut hour, mut minutes) = (0, 0);
    for detail in details.into_iter().flatten() {
        let tokens = number(detail.get("inputTokens"), "cacheDetails", fault);
        match detail.get("ttl").and_then(Value::as_str) {
            Some("5m") => minutes += tokens,
            _ => hour += tokens,
        }
    }
    if hour + minutes > written {
        fault.get_or_insert(Contradiction::CacheParts);
        return (hour, minutes);
    }
    (hour, written - hour)
}

/// A count; zero, and a fault, where it is none.
fn number(value: Option<&Value>, name: &'static str, fault: &mut Option<Contradiction>) -> u64 {
    match value {
        None | Some(Value::Null) => 0,
        Some(value) => match value.as_u64() {
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
